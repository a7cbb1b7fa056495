"""A regressor from a learning function: all that the families have in common, so that they need not care.

A family is a function that learns from a table and gives back a function that predicts. It sees only tables from
which something can be learned: at least two rows, targets of mean 0 and standard deviation 1 that are not all
equal, and a feature that varies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.protocol import check_table, check_unseen

Rows = NDArray[np.float64]
Values = NDArray[np.float64]
Predict = Callable[[Rows], Prediction]
Learn = Callable[[Rows, Values, int], Predict]
"""From rows, standardised targets and a seed below 2**32 to a function that predicts."""
PredictMean = Callable[[Rows], Values]
LearnMean = Callable[[Rows, Values, int], PredictMean]
"""As `Learn`, of a family that knows no spread of its own."""

LARGEST_FEATURE = 1e30
"""Features beyond it count as it: trees compare in single precision, and squares of distances must stay finite."""

LARGEST_STEP = 2.0
"""How far a prediction may leave the range of the targets learned from, in ranges of them. Guards against linear
regressors on rows far from all that was seen; rows like those learned from never come near."""


class Learned:
    """A `Regressor` whose family is a learning function.

    If nothing can be learned, because the targets are all equal or no feature varies, it expects the mean of the
    targets, with their standard deviation as spread.

    Args:
        name: What it calls itself in messages.
        learn: The family.
        seed: 0 or more. The same seed and rows give the same predictions.
    """

    def __init__(self, name: str, learn: Learn, seed: int) -> None:
        self._name = name
        self._learn = learn
        self._seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
        self._predict: Predict | None = None
        self._n_features: int | None = None

    def fit(self, rows: Rows, targets: Values) -> Self:
        """See `Regressor.fit`."""
        check_table(self._name, rows, targets)
        rows, targets = _bounded(rows), targets.astype(np.float64)
        centre, scale = centre_and_scale(targets)
        self._n_features = rows.shape[1]
        self._centre, self._scale = centre, scale
        if scale == 0.0 or not (rows != rows[0]).any():
            self._predict = _expect_mean(0.0 if scale == 0.0 else 1.0)
            self._lowest, self._highest = 0.0, 0.0
        else:
            scores = (targets - centre) / scale
            margin = LARGEST_STEP * float(np.ptp(scores))
            self._lowest, self._highest = float(scores.min()) - margin, float(scores.max()) + margin
            self._predict = self._learn(rows, scores, self._seed)
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Regressor.predict`."""
        check_unseen(self._name, rows, self._n_features)
        if self._predict is None or len(rows) == 0:
            return Prediction(np.empty(0), np.empty(0))
        scores = self._predict(_bounded(rows))
        mean = np.clip(scores.mean, self._lowest, self._highest)
        return Prediction(self._centre + self._scale * mean, self._scale * scores.spread)


def centre_and_scale(targets: Values) -> tuple[float, float]:
    """Mean and standard deviation, the latter exactly 0 where the targets differ only by rounding.

    Args:
        targets: Finite, shape (n,), n >= 1.
    """
    largest = float(np.abs(targets).max())
    if largest < np.finfo(np.float64).tiny:
        return 0.0, 0.0
    shares = targets / largest  # so that no square overflows or vanishes
    if np.ptp(shares) < 1e-13:
        return float(targets[0]), 0.0
    return float(shares.mean() * largest), float(shares.std() * largest)


def certain(learn_mean: LearnMean) -> Learn:
    """With a spread of 0, for where none is asked for."""

    def learn(rows: Rows, targets: Values, seed: int) -> Predict:
        predict_mean = learn_mean(rows, targets, seed)
        return lambda unseen: Prediction(predict_mean(unseen), np.zeros(len(unseen)))

    return learn


def _expect_mean(spread: float) -> Predict:
    return lambda rows: Prediction(np.zeros(len(rows)), np.full(len(rows), spread))


def _bounded(rows: Rows) -> Rows:
    return np.clip(rows, -LARGEST_FEATURE, LARGEST_FEATURE).astype(np.float64)
