from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import random_sequences
from support import any_recurrent_wiring

from nas.engine.population import predict
from nas.engine.recurrent_layout import lay_out_recurrent, parameter_sizes
from nas.sparsify.recurrent_edges import OfEdges, lifelines, strengths, without_edges
from search_spaces.recurrent_wiring import CELLS, Cell, RecurrentWiring
from search_spaces.rows import WiringError

wirings = st.builds(any_recurrent_wiring, st.integers(0, 10_000), st.sampled_from(CELLS))


def parameters_of(wiring: RecurrentWiring, seed: int = 0) -> np.ndarray:
    """Any weights, and biases of 0."""
    sizes = parameter_sizes(lay_out_recurrent(wiring))
    parameters = np.random.default_rng(seed).standard_normal(sizes.end).astype(np.float32)
    parameters[sizes.bias :] = 0.0
    return parameters


@given(wirings, st.integers(0, 10_000), st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_a_network_without_edges_does_what_it_does_with_weights_of_0(
    wiring: RecurrentWiring, seed: int, share: float
) -> None:
    rng, parameters = np.random.default_rng(seed), parameters_of(wiring, seed)
    lines = lifelines(wiring, parameters)
    kept = OfEdges(*(rng.random(len(mask)) < share for mask in (lines.inputs, lines.recurrent)))
    kept = OfEdges(kept.inputs | lines.inputs, kept.recurrent | lines.recurrent)
    smaller, own = without_edges(wiring, parameters, kept)
    zeroed = parameters.copy()
    zeroed[: wiring.n_gates * len(kept.inputs)] *= np.tile(kept.inputs, wiring.n_gates)
    recurrent = zeroed[wiring.n_gates * len(kept.inputs) :][: wiring.n_gates * len(kept.recurrent)]
    recurrent *= np.tile(kept.recurrent, wiring.n_gates)
    sequences = random_sequences(seed, 7)
    expected = predict(lay_out_recurrent(wiring), zeroed, sequences)
    np.testing.assert_allclose(predict(lay_out_recurrent(smaller), own, sequences), expected, rtol=1e-4, atol=1e-4)
    assert len(own) == smaller.n_parameters
    assert len(smaller.input_indices) <= kept.inputs.sum()
    assert smaller.n_weights <= wiring.n_weights


@given(wirings)
@settings(max_examples=40, deadline=None)
def test_lifelines_alone_are_a_network(wiring: RecurrentWiring) -> None:
    parameters = parameters_of(wiring)
    smaller, _ = without_edges(wiring, parameters, lifelines(wiring, parameters))
    if wiring.bidirectional:
        assert smaller.n_units == wiring.n_units
    else:
        assert smaller.n_weights <= wiring.n_weights


def test_without_lifelines_there_is_no_network() -> None:
    wiring = any_recurrent_wiring(3, "gru", bidirectional=False)
    none = OfEdges(np.zeros(len(wiring.input_indices), bool), np.zeros(len(wiring.recurrent_indices), bool))
    with pytest.raises(WiringError):
        without_edges(wiring, parameters_of(wiring), none)


@pytest.mark.parametrize("cell", CELLS)
def test_an_edge_is_as_strong_as_its_weights_of_all_gates(cell: Cell) -> None:
    wiring = any_recurrent_wiring(5, cell)
    parameters = parameters_of(wiring)
    strong, n_inputs = strengths(wiring, parameters), len(wiring.input_indices)
    places = np.arange(wiring.n_gates) * n_inputs
    assert strong.inputs[2] == pytest.approx(np.linalg.norm(parameters[places + 2]))
    places = wiring.n_gates * n_inputs + np.arange(wiring.n_gates) * len(wiring.recurrent_indices)
    assert strong.recurrent[-1] == pytest.approx(np.linalg.norm(parameters[places + len(strong.recurrent) - 1]))


def test_units_that_lose_their_inputs_go_and_so_do_embedded_values_that_nothing_reads() -> None:
    units, none = np.arange(3), np.empty(0, np.int64)
    wiring = RecurrentWiring.from_edges(
        2, 3, 1, "tanh", units, (np.arange(3), units), (none, none), (units, np.zeros(3, np.int64))
    )
    parameters = np.arange(wiring.n_parameters, dtype=np.float32)
    smaller, own = without_edges(wiring, parameters, OfEdges(np.array([True, False, True]), np.empty(0, bool)))
    assert (smaller.n_units, smaller.n_embedded, smaller.n_vertices) == (2, 2, 2)
    # 3 inputs, embedding 3 x 2, 3 to the output, 3 biases of units, 1 of the output
    assert own.tolist() == [0, 2, 3, 4, 7, 8, 9, 11, 12, 14, 15]
