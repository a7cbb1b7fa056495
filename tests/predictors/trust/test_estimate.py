from __future__ import annotations

import numpy as np
import pytest

from predictors.trust.estimate import Estimate


def test_variances_of_resamples_and_of_the_mean_of_repeats_add_up() -> None:
    rng = np.random.default_rng(0)
    by_repeat = rng.normal(2.0, 0.8, size=4)
    by_resample = rng.normal(2.0, 0.3, size=50)
    estimate = Estimate.of(by_repeat, by_resample)
    assert estimate.value == pytest.approx(by_repeat.mean())
    assert estimate.error**2 == pytest.approx(by_resample.var(ddof=1) + by_repeat.var(ddof=1) / 4)


def test_a_single_repeat_adds_nothing_to_the_error() -> None:
    assert Estimate.of(np.array([3.0]), np.array([1.0, 3.0])).error == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize(("n_errors", "is_above"), [(1.0, True), (2.0, False)])
def test_is_above_asks_for_so_many_errors(n_errors: float, is_above: bool) -> None:
    assert Estimate(0.5, 0.2).is_above(0.2, n_errors) is is_above


def test_reads_as_a_number_with_its_error() -> None:
    assert str(Estimate(-0.4, 0.06)) == "-0.400 +- 0.060"
