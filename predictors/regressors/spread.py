"""A spread for regressors that have none: how wrong they were nearby."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.folds import draw_folds, equal_row_groups, out_of_fold
from predictors.regressors.learned import Learn, LearnMean, Predict, PredictMean, Rows, Values
from predictors.regressors.scaling import Scaling

N_NEAREST = 20
PRIOR_ROWS = 5.0
"""The mean squared residual of all rows counts as much as this many neighbours."""


@dataclass(frozen=True, eq=False)
class LocalSpread:
    """Root mean squared residual of the nearest learned rows, drawn towards that of all rows.

    Attributes:
        nearest: scikit-learn's NearestNeighbors, fitted on scaled rows.
        squares: Squared residual of each of them, from predictions that had not seen the row, shape (n,).
    """

    nearest: Any
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, scaled: Rows, residuals: Values) -> LocalSpread:
        """The spread around these rows, shape (n, k), n >= 2, with residuals of shape (n,)."""
        from sklearn.neighbors import NearestNeighbors

        n_nearest = min(N_NEAREST, len(scaled) - 1)
        return cls(NearestNeighbors(n_neighbors=n_nearest, algorithm="brute").fit(scaled), residuals**2)

    def around(self, scaled: Rows) -> NDArray[np.float64]:
        """The spread at each of these rows, shape (m,)."""
        return self._shrunk(self.nearest.kneighbors(scaled, return_distance=False))

    def around_learned(self) -> NDArray[np.float64]:
        """The spread at each learned row, from the others alone, shape (n,)."""
        return self._shrunk(self.nearest.kneighbors(return_distance=False))

    def _shrunk(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        total = self.squares[places].sum(axis=1) + PRIOR_ROWS * self.squares.mean()
        root: NDArray[np.float64] = np.sqrt(total / (places.shape[1] + PRIOR_ROWS))
        return root


def with_local_spread(learn_mean: LearnMean) -> Learn:
    """Gives a family without spread that of its five-fold cross-validated residuals nearby; equal rows share a fold."""

    def learn(rows: Rows, targets: Values, seed: int) -> Predict:
        def predict_unseen(learned: NDArray[np.int64], unseen: NDArray[np.int64]) -> Values:
            return learn_mean(rows[learned], targets[learned], seed)(rows[unseen])

        residuals = targets - out_of_fold(predict_unseen, draw_folds(len(rows), seed, equal_row_groups(rows)))
        scaling = Scaling.of(rows)
        spread = LocalSpread.of(scaling.apply(rows), residuals)
        predict_mean = learn_mean(rows, targets, seed)
        return lambda unseen: Prediction(predict_mean(unseen), spread.around(scaling.apply(unseen)))

    return learn


def without_spread(learn: Learn) -> LearnMean:
    """Leaves out the spread."""

    def learn_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
        predict = learn(rows, targets, seed)
        return lambda unseen: predict(unseen).mean

    return learn_mean
