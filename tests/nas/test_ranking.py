from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from candidates import is_dominated, pareto_ranks, selection_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.ranking import (
    best_of_doublings,
    doubling,
    is_worthwhile,
    layers_by_doubling,
    pareto_front,
    selection_order,
    worthwhile_floor,
)

# Few distinct values, so that ties are frequent; few bits, so that what is worthwhile is not up to rounding.
coarse_points = st.lists(st.tuples(st.integers(-3, 8).map(lambda s: s / 8), st.integers(1, 40)), max_size=20)
fine_points = st.lists(st.tuples(st.floats(-2, 1, width=16), st.integers(1, 10**6)), max_size=20)


def split(points: Sequence[tuple[float, int]]) -> tuple[list[float], list[int], list[str]]:
    keys = [f"{37 * place % 101:03d}" for place in range(len(points))]
    return [score for score, _ in points], [weights for _, weights in points], keys


def crowding_by_definition(scores: Sequence[float], n_weights: Sequence[int], front: Sequence[int]) -> dict[int, float]:
    """Deb et al. 2002, section III-B, of logarithms, for distinct points; at the smallest network it is mirrored."""
    by_size = sorted(front, key=n_weights.__getitem__)
    distances = dict.fromkeys(front, 0.0) | {by_size[-1]: math.inf}
    for values in ([math.log(n) for n in n_weights], [-math.log(max(1.0 - score, 1e-6)) for score in scores]):
        along = [values[p] for p in by_size]
        before = [2 * along[0] - along[min(1, len(along) - 1)], *along]
        for i, place in enumerate(by_size[:-1]):
            distances[place] += (along[i + 1] - before[i]) / (2 * (along[-1] - along[0]))
    return distances


@settings(deadline=None)
@given(st.integers(1, 2**40))
def test_a_doubling_holds_the_sizes_from_a_power_of_two_to_the_next(n_weights: int) -> None:
    assert 2 ** doubling(n_weights) <= n_weights < 2 ** (doubling(n_weights) + 1)


@settings(deadline=None, max_examples=200)
@given(coarse_points | fine_points)
def test_candidates_are_ordered_by_layer_and_pareto_rank_with_the_unworthy_last_by_score(
    points: list[tuple[float, int]],
) -> None:
    scores, n_weights, keys = split(points)
    order = selection_order(scores, n_weights, keys)
    assert sorted(order) == list(range(len(points)))
    ranks = selection_ranks(scores, n_weights, keys)
    assert [ranks[p] for p in order] == sorted(ranks)
    unworthy = [p for p in order if ranks[p] == (len(points), len(points))]
    assert unworthy == sorted(unworthy, key=lambda p: (-scores[p], keys[p]))


def test_a_large_network_that_is_no_better_than_smaller_ones_is_still_before_their_second_best() -> None:
    scores, n_weights = [0.92, 0.91, 0.915, 0.90], [100, 110, 1900, 2000]
    assert selection_order(scores, n_weights, list("abcd")) == [0, 2, 1, 3]


@settings(deadline=None, max_examples=200)
@given(coarse_points)
def test_in_a_front_the_least_crowded_come_first_and_the_key_decides_among_equals(
    points: list[tuple[float, int]],
) -> None:
    scores, n_weights, keys = split(points)
    order = selection_order(scores, n_weights, keys)
    ranks = selection_ranks(scores, n_weights, keys)
    for rank in set(ranks) - {(len(points), len(points))}:
        front = [p for p in order if ranks[p] == rank]
        crowding = crowding_by_definition(scores, n_weights, front)
        for first, second in pairwise(front):
            is_tie = crowding[first] == pytest.approx(crowding[second], rel=1e-9)
            assert is_tie or crowding[first] > crowding[second]
        ends = [p for p in front if crowding[p] == math.inf]
        assert front[: len(ends)] == sorted(ends, key=keys.__getitem__)


