"""What the genotype says that the wiring does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search_spaces.genotype import ACTIVATIONS, Genotype, GraphGenotype
from search_spaces.input_choice import INPUT_CHOICES
from search_spaces.sparse_training import METHODS, PARTS, SparseTraining
from search_spaces.wiring import Wiring

GRAPH_GENE_NAMES = (
    "inputs_per_neuron",
    "readout_all",
    "readout_share",
    "log_max_depth",
    "orientation_random",
    "n_edits",
)
TRAINING_NAMES = ("log_learning_rate", "dropout", "label_smoothing")
SPARSE_TRAINING_NAMES = (
    "log_weights_left",
    *(f"method_{method}" for method in METHODS[1:]),
    *(f"learned_{part}" for part in PARTS[1:]),
    "log_share",
    "log_changes",
    "changes_until",
)
GENE_NAMES = (
    *TRAINING_NAMES,
    *SPARSE_TRAINING_NAMES,
    *(f"activation_{activation}" for activation in ACTIVATIONS),
    *(f"input_choice_{choice}" for choice in INPUT_CHOICES),
    *GRAPH_GENE_NAMES,
)

DEPTH_CAP = 1024
"""Depth limits from here on count as one: "no limit"."""


def gene_features(genotype: Genotype, wiring: Wiring) -> NDArray[np.float64]:
    """Genes of a multilayer perceptron as numbers, in the order of `GENE_NAMES`.

    - ``activation_*``: 1 for the activation it has, 0 for the others; ``input_choice_*`` likewise.
    - The rest: as in `training_features`, `sparse_training_features` and `graph_gene_features`.

    Source: this project's own; they describe the training and the attachment, which the wiring's graph
    measures leave out.

    Returns:
        Finite values, shape (len(GENE_NAMES),).
    """
    own = [
        *training_features(genotype),
        *sparse_training_features(genotype.sparse_training, wiring),
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


def sparse_training_features(training: SparseTraining, wiring: Wiring) -> list[float]:
    """What training does to the edges, as numbers, in the order of `SPARSE_TRAINING_NAMES`.

    - ``log_weights_left``: binary logarithm of the weights after training.
    - ``method_*``: 1 for the method it is; all 0 where edges stay as drawn. ``learned_*``: 1 for the part of the edges
      that changes; all 0 where that is all of them, or none.
    - ``log_share``: binary logarithm of the share of edges that are left or replaced; ``log_changes``: that of one more
      than the number of changes; ``changes_until``: as it is.
    """
    return [
        float(np.log2(training.weights_left(wiring))),
        *(float(training.method == method) for method in METHODS[1:]),
        *(float(training.part == part) for part in PARTS[1:]),
        float(np.log2(training.share)),
        float(np.log2(1 + training.n_changes)),
        training.until,
    ]


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
