"""Changes of a network's edges while it is trained: what the engine asks of whoever decides them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from nas.engine.layout import Float32, Network
from nas.engine.state import TrainingState


class Look(NamedTuple):
    """What a network does on one batch."""

    values: Float32  # (n_inputs + n_hidden, batch) what edges read: inputs, then hidden neurons
    gradients: Float32  # (n_neurons, batch) of the mean loss by the sum of each neuron: hidden ones, then outputs


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
