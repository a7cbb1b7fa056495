"""The wiring that training has left, as a valid one: without edges on no path, and without the neurons of these."""

from __future__ import annotations

import numpy as np

from nas.engine.layout import Float32, Network, aligned_empty, padded, workspace
from nas.engine.network import forward
from nas.sparsify.edges import ends_of, lie_on_paths
from search_spaces.wiring import Wiring


def learned_wiring(network: Network, parameters: Float32) -> tuple[Wiring, Float32]:
    """The wiring of a trained network and its parameters: the same function with nothing useless.

    What a neuron that no input reaches adds to others is a constant, and becomes a part of their biases.

    Args:
        network: After its training.
        parameters: float32 (n_parameters,).
    """
    n_inputs, n_hidden, n_neurons = network.n_inputs, network.n_hidden, len(network.middle)
    ends, weights, biases = ends_of(network), parameters[: len(network.indices)], parameters[len(network.indices) :]
    is_used = lie_on_paths(network, ends)
    is_constant = ~is_used & (ends.sources >= n_inputs)
    constants = _values_without_inputs(network, parameters)[ends.sources[is_constant] - n_inputs]
    shift = np.bincount(ends.targets[is_constant], weights[is_constant] * constants, minlength=n_neurons)
    is_left = np.zeros(n_neurons, bool)
    is_left[n_hidden:] = True
    is_left[ends.targets[is_used]] = True
    number = np.cumsum(is_left) - 1
    sources, targets = ends.sources[is_used], ends.targets[is_used]
    from_hidden = sources >= n_inputs
    sources[from_hidden] = n_inputs + number[sources[from_hidden] - n_inputs]
    wiring = Wiring.from_edges(n_inputs, int(is_left[:n_hidden].sum()), n_neurons - n_hidden, sources, number[targets])
    return wiring, np.concatenate([weights[is_used], (biases + shift)[is_left]]).astype(np.float32)


def _values_without_inputs(network: Network, parameters: Float32) -> Float32:
    """The value of each hidden neuron for inputs of 0, float32 (n_hidden,): a constant of those that read nothing."""
    work, n = workspace([network], 1, 1), padded(1)
    inputs = aligned_empty((network.n_inputs, n))
    inputs[:] = 0.0
    forward(network, parameters[None].copy(), inputs, work, np.float32(0), np.zeros(1, np.uint32), 0)
    return work.activations[0, : network.n_hidden, 0].copy()
