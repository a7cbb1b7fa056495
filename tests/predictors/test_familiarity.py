from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from predictors import familiarity
from predictors.familiarity import Familiarity

tables = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(-3, 3).map(float))


@settings(max_examples=40, deadline=None)
@given(tables)
def test_what_was_learned_from_is_familiar(rows: NDArray[np.float64]) -> None:
    assert not Familiarity.of(rows).outside(rows).any()


def test_distances_are_those_to_the_nearest_in_deviations() -> None:
    rng = np.random.default_rng(0)
    rows, unseen = rng.normal(size=(50, 3)) * [1.0, 100.0, 1e-3], rng.normal(size=(20, 3)) * [1.0, 100.0, 1e-3]
    scale = rows.std(axis=0)
    nearest = cdist(unseen / scale, rows / scale).min(axis=1)
    np.testing.assert_allclose(Familiarity.of(rows).distances(unseen), nearest)


def test_the_reach_is_the_99th_percentile_of_nearest_distances_among_the_learned() -> None:
    rows = np.random.default_rng(0).normal(size=(150, 3))
    scaled = rows / rows.std(axis=0)
    among = cdist(scaled, scaled)
    np.fill_diagonal(among, np.inf)
    assert Familiarity.of(rows).reach == pytest.approx(np.sort(among.min(axis=1))[148])


def test_a_few_learned_networks_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(300, 3))
    scaled = np.unique((rows - rows.mean(axis=0)) / rows.std(axis=0), axis=0)
    among = cdist(scaled, scaled)
    np.fill_diagonal(among, np.inf)
    monkeypatch.setattr(familiarity, "MOST_PROBES", 100)
    assert Familiarity.of(rows).reach == pytest.approx(np.sort(among.min(axis=1)[::3])[99])


def test_few_networks_of_the_same_kind_are_outside_and_all_far_ones() -> None:
    rng = np.random.default_rng(0)
    known = Familiarity.of(rng.normal(size=(300, 4)))
    assert known.outside(rng.normal(size=(1000, 4))).mean() < 0.05
    assert known.outside(rng.normal(size=(1000, 4)) + 8.0).all()


def test_an_unknown_family_is_outside_however_near() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    known = Familiarity.of(rows, ["ws"] * 20)
    assert known.outside(rows[:3], ["ws", "ba", "ws"]).tolist() == [False, True, False]
    assert known.outside(rows[:1] + 50.0, ["ws"]).tolist() == [True]


def test_without_families_distances_decide() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    assert not Familiarity.of(rows).outside(rows, ["ba"] * 20).any()
    assert not Familiarity.of(rows, ["ws"] * 20).outside(rows).any()


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1])
def test_another_value_of_what_did_not_vary_is_outside(value: float) -> None:
    varies = np.random.default_rng(0).normal(size=100)
    known = Familiarity.of(np.column_stack([varies, np.full(100, value)]))
    asked = np.column_stack([varies[:2], [value * (1 + 1e-15), value + 1.0]])
    assert known.outside(asked).tolist() == [False, True]


def test_copies_do_not_make_everything_else_strange() -> None:
    rows = np.repeat(np.arange(10.0)[:, None], 50, axis=0)
    assert Familiarity.of(rows).outside(np.array([[4.5], [40.0]])).tolist() == [False, True]


def test_far_beyond_the_largest_number_that_squares_is_outside() -> None:
    known = Familiarity.of(np.random.default_rng(0).normal(size=(20, 2)))
    assert known.outside(np.full((1, 2), 1e300)).tolist() == [True]
