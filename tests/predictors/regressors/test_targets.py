from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.prediction import Prediction
from predictors.regressors import make_regressor
from predictors.regressors.targets import OnScale


class Echo:
    """A regressor that predicts the targets that it was given, in their order."""

    def fit(self, rows: np.ndarray, targets: np.ndarray) -> Echo:
        self.targets = targets
        return self

    def predict(self, rows: np.ndarray) -> Prediction:
        return Prediction(self.targets[: len(rows)].copy(), np.full(len(rows), 0.1))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=2, max_size=30), st.sampled_from(["ranks", "logit"])
)
def test_targets_come_back_as_they_were(values: list[int], target: str) -> None:
    targets = np.array(values) / 1000
    rows = np.zeros((len(values), 1))
    scale = OnScale(Echo(), target).fit(rows, targets)  # type: ignore[arg-type]
    prediction = scale.predict(rows)
    tolerance = 1e-3 if target == "logit" else 1e-12  # 0 and 1 have no logit
    np.testing.assert_allclose(prediction.mean, targets, atol=tolerance)
    assert (prediction.spread >= 0).all()


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
    assert prediction.mean.min() == rows[:, 0].min()
    assert prediction.mean.max() == rows[:, 0].max()


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
