from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from predictors.score_scale import ScoreScale

tables = st.lists(st.integers(-50, 50).map(lambda score: score / 50), min_size=1, max_size=20)


@settings(deadline=None, max_examples=50)
@given(tables, st.lists(st.floats(-3, 3), max_size=5))
def test_scores_come_back_and_keep_their_order(table: list[float], unseen: list[float]) -> None:
    scale = ScoreScale.of(np.array(table))
    scores = np.unique(np.round([*table, *unseen], 6))
    stretched = scale.stretch(scores)
    np.testing.assert_allclose(scale.unstretch(stretched), scores, atol=1e-9)
    assert (np.diff(stretched) > 0).all()


def test_scores_get_the_normal_quantiles_of_their_ranks() -> None:
    scores = np.array([0.2, 0.9, 0.5, 0.9, 0.95])
    expected = norm.ppf((rankdata(scores) - 0.5) / 5)
    np.testing.assert_allclose(ScoreScale.of(scores).stretch(scores), expected)


def test_a_long_tail_of_bad_scores_takes_no_room() -> None:
    scale = ScoreScale.of(np.array([-100.0, 0.1, 0.8, 0.9, 0.95]))
    bad, good = np.diff(scale.stretch(np.array([-100.0, 0.1]))), np.diff(scale.stretch(np.array([0.9, 0.95])))
    assert good == pytest.approx(bad)


def test_better_scores_than_any_before_go_on_with_the_slope_of_the_upper_half() -> None:
    scale = ScoreScale.of(np.array([0.0, 0.4, 0.5, 0.6]))
    last, before = scale.stretch(np.array([0.6, 0.4]))
    assert scale.stretch(np.array(0.8)) == pytest.approx(2 * last - before)


@pytest.mark.parametrize("table", [[], [0.5], [0.5, 0.5]])
def test_without_different_scores_it_only_shifts(table: list[float]) -> None:
    scale = ScoreScale.of(np.array(table))
    assert np.diff(scale.stretch(np.array([0.3, 0.7]))) == pytest.approx(0.4)
