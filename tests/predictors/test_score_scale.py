from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictors.score_scale import RESOLUTION, stretch, unstretch


@given(st.floats(-1e6, 1))
def test_scores_come_back(score: float) -> None:
    assert unstretch(stretch(np.array(score))) == pytest.approx(score, rel=1e-9, abs=1e-9)


@given(st.floats(-1e3, 1), st.floats(-1e3, 1))
def test_the_order_is_kept(one: float, other: float) -> None:
    if one < other - 1e-9:
        assert stretch(np.array(one)) < stretch(np.array(other))


def test_to_halve_the_errors_counts_alike() -> None:
    shortfalls = np.array([0.8, 0.4, 0.2, 0.1])
    np.testing.assert_allclose(np.diff(stretch(1 + RESOLUTION - shortfalls)), np.log(2))
