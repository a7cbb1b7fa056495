from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import f_oneway

from predictors.trust.ceiling import highest_tau, noise_ceiling, tau_of_normal, variance_components
from predictors.trust.estimate import Estimate
from predictors.trust.scores import kendall_tau, r_squared


def draw_repeats(n: int, n_seeds: int, between: float, within: float, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return math.sqrt(between) * rng.normal(size=(n, 1)) + math.sqrt(within) * rng.normal(size=(n, n_seeds))


def with_gaps(repeats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leaves 1 to all of the trainings of each network."""
    n, n_seeds = repeats.shape
    kept = 1 + np.arange(n)[:, None] % n_seeds > np.arange(n_seeds)
    return np.where(kept, repeats, np.nan)


@pytest.mark.parametrize("gaps", [False, True])
def test_known_variances_are_found(gaps: bool) -> None:
    repeats = draw_repeats(3000, 4, between=0.25, within=0.09)
    between, within = variance_components(with_gaps(repeats) if gaps else repeats)
    assert between == pytest.approx(0.25, rel=0.08)
    assert within == pytest.approx(0.09, rel=0.05)


def test_variances_agree_with_scipys_analysis_of_variance() -> None:
    repeats = with_gaps(draw_repeats(30, 4, between=1.0, within=1.0))
    counts = np.isfinite(repeats).sum(axis=1)
    between, within = variance_components(repeats)
    typical = (counts.sum() - (counts**2).sum() / counts.sum()) / 29
    statistic = f_oneway(*(row[np.isfinite(row)] for row in repeats)).statistic
    assert between == pytest.approx(within * (statistic - 1) / typical)


def test_a_column_that_is_easier_for_all_is_no_noise() -> None:
    repeats = draw_repeats(40, 3, between=1.0, within=0.5)
    np.testing.assert_allclose(variance_components(repeats + np.array([0.0, 5.0, -7.0])), variance_components(repeats))
    # Two ways without interaction, by least squares on indicators of network and column.
    n, k = repeats.shape
    design = np.column_stack([np.kron(np.eye(n), np.ones((k, 1))), np.tile(np.eye(k), (n, 1))])
    squares = np.sum((repeats.ravel() - design @ np.linalg.lstsq(design, repeats.ravel(), rcond=None)[0]) ** 2)
    assert variance_components(repeats)[1] == pytest.approx(squares / ((n - 1) * (k - 1)))


def test_the_ceiling_is_what_an_oracle_reaches() -> None:
    repeats = draw_repeats(2000, 5, between=1.0, within=2.5)
    truth = draw_repeats(2000, 1, between=1.0, within=0.0)[:, 0]  # the same draw, without noise
    ceiling = noise_ceiling(repeats, seed=0, n_resamples=20)
    assert ceiling is not None
    assert ceiling.reliability.value == pytest.approx(1 / 1.5, abs=0.03)
    assert r_squared(repeats.mean(axis=1), truth) == pytest.approx(ceiling.reliability.value, abs=0.03)
    assert kendall_tau(repeats.mean(axis=1), truth) == pytest.approx(ceiling.highest_tau.value, abs=0.03)
    assert ceiling.one_against_one.value == pytest.approx(tau_of_normal(1 / 3.5), abs=0.03)
    others = 1 / math.sqrt(3.5 * (1 + 2.5 / 4))  # correlation of one training with the mean of four
    assert ceiling.one_against_others.value == pytest.approx(tau_of_normal(others), abs=0.03)


Draw = Callable[[np.random.Generator, int], tuple[NDArray[np.float64], NDArray[np.float64]]]


def equal_noise(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal scores, and the deviation of a training."""
    return rng.normal(size=n), np.full(n, 1.2)


def noisy_tail(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The worse the noisier."""
    score = -np.exp(1.2 * rng.normal(size=n))
    return score, 0.3 * np.abs(score)


def few_bad(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Most are nearly equal, and noise decides between them; the others are bad and ten times as noisy."""
    is_good = rng.random(n) < 0.8
    score = np.where(is_good, 0.01 * rng.normal(size=n), -0.1 - 0.3 * np.abs(rng.normal(size=n)))
    return score, np.where(is_good, 0.006, 0.06)


def noise_of_its_own(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The noise of a network has nothing to do with its score."""
    return rng.normal(size=n), 0.5 * np.exp(0.8 * rng.normal(size=n))


def trained(
    draw: Draw, rng: np.random.Generator, n: int, n_seeds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores without noise, shape (n,), and trainings, shape (n, n_seeds)."""
    score, deviation = draw(rng, n)
    return score, score[:, None] + deviation[:, None] * rng.normal(size=(n, n_seeds))


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
@pytest.mark.parametrize("draw", [equal_noise, noisy_tail, few_bad, noise_of_its_own])
def test_the_ceiling_of_tau_is_that_of_the_noiseless_scores(draw: Draw, n_seeds: int) -> None:
    rng = np.random.default_rng(0)
    truth, repeats = trained(draw, rng, 4000, n_seeds)
    reached = kendall_tau(truth, repeats.mean(axis=1))
    found = []
    for seed in range(5):
        ceiling = noise_ceiling(trained(draw, rng, 200, n_seeds)[1], seed, n_resamples=20)
        assert ceiling is not None
        assert ceiling.highest_tau.value > ceiling.one_against_others.value
        found.append(ceiling.highest_tau)
    assert np.mean([one.value for one in found]) == pytest.approx(reached, abs=0.035)
    assert all(abs(one.value - reached) < 0.035 + 3 * one.error for one in found)


def test_a_few_bad_networks_do_not_raise_the_ceiling_of_tau() -> None:
    """Their variance makes the scores reliable, and of most pairs the order is noise."""
    truth, repeats = trained(few_bad, np.random.default_rng(0), 3000, 3)
    ceiling = noise_ceiling(repeats, 0, n_resamples=2)
    assert ceiling is not None and ceiling.reliability.value > 0.95
    of_reliability = tau_of_normal(math.sqrt(ceiling.reliability.value))
    reached = kendall_tau(truth, repeats.mean(axis=1))
    assert of_reliability > reached + 0.05
    assert ceiling.highest_tau.value == pytest.approx(reached, abs=0.02)


@pytest.mark.parametrize("n_trainings", [2, 3, 5])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 4.0])
def test_the_ratio_of_the_components_is_turned_back(n_trainings: int, ratio: float) -> None:
    one, others, all_of_them = 1 + ratio, 1 + ratio / (n_trainings - 1), 1 + ratio / n_trainings
    tau = tau_of_normal(1 / math.sqrt(one * others))
    found, highest = highest_tau(Estimate(tau, 0.01), n_trainings)
    assert found == pytest.approx(ratio, abs=1e-9)
    assert highest.value == pytest.approx(tau_of_normal(1 / math.sqrt(all_of_them)))
    assert 0 < highest.error < 0.02


def test_trainings_that_disagree_leave_nothing_to_reach() -> None:
    ratio, highest = highest_tau(Estimate(-0.1, 0.02), 3)
    assert (ratio, highest.value) == (math.inf, 0.0)


def test_the_error_of_the_reliability_is_its_deviation_over_fresh_networks() -> None:
    found = []
    for seed in range(60):
        ceiling = noise_ceiling(draw_repeats(60, 3, between=1.0, within=1.0, seed=seed), seed, n_resamples=40)
        assert ceiling is not None
        found.append(ceiling.reliability)
    deviation = np.std([one.value for one in found], ddof=1)
    assert 0.7 < np.mean([one.error for one in found]) / deviation < 1.4


def test_networks_trained_once_tell_nothing() -> None:
    repeats = draw_repeats(20, 3, between=1.0, within=1.0)
    repeats[10:, 1:] = np.nan
    some, without = noise_ceiling(repeats, seed=0), noise_ceiling(repeats[:10], seed=0)
    assert some == without and some is not None
    assert (some.n_networks, some.n_trainings) == (10, pytest.approx(3.0))


@pytest.mark.parametrize("shape", [(4, 3), (50, 1)])
def test_too_few_trained_twice_have_no_ceiling(shape: tuple[int, int]) -> None:
    assert noise_ceiling(np.random.default_rng(0).normal(size=shape), seed=0) is None


def test_scores_without_noise_can_be_explained_fully_and_pure_noise_not_at_all() -> None:
    exact = noise_ceiling(np.repeat(np.arange(10.0)[:, None], 3, axis=1), seed=0)
    noise = noise_ceiling(np.tile([[0.0, 1.0]], (10, 1)), seed=0)
    assert exact is not None and noise is not None
    assert (exact.reliability.value, exact.highest_tau.value, exact.one_against_one.value) == (1.0, 1.0, 1.0)
    assert (noise.reliability.value, noise.highest_tau.value, noise.between) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_tau_of_normal_variables(correlation: float) -> None:
    x, y = np.random.default_rng(0).multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=20000).T
    assert kendall_tau(x, y) == pytest.approx(tau_of_normal(correlation), abs=0.015)
