"""A scale on which scores are learned and compared: how far they fall short of 1, in ratios."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESOLUTION = 0.01
"""Shortfalls far below it count as equal, so that a perfect score is finite."""


def stretch(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the logarithm of the shortfall: -log(1 - score + RESOLUTION).

    To halve the errors counts alike at every score, so that .96 and .98 are as far apart as .2 and .6. Scores of
    candidates have a long tail of bad ones; on the plain scale the differences among the good drown in it.

    Args:
        scores: An accuracy or an r2, at most 1, any shape.

    Returns:
        Of the same shape, ascending in the score.
    """
    return np.asarray(-np.log1p(RESOLUTION - scores))


def unstretch(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores that `stretch` gives these values for."""
    return np.asarray(RESOLUTION - np.expm1(-values))
