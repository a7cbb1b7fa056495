from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import r2_score

from predictors.trust.scores import kendall_tau, r_squared, spearman, top_k, top_regret

Values = NDArray[np.float64]
few_values = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=7)
SCORES = [kendall_tau, spearman, r_squared, top_regret]


def columns(pairs: list[tuple[int, int]]) -> tuple[Values, Values]:
    truth, predicted = np.array(pairs, dtype=np.float64).T
    return truth, predicted


def tau_by_pairs(truth: Values, predicted: Values) -> float:
    """Tau-b from its definition."""
    pairs = list(combinations(range(len(truth)), 2))
    signs = [(np.sign(truth[i] - truth[j]), np.sign(predicted[i] - predicted[j])) for i, j in pairs]
    below = sum(s != 0 for s, _ in signs) * sum(t != 0 for _, t in signs)
    return float(sum(s * t for s, t in signs) / np.sqrt(below)) if below else 0.0


def regret_by_draws(truth: Values, predicted: Values, k: int) -> float:
    """The mean over all sets of k networks none of which is predicted worse than one left out."""
    n = len(truth)
    tops = [
        top
        for top in combinations(range(n), k)
        if all(predicted[i] >= predicted[j] for i in top for j in set(range(n)) - set(top))
    ]
    return float(truth.max() - np.mean([truth[list(top)].max() for top in tops]))


@settings(max_examples=60, deadline=None)
@given(few_values)
def test_tau_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    assert kendall_tau(*columns(pairs)) == pytest.approx(tau_by_pairs(*columns(pairs)), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(few_values, st.integers(1, 7))
def test_regret_is_the_mean_over_all_ways_to_break_ties(pairs: list[tuple[int, int]], k: int) -> None:
    truth, predicted = columns(pairs)
    k = min(k, len(pairs))
    assert top_regret(truth, predicted, k) == pytest.approx(regret_by_draws(truth, predicted, k), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(few_values)
def test_no_score_depends_on_the_order_of_networks(pairs: list[tuple[int, int]]) -> None:
    shuffled = sorted(pairs)
    for score in SCORES:
        assert score(*columns(pairs)) == pytest.approx(score(*columns(shuffled)), abs=1e-12)


def test_spearman_and_r2_agree_with_libraries() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 9, size=50).astype(np.float64)  # with ties
    predicted = truth + rng.integers(-4, 5, size=50)
    assert spearman(truth, predicted) == pytest.approx(spearmanr(truth, predicted).statistic)
    assert r_squared(truth, predicted) == pytest.approx(r2_score(truth, predicted))


@pytest.mark.parametrize("score", [kendall_tau, spearman])
@pytest.mark.parametrize(
    ("truth", "predicted"), [([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0], [1.0]), ([], [])]
)
def test_what_ranks_nothing_has_rank_skill_0(
    score: Callable[[Values, Values], float], truth: list[float], predicted: list[float]
) -> None:
    assert score(np.array(truth), np.array(predicted)) == 0.0


def test_nothing_of_a_constant_is_explained() -> None:
    assert r_squared(np.ones(3), np.ones(3)) == r_squared(np.ones(3), np.zeros(3)) == 0.0


def test_regret_of_no_networks_is_0() -> None:
    assert top_regret(np.empty(0), np.empty(0)) == 0.0


@pytest.mark.parametrize(("n", "k"), [(1, 1), (20, 1), (40, 2), (200, 10)])
def test_the_top_is_a_twentieth_and_at_least_one(n: int, k: int) -> None:
    assert top_k(n) == k
    rng = np.random.default_rng(n)
    truth, predicted = rng.normal(size=(2, n))
    assert top_regret(truth, predicted) == pytest.approx(truth.max() - truth[np.argsort(-predicted)[:k]].max())
