"""How much a candidate is expected to improve the Pareto front of score and size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction

SIZE_MARGIN = math.log(2.0)
"""How far the reference size lies beyond the largest network: a doubling. So even the largest can improve the front, by
being better than all others; without a margin it would have a width of 0, and so would all where sizes are equal."""
HALVINGS = 60
FARTHEST = 38.0
"""Beyond as many spreads from 0, the density of a normal distribution is 0 in floating point."""


@dataclass(frozen=True, eq=False)
class Staircase:
    """The best score that the front has at each size, up to a reference size.

    The area between it and a reference point, below the scores and right of the sizes, is the front's hypervolume.
    Sizes are natural logarithms, so that a doubling counts alike at every size.

    Attributes:
        sizes: Where the steps begin: minus infinity and then the logarithm of the number of weights of each network
            of the front, ascending, float64, shape (n_steps,).
        scores: Score to beat on each step, ascending, shape (n_steps,); the first is the floor.
        end: The reference size; there is nothing to gain beyond.
    """

    sizes: NDArray[np.float64]
    scores: NDArray[np.float64]
    end: float

    @classmethod
    def of(
        cls, front: Sequence[tuple[int, float]], n_weights: NDArray[np.int64], floor: float | None = None
    ) -> Staircase:
        """The staircase that candidates of a pool are compared on.

        The reference size is a doubling beyond the largest network of the front and the pool. The reference score
        is the floor, below which a score is of no use at any size.

        Args:
            front: Number of weights and finite score of each network; those that others dominate don't matter.
            n_weights: Of the candidates, shape (n,).
            floor: Score that the smallest network must exceed; by default the lowest score of the front, and 0
                where it is empty.
        """
        if floor is None:
            floor = min((score for _, score in front), default=0.0)
        sizes, scores = [-math.inf], [floor]
        for weights, score in sorted(front, key=lambda point: (point[0], -point[1])):
            if score > scores[-1]:
                sizes.append(math.log(weights))
                scores.append(score)
        largest = max([weights for weights, _ in front] + n_weights.tolist(), default=1)
        return cls(np.array(sizes), np.array(scores), math.log(largest) + SIZE_MARGIN)

    def widths(self, n_weights: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much of each step lies right of a candidate's size, shape (n, n_steps)."""
        begins = np.maximum(self.sizes, np.log(n_weights)[:, None])  # (n, n_steps)
        ends = np.append(self.sizes[1:], self.end)
        return np.asarray(np.maximum(ends - begins, 0.0))

    def hypervolume(self) -> float:
        """Area between the front and the reference point (end, floor)."""
        widths = np.diff(np.append(self.sizes[1:], self.end))
        return float(widths @ (self.scores[1:] - self.scores[0]))


def expected_excess(mean: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expectation of max(X, 0) for normal X: the expected improvement over 0.

    mean * Phi(mean / spread) + spread * phi(mean / spread), with the limit max(mean, 0) for a spread of 0.
    Source: Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box functions" (1998), eq. 15.

    Args:
        mean: Any shape.
        spread: 0 or more, of a shape that broadcasts with it.

    Returns:
        0 or more, in the broadcast shape.
    """
    from scipy.special import ndtr

    mean, spread = np.broadcast_arrays(mean, spread)
    is_uncertain = np.abs(mean) < FARTHEST * spread
    z = np.divide(mean, spread, out=np.zeros(mean.shape), where=is_uncertain)
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    uncertain = np.maximum(mean * ndtr(z) + spread * density, 0.0)  # not below 0 by rounding far in the tail
    return np.asarray(np.where(is_uncertain, uncertain, np.maximum(mean, 0.0)))


def expected_improvement(
    prediction: Prediction, n_weights: NDArray[np.int64], staircase: Staircase
) -> NDArray[np.float64]:
    """Expected growth of the front's hypervolume by each candidate, if it alone were trained.

    The score is normal and uncertain, the size known. A score s adds max(s - t, 0) over the part of each step of
    height t that lies right of the candidate's size, so that the expectation is a sum over the steps. This is the
    expected hypervolume improvement of Emmerich, Giannakoglou and Naujoks (2006) in closed form, with one of the two
    objectives certain.

    Args:
        prediction: Of the scores, n of them.
        n_weights: Shape (n,), at least 1.
        staircase: What there is to improve.

    Returns:
        In units of score times logarithm of weights, 0 or more, shape (n,).
    """
    excess = expected_excess(prediction.mean[:, None] - staircase.scores, prediction.spread[:, None])
    return np.asarray((staircase.widths(n_weights) * excess).sum(axis=1))  # (n, n_steps) to (n,)


def score_needed(
    improvement: float, spread: NDArray[np.float64], n_weights: NDArray[np.int64], staircase: Staircase
) -> NDArray[np.float64]:
    """The predicted score at which a candidate of this size and spread would reach an expected improvement.

    Args:
        improvement: Above 0.
        spread: Shape (n,).
        n_weights: Shape (n,).
        staircase: What there is to improve.

    Returns:
        Scores, found by bisection, shape (n,).
    """
    widths = staircase.widths(n_weights)
    total = widths.sum(axis=1)
    # Beyond the highest step by improvement / total it suffices; twenty spreads below the floor it never does.
    high = staircase.scores[-1] + improvement / total
    low = staircase.scores[0] - 20.0 * spread
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        excess = expected_excess(middle[:, None] - staircase.scores, spread[:, None])
        is_enough = (widths * excess).sum(axis=1) >= improvement
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return np.asarray(high)
