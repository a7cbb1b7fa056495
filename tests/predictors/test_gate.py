from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.gate import Decision, GateSettings, decide, front_reference
from predictors.prediction import Prediction

scores = st.floats(-2, 1).map(lambda score: round(score, 2))  # rounded, so that ties occur
fronts = st.lists(st.tuples(st.integers(1, 200), scores), max_size=8)


@dataclass(frozen=True)
class Pool:
    keys: list[str]
    n_weights: list[int]
    means: list[float]
    spreads: list[float]

    def __len__(self) -> int:
        return len(self.keys)

    def in_order(self, order: list[int]) -> Pool:
        columns = (self.keys, self.n_weights, self.means, self.spreads)
        return Pool(*([column[i] for i in order] for column in columns))

    def decide(
        self,
        front: list[tuple[int, float]],
        n_train: int,
        seed: int = 0,
        exploration_share: float = 0.15,
        warm: bool = True,
    ) -> list[Decision]:
        return decide(
            self.keys,
            np.array(self.n_weights, dtype=np.int64),
            Prediction(np.array(self.means), np.array(self.spreads)) if warm else None,
            front,
            n_train,
            np.random.default_rng(seed),
            GateSettings(exploration_share=exploration_share),
        )


@st.composite
def pools(draw: Any) -> Pool:
    keys = draw(st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=20))
    n = len(keys)

    def column(values: Any) -> Any:
        return draw(st.lists(values, min_size=n, max_size=n))

    return Pool(keys, column(st.integers(1, 250)), column(scores), column(st.floats(0, 1)))


def pool_of(means: list[float], n_weights: int = 100) -> Pool:
    keys = [f"child-{i:02}" for i in range(len(means))]
    return Pool(keys, [n_weights] * len(means), means, [0.1] * len(means))


@settings(deadline=None, max_examples=150)
@given(pools(), fronts, st.integers(0, 25), st.floats(0, 1), st.booleans())
def test_exactly_as_many_as_asked_for_are_trained(
    pool: Pool, front: list[tuple[int, float]], n_train: int, share: float, warm: bool
) -> None:
    decisions = pool.decide(front, n_train, exploration_share=share, warm=warm)
    assert len(decisions) == len(pool)
    assert sum(decision.train for decision in decisions) == min(n_train, len(pool))


@settings(deadline=None, max_examples=150)
@given(pools(), fronts, st.integers(0, 25), st.booleans(), st.data())
def test_decisions_follow_the_keys_whatever_the_order_of_the_pool(
    pool: Pool, front: list[tuple[int, float]], n_train: int, warm: bool, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(pool))))
    decisions = pool.decide(front, n_train, seed=1, warm=warm)
    shuffled = pool.in_order(order).decide(front[::-1], n_train, seed=1, warm=warm)
    assert shuffled == [decisions[i] for i in order]


@settings(deadline=None, max_examples=150)
@given(pools(), fronts, st.integers(0, 25), st.floats(0, 1))
def test_a_skipped_child_was_predicted_at_most_its_threshold(
    pool: Pool, front: list[tuple[int, float]], n_train: int, share: float
) -> None:
    for i, decision in enumerate(pool.decide(front, n_train, exploration_share=share)):
        assert decision.prediction == pool.means[i] and decision.spread == pool.spreads[i]
        assert decision.threshold is not None and math.isfinite(decision.threshold)
        if not decision.train:
            assert decision.prediction <= decision.threshold
        elif not decision.reason.startswith("exploration"):
            assert decision.prediction >= decision.threshold


