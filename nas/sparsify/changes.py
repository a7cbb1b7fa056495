"""The changes of a candidate's edges in its training, as its genes say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nas.engine.layout import Network
from nas.engine.state import TrainingState
from nas.engine.wiring_changes import Look
from nas.sparsify.dropping import kept_edges
from nas.sparsify.edges import ends_of, without
from nas.sparsify.frame import Frame
from nas.sparsify.rewiring import rewired
from nas.sparsify.saliency import ranks_within
from nas.sparsify.schedules import change_steps, pruned_to, replaced_share
from search_spaces.sparse_training import SparseTraining, n_edges_of
from search_spaces.wiring import Wiring

CHANGES_WORD = 0x5E7  # sets the seed of changes apart from that of the weights


@dataclass(frozen=True, eq=False)
class Changes:
    """The changes of one set of weights; see `nas.engine.wiring_changes.WiringChanges`.

    Attributes:
        training: What training does to the edges.
        frame: Of the wiring as it was drawn.
        n_edges: Edges of that wiring which belong to the part that may change.
        n_left: How many of them are left at the end.
        steps: After which edges change.
        seed: Words of a seed.
    """

    training: SparseTraining
    frame: Frame
    n_edges: int
    n_left: int
    steps: Sequence[int]
    seed: tuple[int, ...]

    @classmethod
    def of(cls, training: SparseTraining, wiring: Wiring, total_steps: int, seed: Sequence[int]) -> Changes:
        """The changes of a wiring that was drawn.

        Args:
            training: What training does to the edges.
            wiring: The wiring.
            total_steps: Of the whole training.
            seed: Words of the seed of the weights.
        """
        n_edges, n_left = n_edges_of(training.part, wiring), training.edges_left(wiring)
        return cls(training, Frame.of(wiring), n_edges, n_left, change_steps(training, total_steps), tuple(seed))

    def change(
        self, step: int, network: Network, state: TrainingState, look: Callable[[], Look]
    ) -> tuple[Network, TrainingState]:
        """As `WiringChanges` says."""
        progress = (self.steps.index(step) + 1) / len(self.steps)
        ends = ends_of(network)
        is_of_part = self.frame.is_of(self.training.part, ends)
        weights = state.parameters[0, : len(network.indices)]
        if self.training.method == "pruned":
            n_dropped = int(is_of_part.sum()) - pruned_to(self.n_edges, self.n_left, progress)
            if n_dropped <= 0:
                return network, state
            return without(network, state, kept_edges(network, np.abs(weights), is_of_part, n_dropped))
        n_replaced = round(self._replaced_share(step) * self.n_edges)
        rng = np.random.default_rng([*self.seed, CHANGES_WORD, step])
        # The same share of each junction, and with SET of its positive and of its negative weights.
        groups = self.frame.junctions(ends)
        if self.training.method == "set":
            groups = 2 * groups + (weights > 0)
        saliency = ranks_within(np.abs(weights), groups)
        is_kept = kept_edges(network, saliency, is_of_part, n_replaced)
        of_rigl = look if self.training.method == "rigl" else None
        return rewired(network, state, is_kept, saliency, self.frame, rng, of_rigl)

    def _replaced_share(self, step: int) -> float:
        """The share of the part's edges to replace: the same at every change with SET, a falling one with RigL."""
        if self.training.method == "set":
            return self.training.share
        return replaced_share(self.training.share, self.steps.index(step) / len(self.steps))
