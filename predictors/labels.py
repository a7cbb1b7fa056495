"""One comparable label for each candidate, although most were stopped before the last rung."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def final_score_estimates(scores: Sequence[Sequence[float]], n_rungs: int) -> NDArray[np.float64]:
    """The score each candidate has, or would be expected to have, at the last rung.

    A candidate that reached the last rung is labelled by its score there. One that stopped at rung r is
    labelled by its last score plus the median gain from rung r to the last rung among the candidates that
    reached the last, but not above the best of these unless it was already; the gain is taken for 0 while none did.

    This is biased in known ways. Those that went on were chosen for good scores at rung r, some lucky: their
    gain is smaller than that of an average candidate. Slow learners, which rungs stop, would gain more
    than the median. Both make stopped candidates look worse than they are. Without any finalist, labels of
    candidates stopped at different rungs differ by training time too.

    Args:
        scores: For each candidate its finite scores, larger is better, at the rungs it reached: 1 to n_rungs.
        n_rungs: Number of rungs, at least 1.

    Returns:
        Labels in the order of `scores`, finite, float64, shape (len(scores),).

    Raises:
        ValueError: A candidate has no score, more than n_rungs, or one that is not finite.
    """
    for i, reached in enumerate(scores):
        if not 1 <= len(reached) <= n_rungs:
            raise ValueError(f"scores[{i}] has {len(reached)} scores; give 1 to {n_rungs}, one per rung reached.")
        if not all(math.isfinite(score) for score in reached):
            raise ValueError(f"scores[{i}] is {list(reached)}; leave out candidates without finite scores.")
    finalists = np.array([reached for reached in scores if len(reached) == n_rungs], dtype=np.float64)
    if finalists.size:
        gains = np.median(finalists[:, -1:] - finalists, axis=0)  # (n_rungs,), 0 at the last; r2 has heavy tails
        best = float(finalists[:, -1].max())
    else:
        gains, best = np.zeros(n_rungs), math.inf
    # Small networks go on for their size, and gain more than large ones that were good from the first.
    bounded = [min(reached[-1] + gains[len(reached) - 1], max(best, reached[-1])) for reached in scores]
    return np.array(bounded, dtype=np.float64)
