"""Targets that are ranked or logit-transformed before anything is learned, and predictions on their own scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.learned import Rows, Values
from predictors.regressors.protocol import IntervalRegressor, Regressor, check_table

Target = Literal["plain", "ranks", "logit"]
TARGETS: tuple[Target, ...] = get_args(Target)

NEAREST_TO_ONE = 1e-3
"""Accuracies of 0 and 1 count as this far from them: their logits are infinite."""
N_QUANTILES = 15
"""Quantiles of the error of a prediction, over which its score is averaged."""

Back = Callable[[Values], Values]


class OnScale:
    """A `Regressor` that learns transformed targets, and gives means, spreads and bounds on their own scale.

    - "ranks": normal scores of the targets, the normal quantiles of their ranks; equal targets have their mean rank.
      One wild score then counts as much as any lowest one, and what is fitted is the order. Back through the quantiles
      of the targets learned from, so that no prediction leaves their range.
    - "logit": log(p / (1 - p)) of accuracies in [0, 1].

    Both are monotonic, so that bounds of intervals go back exactly. The mean does not: a score is expected as the mean
    of the scores at `N_QUANTILES` quantiles of a normal error around the transformed prediction, which keeps R2 on the
    scale of the scores (the smearing estimate of Duan 1983, with a normal error). Its deviation is one number, the root
    mean squared spread of the rows learned from, so that the order of the predictions stays that of the transformed
    ones. The spread is half the width from one standard deviation below to one above.

    Args:
        inner: What learns; fitted anew.
        target: "ranks" or "logit".
    """

    def __init__(self, inner: Regressor, target: Target) -> None:
        self._inner = inner
        self._target = target
        self._back: Back = np.asarray
        self._error: Values = np.zeros(1)

    def fit(self, rows: Rows, targets: Values) -> Self:
        """See `Regressor.fit`.

        Raises:
            ValueError: A target is not in [0, 1] and the transform is the logit.
        """
        from scipy.special import ndtri

        check_table(f"targets as {self._target}", rows, targets)
        transformed, self._back = _ranked(targets) if self._target == "ranks" else _logit(targets)
        self._inner.fit(rows, transformed)
        deviation = float(np.sqrt(np.mean(self._inner.predict(rows).spread ** 2)))
        self._error = deviation * np.asarray(ndtri((np.arange(N_QUANTILES) + 0.5) / N_QUANTILES))
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Regressor.predict`."""
        inner = self._inner.predict(rows)
        low, high = self._back(inner.mean - inner.spread), self._back(inner.mean + inner.spread)
        around = inner.mean[:, None] + self._error  # (n, N_QUANTILES)
        return Prediction(self._back(around.ravel()).reshape(around.shape).mean(axis=1), (high - low) / 2.0)


class IntervalsOnScale(OnScale):
    """As `OnScale`, of an `IntervalRegressor`."""

    def __init__(self, inner: IntervalRegressor, target: Target) -> None:
        super().__init__(inner, target)
        self._intervals = inner

    def predict_interval(self, rows: Rows, coverage: float) -> tuple[Values, Values]:
        """See `IntervalRegressor.predict_interval`; bounds are never infinite, because the scale is bounded."""
        low, high = self._intervals.predict_interval(rows, coverage)
        return self._back(low), self._back(high)


def to_scale(targets: Values, target: Target) -> Values:
    """The targets as they are learned, shape (n,).

    Raises:
        ValueError: A target is not in [0, 1] and the transform is the logit.
    """
    if target == "plain":
        return targets
    return (_ranked(targets) if target == "ranks" else _logit(targets))[0]


def _ranked(targets: Values) -> tuple[Values, Back]:
    from scipy.stats import norm, rankdata

    scores = np.asarray(norm.ppf((rankdata(targets) - 0.5) / len(targets)), dtype=np.float64)
    known_scores, places = np.unique(scores, return_index=True)
    known: NDArray[np.float64] = targets[places]
    return scores, lambda predicted: np.interp(predicted, known_scores, known)


def _logit(targets: Values) -> tuple[Values, Back]:
    from scipy.special import expit, logit

    if targets.min() < 0.0 or targets.max() > 1.0:
        wrong = targets[(targets < 0.0) | (targets > 1.0)][0]
        raise ValueError(f"Targets as logit must be accuracies in [0, 1]; one is {wrong:g}. Take ranks, or plain ones.")
    scores = np.asarray(logit(np.clip(targets, NEAREST_TO_ONE, 1.0 - NEAREST_TO_ONE)), dtype=np.float64)
    return scores, lambda predicted: np.asarray(expit(predicted), dtype=np.float64)
