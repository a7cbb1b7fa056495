from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from candidates import SPACE, key_of, sampled, selection_ranks
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nas.evolution import (
    IN_FLIGHT,
    Child,
    Evolution,
    Member,
)
from nas.operators import shares
from search_spaces import AnyGenotype, Wiring, phenotype_key
from search_spaces.genotype import Genotype

# Few distinct values, so that ties are frequent; few bits, so that what is worthwhile is not up to rounding.
coarse_points = st.lists(st.tuples(st.integers(-3, 8).map(lambda s: s / 8), st.integers(1, 8)), max_size=20)


def member(genotype: AnyGenotype, score: float, n_weights: int, n_rungs: int) -> Member:
    assert isinstance(genotype, Genotype)
    return Member(key_of(genotype), genotype, score, n_weights, n_rungs)


def members_of(children: Sequence[Child], generation: int) -> list[Member]:
    """Outcomes that depend on the children and their generation alone: scores, early stops, failures."""
    rng = np.random.default_rng(generation)
    return [
        Member(
            child.key,
            child.genotype,
            float(rng.integers(60, 100) / 100),
            child.wiring.n_weights,
            int(rng.integers(4)),
        )
        for child in children
    ]


def ask(evolution: Evolution, n_children: int) -> list[Child]:
    return evolution.ask(evolution.parents(), n_children)


def round_of(evolution: Evolution, members: Sequence[Member]) -> None:
    """A generation of these members from its beginning to its end."""
    evolution.begin(member.key for member in members)
    evolution.tell(members)


Asked = list[tuple[str, AnyGenotype, tuple[str, ...]]]


def told(children: Sequence[Child]) -> Asked:
    """What of children can be compared."""
    return [(child.key, child.genotype, child.parents) for child in children]


def search(
    evolution: Evolution,
    n_generations: int,
    ends_early: Callable[[], bool] = lambda: False,
    n_children: int = 6,
) -> tuple[list[Asked], list[list[Child]]]:
    """Begin some generations, `IN_FLIGHT` of them at a time; give the children of each, and those still in training.

    Of the generations in training the oldest ends before the next is asked for when ``ends_early`` says so, or when
    there are too many.
    """
    asked: list[Asked] = []
    in_training: list[list[Child]] = []
    for _ in range(n_generations):
        while in_training and (len(in_training) == IN_FLIGHT or ends_early()):
            evolution.tell(members_of(in_training.pop(0), evolution.n_told))
        children = ask(evolution, n_children)
        evolution.begin(child.key for child in children)
        in_training.append(children)
        asked.append(told(children))
    return asked, in_training


def test_members_are_selected_by_what_is_expected_of_them() -> None:
    evolution = Evolution(SPACE, 2, 0)
    old = [member(sampled(0), 0.90, 50, 3), member(sampled(1), 0.91, 50, 3)]
    round_of(evolution, old)
    new = member(sampled(2), 0.95, 50, 3)
    evolution.begin([new.key])
    evolution.tell([new], {new.key: 0.905, old[0].key: 0.93})
    assert [(one.key, one.score) for one in evolution.population] == [(old[0].key, 0.93), (old[1].key, 0.91)]


def test_equal_seeds_and_outcomes_give_equal_children() -> None:
    assert search(Evolution(SPACE, 6, 3), 6)[0] == search(Evolution(SPACE, 6, 3), 6)[0]
    assert search(Evolution(SPACE, 6, 3), 1)[0] != search(Evolution(SPACE, 6, 4), 1)[0]


@settings(deadline=None, max_examples=8)
@given(st.randoms(use_true_random=False))
def test_children_do_not_depend_on_whether_the_generation_before_has_ended(random: Any) -> None:
    late, _ = search(Evolution(SPACE, 6, 3), 5)
    assert search(Evolution(SPACE, 6, 3), 5, lambda: random.random() < 0.5)[0] == late


def test_parents_are_not_known_before_the_last_generation_but_one_has_ended() -> None:
    evolution = Evolution(SPACE, 6, 0)
    for _ in range(IN_FLIGHT):
        assert evolution.parents() == ()
        evolution.begin([])
    with pytest.raises(RuntimeError, match="Generation 2 needs 1 told generations, there are 0"):
        evolution.parents()
    evolution.tell([member(sampled(0), 0.9, 10, 3)])
    assert evolution.parents() == evolution.population != ()


def test_the_parents_of_a_generation_are_the_population_without_the_generation_before_it() -> None:
    evolution = Evolution(SPACE, 6, 0)
    round_of(evolution, [member(sampled(0), 0.9, 10, 3)])
    first = evolution.population
    assert evolution.parents() == ()
    round_of(evolution, [member(sampled(1), 0.95, 5, 3)])
    assert evolution.parents() == first != evolution.population


