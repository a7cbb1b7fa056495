from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.gate import (
    AUDIT,
    EXPLORATION,
    FEW_OUTCOMES,
    GATE_OFF,
    KINDS,
    LARGEST_AUDIT,
    PREDICTED,
    SKIPPED,
    UNKNOWN_FAMILY,
    WARM_UP,
    Decision,
    GateSettings,
    decide,
)
from predictors.improvement import Staircase, expected_improvement
from predictors.prediction import Prediction

scores = st.floats(-2, 1).map(lambda score: round(score, 2))  # rounded, so that ties occur
fronts = st.lists(st.tuples(st.integers(1, 200), scores), max_size=8)


@dataclass(frozen=True)
class Pool:
    keys: list[str]
    n_weights: list[int]
    means: list[float]
    spreads: list[float]
    families: list[str]

    def __len__(self) -> int:
        return len(self.keys)

    def in_order(self, order: list[int]) -> Pool:
        columns = (self.keys, self.n_weights, self.means, self.spreads, self.families)
        return Pool(*([column[i] for i in order] for column in columns))

    @property
    def prediction(self) -> Prediction:
        return Prediction(np.array(self.means), np.array(self.spreads))

    def decide(
        self,
        front: Sequence[tuple[int, float]],
        n_train: int,
        seed: int = 0,
        exploration_share: float = 0.15,
        audit_share: float = 0.0,
        warm: bool = True,
        closed: str | None = None,
        n_outcomes: Mapping[str, int] | None = None,
    ) -> list[Decision]:
        return decide(
            self.keys,
            np.array(self.n_weights, dtype=np.int64),
            self.prediction if warm else None,
            front,
            n_train,
            np.random.default_rng(seed),
            GateSettings(exploration_share=exploration_share, audit_share=audit_share),
            closed=closed,
            families=self.families if n_outcomes is not None else (),
            n_outcomes=n_outcomes,
        )

    def improvement(self, front: Sequence[tuple[int, float]]) -> Any:
        n_weights = np.array(self.n_weights, dtype=np.int64)
        return expected_improvement(self.prediction, n_weights, Staircase.of(front, n_weights))


@st.composite
def pools(draw: Any) -> Pool:
    keys = draw(st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=20))
    n = len(keys)

    def column(values: Any) -> Any:
        return draw(st.lists(values, min_size=n, max_size=n))

    families = column(st.sampled_from(["seen", "hardly seen", "unseen"]))
    return Pool(keys, column(st.integers(1, 250)), column(scores), column(st.floats(0, 1)), families)


OUTCOMES = {"seen": 100, "hardly seen": FEW_OUTCOMES - 1}


def pool_of(means: list[float], n_weights: int = 100) -> Pool:
    keys = [f"child-{i:02}" for i in range(len(means))]
    return Pool(keys, [n_weights] * len(means), means, [0.1] * len(means), ["seen"] * len(means))


def by_kind(decisions: Sequence[Decision]) -> dict[str, list[int]]:
    return {kind: [i for i, decision in enumerate(decisions) if decision.kind == kind] for kind in KINDS}


shares = st.floats(0, 1)


@settings(deadline=None, max_examples=60)
@given(pools(), fronts, st.integers(0, 25), shares, shares, st.integers(0, 99))
def test_never_more_than_asked_for_are_trained_and_only_the_skipped_are_not(
    pool: Pool, front: list[tuple[int, float]], n_train: int, explored: float, audited: float, seed: int
) -> None:
    decisions = pool.decide(front, n_train, seed, explored, audited, n_outcomes=OUTCOMES)
    n_trained = sum(decision.train for decision in decisions)
    assert len(decisions) == len(pool)
    assert min(n_train, len(pool), 1) <= n_trained <= min(n_train, len(pool))
    assert all(decision.train == (decision.kind != SKIPPED) for decision in decisions)
    assert not by_kind(decisions)[WARM_UP] and not by_kind(decisions)[GATE_OFF]


