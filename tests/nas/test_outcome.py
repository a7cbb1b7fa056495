from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.outcome import Ending, Outcome

rungs = st.integers(1, 4).flatmap(
    lambda n_seeds: st.lists(
        st.lists(st.floats(-1e6, 1), min_size=n_seeds, max_size=n_seeds).map(tuple), min_size=1, max_size=3
    ).map(tuple)
)


@settings(deadline=None, max_examples=50)
@given(rungs)
def test_the_score_is_the_mean_over_seeds_at_the_last_rung(scores: tuple[tuple[float, ...], ...]) -> None:
    outcome = Outcome(Ending.COMPLETE, 5, scores, 1.0)
    np.testing.assert_allclose(outcome.rung_scores, np.mean(scores, axis=1), rtol=1e-9, atol=1e-9)
    assert outcome.score == outcome.rung_scores[-1]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1.0001])
@pytest.mark.parametrize("ending", Ending)
def test_a_score_that_is_not_finite_or_above_1_cannot_be_represented(wrong: float, ending: Ending) -> None:
    with pytest.raises(ValueError, match=r"must be finite and at most 1"):
        Outcome(ending, 5, ((0.5, 0.6), (0.5, wrong)), 1.0)


@pytest.mark.parametrize("ending", [Ending.COMPLETE, Ending.STOPPED])
def test_only_a_failure_may_lack_a_score(ending: Ending) -> None:
    with pytest.raises(ValueError, match=f"{ending} must have a score"):
        Outcome(ending, 5, (), 1.0)
    assert Outcome(Ending.FAILED, 5, (), 1.0, "diverged").rung_scores == ()
