"""What the genotype says that the wiring does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search_spaces.genotype import ACTIVATIONS, Genotype, GraphGenotype
from search_spaces.input_choice import INPUT_CHOICES

GRAPH_GENE_NAMES = (
    "inputs_per_neuron",
    "readout_all",
    "readout_share",
    "log_max_depth",
    "orientation_random",
    "n_edits",
)
TRAINING_NAMES = ("log_learning_rate", "dropout", "label_smoothing")
GENE_NAMES = (
    *TRAINING_NAMES,
    *(f"activation_{activation}" for activation in ACTIVATIONS),
    *(f"input_choice_{choice}" for choice in INPUT_CHOICES),
    *GRAPH_GENE_NAMES,
)

DEPTH_CAP = 1024
"""Depth limits from here on count as one: "no limit"."""


def gene_features(genotype: Genotype) -> NDArray[np.float64]:
    """Genes of a multilayer perceptron as numbers, in the order of `GENE_NAMES`.

    - ``activation_*``: 1 for the activation it has, 0 for the others; ``input_choice_*`` likewise.
    - The rest: as in `training_features` and `graph_gene_features`.

    Source: this project's own; they describe the training and the attachment, which the wiring's graph
    measures leave out.

    Returns:
        Finite values, shape (len(GENE_NAMES),).
    """
    own = [
        *training_features(genotype),
        *(genotype.activation == activation for activation in ACTIVATIONS),
        *(genotype.input_choice == choice for choice in INPUT_CHOICES),
    ]
    return np.array([*own, *graph_gene_features(genotype)], dtype=np.float64)


def training_features(genotype: GraphGenotype) -> list[float]:
    """How a candidate is trained, as numbers, in the order of `TRAINING_NAMES`.

    - ``log_learning_rate``: decimal logarithm.
    - ``dropout``, ``label_smoothing``: as they are, in [0, 1).
    """
    return [float(np.log10(genotype.learning_rate)), genotype.dropout, genotype.label_smoothing]


def graph_gene_features(genotype: GraphGenotype) -> list[float]:
    """Genes that the genotypes of all spaces have, as numbers, in the order of `GRAPH_GENE_NAMES`.

    - ``readout_all``: 1 if outputs may read all hidden neurons, 0 if only those that no other reads.
    - ``log_max_depth``: binary logarithm, at most log2(1024) = 10.
    - ``orientation_random``: 1 if edges are directed along a random order, 0 if along the vertex numbers.
    - ``inputs_per_neuron``, ``readout_share``: as they are; ``n_edits``: number of edits.
    """
    return [
        float(genotype.inputs_per_neuron),
        float(genotype.readout == "all"),
        genotype.readout_share,
        float(np.log2(min(genotype.max_depth, DEPTH_CAP))),
        float(genotype.orientation == "random"),
        float(len(genotype.edits)),
    ]
