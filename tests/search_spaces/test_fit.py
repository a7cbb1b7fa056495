from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.attachment import attach, hidden_graph
from search_spaces.fit import fit
from search_spaces.genotype import EDIT_KINDS, Edit, Genotype, Segment

SEGMENTS = (
    Segment("watts-strogatz", (("neighbours", 8), ("rewiring", 0.4)), 60, 1, 0, 60),
    Segment("barabasi-albert", (("attachments", 3),), 40, 2, 20, 40),
)
EDITS = tuple(Edit(kind, 0.3, seed) for seed, kind in enumerate(EDIT_KINDS))
GENOTYPE = Genotype("mlp", SEGMENTS, "index", 8, EDITS, 20, "all", 1.0, 0.01, 0.1, 0.05, "relu", "random")
N_INPUTS, N_OUTPUTS = 30, 6


def n_weights(genotype: Genotype) -> int:
    return attach(hidden_graph(genotype), genotype, N_INPUTS, N_OUTPUTS).n_weights


def fitted(max_weights: int, genotype: Genotype = GENOTYPE) -> Genotype:
    return fit(genotype, N_INPUTS, N_OUTPUTS, max_weights)


def test_what_fits_is_left_alone() -> None:
    assert fitted(n_weights(GENOTYPE)) is GENOTYPE


def test_a_little_too_much_costs_inputs_only() -> None:
    small = fitted(n_weights(GENOTYPE) - 1)
    assert small == replace(GENOTYPE, inputs_per_neuron=small.inputs_per_neuron)
    assert 10 <= small.inputs_per_neuron < 20


def test_inputs_are_cut_no_further_than_needed() -> None:
    limit = n_weights(replace(GENOTYPE, inputs_per_neuron=14))
    assert fitted(limit).inputs_per_neuron == 14
    assert fitted(limit - 1).inputs_per_neuron == 13


def test_then_the_readout_then_neurons_shrink() -> None:
    half = n_weights(replace(GENOTYPE, inputs_per_neuron=10))
    narrower = fitted(half - 10)
    assert narrower == replace(GENOTYPE, inputs_per_neuron=10, readout_share=narrower.readout_share)
    assert 0.9 < narrower.readout_share < 1.0
    smaller = fitted(half // 2)
    assert smaller.segments[0].n_neurons < 60


@settings(deadline=None, max_examples=60)
@given(max_weights=st.integers(N_OUTPUTS + 1, 3000), readout=st.sampled_from(["all", "sinks"]))
def test_any_limit_that_allows_a_network_is_met(max_weights: int, readout: str) -> None:
    genotype = replace(GENOTYPE, readout=readout)
    small = fitted(max_weights, genotype)
    assert n_weights(small) <= max_weights
    assert small == fitted(max_weights, genotype)
    assert fitted(max_weights, small) == small


@pytest.mark.parametrize("max_weights", [200, 500, 1500])
def test_most_of_the_limit_is_used(max_weights: int) -> None:
    assert n_weights(fitted(max_weights)) > 0.4 * max_weights
