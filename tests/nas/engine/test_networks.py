from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_recurrent_wiring, random_wiring

from nas.engine.cells import CELLS
from nas.engine.layout import Network
from nas.engine.networks import first_state, n_parameters_of, network_of
from nas.engine.recurrent_layout import RecurrentNetwork, parameter_sizes
from nas.engine.state import initial_state
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import Cell

SEEDS = [(1, 2), (1, 3), (1, 2)]
cells = pytest.mark.parametrize("cell", CELLS)


def wide_wiring(cell: Cell) -> RecurrentWiring:
    """40 units with 200 + 50 sources, 40 with 1 + 1, both within a layer of 80; two outputs read all of them."""
    units, wide, narrow = np.arange(80), np.arange(40), np.arange(40, 80)
    return RecurrentWiring.from_edges(
        n_inputs=9,
        n_embedded=200,
        n_outputs=2,
        cell=cell,
        unit_vertex=units,
        input_edges=(
            np.concatenate([np.tile(np.arange(200), 40), narrow]),
            np.concatenate([np.repeat(wide, 200), narrow]),
        ),
        recurrent_edges=(
            np.concatenate([np.tile(np.arange(50), 40), narrow]),
            np.concatenate([np.repeat(wide, 50), narrow]),
        ),
        output_edges=(np.tile(units, 2), np.repeat([0, 1], 80)),
    )


def test_a_wiring_of_either_kind_becomes_a_network() -> None:
    feed_forward, recurrent = random_wiring(0), random_recurrent_wiring(0, "gru")
    assert isinstance(network_of(feed_forward, "relu"), Network)
    for activation in (None, "relu"):  # of which a recurrent network has no use
        network = network_of(recurrent, activation)
        assert isinstance(network, RecurrentNetwork)
        assert network.cell == CELLS["gru"]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(list(CELLS)))
def test_parameters_are_the_weights_and_a_bias_for_each_sum_and_output(seed: int, cell: Cell) -> None:
    recurrent = random_recurrent_wiring(seed, cell)
    n_planes = CELLS[cell].n_planes
    n_biases = n_planes * recurrent.n_units + recurrent.n_outputs
    assert n_parameters_of(network_of(recurrent, None)) == recurrent.n_weights + n_biases
    wiring = random_wiring(seed)
    assert n_parameters_of(network_of(wiring, "tanh")) == wiring.n_edges + wiring.n_hidden + wiring.n_outputs


def test_feed_forward_networks_begin_as_they_always_did() -> None:
    network = network_of(random_wiring(2), "gelu")
    assert isinstance(network, Network)
    begun, expected = first_state(network, SEEDS, 5.0), initial_state(network, SEEDS)
    np.testing.assert_array_equal(begun.parameters, expected.parameters)


@cells
def test_weights_are_fresh_for_each_seed_and_moments_zero(cell: Cell) -> None:
    wiring = random_recurrent_wiring(0, cell)
    network = network_of(wiring, None)
    state = first_state(network, SEEDS)
    assert state.parameters.shape == (3, n_parameters_of(network)) and state.parameters.dtype == np.float32
    np.testing.assert_array_equal(state.parameters[0], state.parameters[2])
    assert (state.parameters[0, : wiring.n_weights] != state.parameters[1, : wiring.n_weights]).all()
    for moment in (state.first_moment, state.second_moment):
        assert moment.shape == state.parameters.shape and moment.dtype == np.float32 and not moment.any()
    assert state.first_moment is not state.second_moment
    assert (state.steps_done, state.failure) == (0, None)
    np.testing.assert_array_equal(state.parameters, first_state(network_of(wiring, None), SEEDS).parameters)


def test_a_set_of_weights_does_not_depend_on_the_others() -> None:
    network = network_of(random_recurrent_wiring(1, "lstm"), None)
    together = first_state(network, [(4,), (5,), (6,)])
    np.testing.assert_array_equal(together.parameters[1:2], first_state(network, [(5,)]).parameters)


@cells
def test_biases_are_zero_but_those_of_forget_gates(cell: Cell) -> None:
    wiring = random_recurrent_wiring(3, cell)
    network = network_of(wiring, None)
    assert isinstance(network, RecurrentNetwork)
    sizes = parameter_sizes(network)
    for parameters in first_state(network, SEEDS).parameters:
        of_units = parameters[sizes.bias : sizes.output_bias].reshape(CELLS[cell].n_planes, wiring.n_units)
        expected = np.zeros_like(of_units)
        if cell == "lstm":
            expected[1] = 1.0  # planes i, f, g, o
        np.testing.assert_array_equal(of_units, expected)
        np.testing.assert_array_equal(parameters[sizes.output_bias :], np.zeros(wiring.n_outputs))


@cells
@pytest.mark.parametrize("mean_square", [1.0, 0.25])
def test_variances_are_gain_over_what_a_unit_reads_in_both_steps(cell: Cell, mean_square: float) -> None:
    wiring = wide_wiring(cell)
    network = network_of(wiring, None)
    assert isinstance(network, RecurrentNetwork)
    sizes, gain = parameter_sizes(network), 2.0 if cell == "relu" else 1.0
    parameters = first_state(network, [(seed,) for seed in range(60)], mean_square).parameters
    n_seeds, n_gates = len(parameters), CELLS[cell].n_gates
    inputs = parameters[:, : sizes.recurrent].reshape(n_seeds, n_gates, -1)
    recurrent = parameters[:, sizes.recurrent : sizes.embedding].reshape(n_seeds, n_gates, -1)
    for of_gate in range(n_gates):
        for weights, n_wide in ((inputs[:, of_gate], 40 * 200), (recurrent[:, of_gate], 40 * 50)):
            assert weights[:, :n_wide].var() == pytest.approx(gain / 250, rel=0.03)
            assert weights[:, n_wide:].var() == pytest.approx(gain / 2, rel=0.12)
    embedding = parameters[:, sizes.embedding : sizes.output]
    outputs = parameters[:, sizes.output : sizes.bias]
    assert embedding.shape == (n_seeds, 9 * 200) and outputs.shape == (n_seeds, 2 * 80)
    assert embedding.var() == pytest.approx(1 / (network.n_inputs * mean_square), rel=0.03)
    assert outputs.var() == pytest.approx(1 / 80, rel=0.05)  # outputs are linear, whatever the cell
    assert abs(inputs.mean()) < 0.002 and abs(embedding.mean()) < 0.02


@pytest.mark.parametrize("n_channels", [1, 12])
def test_embedded_values_begin_with_variance_one(n_channels: int) -> None:
    """Of standardised channels, which is what makes the fan-in of a unit right."""
    network = network_of(random_recurrent_wiring(0, "tanh", n_inputs=n_channels, n_embedded=200), None)
    assert isinstance(network, RecurrentNetwork)
    sizes = parameter_sizes(network)
    parameters = first_state(network, [(seed,) for seed in range(20)]).parameters
    embedding = parameters[:, sizes.embedding : sizes.output].reshape(20, 200, n_channels)
    x = np.random.default_rng(0).standard_normal((n_channels, 500))
    assert (embedding @ x).var() == pytest.approx(1.0, rel=0.1)