def test_asking_changes_nothing() -> None:
    evolution = Evolution(SPACE, 6, 0)
    search(evolution, 3)
    before = json.dumps(evolution.to_dict(), sort_keys=True)
    parents = evolution.population
    assert told(evolution.ask(parents, 5)) == told(evolution.ask(parents, 5))
    assert json.dumps(evolution.to_dict(), sort_keys=True) == before


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 5), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_a_search_restored_from_json_asks_for_what_was_in_training_again_and_goes_on_alike(
    n_before: int, seed: int, random: Any
) -> None:
    whole, _ = search(Evolution(SPACE, 5, seed), 6)
    first, second = Evolution(SPACE, 5, seed), Evolution(SPACE, 5, seed)
    begun, in_training = search(first, n_before, lambda: random.random() < 0.5)
    state = first.to_dict(child.key for children in in_training for child in children)
    second.restore(json.loads(json.dumps(state, allow_nan=False)))
    assert second.n_begun == second.n_told == first.n_told == n_before - len(in_training)
    assert second.population == first.population
    assert second.n_seen == sum(map(len, begun[: second.n_told]))
    assert begun[: second.n_told] + search(second, 6 - second.n_told)[0] == whole


def test_each_generation_draws_anew() -> None:
    evolution = Evolution(SPACE, 6, 0)
    first = ask(evolution, 5)
    round_of(evolution, [])
    assert {child.genotype for child in first}.isdisjoint(child.genotype for child in ask(evolution, 5))


def test_no_child_comes_twice_and_parents_are_among_those_given() -> None:
    evolution = Evolution(SPACE, 6, 1)
    begun: set[str] = set()
    for generation in range(8):
        parents = {member.key for member in evolution.parents()}
        children = ask(evolution, 10)
        keys = [child.key for child in children]
        assert len(set(keys)) == len(keys) == 10
        assert begun.isdisjoint(keys)
        assert all(set(child.parents) <= parents and len(child.parents) <= 2 for child in children)
        if generation > 1:
            assert {len(child.parents) for child in children} & {1, 2}
        begun.update(keys)
        round_of(evolution, members_of(children, generation))
        assert evolution.n_seen == len(begun)


def test_a_child_has_the_wiring_and_the_key_of_its_genotype() -> None:
    for child in ask(Evolution(SPACE, 6, 1), 5):
        wiring = SPACE.wire(child.genotype)
        assert phenotype_key(child.genotype, wiring) == phenotype_key(child.genotype, child.wiring) == child.key


def test_children_that_are_not_trained_may_be_proposed_again() -> None:
    space = FewPoints(3)
    evolution = Evolution(space, 3, 0)
    children = ask(evolution, 5)
    evolution.begin([children[0].key])
    evolution.tell([])
    assert {child.key for child in ask(evolution, 5)} == {child.key for child in children[1:]}


def test_children_come_anew_from_one_parent_and_from_two() -> None:
    evolution = Evolution(SPACE, 6, 1)
    parents = [member(sampled(number), 0.9, 10 + number, 3) for number in range(12)]
    assert {len(child.parents) for child in evolution.ask(tuple(parents), 60)} == {0, 1, 2}


def test_what_failed_is_remembered_and_never_becomes_a_parent() -> None:
    evolution = Evolution(SPACE, 4, 0)
    children = ask(evolution, 6)
    failed, alive = children[:4], children[4:]
    round_of(
        evolution,
        [member(child.genotype, 0.0, 10, 0) for child in failed]
        + [member(child.genotype, -5.0, 10_000, 1) for child in alive],
    )
    assert {member.key for member in evolution.population} == {child.key for child in alive}
    restored = Evolution(SPACE, 4, 0)
    restored.restore(json.loads(json.dumps(evolution.to_dict())))
    keys = {child.key for child in failed}
    for _ in range(3):
        offspring = restored.ask(restored.population, 30)
        assert all(keys.isdisjoint(child.parents) and child.key not in keys for child in offspring)
        round_of(restored, [])


def test_a_generation_in_which_all_failed_leaves_the_population_as_it_was() -> None:
    evolution = Evolution(SPACE, 4, 0)
    round_of(evolution, [member(sampled(number), 0.0, 10, 0) for number in range(5)])
    assert evolution.population == () and evolution.n_told == 1
    round_of(evolution, [])
    assert all(child.parents == () for child in ask(evolution, 4))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_score_that_is_not_finite_never_enters_the_population(wrong: float) -> None:
    evolution = Evolution(SPACE, 4, 0)
    with pytest.raises(ValueError, match=r"Scores must be finite"):
        round_of(evolution, [member(sampled(0), wrong, 10, 3), member(sampled(1), 0.5, 10, 3)])
    assert evolution.population == ()


