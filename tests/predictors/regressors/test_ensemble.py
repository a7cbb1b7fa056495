from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.regressors.ensemble import MEMBERS, PRIOR_ROWS, Ensemble, stacking_weights


def made_up(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows, and targets whose noise grows with the first feature."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, size=(n, 3))
    return rows, rows[:, 1] ** 2 + (0.05 + 0.3 * (rows[:, 0] > 0)) * rng.standard_normal(n)


@pytest.fixture(scope="module")
def fitted() -> Ensemble:
    return Ensemble(0).fit(*made_up(0, 150))


@pytest.fixture(scope="module")
def several() -> list[Ensemble]:
    return [Ensemble(0).fit(*made_up(seed, 80)) for seed in range(10, 14)]


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_hold_the_share_that_they_promise(several: list[Ensemble], coverage: float) -> None:
    rows, targets = made_up(1, 1000)
    noisy = rows[:, 0] > 0
    held = []
    for fitted in several:
        low, high = fitted.predict_interval(rows, coverage)
        held.append(np.mean((low <= targets) & (targets <= high)))
        assert np.mean((high - low)[noisy]) > 1.2 * np.mean((high - low)[~noisy])
    # Of 80 residuals each: a standard deviation of about .055 at .5, half that of the mean of four.
    assert abs(np.mean(held) - coverage) < 0.08


def test_intervals_grow_with_coverage_around_the_mean(fitted: Ensemble) -> None:
    rows, _ = made_up(2, 20)
    mean = fitted.predict(rows).mean
    narrow, wide = fitted.predict_interval(rows, 0.5), fitted.predict_interval(rows, 0.95)
    assert (wide[0] < narrow[0]).all() and (narrow[0] < mean).all()
    assert (mean < narrow[1]).all() and (narrow[1] < wide[1]).all()


def test_intervals_move_and_stretch_with_the_targets() -> None:
    rows, targets = made_up(3, 30)
    unseen, _ = made_up(4, 5)
    bounds = np.array(Ensemble(0).fit(rows, targets).predict_interval(unseen, 0.8))
    moved = np.array(Ensemble(0).fit(rows, 100 + 3 * targets).predict_interval(unseen, 0.8))
    np.testing.assert_allclose(moved, 100 + 3 * bounds, rtol=1e-3)


def test_too_few_rows_promise_nothing() -> None:
    ensemble = Ensemble(0).fit(*made_up(5, 8))
    unseen, _ = made_up(6, 3)
    low, high = ensemble.predict_interval(unseen, 0.9)
    assert np.isneginf(low).all() and np.isposinf(high).all()
    low, high = ensemble.predict_interval(unseen, 0.8)
    assert np.isfinite(low).all() and np.isfinite(high).all()
    constant = Ensemble(0).fit(unseen, np.ones(3))
    assert np.array(constant.predict_interval(unseen, 0.9)).tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("coverage", [0.0, 1.0, -1.0])
def test_an_impossible_coverage_is_refused(fitted: Ensemble, coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage"):
        fitted.predict_interval(np.zeros((1, 3)), coverage)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_weights_are_shares(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    weights = stacking_weights(rng.standard_normal((n, len(MEMBERS))), rng.standard_normal(n))
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0)


def test_the_member_that_is_right_gets_the_weight_with_many_rows_and_not_with_few() -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal(2000)
    by_member = np.stack([targets, *rng.standard_normal((2, 2000))], axis=1)
    assert stacking_weights(by_member, targets)[0] > 0.95
    few = stacking_weights(by_member[:5], targets[:5])
    assert 1 / 3 < few[0] < 0.7
    assert PRIOR_ROWS > 5


def test_the_ensemble_is_no_worse_than_most_of_its_members() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((80, 4))
    truth = rows[:, 0] + np.sin(2 * rows[:, 1])
    targets = truth + 0.3 * rng.standard_normal(80)
    unseen = rng.standard_normal((400, 4))
    wanted = unseen[:, 0] + np.sin(2 * unseen[:, 1])
    centre, scale = targets.mean(), targets.std()
    errors = sorted(
        float(np.mean((centre + scale * learn(rows, (targets - centre) / scale, 0)(unseen) - wanted) ** 2))
        for learn in MEMBERS.values()
    )
    assert np.mean((Ensemble(0).fit(rows, targets).predict(unseen).mean - wanted) ** 2) < errors[len(errors) // 2]