@settings(deadline=None, max_examples=60)
@given(pools(), fronts, st.integers(0, 25), st.booleans(), st.sampled_from([None, "no skill"]), st.data())
def test_decisions_follow_the_keys_whatever_the_order_of_the_pool(
    pool: Pool, front: list[tuple[int, float]], n_train: int, warm: bool, closed: str | None, data: st.DataObject
) -> None:
    def decide(pool: Pool, front: list[tuple[int, float]]) -> list[Decision]:
        return pool.decide(front, n_train, 1, audit_share=0.3, warm=warm, closed=closed, n_outcomes=OUTCOMES)

    order = data.draw(st.permutations(range(len(pool))))
    decisions = decide(pool, front)
    assert decide(pool.in_order(order), front[::-1]) == [decisions[i] for i in order]


@settings(deadline=None, max_examples=60)
@given(pools(), fronts, st.integers(0, 25), shares, shares)
def test_a_skipped_child_was_predicted_at_most_its_threshold(
    pool: Pool, front: list[tuple[int, float]], n_train: int, explored: float, audited: float
) -> None:
    for i, decision in enumerate(pool.decide(front, n_train, 0, explored, audited)):
        assert decision.prediction == pool.means[i] and decision.spread == pytest.approx(pool.spreads[i])
        assert decision.threshold is not None and math.isfinite(decision.threshold)
        assert decision.improvement is not None and decision.improvement_needed is not None
        if decision.kind == PREDICTED:
            assert decision.prediction >= decision.threshold
            assert decision.improvement >= decision.improvement_needed
        else:
            assert decision.prediction <= decision.threshold
            assert decision.improvement <= decision.improvement_needed


@settings(deadline=None, max_examples=60)
@given(pools(), fronts, st.integers(0, 25), shares, shares)
def test_the_most_improving_get_the_places_that_draws_leave(
    pool: Pool, front: list[tuple[int, float]], n_train: int, explored: float, audited: float
) -> None:
    kinds = by_kind(pool.decide(front, n_train, 0, explored, audited))
    improvement = pool.improvement(front)
    ranked = sorted(range(len(pool)), key=lambda i: (-improvement[i], -pool.means[i], pool.keys[i]))
    n_predicted, floor = len(kinds[PREDICTED]), math.ceil(round(explored * n_train, 9))
    assert set(kinds[PREDICTED]) == set(ranked[:n_predicted])
    assert len(kinds[EXPLORATION]) == min(floor, len(pool) - n_predicted)
    assert len(kinds[AUDIT]) <= math.ceil(LARGEST_AUDIT * n_train)
    left = n_train - floor - len(kinds[AUDIT])
    worthwhile = sum(improvement >= 0.999999999 * math.fsum(improvement) / max(len(pool), 1))
    assert min(left, worthwhile, len(pool)) <= n_predicted <= left
    if n_predicted > worthwhile:  # half are filled in any case
        assert n_predicted <= math.ceil((n_train - floor) / 2)


