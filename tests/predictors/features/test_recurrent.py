from __future__ import annotations

import math
from dataclasses import replace

import pytest

from predictors.features import RECURRENT_FEATURE_NAMES, extract
from predictors.features.recurrent import (
    RECURRENT_GENE_NAMES,
    RECURRENT_SIZE_NAMES,
    recurrent_gene_features,
    recurrent_size_features,
)
from search_spaces import RecurrentGenotype, RNNSpace, Segment
from search_spaces.recurrent_wiring import CELLS

SPACE = RNNSpace(n_inputs=7, n_outputs=2, max_weights=10_000)
# Three layers of two, two and one vertices, each joined to all of the next.
GENOTYPE = RecurrentGenotype(
    space="rnn",
    segments=(Segment("layered", (("density", 1.0), ("layers", 3)), 5, 1, 0, 5),),
    orientation="index",
    max_depth=8,
    edits=(),
    inputs_per_neuron=2,
    readout="sinks",
    readout_share=1.0,
    reading="layered",
    cell="gru",
    embedding=4,
    window=1,
    stride=1,
    differences=False,
    bidirectional=False,
    pooling="last",
    learning_rate=0.01,
    dropout=0.1,
    label_smoothing=0.05,
)


def test_counts_of_a_small_network_are_as_counted_by_hand() -> None:
    wiring = SPACE.wire(GENOTYPE)
    n_weights = 7 * 4 + 3 * ((2 * 4 + 2 * 2 + 2) + (4 + 4 + 1)) + 2
    dense = 7 * 4 + 3 * (5 * (4 + 5) + 4 + 3 + 2 + 1) + 2 * 5
    found = dict(zip(RECURRENT_SIZE_NAMES, recurrent_size_features(wiring).tolist(), strict=True))
    assert found == pytest.approx(
        {
            "n_weights": n_weights,
            "log_weights": math.log10(n_weights),
            "log_recurrent_weights": math.log10(1 + 27),
            "n_units": 5,
            "log_units": math.log10(5),
            "skip_units": 0,
            "input_edges": 14,
            "recurrent_edges": 9,
            "output_edges": 2,
            "mean_fan_in": 25 / 7,
            "network_density": n_weights / dense,
        }
    )


def test_units_of_skip_blocks_are_counted() -> None:
    segment = Segment("erdos-renyi", (("mean_degree", 4.0),), 5, 1, 0, 5)
    wiring = SPACE.wire(replace(GENOTYPE, segments=(segment,)))  # the complete graph: a chain with all short cuts
    found = dict(zip(RECURRENT_SIZE_NAMES, recurrent_size_features(wiring).tolist(), strict=True))
    assert (found["n_units"], found["skip_units"]) == (5 + 6, 6)


def test_genes_become_the_numbers_their_names_say() -> None:
    genotype = replace(GENOTYPE, window=12, stride=8, differences=True, pooling="max")
    found = dict(
        zip(RECURRENT_GENE_NAMES, recurrent_gene_features(genotype, SPACE.wire(genotype)).tolist(), strict=True)
    )
    assert found == pytest.approx(
        {
            "log_learning_rate": -2.0,
            "dropout": 0.1,
            "label_smoothing": 0.05,
            "cell_tanh": 0.0,
            "cell_relu": 0.0,
            "cell_lstm": 0.0,
            "cell_gru": 1.0,
            "reading_recurrent": 0.0,
            "log_embedding": 2.0,
            "log_stride": 3.0,
            "window_strides": 1.5,
            "differences": 1.0,
            "bidirectional": 0.0,
            "pooling_last": 0.0,
            "pooling_mean": 0.0,
            "pooling_max": 1.0,
            "pooling_all": 0.0,
            "inputs_per_neuron": 2.0,
            "readout_all": 0.0,
            "readout_share": 1.0,
            "log_max_depth": 3.0,
            "orientation_random": 0.0,
            "n_edits": 0.0,
        }
    )


@pytest.mark.parametrize("cell", CELLS)
def test_exactly_one_cell_is_marked(cell: str) -> None:
    genotype = replace(GENOTYPE, cell=cell)  # type: ignore[arg-type]
    row = recurrent_gene_features(genotype, SPACE.wire(genotype))
    marked = [name for name, value in zip(RECURRENT_GENE_NAMES, row, strict=True) if name.startswith("cell_") and value]
    assert marked == [f"cell_{cell}"]


def test_the_embedding_counts_as_the_network_has_it() -> None:
    genotype = replace(GENOTYPE, embedding=0)  # as many as there are sources: two
    found = dict(zip(RECURRENT_GENE_NAMES, recurrent_gene_features(genotype, SPACE.wire(genotype)), strict=True))
    assert found["log_embedding"] == 1.0


@pytest.mark.parametrize("reading", ["layered", "recurrent"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_structure_is_that_of_the_hidden_graph(reading: str, bidirectional: bool) -> None:
    genotype = replace(GENOTYPE, reading=reading, bidirectional=bidirectional)  # type: ignore[arg-type]
    row = dict(zip(RECURRENT_FEATURE_NAMES, extract(genotype, SPACE.wire(genotype)).tolist(), strict=True))
    assert (row["layers"], row["nodes"], row["edges"]) == (3, 5, 6)
    assert (row["source_nodes"], row["sink_nodes"], row["mean_level"]) == (2, 1, 0.4)
    assert row["reading_recurrent"] == (reading == "recurrent")
