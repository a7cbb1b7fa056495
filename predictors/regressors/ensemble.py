"""Several families in one: a stacked ensemble, with intervals that hold the share they promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.folds import draw_folds, equal_row_groups, out_of_fold
from predictors.regressors.gaussian_process import learn_from_few_features, learn_gaussian_process_mean
from predictors.regressors.learned import Learned, LearnMean, Predict, Rows, Values
from predictors.regressors.protocol import check_unseen
from predictors.regressors.scaling import Scaling
from predictors.regressors.smooth import learn_ridge_mean
from predictors.regressors.spread import LocalSpread
from predictors.regressors.trees import learn_extra_trees_mean

if TYPE_CHECKING:
    from crepes import ConformalRegressor

MEMBERS: Mapping[str, LearnMean] = {
    "gaussian-process": learn_gaussian_process_mean,
    "gaussian-process of few features": learn_from_few_features,
    "extra-trees": learn_extra_trees_mean,
    "bayesian-ridge": learn_ridge_mean,
}
"""Families that err in different ways: smooth ones of all and of few features, a stepwise and a linear one."""

PRIOR_ROWS = 20.0
"""Equal weights count as much as so many rows of unit variance: few rows cannot tell good members from lucky ones."""


class Ensemble(Learned):
    """An `IntervalRegressor`: members weighted by how well they predicted rows that they had not seen.

    Weights are non-negative and add up to 1, from five-fold cross-validated predictions (Breiman, "Stacked
    regressions", 1996) in which equal rows share a fold, drawn towards equal weights. The spread is the
    cross-validated error of the nearest rows. Intervals are conformal, normalised by the spread (Papadopoulos et al.
    2011; `crepes`), on the same cross-validated residuals: members learn from a fifth more rows at the end, so that
    the intervals are a little wide, and never are they narrow because a row was learned by heart.

    Args:
        seed: 0 or more. The same seed and rows give the same predictions.
    """

    def __init__(self, seed: int) -> None:
        super().__init__("ensemble", self._learn_ensemble, seed)
        self._conformal: ConformalRegressor | None = None
        self._n_learned = 0

    def _learn_ensemble(self, rows: Rows, targets: Values, seed: int) -> Predict:
        from crepes import ConformalRegressor

        def predict_unseen(learned: NDArray[np.int64], unseen: NDArray[np.int64]) -> NDArray[np.float64]:
            members = [learn(rows[learned], targets[learned], seed) for learn in MEMBERS.values()]
            return np.stack([predict(rows[unseen]) for predict in members], axis=1)

        folds = draw_folds(len(rows), seed, equal_row_groups(rows))
        by_member = out_of_fold(predict_unseen, folds)  # (n, n_members)
        weights = stacking_weights(by_member, targets)
        residuals = targets - by_member @ weights
        scaling = Scaling.of(rows)
        spread = LocalSpread.of(scaling.apply(rows), residuals)
        self._conformal = ConformalRegressor().fit(residuals, sigmas=_positive(spread.around_learned()))
        self._n_learned = len(rows)
        members = [
            (weight, learn(rows, targets, seed))
            for weight, learn in zip(weights.tolist(), MEMBERS.values(), strict=True)
            if weight > 0.0
        ]

        def predict(unseen: Rows) -> Prediction:
            mean = np.sum([weight * member(unseen) for weight, member in members], axis=0)
            return Prediction(mean, spread.around(scaling.apply(unseen)))

        return predict

    def predict_interval(self, rows: Rows, coverage: float) -> tuple[Values, Values]:
        """See `IntervalRegressor.predict_interval`."""
        check_unseen("ensemble", rows, self._n_features)
        if not 0.0 < coverage < 1.0:
            raise ValueError(f"ensemble: the coverage is {coverage}; it must be above 0 and below 1.")
        prediction = self.predict(rows)
        if self._conformal is None:  # nothing could be learned
            margin = prediction.spread * np.inf if self._scale > 0 else prediction.spread
            return prediction.mean - margin, prediction.mean + margin
        if self._n_learned < coverage / (1.0 - coverage):
            return np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
        if len(rows) == 0:
            return np.empty(0), np.empty(0)
        bounds = self._conformal.predict_int(
            prediction.mean / self._scale, sigmas=_positive(prediction.spread / self._scale), confidence=coverage
        )
        return self._scale * bounds[:, 0], self._scale * bounds[:, 1]


def stacking_weights(by_member: NDArray[np.float64], targets: Values) -> Values:
    """Weights of members, 0 or more, that add up to 1 and make the squared error small, drawn towards equal ones.

    Args:
        by_member: Predictions of rows that the member had not learned from, shape (n, n_members).
        targets: Shape (n,), of standard deviation about 1.

    Returns:
        Shape (n_members,).
    """
    from scipy.optimize import nnls

    n_members = by_member.shape[1]
    towards_equal = np.sqrt(PRIOR_ROWS) * np.eye(n_members)
    weights, _ = nnls(
        np.concatenate([by_member, towards_equal]),
        np.concatenate([targets, np.full(n_members, np.sqrt(PRIOR_ROWS) / n_members)]),
    )
    total = float(weights.sum())
    return np.asarray(weights / total) if total > 0 else np.full(n_members, 1.0 / n_members)


def _positive(spread: Values) -> Values:
    return np.maximum(spread, 1e-12)
