from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.moments import moment_names, moments


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_moments_agree_with_the_sample_statistics_of_the_standard_library(values: list[float]) -> None:
    expected = [statistics.mean(values), statistics.variance(values), statistics.stdev(values)]
    assert moments(np.array(values)) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_one_value_has_a_mean_but_no_variation() -> None:
    assert moments(np.array([3.5])) == [3.5, 0.0, 0.0]


def test_no_value_gives_zeros() -> None:
    assert moments(np.empty(0)) == [0.0, 0.0, 0.0]


def test_names_are_in_the_order_of_the_values() -> None:
    assert moment_names("x") == ("x_mean", "x_variance", "x_deviation")
