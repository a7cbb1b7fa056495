from __future__ import annotations

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.warm_start import WarmStart, adapt_targets


def test_features_are_found_by_name() -> None:
    start = WarmStart(("a", "b", "c"), np.arange(6.0).reshape(2, 3), np.zeros(2))
    assert start.rows_for(("c", "a")).tolist() == [[2.0, 0.0], [5.0, 3.0]]


def test_a_feature_that_is_missing_is_named() -> None:
    start = WarmStart(("a",), np.zeros((2, 1)), np.zeros(2))
    with pytest.raises(PredictorError, match=r'does not know 2 of 3 features of this search, among them "b"'):
        start.rows_for(("a", "b", "c"))


def test_scores_on_another_scale_are_brought_to_the_own() -> None:
    own = np.array([0.5, 0.7, 0.9])
    np.testing.assert_allclose(adapt_targets(np.array([40.0, 100.0]), 100 * own, own), [0.4, 1.0])


def test_without_a_relation_they_say_nothing() -> None:
    own = np.array([0.5, 0.7, 0.9])
    for expected in (own[::-1], np.ones(3)):
        np.testing.assert_allclose(adapt_targets(np.array([3.0, 9.0]), expected, own), 0.7)


def test_the_line_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    expected, targets = rng.random(20), rng.random(5)
    own = expected + 0.3 * rng.random(20)
    np.testing.assert_allclose(adapt_targets(targets, expected, own), np.polyval(np.polyfit(expected, own, 1), targets))
