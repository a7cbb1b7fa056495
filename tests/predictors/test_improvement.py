from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from predictors.improvement import Staircase, expected_excess, expected_improvement, score_needed
from predictors.prediction import Prediction

points = st.tuples(st.integers(1, 500), st.floats(-1, 1).map(lambda score: round(score, 3)))
fronts = st.lists(points, max_size=6)


def area(points: list[tuple[int, float]], end: float, floor: float) -> float:
    """Hypervolume by its definition: a column between any two neighbouring sizes, as high as the best so far."""
    sizes = [*sorted({math.log(weights) for weights, _ in points}), end]
    heights = [max(score for weights, score in points if math.log(weights) <= size) for size in sizes[:-1]]
    return sum(
        (right - left) * max(height - floor, 0.0)
        for left, right, height in zip(sizes, sizes[1:], heights, strict=False)
    )


def improvement_of(mean: float, spread: float, weights: int, staircase: Staircase) -> float:
    found = expected_improvement(Prediction(np.array([mean]), np.array([spread])), np.array([weights]), staircase)
    assert found.shape == (1,)
    return float(found[0])


@settings(deadline=None, max_examples=60)
@given(fronts, points, st.lists(st.integers(1, 500), max_size=3), st.none() | st.floats(-1, 1))
def test_a_certain_score_adds_the_hypervolume_that_it_adds(
    front: list[tuple[int, float]], child: tuple[int, float], others: list[int], floor: float | None
) -> None:
    weights, score = child
    staircase = Staircase.of(front, np.array([weights, *others]), floor)
    bottom, end = float(staircase.scores[0]), staircase.end
    before = area(front, end, bottom)
    assert staircase.hypervolume() == pytest.approx(before, abs=1e-9)
    gained = area([*front, child], end, bottom) - before
    assert improvement_of(score, 0.0, weights, staircase) == pytest.approx(gained, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(fronts, points, st.floats(0.01, 1))
def test_an_uncertain_score_adds_the_mean_of_what_its_values_add(
    front: list[tuple[int, float]], child: tuple[int, float], spread: float
) -> None:
    weights, mean = child
    staircase = Staircase.of(front, np.array([weights]))
    bottom, end = float(staircase.scores[0]), staircase.end

    def gained(score: float) -> float:
        return area([*front, (weights, score)], end, bottom) - area(front, end, bottom)

    normal = norm(mean, spread)
    # Equal chances, so that the mean of the middles is the expectation but for the tails.
    middles = normal.ppf((np.arange(4000) + 0.5) / 4000)
    expected = np.mean([gained(float(score)) for score in middles])
    assert improvement_of(mean, spread, weights, staircase) == pytest.approx(expected, rel=5e-3, abs=1e-4)


@pytest.mark.parametrize("mean", [-3.0, -0.2, 0.0, 0.7, 5.0])
@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_the_expected_excess_is_the_integral(mean: float, spread: float) -> None:
    expected, _ = quad(
        lambda x: x * norm.pdf(x, mean, spread), 0.0, max(mean, 0.0) + 10 * spread, points=[max(mean, 0)]
    )
    assert expected_excess(np.array(mean), np.array(spread)) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_without_spread_only_a_positive_mean_exceeds() -> None:
    assert expected_excess(np.array([-1.0, 0.0, 2.0]), np.array(0.0)).tolist() == [0.0, 0.0, 2.0]
    assert expected_excess(np.array([-1e9, 1e9]), np.array(1e-3)).tolist() == [0.0, 1e9]


def test_uncertainty_and_smallness_improve_more() -> None:
    staircase = Staircase.of([(10, 0.5), (100, 0.9)], np.array([50]))
    by_spread = [improvement_of(0.85, spread, 50, staircase) for spread in (0.0, 0.1, 0.3)]
    assert by_spread == sorted(by_spread) and by_spread[0] < by_spread[2]
    assert improvement_of(0.85, 0.1, 20, staircase) > improvement_of(0.85, 0.1, 50, staircase)


def test_where_sizes_are_all_equal_the_score_decides_and_a_better_one_counts() -> None:
    staircase = Staircase.of([(7, 0.5)], np.array([7, 7]))
    assert improvement_of(0.6, 0.0, 7, staircase) == pytest.approx(0.1 * math.log(2))
    assert improvement_of(0.5, 0.0, 7, staircase) == 0.0


def test_below_the_floor_nothing_improves() -> None:
    staircase = Staircase.of([(100, 0.9)], np.array([1]), floor=0.7)
    assert improvement_of(0.69, 0.0, 1, staircase) == 0.0
    assert improvement_of(0.71, 0.0, 1, staircase) == pytest.approx(0.01 * math.log(100))


def test_an_empty_front_is_improved_by_what_exceeds_zero() -> None:
    staircase = Staircase.of([], np.array([10, 1000]))
    assert improvement_of(0.5, 0.0, 10, staircase) == pytest.approx(0.5 * math.log(200))


@settings(deadline=None, max_examples=40)
@given(fronts, st.floats(1e-6, 3), st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=4))
def test_at_the_score_needed_the_improvement_is_as_asked(
    front: list[tuple[int, float]], asked: float, children: list[tuple[int, float]]
) -> None:
    n_weights = np.array([weights for weights, _ in children])
    spread: NDArray[np.float64] = np.array([spread for _, spread in children])
    staircase = Staircase.of(front, n_weights)
    needed = score_needed(asked, spread, n_weights, staircase)
    found = expected_improvement(Prediction(needed, spread), n_weights, staircase)
    np.testing.assert_allclose(found, asked, rtol=1e-6, atol=1e-12)