@settings(deadline=None, max_examples=150)
@given(pools(), fronts, st.integers(0, 25), st.floats(0, 1))
def test_the_best_margins_get_the_places_that_exploration_leaves(
    pool: Pool, front: list[tuple[int, float]], n_train: int, share: float
) -> None:
    decisions = pool.decide(front, n_train, exploration_share=share)
    explored = {i for i, decision in enumerate(decisions) if decision.reason.startswith("exploration")}
    predicted = {i for i, decision in enumerate(decisions) if decision.train} - explored
    floor = math.ceil(round(share * n_train, 9))
    assert len(predicted) == min(n_train - floor, len(pool))
    margins = np.array(pool.means) - front_reference(front, np.array(pool.n_weights, dtype=np.int64))
    ranked = sorted(range(len(pool)), key=lambda i: (-margins[i], pool.keys[i]))
    assert predicted == set(ranked[: len(predicted)])


@settings(deadline=None)
@given(fronts, st.lists(st.integers(1, 250), max_size=10))
def test_the_reference_is_the_best_score_among_networks_of_at_most_that_size(
    front: list[tuple[int, float]], n_weights: list[int]
) -> None:
    def reference(n: int) -> float:
        smaller = [score for weights, score in front if weights <= n]
        return max(smaller) if smaller else min((score for _, score in front), default=0.0)

    found = front_reference(front, np.array(n_weights, dtype=np.int64))
    assert found.tolist() == [reference(n) for n in n_weights]


def test_without_exploration_the_worst_margins_are_skipped_with_the_reason() -> None:
    pool = Pool(["a", "b", "c"], [1200, 1200, 50], [0.912, 0.95, 0.80], [0.02, 0.01, 0.03])
    decisions = pool.decide([(100, 0.7), (1000, 0.9), (2000, 0.99)], 2, exploration_share=0.0)
    # Margins: .012, .05, and for the child smaller than all of the front .80 - .7 = .1; the cut is .05.
    assert [decision.train for decision in decisions] == [False, True, True]
    assert decisions[0].reason == "predicted 0.9120, needs 0.9500 at 1,200 weights"
    assert decisions[0].threshold == pytest.approx(0.9 + 0.05)
    assert decisions[2].threshold == pytest.approx(0.7 + 0.05)


def test_a_small_network_needs_less_than_a_large_one() -> None:
    pool = Pool(["large", "small"], [1000, 10], [0.85, 0.75], [0.0, 0.0])
    decisions = pool.decide([(10, 0.7), (1000, 0.9)], 1, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [False, True]


def test_equal_margins_are_ordered_by_key() -> None:
    pool = Pool(["b", "c", "a"], [100] * 3, [0.5] * 3, [0.0] * 3)
    decisions = pool.decide([(100, 0.5)], 1, exploration_share=0.0)
    assert [decision.train for decision in decisions] == [False, False, True]


def test_exploration_reaches_every_child_that_is_not_predicted_to_be_good() -> None:
    pool = pool_of([0.9, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1])
    n_trained = np.zeros(len(pool))
    for seed in range(400):
        n_trained += [decision.train for decision in pool.decide([], 3, seed, exploration_share=0.1)]
    assert n_trained[:2].tolist() == [400, 400]
    np.testing.assert_allclose(n_trained[2:], 80, atol=30)  # 3.75 standard deviations


def test_the_warm_up_draws_every_child_equally_often() -> None:
    pool = pool_of([0.9, 0.1, 0.1, 0.1])
    n_trained = np.zeros(4)
    for seed in range(400):
        decisions = pool.decide([(10, 0.5)], 2, seed, warm=False)
        n_trained += [decision.train for decision in decisions]
        assert {decision.reason for decision in decisions if not decision.train} == {"warm-up: not drawn"}
        assert all(decision.prediction is decision.threshold is None for decision in decisions)
    np.testing.assert_allclose(n_trained, 200, atol=40)  # 4 standard deviations


def test_the_exploration_share_is_rounded_up_but_not_by_the_last_bit() -> None:
    def n_explored(share: float, n_train: int) -> int:
        decisions = pool_of([0.5] * 60).decide([], n_train, exploration_share=share)
        return sum(decision.reason.startswith("exploration") for decision in decisions)

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
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        GateSettings(**settings)
