from __future__ import annotations

import numpy as np
import pytest
from support import random_wiring

from nas.engine.layout import lay_out
from nas.engine.state import initial_state
from search_spaces.wiring import Wiring


def test_weights_are_fresh_for_each_seed_and_biases_and_moments_zero() -> None:
    network = lay_out(random_wiring(0), "tanh")
    state = initial_state(network, [(1, 2), (1, 3), (1, 2)])
    n_edges, n_parameters = len(network.indices), len(network.indices) + len(network.middle)
    assert state.parameters.shape == (3, n_parameters)
    np.testing.assert_array_equal(state.parameters[0], state.parameters[2])
    assert (state.parameters[0, :n_edges] != state.parameters[1, :n_edges]).all()
    assert not state.parameters[:, n_edges:].any()
    for moment in (state.first_moment, state.second_moment):
        assert moment.shape == state.parameters.shape and not moment.any()
    assert state.first_moment is not state.second_moment
    assert {array.dtype for array in (state.parameters, state.first_moment, state.second_moment)} == {np.dtype("f4")}
    assert (state.steps_done, state.failure) == (0, None)


def test_a_set_of_weights_does_not_depend_on_the_others() -> None:
    network = lay_out(random_wiring(1), "relu")
    together = initial_state(network, [(4,), (5,), (6,)])
    np.testing.assert_array_equal(together.parameters[1:2], initial_state(network, [(5,)]).parameters)


def fan_in_wiring() -> Wiring:
    """A thousand inputs; 40 hidden neurons read all, 40 only two; two outputs read all hidden neurons."""
    sources = np.concatenate([np.tile(np.arange(1000), 40), np.tile([0, 1], 40), np.tile(1000 + np.arange(80), 2)])
    targets = np.concatenate(
        [np.repeat(np.arange(40), 1000), np.repeat(40 + np.arange(40), 2), np.repeat([80, 81], 80)]
    )
    return Wiring.from_edges(1000, 80, 2, sources, targets)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2.0), ("tanh", 1.0), ("gelu", 1.0), ("silu", 1.0)])
def test_variance_is_gain_over_the_fan_in_each_neuron_has(activation: str, gain: float) -> None:
    wiring = fan_in_wiring()
    weights = initial_state(lay_out(wiring, activation), [(seed,) for seed in range(50)]).parameters
    wide, narrow, outputs = (
        weights[:, : wiring.indptr[40]],
        weights[:, wiring.indptr[40] : wiring.indptr[80]],
        weights[:, wiring.indptr[80] : wiring.n_edges],
    )
    assert wide.var() == pytest.approx(gain / 1000, rel=0.02)
    assert narrow.var() == pytest.approx(gain / 2, rel=0.1)
    assert outputs.var() == pytest.approx(1 / 80, rel=0.1)  # outputs are linear
    assert abs(wide.mean()) < 0.001
