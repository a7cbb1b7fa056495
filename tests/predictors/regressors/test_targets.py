from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.prediction import Prediction
from predictors.regressors import make_regressor
from predictors.regressors.targets import OnScale, to_scale
from predictors.trust.scores import r_squared


class Echo:
    """A regressor that predicts the targets that it was given, in their order, with one spread."""

    def __init__(self, spread: float = 0.0) -> None:
        self.spread = spread

    def fit(self, rows: np.ndarray, targets: np.ndarray) -> Echo:
        self.targets = targets
        return self

    def predict(self, rows: np.ndarray) -> Prediction:
        return Prediction(self.targets[: len(rows)].copy(), np.full(len(rows), self.spread))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=2, max_size=30), st.sampled_from(["ranks", "logit"])
)
def test_targets_come_back_as_they_were(values: list[float], target: str) -> None:
    targets = np.array(values) / 1000
    rows = np.zeros((len(values), 1))
    scale = OnScale(Echo(), target).fit(rows, targets)  # type: ignore[arg-type]
    prediction = scale.predict(rows)
    tolerance = 1e-3 if target == "logit" else 1e-12  # 0 and 1 have no logit
    np.testing.assert_allclose(prediction.mean, targets, atol=tolerance)
    np.testing.assert_allclose(prediction.spread, 0.0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30, unique=True), st.floats(0.01, 3.0))
def test_the_order_is_that_of_the_transformed_predictions(values: list[float], spread: float) -> None:
    targets = np.array(values)
    rows = np.zeros((len(values), 1))
    for target in ("ranks", "logit"):
        mean = OnScale(Echo(spread), target).fit(rows, targets).predict(rows).mean  # type: ignore[arg-type]
        assert (np.diff(mean[np.argsort(targets)]) >= 0).all()


def test_the_expected_score_is_the_mean_over_the_error() -> None:
    """Log-normal scores: what is known on the scale of ranks leaves a normal error, and the median is not the mean."""
    rng = np.random.default_rng(0)
    known, error = rng.normal(size=4000), rng.normal(size=4000)
    targets = np.exp(0.8 * known + 0.6 * error)

    class Knows(Echo):
        def predict(self, rows: np.ndarray) -> Prediction:
            return Prediction(0.8 * rows[:, 0], np.full(len(rows), 0.6))

    rows = known[:, None]
    expected = OnScale(Knows(), "ranks").fit(rows, targets).predict(rows).mean
    oracle = np.exp(0.8 * known + 0.6**2 / 2)
    middle = np.abs(known) < 1.5  # the tails are those of the targets learned from
    np.testing.assert_allclose(expected[middle], oracle[middle], rtol=0.08)
    assert r_squared(targets, expected) > r_squared(targets, np.exp(0.8 * known)) + 0.02


def test_ranks_see_the_order_alone() -> None:
    echo = Echo()
    OnScale(echo, "ranks").fit(np.zeros((4, 1)), np.array([0.1, 0.2, 0.3, 0.9]))
    first = echo.targets
    OnScale(echo, "ranks").fit(np.zeros((4, 1)), np.array([-50.0, 3.0, 4.0, 1e9]))
    np.testing.assert_array_equal(echo.targets, first)
    np.testing.assert_allclose(first, -first[::-1], atol=1e-12)


def test_predictions_of_ranks_stay_in_the_range_of_the_targets() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 2))
    prediction = make_regressor("bayesian-ridge", 0, "ranks").fit(rows, rows[:, 0]).predict(100 * rows)
    assert prediction.mean.min() == pytest.approx(rows[:, 0].min())
    assert prediction.mean.max() == pytest.approx(rows[:, 0].max())


def test_logits_are_of_accuracies() -> None:
    with pytest.raises(ValueError, match=r"1\.2"):
        make_regressor("bayesian-ridge", 0, "logit").fit(np.zeros((2, 1)), np.array([0.5, 1.2]))
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 1))
    share = 1 / (1 + np.exp(-3 * rows[:, 0]))
    prediction = make_regressor("bayesian-ridge", 0, "logit").fit(rows, share).predict(rows)
    np.testing.assert_allclose(prediction.mean, share, atol=0.01)


def test_intervals_go_back_too() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 2))
    targets = np.exp(rows[:, 0] + 0.1 * rng.standard_normal(40))
    regressor = make_regressor("ensemble", 0, "ranks").fit(rows, targets)
    low, high = regressor.predict_interval(rows, 0.8)  # type: ignore[attr-defined]
    assert (targets.min() <= low).all() and (low <= high).all() and (high <= targets.max()).all()
    assert np.mean((low <= targets) & (targets <= high)) > 0.6
    assert not hasattr(make_regressor("forest", 0, "ranks"), "predict_interval")


def test_targets_are_put_on_their_scale() -> None:
    targets = np.array([0.2, 0.5, 0.9])
    echo = Echo()
    for target in ("ranks", "logit"):
        OnScale(echo, target).fit(np.zeros((3, 1)), targets)  # type: ignore[arg-type]
        np.testing.assert_array_equal(to_scale(targets, target), echo.targets)  # type: ignore[arg-type]
    assert to_scale(targets, "plain") is targets
