"""Predictions of every network by a regressor that has not seen it, several times with other folds and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.folds import draw_folds, out_of_fold
from predictors.regressors.protocol import Make, Regressor
from predictors.trust.resampling import derive_seed

LEAST_FOLD = 5
"""Rows that a fold holds at least, on average: there are fewer folds where it would hold fewer."""


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Out-of-fold predictions of n networks, repeated.

    Attributes:
        folds: Fold of each network in each repeat, int64, shape (n_repeats, n).
        predicted: Its expected score, from the other folds, float64, shape (n_repeats, n).
        bounds: Lower and upper bound of its score at each coverage, float64, shape (n_repeats, n, n_coverages, 2).
        n_learned: Rows that a regressor learned from, on average over folds and repeats.
    """

    folds: NDArray[np.int64]
    predicted: NDArray[np.float64]
    bounds: NDArray[np.float64]
    n_learned: int

    @classmethod
    def joined(cls, repeats: Sequence[CrossValidated]) -> CrossValidated:
        """Several repeats, at least one, as one value."""
        return cls(
            np.concatenate([one.folds for one in repeats]),
            np.concatenate([one.predicted for one in repeats]),
            np.concatenate([one.bounds for one in repeats]),
            round(float(np.mean([one.n_learned for one in repeats]))),
        )


def cross_validate(
    rows: NDArray[np.float64],
    targets: NDArray[np.float64],
    make: Make,
    seed: int,
    *,
    groups: NDArray[np.int64] | None = None,
    n_folds: int = 5,
    repeats: Iterable[int] = (0,),
    coverages: tuple[float, ...] = (),
    most_learned: int | None = None,
) -> CrossValidated:
    """Repeated k-fold cross-validation. Equal seeds give equal folds, whatever the regressor and the features.

    Args:
        rows: Features, shape (n, n_features), n at least 2.
        targets: Scores, shape (n,).
        make: Makes the regressor; each repeat has a seed of its own.
        seed: 0 or more.
        groups: Networks of a group stay in one fold, shape (n,); None or empty where each is its own.
        n_folds: At least 2; see `LEAST_FOLD`.
        repeats: Numbers of the repeats, at least one; each has folds and seeds of its own.
        coverages: Those at which bounds are wanted, each in (0, 1).
        most_learned: Each regressor learns from so many rows, drawn from the other folds; None for all of them.

    Raises:
        ValueError: There are fewer than two rows or groups.
    """
    n = len(targets)
    groups = None if groups is None or len(groups) == 0 else groups
    k = max(2, min(n_folds, n // LEAST_FOLD))
    folds, answers = [], []
    sizes: list[int] = []
    for repeat in repeats:
        regressor_seed = derive_seed(seed, repeat, 1)
        rng = np.random.default_rng(derive_seed(seed, repeat, 2))

        def predict_unseen(
            learned: NDArray[np.int64],
            unseen: NDArray[np.int64],
            regressor_seed: int = regressor_seed,
            rng: np.random.Generator = rng,
        ) -> NDArray[np.float64]:
            learned = np.sort(rng.permutation(learned)[:most_learned])
            sizes.append(len(learned))
            regressor = make(regressor_seed).fit(rows[learned], targets[learned])
            return predict_with_bounds(regressor, rows[unseen], coverages)

        folds.append(draw_folds(n, derive_seed(seed, repeat, 0), groups, k))
        answers.append(out_of_fold(predict_unseen, folds[-1]))
    answer = np.array(answers)  # (n_repeats, n, 1 + 2 * n_coverages)
    bounds = answer[:, :, 1:].reshape(len(answer), n, len(coverages), 2)
    return CrossValidated(np.array(folds), answer[:, :, 0], bounds, round(float(np.mean(sizes))))


def predict_with_bounds(
    regressor: Regressor, rows: NDArray[np.float64], coverages: tuple[float, ...]
) -> NDArray[np.float64]:
    """The expected score and its bounds: the regressor's own where it has them, else those of a normal distribution.

    Args:
        regressor: Fitted.
        rows: Shape (n, n_features).
        coverages: Each in (0, 1).

    Returns:
        Expectation, then lower and upper bound at each coverage, shape (n, 1 + 2 * n_coverages).
    """
    from scipy.special import ndtri

    prediction = regressor.predict(rows)
    predict_interval = getattr(regressor, "predict_interval", None)
    columns = [prediction.mean]
    for coverage in coverages:
        if predict_interval is not None:
            columns += predict_interval(rows, coverage)
        else:
            reach = float(ndtri((1 + coverage) / 2)) * prediction.spread
            columns += [prediction.mean - reach, prediction.mean + reach]
    return np.column_stack(columns)


class ExpectsMean:
    """A `Regressor` that looks at no feature: it expects the mean score, with their deviation as spread."""

    def __init__(self, seed: int) -> None:
        del seed  # nothing is drawn

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> ExpectsMean:
        """See `Regressor.fit`."""
        self._mean, self._spread = float(targets.mean()), float(targets.std())
        return self

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        """See `Regressor.predict`."""
        return Prediction(np.full(len(rows), self._mean), np.full(len(rows), self._spread))
