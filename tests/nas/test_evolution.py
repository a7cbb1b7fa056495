from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from candidates import SPACE, is_dominated, pareto_ranks, sampled
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nas.evolution import Evolution, Member, is_worthwhile, pareto_front, pareto_order
from search_spaces import MLPSpace
from search_spaces.genotype import Genotype

# Few distinct values, so that ties are frequent; scores of few bits, so that what is worthwhile is not up to rounding.
coarse_points = st.lists(st.tuples(st.integers(-3, 8).map(lambda s: s / 8), st.integers(1, 8)), max_size=20)
fine_points = st.lists(st.tuples(st.floats(-2, 1, width=16), st.integers(1, 10**6)), max_size=20)


def split(points: Sequence[tuple[float, int]]) -> tuple[list[float], list[int], list[str]]:
    keys = [f"{37 * place % 101:03d}" for place in range(len(points))]
    return [score for score, _ in points], [weights for _, weights in points], keys


def crowding_by_definition(scores: Sequence[float], n_weights: Sequence[int], front: Sequence[int]) -> dict[int, float]:
    """Deb et al. 2002, section III-B, for a front of distinct points: one order serves both objectives."""
    by_size = sorted(front, key=n_weights.__getitem__)
    distances = dict.fromkeys(front, math.inf)
    sizes = [math.log(n_weights[p]) for p in by_size]
    heights = [scores[p] for p in by_size]
    for i in range(1, len(by_size) - 1):
        distances[by_size[i]] = (sizes[i + 1] - sizes[i - 1]) / (2 * (sizes[-1] - sizes[0])) + (
            heights[i + 1] - heights[i - 1]
        ) / (2 * (heights[-1] - heights[0]))
    return distances


@settings(deadline=None, max_examples=200)
@given(coarse_points | fine_points)
def test_candidates_are_ordered_by_pareto_rank_with_the_unworthy_last_by_score(
    points: list[tuple[float, int]],
) -> None:
    scores, n_weights, keys = split(points)
    order = pareto_order(scores, n_weights, keys)
    assert sorted(order) == list(range(len(points)))
    ranks = pareto_ranks(scores, n_weights)
    assert [ranks[p] for p in order] == sorted(ranks)
    unworthy = [p for p in order if ranks[p] == len(points)]
    assert unworthy == sorted(unworthy, key=lambda p: (-scores[p], keys[p]))


@settings(deadline=None, max_examples=200)
@given(coarse_points)
def test_in_a_front_the_least_crowded_come_first_and_the_key_decides_among_equals(
    points: list[tuple[float, int]],
) -> None:
    scores, n_weights, keys = split(list(dict.fromkeys(points)))
    order = pareto_order(scores, n_weights, keys)
    ranks = pareto_ranks(scores, n_weights)
    for rank in {rank for rank in ranks if rank < len(scores)}:
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
    again = pareto_order([scores[p] for p in shuffled], [n_weights[p] for p in shuffled], [keys[p] for p in shuffled])
    assert [shuffled[p] for p in again] == pareto_order(scores, n_weights, keys)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_refused_before_it_is_compared(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"Scores must be finite"):
        pareto_order([0.5, wrong], [1, 2], ["a", "b"])


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


def members_of(genotypes: Sequence[Genotype], rng: np.random.Generator) -> list[Member]:
    """Outcomes that depend on the genotype and the generator alone: scores, early stops, failures."""
    return [
        Member(genotype, float(rng.integers(60, 100) / 100), SPACE.wire(genotype).n_weights, int(rng.integers(4)))
        for genotype in genotypes
    ]


def search(evolution: Evolution, n_generations: int, n_children: int = 8) -> list[list[tuple[str, tuple[str, ...]]]]:
    """Run some generations; give keys and parents of the children of each."""
    asked = []
    for _ in range(n_generations):
        children = evolution.ask(n_children)
        asked.append([(child.genotype.key(), child.parents) for child in children])
        rng = np.random.default_rng(evolution.generation)
        evolution.tell(members_of([child.genotype for child in children], rng))
    return asked


def test_equal_seeds_and_outcomes_give_equal_children() -> None:
    assert search(Evolution(SPACE, 6, 3), 6) == search(Evolution(SPACE, 6, 3), 6)
    assert search(Evolution(SPACE, 6, 3), 1) != search(Evolution(SPACE, 6, 4), 1)


