from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.genotype import EDIT_KINDS, Edit, Segment
from search_spaces.readings import read_graph
from search_spaces.recurrent_fit import fit_recurrent
from search_spaces.recurrent_genotype import POOLINGS, READINGS, RecurrentGenotype
from search_spaces.recurrent_wiring import CELLS

SEGMENTS = (
    Segment("watts-strogatz", (("neighbours", 8), ("rewiring", 0.4)), 40, 1, 0, 40),
    Segment("barabasi-albert", (("attachments", 3),), 30, 2, 10, 30),
)
EDITS = tuple(Edit(kind, 0.3, seed) for seed, kind in enumerate(EDIT_KINDS))
GENOTYPE = RecurrentGenotype(
    "rnn", SEGMENTS, "index", 6, EDITS, 4, "all", 1.0, 0.01, 0.0, 0.0, "layered", "gru", 12, 1, 1, False, False, "last"
)
N_INPUTS, N_OUTPUTS = 9, 3


def n_weights(genotype: RecurrentGenotype) -> int:
    return read_graph(genotype, N_INPUTS, N_OUTPUTS).n_weights


def fitted(max_weights: int, genotype: RecurrentGenotype = GENOTYPE) -> RecurrentGenotype:
    return fit_recurrent(genotype, N_INPUTS, N_OUTPUTS, max_weights)


def test_what_fits_is_left_alone() -> None:
    assert fitted(n_weights(GENOTYPE)) is GENOTYPE


@pytest.mark.parametrize("reading", READINGS)
def test_a_little_too_much_costs_embedded_values_only(reading: str) -> None:
    genotype = replace(GENOTYPE, reading=reading)
    assert fitted(n_weights(genotype) - 1, genotype) == replace(genotype, embedding=11)


def test_an_embedding_of_the_sources_stays_one() -> None:
    genotype = replace(GENOTYPE, embedding=0)
    for max_weights in (100, 1000, n_weights(genotype) - 1):
        assert fitted(max_weights, genotype).embedding == 0


def test_a_long_window_becomes_shorter_before_graphs_become_small() -> None:
    genotype = replace(GENOTYPE, window=60, stride=40)
    small = fitted(700, genotype)
    assert (small.window, small.stride) == (30, 30)
    assert read_graph(small, N_INPUTS, N_OUTPUTS).n_vertices > 1


def test_where_little_fits_differences_and_the_second_direction_go() -> None:
    genotype = replace(GENOTYPE, window=3, stride=2, differences=True, bidirectional=True, pooling="all")
    small = fitted(N_INPUTS + N_OUTPUTS + 6, genotype)
    assert (small.window, small.stride, small.differences, small.bidirectional) == (1, 1, False, False)
    assert small.pooling == "last"


def test_a_large_embedding_leaves_half_of_the_limit_to_the_graph() -> None:
    small = fitted(400, replace(GENOTYPE, embedding=5000))
    net = read_graph(small, N_INPUTS, N_OUTPUTS)
    assert 1 < net.n_embedded < 20
    assert net.n_vertices > 1


@settings(deadline=None, max_examples=60)
@given(
    excess=st.one_of(st.integers(0, 60), st.integers(0, 3000)),
    reading=st.sampled_from(READINGS),
    cell=st.sampled_from(CELLS),
    embedding=st.sampled_from([0, 1, 5, 300]),
    readout=st.sampled_from(["all", "sinks"]),
    window=st.sampled_from([1, 2, 50]),
    differences=st.booleans(),
    bidirectional=st.booleans(),
    pooling=st.sampled_from(sorted(POOLINGS)),
)
def test_any_limit_that_allows_a_network_is_met(
    excess: int,
    reading: str,
    cell: str,
    embedding: int,
    readout: str,
    window: int,
    differences: bool,
    bidirectional: bool,
    pooling: str,
) -> None:
    genotype = replace(
        GENOTYPE,
        reading=reading,
        cell=cell,
        embedding=embedding,
        readout=readout,
        window=window,
        stride=-(-window // 2),
        differences=differences,
        bidirectional=bidirectional,
        pooling=pooling,
    )
    max_weights = N_INPUTS + N_OUTPUTS + 2 * {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}[cell] + excess
    small = fitted(max_weights, genotype)
    assert n_weights(small) <= max_weights
    assert small == fitted(max_weights, genotype)
    assert fitted(max_weights, small) is small


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("max_weights", [300, 1000, 3000])
def test_much_of_the_limit_is_used(max_weights: int, reading: str) -> None:
    genotype = replace(GENOTYPE, reading=reading, cell="lstm")
    assert n_weights(fitted(max_weights, genotype)) > 0.3 * min(max_weights, n_weights(genotype))