@settings(deadline=None, max_examples=60)
@given(coarse_points, st.integers(2, 6))
def test_the_population_is_the_best_of_old_and_new(points: list[tuple[float, int]], size: int) -> None:
    assume(len(points) > 1)
    members = [
        member(sampled(number), score, 10 * weights, 1 + number % 3) for number, (score, weights) in enumerate(points)
    ]
    evolution = Evolution(SPACE, size, 0)
    half = len(members) // 2
    round_of(evolution, members[:half])
    candidates = [*evolution.population, *members[half:]]
    round_of(evolution, members[half:])
    kept = evolution.population
    assert len(kept) == min(size, len(candidates))
    dropped = [member for member in candidates if member not in kept]
    ranks = {}
    for n_rungs in (1, 2, 3):
        alike = [member for member in candidates if member.n_rungs == n_rungs]
        of_group = selection_ranks([m.score for m in alike], [m.n_weights for m in alike], [m.key for m in alike])
        ranks |= {m.key: (-n_rungs, rank) for m, rank in zip(alike, of_group, strict=True)}
    order = [ranks[member.key] for member in kept]
    assert order == sorted(order)
    assert all(ranks[member.key] >= order[-1] for member in dropped)


class FewPoints:
    """A space of a few genotypes, each drawn in several forms that give the same network."""

    name = "mlp"

    def __init__(self, n_points: int) -> None:
        self.points = tuple(sampled(number) for number in range(n_points))

    def sample(self, rng: np.random.Generator) -> Genotype:
        point = self.points[rng.integers(len(self.points))]
        return replace(point, max_depth=int(rng.integers(1000, 1010)))  # a limit that nothing reaches

    def mutate(self, genotype: AnyGenotype, rng: np.random.Generator) -> Genotype:
        return self.sample(rng)

    def cross(self, first: AnyGenotype, second: AnyGenotype, rng: np.random.Generator) -> Genotype:
        return self.sample(rng)

    def prune(self, genotype: AnyGenotype, rng: np.random.Generator) -> None:
        return None

    def wire(self, genotype: AnyGenotype) -> Wiring:
        return SPACE.wire(genotype)


def test_genotypes_of_the_same_network_count_as_one_and_an_exhausted_space_gives_fewer_children() -> None:
    space = FewPoints(3)
    evolution = Evolution(space, 3, 0)
    children = ask(evolution, 5)
    assert len(children) == 3
    assert {child.key for child in children} == {key_of(replace(point, max_depth=1000)) for point in space.points}
    round_of(evolution, [member(child.genotype, 0.5, 10, 3) for child in children])
    assert ask(evolution, 2) == []


def test_the_best_of_a_population_have_the_most_children() -> None:
    evolution = Evolution(SPACE, 10, 0)
    round_of(evolution, [member(sampled(number), 0.9, 10 + number, 3) for number in range(10)])
    best, worst = evolution.population[0].key, evolution.population[-1].key
    parents = [key for child in evolution.ask(evolution.population, 150) for key in child.parents]
    assert parents.count(best) > 3 * parents.count(worst)


@pytest.mark.parametrize(("n_rungs", "share"), [(3, shares([])["pruned further"]), (2, 0.0)])
def test_some_children_are_their_parent_pruned_further_if_it_was_trained_to_the_end(n_rungs: int, share: float) -> None:
    evolution = Evolution(SPACE, 10, 0)
    round_of(evolution, [member(sampled(number), 0.9, 10 + number, n_rungs) for number in range(10)])
    parents = {one.key: one.genotype for one in evolution.population}
    children = evolution.ask(evolution.population, 400)
    pruned = [child for child in children if child.genotype.sparse_training.further]
    assert len(pruned) / len(children) == pytest.approx(share, abs=0.06)
    for child in pruned:
        (parent,) = child.parents
        before, after = parents[parent].sparse_training, child.genotype.sparse_training
        assert after.further[:-1] == before.further
        assert replace(child.genotype, sparse_training=before) == parents[parent]


def test_an_operator_whose_children_enter_the_front_makes_more_of_them() -> None:
    def share_of_crossed(score_of_crossed: float) -> float:
        """After generations whose children score .5, but for those of two parents."""
        evolution = Evolution(SPACE, 20, 0)
        for generation in range(6):
            children = ask(evolution, 10)
            evolution.begin(child.key for child in children)
            evolution.tell(
                [
                    Member(
                        child.key,
                        child.genotype,
                        score_of_crossed + generation / 100 if len(child.parents) == 2 else 0.5,
                        100,
                        3,
                        child.parents,
                    )
                    for child in children
                ]
            )
        asked = evolution.ask(evolution.population, 300)
        return sum(len(child.parents) == 2 for child in asked) / len(asked)

    assert share_of_crossed(0.8) > share_of_crossed(0.3) + 0.1
