"""When edges change in a training, and by how much."""

from __future__ import annotations

import math

from search_spaces.sparse_training import FIRST_CHANGE, SparseTraining


def change_steps(training: SparseTraining, total_steps: int) -> list[int]:
    """The steps after which edges change, ascending and distinct, in 1..total_steps - 1; evenly from nearly the first.

    Args:
        training: What training does to the edges.
        total_steps: Of the whole training.
    """
    first, last = FIRST_CHANGE * total_steps, max(training.until, FIRST_CHANGE) * total_steps
    steps = {round(first + (last - first) * (k + 1) / training.n_changes) for k in range(training.n_changes)}
    return sorted(step for step in steps if 0 < step < total_steps)


def pruned_to(n_edges: int, n_left: int, progress: float) -> int:
    """Edges at a point of gradual pruning (Zhu & Gupta 2017, equation 1): quickly at first, then ever more slowly.

    Args:
        n_edges: Before it began.
        n_left: At the end.
        progress: From 0 to 1.
    """
    return n_left + math.floor((n_edges - n_left) * (1.0 - progress) ** 3)


def replaced_share(share: float, progress: float) -> float:
    """The share of edges that RigL replaces at a point of rewiring (Evci et al. 2020, section 3): a falling cosine."""
    return share / 2 * (1.0 + math.cos(math.pi * progress))