def test_asking_changes_nothing() -> None:
    evolution = Evolution(SPACE, 6, 0)
    search(evolution, 2)
    before = json.dumps(evolution.to_dict(), sort_keys=True)
    assert evolution.ask(5) == evolution.ask(5)
    assert json.dumps(evolution.to_dict(), sort_keys=True) == before


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 5), st.integers(0, 2**32))
def test_a_search_restored_from_json_goes_on_as_if_it_had_not_stopped(n_before: int, seed: int) -> None:
    whole = search(Evolution(SPACE, 5, seed), 7)
    first, second = Evolution(SPACE, 5, seed), Evolution(SPACE, 5, seed)
    begun = search(first, n_before)
    second.restore(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert second.generation == n_before
    assert second.population == first.population
    assert begun + search(second, 7 - n_before) == whole


def test_each_generation_draws_anew() -> None:
    evolution = Evolution(SPACE, 6, 0)
    first = evolution.ask(5)
    evolution.tell([])
    assert {child.genotype for child in first}.isdisjoint(child.genotype for child in evolution.ask(5))


def test_no_child_comes_twice_and_parents_are_members_of_the_population() -> None:
    evolution = Evolution(SPACE, 6, 1)
    told: set[str] = set()
    for generation in range(8):
        parents = {member.genotype.key() for member in evolution.population}
        children = evolution.ask(10)
        keys = [child.genotype.key() for child in children]
        assert len(set(keys)) == len(keys) == 10
        assert told.isdisjoint(keys)
        assert all(set(child.parents) <= parents and len(child.parents) <= 2 for child in children)
        if generation > 0:
            assert {len(child.parents) for child in children} & {1, 2}
        told.update(keys)
        evolution.tell(members_of([child.genotype for child in children], np.random.default_rng(generation)))


def test_children_come_anew_from_one_parent_and_from_two() -> None:
    evolution = Evolution(SPACE, 6, 1)
    evolution.tell(members_of([sampled(number) for number in range(12)], np.random.default_rng(0)))
    assert {len(child.parents) for child in evolution.ask(60)} == {0, 1, 2}


def test_what_failed_is_remembered_and_never_becomes_a_parent() -> None:
    evolution = Evolution(SPACE, 4, 0)
    children = [child.genotype for child in evolution.ask(6)]
    failed, alive = children[:4], children[4:]
    evolution.tell([Member(g, 0.0, 10, 0) for g in failed] + [Member(g, -5.0, 10_000, 1) for g in alive])
    assert {member.genotype for member in evolution.population} == set(alive)
    restored = Evolution(SPACE, 4, 0)
    restored.restore(json.loads(json.dumps(evolution.to_dict())))
    keys = {genotype.key() for genotype in failed}
    for _ in range(3):
        offspring = restored.ask(30)
        assert all(keys.isdisjoint(child.parents) and child.genotype.key() not in keys for child in offspring)
        restored.tell([])


def test_a_generation_in_which_all_failed_leaves_the_population_as_it_was() -> None:
    evolution = Evolution(SPACE, 4, 0)
    evolution.tell([Member(sampled(number), 0.0, 10, 0) for number in range(5)])
    assert evolution.population == [] and evolution.generation == 1
    assert all(child.parents == () for child in evolution.ask(4))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_score_that_is_not_finite_never_enters_the_population(wrong: float) -> None:
    evolution = Evolution(SPACE, 4, 0)
    with pytest.raises(ValueError, match=r"Scores must be finite"):
        evolution.tell([Member(sampled(0), wrong, 10, 3), Member(sampled(1), 0.5, 10, 3)])
    assert evolution.population == []


@settings(deadline=None, max_examples=60)
@given(coarse_points, st.integers(2, 6))
def test_the_population_is_the_best_of_old_and_new(points: list[tuple[float, int]], size: int) -> None:
    assume(len(points) > 1)
    members = [
        Member(sampled(number), score, 10 * weights, 1 + number % 3) for number, (score, weights) in enumerate(points)
    ]
    evolution = Evolution(SPACE, size, 0)
    half = len(members) // 2
    evolution.tell(members[:half])
    candidates = evolution.population + members[half:]
    evolution.tell(members[half:])
    kept = evolution.population
    assert len(kept) == min(size, len(candidates))
    dropped = [member for member in candidates if member not in kept]
    ranks = {}
    for n_rungs in (1, 2, 3):
        alike = [member for member in candidates if member.n_rungs == n_rungs]
        of_group = pareto_ranks([m.score for m in alike], [m.n_weights for m in alike])
        ranks |= {m.genotype: (-n_rungs, rank) for m, rank in zip(alike, of_group, strict=True)}
    order = [ranks[member.genotype] for member in kept]
    assert order == sorted(order)
    assert all(ranks[member.genotype] >= order[-1] for member in dropped)


def test_an_exhausted_space_gives_fewer_children() -> None:
    class TinySpace:
        name = "mlp"
        points = tuple(sampled(number) for number in range(3))

        def sample(self, rng: np.random.Generator) -> Genotype:
            return self.points[rng.integers(3)]

        def mutate(self, genotype: Genotype, rng: np.random.Generator) -> Genotype:
            return self.sample(rng)

        def cross(self, first: Genotype, second: Genotype, rng: np.random.Generator) -> Genotype:
            return self.sample(rng)

        def wire(self, genotype: Genotype):
            return SPACE.wire(genotype)

    evolution = Evolution(TinySpace(), 3, 0)
    children = evolution.ask(5)
    assert {child.genotype for child in children} == set(TinySpace.points) and len(children) == 3
    evolution.tell([Member(child.genotype, 0.5, 10, 3) for child in children])
    assert evolution.ask(2) == []


def test_the_best_of_a_population_have_the_most_children() -> None:
    space = MLPSpace(n_inputs=6, n_outputs=3, max_weights=300)
    evolution = Evolution(space, 10, 0)
    evolution.tell([Member(sampled(number), 0.9, 10 + number, 3) for number in range(10)])
    best = evolution.population[0].genotype.key()
    worst = evolution.population[-1].genotype.key()
    parents = [key for child in evolution.ask(150) for key in child.parents]
    assert parents.count(best) > 3 * parents.count(worst)
