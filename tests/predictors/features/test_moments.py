from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew

from predictors.features.moments import distribution, distribution_names, moment_names, moments


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_moments_agree_with_the_sample_statistics_of_the_standard_library(values: list[float]) -> None:
    expected = [statistics.mean(values), statistics.variance(values), statistics.stdev(values)]
    assert moments(np.array(values)) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=30).filter(lambda values: len(set(values)) > 1))
def test_a_distribution_has_moments_skewness_and_range(values: list[int]) -> None:
    array = np.array(values, dtype=np.float64)
    found = distribution(array)
    assert found[:3] == moments(array)
    assert found[3] == pytest.approx(skew(array), abs=1e-9)
    assert found[4:] == [min(values), max(values)]


def test_values_that_are_equal_but_for_rounding_are_not_skewed() -> None:
    assert distribution(np.array([0.1 + 0.2, 0.3, 0.3]))[3] == 0.0
    assert distribution(np.empty(0)) == [0.0] * 6
    assert len(distribution_names("x")) == 6


def test_one_value_has_a_mean_but_no_variation() -> None:
    assert moments(np.array([3.5])) == [3.5, 0.0, 0.0]


def test_no_value_gives_zeros() -> None:
    assert moments(np.empty(0)) == [0.0, 0.0, 0.0]


def test_names_are_in_the_order_of_the_values() -> None:
    assert moment_names("x") == ("x_mean", "x_variance", "x_deviation")
