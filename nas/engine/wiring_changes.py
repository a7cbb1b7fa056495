"""Changes of a network's edges while it is trained: what the engine asks of whoever decides them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.layout import Float32, Network
from nas.engine.products import dot
from nas.engine.state import TrainingState

Int64 = NDArray[np.int64]


class Look(NamedTuple):
    """What a network does on one batch; beyond it, up to whole vectors, gradients are 0."""

    values: Float32  # (n_inputs + n_hidden, padded batch) what edges read: inputs, then hidden neurons
    gradients: Float32  # (n_neurons, padded batch) of the mean loss by the sum of each neuron, hidden or output


def edge_gradients(sources: Int64, targets: Int64, look: Look) -> Float32:
    """The gradients of weights that edges have or would have.

    Args:
        sources, targets: int64 (n_edges,), rows of the values and of the gradients.
        look: What the network does.

    Returns:
        float32 (n_edges,).
    """
    out = np.empty(len(sources), np.float32)
    _fill_edge_gradients(sources, targets, look.values, look.gradients, out)
    return out


@compiled
def _fill_edge_gradients(sources: Any, targets: Any, values: Any, gradients: Any, out: Any) -> None:
    stride = values.shape[1]
    for e in range(sources.shape[0]):
        out[e] = dot(at(values, sources[e] * stride), at(gradients, targets[e] * stride), stride)


class WiringChanges(Protocol):
    """When and how the edges of one network change, for one set of weights."""

    @property
    def steps(self) -> Sequence[int]:
        """The numbers of steps, ascending and above 0, after which edges change."""

    def change(
        self, step: int, network: Network, state: TrainingState, look: Callable[[], Look]
    ) -> tuple[Network, TrainingState]:
        """The network and its state after a change.

        Args:
            step: One of ``steps``, which ``state`` has just done.
            network, state: As they are, with one set of weights; left as they are.
            look: What the network does on the batch of that step.
        """
