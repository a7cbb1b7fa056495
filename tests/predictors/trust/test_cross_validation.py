from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from predictors.examples import Examples
from predictors.prediction import Prediction
from predictors.regressors.protocol import Make
from predictors.trust.cross_validation import ExpectsMean, cross_validate, predict_with_bounds


class Remembers:
    """Predicts 1 for a row that it has learned from, and 0 for others; keeps what it was fitted on."""

    fitted: list[NDArray[np.float64]] = []  # noqa: RUF012

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> Self:
        self.learned = rows
        Remembers.fitted.append(rows)
        return self

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        is_known = (rows[:, None] == self.learned).all(axis=2).any(axis=1)
        return Prediction(is_known.astype(np.float64), np.ones(len(rows)))


class HasIntervals(Remembers):
    def predict_interval(
        self, rows: NDArray[np.float64], coverage: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return rows[:, 0] - coverage, np.full(len(rows), np.inf)


def table(n: int = 40) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 2)), rng.normal(size=n)


def test_no_network_is_predicted_by_one_that_has_learned_from_it() -> None:
    predicted = cross_validate(*table(), Remembers, seed=1, repeats=range(2)).predicted
    assert predicted.shape == (2, 40) and (predicted == 0).all()


def test_groups_stay_together_and_are_not_learned_from() -> None:
    groups = np.arange(40) // 4
    rows = np.column_stack([groups, groups]).astype(np.float64)  # one row a group, four times
    found = cross_validate(rows, table()[1], Remembers, seed=1, groups=groups)
    assert (found.predicted == 0).all()
    assert all(len(set(found.folds[0][groups == group].tolist())) == 1 for group in range(10))


def test_folds_are_those_of_the_seed_whatever_is_predicted(least_squares: Make) -> None:
    rows, targets = table()
    folds = cross_validate(rows, targets, Remembers, seed=1, repeats=range(3)).folds
    assert (folds == cross_validate(rows[:, :1], -targets, least_squares, seed=1, repeats=range(3)).folds).all()
    assert (folds != cross_validate(rows, targets, Remembers, seed=2, repeats=range(3)).folds).any()
    assert (folds[0] != folds[1]).any()


def test_equal_seeds_give_equal_bits(draw_examples: Callable[..., Examples], least_squares: Make) -> None:
    examples = draw_examples(0)
    first, again = (
        cross_validate(examples.rows, examples.targets, least_squares, seed=7, repeats=range(2), most_learned=20)
        for _ in range(2)
    )
    assert first.predicted.tobytes() == again.predicted.tobytes()


@pytest.mark.parametrize(("n", "n_folds"), [(4, 2), (10, 2), (24, 4), (100, 5)])
def test_there_are_fewer_folds_where_they_would_be_tiny(n: int, n_folds: int) -> None:
    assert len(np.unique(cross_validate(*table(n), Remembers, seed=0).folds)) == n_folds


def test_learns_from_as_few_as_it_is_told_each_fold_others() -> None:
    Remembers.fitted.clear()
    found = cross_validate(*table(), Remembers, seed=0, most_learned=8)
    assert found.n_learned == 8
    assert [len(rows) for rows in Remembers.fitted] == [8] * 5
    assert len({rows.tobytes() for rows in Remembers.fitted}) == 5
    assert cross_validate(*table(), Remembers, seed=0).n_learned == 32


def test_bounds_are_the_regressors_own_where_it_has_them() -> None:
    rows = table()[0]
    bounds = predict_with_bounds(HasIntervals(0).fit(rows, rows[:, 0]), rows, (0.5, 0.9))
    np.testing.assert_array_equal(bounds[:, [1, 3]], rows[:, :1] - [0.5, 0.9])
    assert np.isinf(bounds[:, [2, 4]]).all()
    found = cross_validate(*table(), HasIntervals, seed=0, coverages=(0.5, 0.9))
    np.testing.assert_array_equal(found.bounds[0, :, :, 0], rows[:, :1] - [0.5, 0.9])


def test_bounds_are_normal_where_it_has_only_a_spread(least_squares: Make) -> None:
    rows, targets = table()
    regressor = least_squares(0).fit(rows, targets)
    bounds = predict_with_bounds(regressor, rows, (0.8,))
    prediction = regressor.predict(rows)
    for column, quantile in ((1, 0.1), (2, 0.9)):
        np.testing.assert_allclose(bounds[:, column], norm(prediction.mean, prediction.spread).ppf(quantile))


def test_expects_the_mean_of_what_it_learned() -> None:
    rows, targets = table()
    prediction = ExpectsMean(0).fit(rows, targets).predict(rows[:3])
    np.testing.assert_allclose(prediction.mean, targets.mean())
    np.testing.assert_allclose(prediction.spread, targets.std())
