from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.trust import resampling
from predictors.trust.resampling import (
    derive_seed,
    draw_resamples,
    resampled_r_squared,
    resampled_ranks,
    resampled_regret,
)
from predictors.trust.scores import kendall_tau, r_squared, spearman, top_k, top_regret


def test_each_resample_has_as_many_networks() -> None:
    counts = draw_resamples(7, seed=0, n_resamples=20)
    assert counts.shape == (20, 7)
    assert (counts.sum(axis=1) == 7).all() and (counts >= 0).all() and (counts % 1 == 0).all()


def test_groups_are_drawn_whole() -> None:
    groups = np.array([5, 9, 5, 2, 9, 5])
    counts = draw_resamples(6, seed=0, groups=groups, n_resamples=50)
    for group in (2, 5, 9):
        assert (np.ptp(counts[:, groups == group], axis=1) == 0).all()
    assert (counts[:, [3, 0, 1]].sum(axis=1) == 3).all()
    assert len(np.unique(counts, axis=0)) > 5


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    first, again, other = (draw_resamples(30, seed).tobytes() for seed in (1, 1, 2))
    assert first == again != other


def test_the_deviation_of_a_mean_over_resamples_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=100)
    means = draw_resamples(100, seed=1, n_resamples=4000) @ values / 100
    assert means.std() == pytest.approx(values.std() / 10, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
def test_scores_on_a_resample_are_those_of_the_networks_repeated(pairs: list[tuple[int, int]], seed: int) -> None:
    truth, predicted = np.array(pairs, dtype=np.float64).T
    counts = draw_resamples(len(pairs), seed, n_resamples=5)
    tau, rank = resampled_ranks(truth, predicted, counts)
    r2, regret = resampled_r_squared(truth, predicted, counts), resampled_regret(truth, predicted, counts)
    for i, row in enumerate(counts.astype(np.int64)):
        table = np.repeat(truth, row), np.repeat(predicted, row)
        assert tau[i] == pytest.approx(kendall_tau(*table), abs=1e-9)
        assert rank[i] == pytest.approx(spearman(*table), abs=1e-9)
        assert r2[i] == pytest.approx(r_squared(*table), abs=1e-9)
        assert regret[i] == pytest.approx(top_regret(*table, top_k(len(pairs))), abs=1e-9)


def test_pairs_are_compared_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, predicted = np.random.default_rng(0).normal(size=(2, 50))
    counts = draw_resamples(50, seed=0, n_resamples=3)
    whole = resampled_ranks(truth, predicted, counts)
    monkeypatch.setattr(resampling, "MOST_ROWS_OF_PAIRS", 7)
    np.testing.assert_allclose(resampled_ranks(truth, predicted, counts), whole, rtol=1e-12)


def test_networks_that_no_resample_holds_have_no_skill() -> None:
    values, none = np.array([1.0, 2.0]), np.zeros((1, 2))
    assert [*resampled_ranks(values, values, none), resampled_r_squared(values, values, none)] == [0.0, 0.0, 0.0]
    assert resampled_regret(values, values, none) == [0.0]


def test_seeds_of_different_paths_differ() -> None:
    seeds = [derive_seed(3), derive_seed(3, 0), derive_seed(3, 1), derive_seed(3, 1, 0), derive_seed(4, 1)]
    assert len(set(seeds)) == 5 and seeds[2] == derive_seed(3, 1)
