"""How large a recurrent wiring is, and what its genotype says that the wiring's graph does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.genes import GRAPH_GENE_NAMES, TRAINING_NAMES, graph_gene_features, training_features
from search_spaces import RecurrentGenotype, RecurrentWiring
from search_spaces.recurrent_genotype import POOLINGS
from search_spaces.recurrent_wiring import CELLS

RECURRENT_SIZE_NAMES = (
    "n_weights",
    "log_weights",
    "log_recurrent_weights",
    "n_units",
    "log_units",
    "skip_units",
    "input_edges",
    "recurrent_edges",
    "output_edges",
    "mean_fan_in",
    "network_density",
)

RECURRENT_GENE_NAMES = (
    *TRAINING_NAMES,
    *(f"cell_{cell}" for cell in CELLS),
    "reading_recurrent",
    "log_embedding",
    "log_stride",
    "window_strides",
    "differences",
    "bidirectional",
    *(f"pooling_{pooling}" for pooling in POOLINGS),
    *GRAPH_GENE_NAMES,
)


def recurrent_size_features(wiring: RecurrentWiring) -> NDArray[np.float64]:
    """Counts of units, edges and weights, in the order of `RECURRENT_SIZE_NAMES`.

    - ``n_weights``: number of weights, those of the embedding included; ``log_weights``: decimal logarithm.
    - ``log_recurrent_weights``: decimal logarithm of 1 + the weights between a step and the next.
    - ``n_units``: recurrent units; ``log_units``: decimal logarithm; ``skip_units``: those beyond one a vertex.
    - ``input_edges``: edges into units within a step; ``recurrent_edges``: from the step before;
      ``output_edges``: into outputs.
    - ``mean_fan_in``: edges per unit and output.
    - ``network_density``: share of the admissible edges that exist.

    Source: plain counts, against which the other families are judged.

    Returns:
        Finite values, shape (len(RECURRENT_SIZE_NAMES),).
    """
    input_edges, recurrent_edges = len(wiring.input_indices), len(wiring.recurrent_indices)
    output_edges = len(wiring.output_indices)
    return np.array(
        [
            wiring.n_weights,
            np.log10(wiring.n_weights),
            np.log10(1 + wiring.n_recurrent_weights),
            wiring.n_units,
            np.log10(wiring.n_units),
            wiring.n_units - wiring.n_vertices,
            input_edges,
            recurrent_edges,
            output_edges,
            (input_edges + recurrent_edges + output_edges) / (wiring.n_units + wiring.n_outputs),
            wiring.density,
        ],
        dtype=np.float64,
    )


def recurrent_gene_features(genotype: RecurrentGenotype, wiring: RecurrentWiring) -> NDArray[np.float64]:
    """Genes of a recurrent network as numbers, in the order of `RECURRENT_GENE_NAMES`.

    - ``cell_*``: 1 for the cell it has, 0 for the others.
    - ``reading_recurrent``: 1 if the hidden graph is the wiring of one recurrent layer, 0 if layers.
    - ``log_embedding``: binary logarithm of the embedded values that the wiring has.
    - ``log_stride``: binary logarithm of the steps from one window to the next; ``window_strides``: length of a window
      in strides, at least 1.
    - ``differences``, ``bidirectional``: 1 if differences from the step before are read, and in both directions.
    - ``pooling_*``: 1 for the pooling it has, 0 for the others.
    - The rest: as in `training_features` and `graph_gene_features`.

    Source: this project's own, but for the embedding size, which went unnamed in the studies of recurrent
    networks, where it was the number of sources (Stier et al. 2021, arXiv 2107.12917).

    Returns:
        Finite values, shape (len(RECURRENT_GENE_NAMES),).
    """
    own = [
        *training_features(genotype),
        *(genotype.cell == cell for cell in CELLS),
        genotype.reading == "recurrent",
        np.log2(wiring.n_embedded),
        np.log2(genotype.stride),
        genotype.window / genotype.stride,
        genotype.differences,
        genotype.bidirectional,
        *(genotype.pooling == pooling for pooling in POOLINGS),
    ]
    return np.array([*own, *graph_gene_features(genotype)], dtype=np.float64)
