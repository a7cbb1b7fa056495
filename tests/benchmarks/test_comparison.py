"""Areas, doublings and paired differences, against what counts them out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from comparison import doublings, floor_of, hypervolume, mean_and_error, non_dominated, paired
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

LIMIT = 2**8
fronts = st.lists(st.tuples(st.integers(0, 10).map(lambda k: 2**k), st.integers(0, 20).map(lambda s: s / 20)))
scores = st.floats(0, 1)


def counted(points: list[tuple[int, float]], floor: float) -> float:
    """The area, cell by cell of a grid whose lines all the points lie on: a doubling wide, a twentieth high."""
    cells = 0
    for doubling in range(int(math.log2(LIMIT))):
        for twentieth in range(20):
            low, high = twentieth / 20, (twentieth + 1) / 20
            dominated = any(weights <= 2**doubling and score >= high - 1e-9 for weights, score in points)
            cells += dominated and low >= floor - 1e-9
    return cells / 20


@given(points=fronts, floor=st.integers(0, 20).map(lambda s: s / 20))
def test_hypervolume_is_what_a_grid_counts(points: list[tuple[int, float]], floor: float) -> None:
    assert hypervolume(points, floor, LIMIT) == pytest.approx(counted(points, floor))


@given(points=fronts, weights=st.integers(1, LIMIT), score=scores, floor=scores)
def test_another_network_never_takes_area_away(
    points: list[tuple[int, float]], weights: int, score: float, floor: float
) -> None:
    before = hypervolume(points, floor, LIMIT)
    assert hypervolume([*points, (weights, score)], floor, LIMIT) >= before - 1e-12
    assert hypervolume([*points, (LIMIT + 1, 1.0)], floor, LIMIT) == before


@given(points=fronts)
def test_what_is_not_dominated_is_all_that_nothing_else_dominates(points: list[tuple[int, float]]) -> None:
    def dominates(one: tuple[int, float], other: tuple[int, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    expected = {point for point in points if not any(dominates(other, point) for other in points)}
    assert non_dominated(points) == sorted(expected)
    assert hypervolume(non_dominated(points), 0.2, LIMIT) == pytest.approx(hypervolume(points, 0.2, LIMIT))


def test_hypervolume_of_one_network() -> None:
    assert hypervolume([(64, 0.9)], 0.5, 256) == pytest.approx(0.4 * 2)
    assert hypervolume([], 0.5, 256) == 0.0


def test_the_floor_is_what_a_small_network_scores() -> None:
    lucky, usual, none = [(16, 1.0), (17, 0.2)], [(10, 0.6), (16, 0.5), (200, 0.9)], [(17, 0.9), (100, 0.3)]
    assert floor_of([lucky, usual, usual, none], 256) == 0.6
    assert floor_of([lucky, usual], 256) == pytest.approx(0.8)
    assert floor_of([none, []], 256) == 0.3  # none is small
    assert floor_of([[]], 256) == 0.0


@given(weights=st.integers(1, 10**9))
def test_a_doubling_begins_at_its_power_of_two(weights: int) -> None:
    (number,) = doublings([weights])
    assert 2**number <= weights < 2 ** (number + 1)


def test_doublings_count_each_once() -> None:
    assert doublings([8, 9, 15, 16, 100]) == {3, 4, 6}


@given(pairs=st.lists(st.tuples(scores, scores), min_size=3, max_size=20))
def test_paired_differences_are_those_of_the_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    values, others = (dict(enumerate(side)) for side in zip(*pairs, strict=True))
    difference = paired(values, others)
    spread = np.std([a - b for a, b in pairs])
    if spread > 1e-6:
        expected = ttest_rel(list(values.values()), list(others.values())).statistic
        assert difference.mean / difference.standard_error == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_only_pairs_count() -> None:
    difference = paired({0: 0.5, 1: 0.7, 2: 0.9, 3: math.nan}, {1: 0.6, 2: 0.6, 3: 0.1, 4: 0.3})
    assert (difference.n, difference.mean) == (2, pytest.approx(0.2))
    assert difference.standard_error == pytest.approx(0.1)
    assert not difference.is_clear
    assert str(difference) == "+0.2000 ± 0.1000"


def test_a_single_pair_is_never_clear() -> None:
    assert not paired({0: 0.9}, {0: 0.1}).is_clear
    assert str(paired({0: 0.9}, {0: 0.1})) == "+0.8000"
    assert str(paired({}, {0: 0.1})) == "-"
    assert paired({0: 0.9, 1: 0.8}, {0: 0.1, 1: 0.1}).is_clear


def test_means_leave_out_what_is_not_known() -> None:
    assert mean_and_error([0.5, math.nan, 0.7]) == "0.6000 ± 0.1000"
    assert mean_and_error([0.5]) == "0.5000"
    assert mean_and_error([math.nan]) == "-"
