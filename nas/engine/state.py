"""The state of a candidate in training: a value that can be sent, stored, and trained further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nas.engine.activations import RELU
from nas.engine.layout import Float32, Int32, Network


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Parameters and optimiser moments of one wiring with several seeds.

    Attributes:
        parameters: float32 (n_seeds, n_parameters): a weight for each edge, then a bias for each neuron.
        first_moment: float32, the same shape.
        second_moment: float32, the same shape.
        steps_done: Updates taken so far.
        failure: Why training ended early, or None.
        indptr: int32 (n_seeds, n_neurons + 1), and
        indices: int32 (n_seeds, n_edges): the edges of each set of weights, as those of a `Wiring`, once training has
            changed them; None while they are those that were drawn.
        n_prunings: How many of the prunings that follow the training are done.
    """

    parameters: Float32
    first_moment: Float32
    second_moment: Float32
    steps_done: int = 0
    failure: str | None = None
    indptr: Int32 | None = None
    indices: Int32 | None = None
    n_prunings: int = 0

    def only(self, number: int) -> TrainingState:
        """The state of one set of weights."""
        chosen = slice(number, number + 1)
        return replace(
            self,
            parameters=self.parameters[chosen],
            first_moment=self.first_moment[chosen],
            second_moment=self.second_moment[chosen],
            indptr=None if self.indptr is None else self.indptr[chosen],
            indices=None if self.indices is None else self.indices[chosen],
        )


def joined(states: Sequence[TrainingState]) -> TrainingState:
    """The states of several sets of weights as one; all of them stand at the same step, or one has failed."""
    return TrainingState(
        np.concatenate([state.parameters for state in states]),
        np.concatenate([state.first_moment for state in states]),
        np.concatenate([state.second_moment for state in states]),
        min(state.steps_done for state in states),
        next((state.failure for state in states if state.failure), None),
        _stacked([state.indptr for state in states]),
        _stacked([state.indices for state in states]),
        min(state.n_prunings for state in states),
    )


def _stacked(parts: Sequence[Int32 | None]) -> Int32 | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def initial_state(network: Network, seeds: Sequence[Sequence[int]]) -> TrainingState:
    """Fresh weights, one set for each seed.

    Weights are normal with variance gain / fan-in, the *actual* fan-in of the neuron (He et al. 2015, equation 10):
    with the fan-in of a dense layer the signal dies at low density. Gain is 2 for rectifiers, else 1. Biases are 0.

    Args:
        network: The wiring.
        seeds: For each set of weights the words of its seed.
    """
    fan_in = np.diff(network.indptr)
    gain = np.full(len(fan_in), 2.0 if network.activation == RELU else 1.0)
    gain[network.n_hidden :] = 1.0
    scale = np.repeat(np.sqrt(gain / np.maximum(fan_in, 1)), fan_in)
    n_edges, n_neurons = len(network.indices), len(fan_in)
    parameters = np.zeros((len(seeds), n_edges + n_neurons), np.float32)
    for row, words in zip(parameters, seeds, strict=True):
        row[:n_edges] = scale * np.random.default_rng(list(words)).standard_normal(n_edges)
    return TrainingState(parameters, np.zeros_like(parameters), np.zeros_like(parameters))
