"""Estimate: a number with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A number that would come out differently on other networks.

    Attributes:
        value: The number, finite.
        error: Its standard error, in the same unit, finite, 0 or more.
    """

    value: float
    error: float

    @classmethod
    def of(cls, by_repeat: NDArray[np.float64], by_resample: NDArray[np.float64]) -> Estimate:
        """The mean over repeats, with the error of judging on few networks and of repeating few times.

        Two variances add up: that over resamples of the networks, and that over repeats (other folds, other seeds)
        divided by their number. The first already holds a part of the second, so the error is rather too large:
        over fresh tables of 40, 80 and 200 networks tau deviated by .75, .8 and .95 of it, and a difference of two
        taus by .65 to .95. It takes the fitted regressors as they are, and is not the error of the scores of a
        single network.

        Args:
            by_repeat: The number in each repeat, shape (n_repeats,), n_repeats >= 1.
            by_resample: The mean over repeats on each resample of the networks, shape (n_resamples,), at least 2.
        """
        n_repeats = len(by_repeat)
        of_repeats = float(np.var(by_repeat, ddof=1)) / n_repeats if n_repeats > 1 else 0.0
        error = math.sqrt(float(np.var(by_resample, ddof=1)) + of_repeats)
        return cls(float(np.mean(by_repeat)), error)

    def is_above(self, bound: float, n_errors: float = 1.0) -> bool:
        """Whether it exceeds the bound by more than so many standard errors."""
        return self.value - n_errors * self.error > bound

    def __str__(self) -> str:
        return f"{self.value:.3f} +- {self.error:.3f}"
