"""A scale on which scores are learned and compared: their normal scores among the outcomes so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ScoreScale:
    """Between scores and normal scores: what a standard normal variable would be at the same quantile.

    Scores of candidates have a long tail of bad ones, in which the differences among the good would drown; on this
    scale they are normal, as regressors and expected improvement take them to be. Between the scores that it was made
    from it is linear, and beyond them too, with the slope from the median to the last: a better score than any so far
    is possible. Source: the Gaussian copula of Salinas, Shen and Perrone, "A quantile-based approach for
    hyperparameter transfer learning" (2020).

    Attributes:
        scores: Distinct, ascending, at least two, shape (n,).
        values: Normal score of each, strictly ascending, shape (n,).
    """

    scores: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> ScoreScale:
        """The scale of finite scores, shape (n,). If all are equal, or there is none, it only shifts them."""
        from scipy.special import ndtri

        distinct, counts = np.unique(scores, return_counts=True)
        if len(distinct) < 2:
            centre = float(distinct[0]) if len(distinct) else 0.0
            return cls(np.array([centre - 1.0, centre + 1.0]), np.array([-1.0, 1.0]))
        middles = np.cumsum(counts) - 0.5 * counts  # ranks, of ties their mean, from 0.5
        return cls(distinct, np.asarray(ndtri(middles / len(scores))))

    def stretch(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Normal scores of scores, any shape."""
        return _piecewise(scores, self.scores, self.values)

    def unstretch(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores of normal scores, any shape; turns `stretch` back."""
        return _piecewise(values, self.values, self.scores)


def _piecewise(x: NDArray[np.float64], knots: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear through the knots, and beyond them along the line from the middle knot to the last."""
    middle = len(knots) // 2
    above = (values[-1] - values[middle - 1]) / (knots[-1] - knots[middle - 1])
    below = (values[middle] - values[0]) / (knots[middle] - knots[0])
    between = np.interp(x, knots, values)
    return np.asarray(between + above * np.maximum(x - knots[-1], 0.0) + below * np.minimum(x - knots[0], 0.0))
