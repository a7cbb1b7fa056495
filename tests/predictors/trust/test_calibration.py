from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from predictors.trust.calibration import COVERAGES, Coverage, measure_coverage
from predictors.trust.cross_validation import CrossValidated
from predictors.trust.resampling import draw_resamples


def normal_intervals(n: int, spread: float, n_repeats: int = 2) -> CrossValidated:
    """Intervals around 0 that hold what they promise if the truth is normal with this spread."""
    reach = norm.ppf((1 + np.array(COVERAGES)) / 2) * spread
    bounds = np.broadcast_to(np.stack([-reach, reach], axis=1), (n_repeats, n, 4, 2))
    return CrossValidated(np.zeros((n_repeats, n), np.int64), np.zeros((n_repeats, n)), bounds, n)


def coverages_of(n: int, spread: float) -> tuple[Coverage, ...]:
    truth = np.random.default_rng(0).normal(size=n)
    return measure_coverage(truth, normal_intervals(n, spread), draw_resamples(n, 0))


def test_right_intervals_hold_what_they_promise() -> None:
    for one in coverages_of(3000, spread=1.0):
        assert one.held.value == pytest.approx(one.promised, abs=0.03)
        assert one.held.error == pytest.approx(math.sqrt(one.promised * (1 - one.promised) / 3000), rel=0.2)
        assert one.width == pytest.approx(2 * norm.ppf((1 + one.promised) / 2))
        assert not one.is_too_narrow and not one.is_too_wide


@pytest.mark.parametrize("spread", [0.7, 1.4])
def test_wrong_intervals_are_told(spread: float) -> None:
    for one in coverages_of(500, spread):
        assert (one.is_too_narrow, one.is_too_wide) == (spread < 1, spread > 1)


def test_few_networks_that_are_all_held_prove_nothing() -> None:
    held = measure_coverage(np.zeros(10), normal_intervals(10, 1.0), draw_resamples(10, 0))[-1]
    assert held.held.value == 1.0 and not held.is_too_wide


def test_a_bound_belongs_to_its_interval_and_no_bound_is_infinite() -> None:
    bounds = np.array([[[[0.0, 1.0], [-np.inf, np.inf]]] * 2])  # (1, 2, 2, 2)
    model = CrossValidated(np.zeros((1, 2), np.int64), np.zeros((1, 2)), bounds, 2)
    first, second = measure_coverage(np.array([0.0, 1.0]), model, np.ones((2, 2)), (0.5, 0.9))
    assert (first.held.value, first.width) == (1.0, 1.0)
    assert (second.held.value, second.width) == (1.0, math.inf)