@settings(deadline=None, max_examples=100)
@given(coarse_points, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_given(points: list[tuple[float, int]], random) -> None:
    points = list(dict.fromkeys(points))
    scores, n_weights, keys = split(points)
    shuffled = list(range(len(points)))
    random.shuffle(shuffled)
    again = selection_order(*([of[p] for p in shuffled] for of in (scores, n_weights, keys)))
    assert [shuffled[p] for p in again] == selection_order(scores, n_weights, keys)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_refused_before_it_is_compared(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"Scores must be finite"):
        selection_order([0.5, wrong], [1, 2], ["a", "b"])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 40), max_size=20))
def test_layers_hold_one_place_of_each_doubling_and_keep_the_order_within_it(n_weights: list[int]) -> None:
    layers = layers_by_doubling(range(len(n_weights)), n_weights)
    assert sorted(p for layer in layers for p in layer) == list(range(len(n_weights)))
    for number, layer in enumerate(layers):
        for place in layer:
            alike = [p for p in range(len(n_weights)) if doubling(n_weights[p]) == doubling(n_weights[place])]
            assert alike[number] == place


@settings(deadline=None, max_examples=200)
@given(coarse_points | fine_points)
def test_the_front_is_the_worthwhile_that_none_dominates(points: list[tuple[float, int]]) -> None:
    scores, n_weights, _ = split(points)
    places = range(len(points))
    wanted = {p for p in places if pareto_ranks(scores, n_weights)[p] == 0}
    first_of_equals = {min(p for p in wanted if points[p] == points[q]) for q in wanted}
    front = pareto_front(scores, n_weights)
    assert set(front) == first_of_equals
    assert all(
        n_weights[a] < n_weights[b] and scores[a] < scores[b] and not is_dominated(places, a, scores, n_weights)
        for a, b in pairwise(front)
    )


@settings(deadline=None, max_examples=200)
@given(coarse_points | fine_points)
def test_the_best_of_doublings_are_the_worthwhile_of_the_highest_score_of_their_size(
    points: list[tuple[float, int]],
) -> None:
    scores, n_weights, _ = split(points)
    wanted = is_worthwhile(scores)
    best = best_of_doublings(scores, n_weights)
    sizes = {doubling(n) for n, is_wanted in zip(n_weights, wanted, strict=True) if is_wanted}
    assert sorted(doubling(n_weights[p]) for p in best) == sorted(sizes)
    for place in best:
        alike = [p for p in range(len(points)) if wanted[p] and doubling(n_weights[p]) == doubling(n_weights[place])]
        assert place == min(alike, key=lambda p: (-scores[p], n_weights[p], p))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(-1e9, 1), min_size=1))
def test_the_best_is_worthwhile_and_so_is_all_that_is_as_good_as_a_worthwhile_one(scores: list[float]) -> None:
    wanted = is_worthwhile(scores)
    assert wanted[scores.index(max(scores))]
    least = min(score for score, is_wanted in zip(scores, wanted, strict=True) if is_wanted)
    assert wanted == [score >= least for score in scores]


def test_falling_short_of_perfect_by_more_than_three_times_the_best_is_not_worthwhile() -> None:
    assert is_worthwhile([0.9, 0.71, 0.69, 0.1]) == [True, True, False, False]
    assert is_worthwhile([0.5, -0.4, -0.6]) == [True, True, False]
    assert is_worthwhile([1.0, 0.95, 0.93]) == [True, True, False]
    assert is_worthwhile([]) == []


def test_a_score_at_the_floor_is_worthwhile_and_one_below_it_is_not() -> None:
    scores = [0.9, 0.3]
    floor = worthwhile_floor(scores)
    assert floor == pytest.approx(0.7)
    assert is_worthwhile([*scores, floor, math.nextafter(floor, 0.0)]) == [True, False, True, False]
    assert worthwhile_floor([]) == -2.0  # as if the best so far were of no use
