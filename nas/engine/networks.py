"""Networks of either kind: from a wiring to what kernels take, and to its first weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.engine.cells import LSTM, SIMPLE_RELU
from nas.engine.feed import AnyNetwork
from nas.engine.layout import Float32, Network, lay_out, lay_out_edges
from nas.engine.recurrent_layout import RecurrentNetwork, lay_out_recurrent, parameter_sizes
from nas.engine.state import TrainingState, initial_state
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.wiring import Wiring

FORGET_PLANE, FORGET_BIAS = 1, 1.0


def network_of(wiring: Wiring | RecurrentWiring, activation: str | None) -> AnyNetwork:
    """The kernels' form of a wiring.

    Args:
        wiring: Any valid wiring.
        activation: Of the hidden neurons of a feed-forward wiring; a recurrent one has cells instead.
    """
    if isinstance(wiring, RecurrentWiring):
        return lay_out_recurrent(wiring)
    assert activation is not None
    return lay_out(wiring, activation)


def as_changed(network: AnyNetwork, state: TrainingState) -> AnyNetwork:
    """The network with the edges of a state of one set of weights, where training has changed them."""
    if state.indptr is None or state.indices is None:
        return network
    assert isinstance(network, Network)
    (indptr,), (indices,) = state.indptr, state.indices
    return lay_out_edges(network.n_inputs, network.n_hidden, indptr, indices, network.activation)


def n_parameters_of(network: AnyNetwork) -> int:
    """Length of a vector of parameters."""
    if isinstance(network, Network):
        return len(network.indices) + len(network.middle)
    return parameter_sizes(network).end


def first_state(network: AnyNetwork, seeds: Sequence[Sequence[int]], mean_square: float = 1.0) -> TrainingState:
    """Fresh weights, one set for each seed of seed words.

    Those of feed-forward networks are described at `initial_state`. In a recurrent network, weights are normal with
    variance gain / fan-in, where the fan-in of a unit counts what it reads in the same step and of the step before;
    gain is 2 for rectifiers, else 1. Embedded values have variance 1. Biases are 0, those of
    forget gates 1 (Jozefowicz et al. 2015, section 5).

    Args:
        network: The wiring.
        seeds: For each set of weights the words of its seed.
        mean_square: Of the channels that a recurrent network reads: 1 for standardised ones.
    """
    if isinstance(network, Network):
        return initial_state(network, seeds)
    sizes, scale = parameter_sizes(network), _recurrent_scale(network, mean_square)
    parameters = np.zeros((len(seeds), sizes.end), np.float32)
    for row, words in zip(parameters, seeds, strict=True):
        row[: sizes.bias] = scale * np.random.default_rng(list(words)).standard_normal(sizes.bias)
        if network.cell.code == LSTM:
            n_units = len(network.unit_vertex)
            row[sizes.bias + FORGET_PLANE * n_units :][:n_units] = FORGET_BIAS
    return TrainingState(parameters, np.zeros_like(parameters), np.zeros_like(parameters))


def _recurrent_scale(network: RecurrentNetwork, mean_square: float) -> Float32:
    """Standard deviation of each weight, float32 (n_weights,)."""
    n_gates = network.cell.n_gates
    fan_in = np.diff(network.indptr) + np.diff(network.recurrent_indptr)
    of_unit = np.sqrt((2.0 if network.cell.code == SIMPLE_RELU else 1.0) / np.maximum(fan_in, 1))
    of_output = 1.0 / np.sqrt(np.maximum(np.diff(network.output_indptr), 1))
    return np.concatenate(
        [
            np.tile(np.repeat(of_unit, np.diff(network.indptr)), n_gates),
            np.tile(np.repeat(of_unit, np.diff(network.recurrent_indptr)), n_gates),
            np.full(network.n_embedded * network.n_inputs, 1.0 / np.sqrt(network.n_inputs * mean_square)),
            np.repeat(of_output, np.diff(network.output_indptr)),
        ]
    ).astype(np.float32)
