"""Features on one scale, for the regressors that measure distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.regressors.learned import Rows

FARTHEST = 6.0
"""Standard deviations from the mean beyond which a value counts as this far: one wild row must not decide."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What turns features into numbers of mean 0 and standard deviation 1.

    Attributes:
        columns: Places of the features that varied, shape (k,), k >= 1.
        centre: Their means, shape (k,).
        scale: Their standard deviations, above 0, shape (k,).
    """

    columns: NDArray[np.int64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows) -> Scaling:
        """The scaling of these rows.

        Features that vary by no more than rounding are dropped; if all do, the first is kept, and becomes 0.

        Args:
            rows: Shape (n, n_features), n and n_features at least 1, magnitudes up to 1e30.
        """
        centre, scale = rows.mean(axis=0), rows.std(axis=0)
        columns = np.flatnonzero(scale > 1e-10 * np.abs(rows).max(axis=0) + np.finfo(np.float64).tiny)
        if len(columns) == 0:
            return cls(np.zeros(1, np.int64), centre[:1], np.full(1, np.inf))
        return cls(columns, centre[columns], scale[columns])

    def apply(self, rows: Rows) -> Rows:
        """The rows in standard deviations from the mean, within `FARTHEST`, shape (n, k)."""
        scaled = (rows[:, self.columns] - self.centre) / self.scale
        return np.clip(scaled, -FARTHEST, FARTHEST)
