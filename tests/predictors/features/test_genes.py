from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictors.features.genes import DEPTH_CAP, GENE_NAMES, gene_features
from search_spaces.genotype import ACTIVATIONS, Genotype
from search_spaces.sparse_training import SparseTraining
from search_spaces.wiring import Wiring

WIRING = Wiring.from_edges(8, 1, 2, np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 8]), np.array([0] * 8 + [1, 2]))


def features_of(genotype: Genotype) -> dict[str, float]:
    return dict(zip(GENE_NAMES, gene_features(genotype, WIRING).tolist(), strict=True))


def test_genes_become_the_numbers_their_names_say(genotype: Genotype) -> None:
    assert features_of(genotype) == pytest.approx(
        {
            "log_learning_rate": -2.0,
            "dropout": 0.1,
            "label_smoothing": 0.05,
            "log_weights_left": np.log2(10),
            "method_pruned": 0.0,
            "method_set": 0.0,
            "method_rigl": 0.0,
            "learned_inputs": 0.0,
            "learned_hidden": 0.0,
            "learned_readout": 0.0,
            "log_share": 0.0,
            "log_changes": 0.0,
            "changes_until": 1.0,
            "activation_relu": 0.0,
            "activation_tanh": 1.0,
            "activation_gelu": 0.0,
            "activation_silu": 0.0,
            "input_choice_random": 0.0,
            "input_choice_patch": 1.0,
            "input_choice_rows": 0.0,
            "inputs_per_neuron": 5.0,
            "readout_all": 1.0,
            "readout_share": 0.25,
            "log_max_depth": 5.0,
            "orientation_random": 1.0,
            "n_edits": 2.0,
        }
    )


def test_what_training_does_to_the_edges_is_told(genotype: Genotype) -> None:
    found = features_of(replace(genotype, sparse_training=SparseTraining("pruned", "inputs", 0.5, 7, 0.6)))
    assert found["log_weights_left"] == pytest.approx(np.log2(6))  # 4 of the 8 from inputs
    assert (found["method_pruned"], found["method_set"], found["learned_inputs"]) == (1.0, 0.0, 1.0)
    assert (found["log_share"], found["log_changes"], found["changes_until"]) == (-1.0, 3.0, 0.6)


def test_the_other_choices_are_zeros(genotype: Genotype) -> None:
    found = features_of(replace(genotype, readout="sinks", orientation="index", edits=()))
    assert found["readout_all"] == found["orientation_random"] == found["n_edits"] == 0.0


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_exactly_one_activation_is_marked(genotype: Genotype, activation: str) -> None:
    found = features_of(replace(genotype, activation=activation))  # type: ignore[arg-type]
    marked = [name for name, value in found.items() if name.startswith("activation_") and value == 1.0]
    assert marked == [f"activation_{activation}"]


def test_depth_limits_beyond_the_cap_are_one_value(genotype: Genotype) -> None:
    depths = (DEPTH_CAP // 2, DEPTH_CAP, 10 * DEPTH_CAP)
    half, cap, beyond = (features_of(replace(genotype, max_depth=depth))["log_max_depth"] for depth in depths)
    assert half < cap == beyond