def test_what_improves_less_than_a_random_child_is_skipped_although_there_are_places() -> None:
    pool = replace(pool_of([0.9, 0.8, 0.1, 0.1, 0.1, 0.1]), spreads=[0.0] * 6)
    decisions = pool.decide([(100, 0.0)], 4, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [True, True, False, False, False, False]
    needed = (0.9 + 0.8 + 4 * 0.1) / 6  # widths are equal
    assert decisions[2].threshold == pytest.approx(needed)
    assert decisions[2].reason == f"predicted 0.1000, needs {needed:.4f} at 100 weights"
    assert decisions[0].improvement == pytest.approx(0.9 * math.log(2))


def test_half_of_the_places_are_filled_in_any_case() -> None:
    pool = replace(pool_of([0.9, 0.1, 0.1, 0.1, 0.1, 0.1]), spreads=[0.0] * 6)
    assert sum(decision.train for decision in pool.decide([(100, 0.0)], 4, exploration_share=0.0)) == 2


def test_a_small_network_needs_less_than_a_large_one() -> None:
    pool = Pool(["large", "small"], [1000, 10], [0.85, 0.75], [0.0, 0.0], ["", ""])
    decisions = pool.decide([(10, 0.7), (1000, 0.9)], 1, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [False, True]
    assert decisions[0].threshold is not None and decisions[1].threshold is not None
    assert decisions[1].threshold < decisions[0].threshold


def test_what_is_uncertain_may_improve_more_than_what_is_better() -> None:
    pool = Pool(["certain", "uncertain"], [100, 100], [0.92, 0.9], [0.0, 0.2], ["", ""])
    decisions = pool.decide([(100, 0.91)], 1, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [False, True]


def test_equal_children_are_ordered_by_key() -> None:
    pool = Pool(["b", "c", "a"], [100] * 3, [0.5] * 3, [0.0] * 3, [""] * 3)
    decisions = pool.decide([(100, 0.5)], 1, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [False, False, True]


def test_exploration_and_audit_reach_every_child_that_is_not_predicted_to_be_good() -> None:
    pool = pool_of([0.9, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1])
    n_drawn = {EXPLORATION: np.zeros(len(pool)), AUDIT: np.zeros(len(pool))}
    for seed in range(400):
        decisions = pool.decide([(100, 0.5)], 4, seed, exploration_share=0.1, audit_share=1.0)
        for kind, counts in n_drawn.items():
            counts[by_kind(decisions)[kind]] += 1
    assert n_drawn[EXPLORATION][:2].sum() == n_drawn[AUDIT][:2].sum() == 0
    np.testing.assert_allclose(n_drawn[EXPLORATION][2:], 80, atol=30)  # 3.75 standard deviations
    np.testing.assert_allclose(n_drawn[AUDIT][2:], 0.4 * 400 / 5, atol=20)  # a tenth of four places


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.02, 0.02 * 57), (1.0, 2.0)])
def test_the_audit_is_the_share_of_the_would_be_skipped_or_a_tenth_of_the_places(share: float, expected: float) -> None:
    pool = replace(pool_of([0.9] * 20 + [0.1] * 57), spreads=[0.0] * 77)
    counts = [
        len(by_kind(pool.decide([(100, 0.5)], 20, seed, exploration_share=0.0, audit_share=share))[AUDIT])
        for seed in range(200)
    ]
    assert np.mean(counts) == pytest.approx(expected, abs=0.12)
    assert set(counts) <= {math.floor(expected), math.ceil(expected)}


def test_an_unknown_family_is_trained_and_not_predicted() -> None:
    pool = replace(pool_of([0.1, 0.2, 0.9, 0.8]), families=["new", "few", "seen", "seen"])
    decisions = pool.decide([(100, 0.5)], 3, exploration_share=0.0, n_outcomes={"seen": 9, "few": FEW_OUTCOMES - 1})
    assert [decision.kind for decision in decisions] == [UNKNOWN_FAMILY, UNKNOWN_FAMILY, PREDICTED, SKIPPED]
    assert decisions[0].prediction is None and decisions[0].threshold is None
    assert decisions[0].reason == "unknown family new: trained to learn about it"

    crowded = pool.decide([(100, 0.5)], 1, n_outcomes={})
    assert sum(decision.train for decision in crowded) == 1
    assert {decision.reason for decision in crowded if not decision.train} <= {
        f"unknown family {family}: no place left" for family in pool.families
    }


def test_a_family_with_enough_outcomes_is_predicted() -> None:
    decisions = pool_of([0.1, 0.9]).decide([(100, 0.5)], 1, exploration_share=0.0, n_outcomes={"seen": FEW_OUTCOMES})
    assert [decision.kind for decision in decisions] == [SKIPPED, PREDICTED]


@pytest.mark.parametrize(("warm", "closed", "kind"), [(False, None, WARM_UP), (True, "no skill", GATE_OFF)])
def test_while_the_gate_is_closed_every_child_is_drawn_equally_often(warm: bool, closed: str | None, kind: str) -> None:
    pool = pool_of([0.9, 0.1, 0.1, 0.1])
    n_trained = np.zeros(4)
    for seed in range(400):
        decisions = pool.decide([(10, 0.5)], 2, seed, warm=warm, closed=closed)
        n_trained += [decision.train for decision in decisions]
        assert {decision.reason for decision in decisions if not decision.train} == {f"{kind}: not drawn"}
        assert {d.reason for d in decisions if d.train} == {f"{kind}: {closed or 'drawn'}"}
        assert {d.kind for d in decisions} == {kind}
        assert all(decision.threshold is None for decision in decisions)
        # What would have been chosen is known where there is a prediction, so that the choice can be judged.
        assert [d.is_predicted_good for d in decisions] == ([True, False, False, False] if warm else [None] * 4)
        # What is predicted while the gate is closed is evidence later.
        assert [d.prediction for d in decisions] == (pool.means if warm else [None] * 4)
    np.testing.assert_allclose(n_trained, 200, atol=40)  # 4 standard deviations


@settings(deadline=None, max_examples=30)
@given(pools(), st.integers(0, 99))
def test_a_closed_gate_trains_all_that_were_asked_for(pool: Pool, seed: int) -> None:
    assert all(decision.train for decision in pool.decide([], len(pool), seed, closed="no skill"))


def test_scores_are_shown_on_the_scale_of_people() -> None:
    pool = pool_of([-1.0, -3.0])
    decisions = decide(
        pool.keys,
        np.array(pool.n_weights),
        pool.prediction,
        [(50, -2.0)],
        1,
        np.random.default_rng(0),
        GateSettings(exploration_share=0.0),
        shown=np.exp,
    )
    assert [decision.prediction for decision in decisions] == [math.exp(-1.0), math.exp(-3.0)]
    assert decisions[0].spread == pytest.approx((math.exp(-0.9) - math.exp(-1.1)) / 2)
    assert decisions[1].threshold is not None and math.exp(-3.0) < decisions[1].threshold <= math.exp(-1.0)
    assert decisions[1].reason.startswith("predicted 0.0498, needs 0.")


def test_the_exploration_share_is_rounded_up_but_not_by_the_last_bit() -> None:
    def n_explored(share: float, n_train: int) -> int:
        decisions = pool_of([0.5] * 120).decide([], n_train, exploration_share=share)
        return len(by_kind(decisions)[EXPLORATION])

    assert n_explored(0.15, 20) == 3
    assert n_explored(0.15, 21) == 4
    assert 0.07 * 100 > 7  # in floating point
    assert n_explored(0.14, 50) == 7
    assert n_explored(0.01, 1) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keys": ["a", "a"]}, "distinct"),
        ({"keys": ["a"]}, "one of each"),
        ({"n_weights": np.array([1])}, "one of each"),
        ({"prediction": Prediction(np.ones(3), np.ones(3))}, "one of each"),
        ({"front": [(5, math.nan)]}, "finite"),
        ({"front": [(5, math.inf)]}, "finite"),
        ({"n_train": -1}, "at least 0"),
        ({"families": ["a"]}, "one of each"),
    ],
)
def test_an_unfit_pool_is_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "keys": ["a", "b"],
        "n_weights": np.array([1, 2]),
        "prediction": Prediction(np.ones(2), np.ones(2)),
        "front": [(5, 0.5)],
        "n_train": 1,
        "rng": np.random.default_rng(0),
        "settings": GateSettings(),
    }
    with pytest.raises(ValueError, match=message):
        decide(**(arguments | change))


@pytest.mark.parametrize(
    "settings",
    [
        {"warm_up": 0},
        {"exploration_share": -0.1},
        {"exploration_share": 1.1},
        {"exploration_share": math.nan},
        {"audit_share": -0.1},
        {"audit_share": 1.1},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        GateSettings(**settings)
