"""Prediction: what a regressor expects of several candidates, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prediction:
    """Expected scores of n candidates. NaN and infinity cannot be represented.

    Attributes:
        mean: Expected score, float64, shape (n,).
        spread: Standard deviation of the expectation, in the score's unit, 0 or more, float64, shape (n,).

    Raises:
        ValueError: The shapes differ, a value is not finite, or a spread is negative.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.spread.shape:
            raise ValueError(
                f"Prediction: mean has shape {self.mean.shape} and spread {self.spread.shape}; "
                "give one number per candidate in each."
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.spread).all() and (self.spread >= 0).all()):
            raise ValueError(
                "Prediction: a mean or spread is NaN, infinite or negative; give finite means and spreads of 0 or more."
            )
