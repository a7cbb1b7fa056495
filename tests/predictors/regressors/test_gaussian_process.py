from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import lognorm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from predictors.regressors.gaussian_process import (
    EXPECTED_LENGTH,
    LEAST_SHARE,
    LENGTH_FACTOR,
    LENGTHS,
    N_FEW,
    NOISES,
    POWERS,
    Kernel,
    Process,
    distances,
    evident_kernels,
    learn_from_few_features,
    learn_gaussian_process,
    learn_gaussian_process_mean,
    stretched_axes,
)


def rows_and_targets(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, 3))
    rows[:, 2] = rows[:, 0] + 0.3 * rows[:, 2]
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    targets = np.sin(2 * rows[:, 0]) + 0.3 * rng.standard_normal(n)
    return rows, (targets - targets.mean()) / targets.std()


def process(rows: np.ndarray, targets: np.ndarray, length: float, signal: float, noise: float) -> object:
    kernel = ConstantKernel(signal) * Matern(length, nu=2.5) + WhiteKernel(noise)
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(rows, targets)


def test_kernels_count_as_much_as_prior_and_likelihood_say() -> None:
    rows, targets = rows_and_targets(25)
    axes = {power: stretched_axes(rows, power) for power in POWERS}
    wanted = {}
    for power in POWERS:
        stretched = rows @ axes[power]
        for length in LENGTHS:
            likelihoods = []
            for ratio in NOISES:
                covariance = Matern(length, nu=2.5)(stretched) + ratio * np.eye(25)
                signal = float(targets @ np.linalg.solve(covariance, targets)) / 25  # of the greatest likelihood
                likelihoods.append(
                    process(stretched, targets, length, signal, signal * ratio).log_marginal_likelihood_value_  # type: ignore[attr-defined]
                )
            prior = lognorm.pdf(length, s=np.log(LENGTH_FACTOR), scale=EXPECTED_LENGTH) * length  # of its logarithm
            wanted[power, length] = prior * np.exp(likelihoods).sum()
    total = sum(wanted.values())
    counting = sum(one for one in wanted.values() if one >= LEAST_SHARE * total)
    found = {(kernel.power, kernel.length): kernel.share for kernel in evident_kernels(rows, axes, targets)}
    assert len(found) > 1
    assert found == pytest.approx({key: one / counting for key, one in wanted.items() if one >= LEAST_SHARE * total})


def test_predictions_are_the_mixture_of_those_of_scikit_learn() -> None:
    rows, targets = rows_and_targets(30)
    axes = {power: stretched_axes(rows, power) for power in POWERS}
    unseen = np.random.default_rng(1).standard_normal((10, 3))
    means, variances, shares = [], [], []
    for kernel in evident_kernels(rows, axes, targets):
        one = process(rows @ axes[kernel.power], targets, kernel.length, kernel.signal, kernel.noise)
        mean, spread = one.predict(unseen @ axes[kernel.power], return_std=True)  # type: ignore[attr-defined]
        means.append(mean)
        variances.append(spread**2)
        shares.append(kernel.share)
    mean = np.average(means, axis=0, weights=shares)
    variance = np.average(variances, axis=0, weights=shares) + np.average((means - mean) ** 2, axis=0, weights=shares)
    prediction = learn_gaussian_process(rows, targets, 0)(unseen)
    assert prediction.mean == pytest.approx(mean, rel=1e-6)
    assert prediction.spread == pytest.approx(np.sqrt(variance), rel=1e-6)
    assert learn_gaussian_process_mean(rows, targets, 0)(unseen) == pytest.approx(mean, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 8), st.sampled_from(POWERS))
def test_components_have_the_powers_of_their_deviations(seed: int, n: int, k: int, power: int) -> None:
    rng = np.random.default_rng(seed)
    scaled = rng.standard_normal((n, k)) @ rng.standard_normal((k, k))
    stretched = scaled @ stretched_axes(scaled, power)
    covariance = np.cov(stretched.T, bias=True).reshape(stretched.shape[1], -1)
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(scaled.T, bias=True).reshape(k, k)))[::-1][: len(covariance)]
    wanted = np.maximum(eigenvalues, 0.0) ** power
    np.testing.assert_allclose(covariance, np.diag(wanted / wanted.sum()), atol=1e-8)


def test_rows_that_are_equal_have_components_of_zero() -> None:
    assert (np.ones((4, 3)) @ stretched_axes(np.ones((4, 3)), 2) == 0.0).all()


def test_what_many_features_say_is_learned_from_few_noisy_rows() -> None:
    """Twenty features show what matters, twenty are noise of their own: better than a linear guess of the noise."""
    rng = np.random.default_rng(3)
    hidden = rng.standard_normal((340, 1))
    rows = np.concatenate([hidden + 0.3 * rng.standard_normal((340, 20)), rng.standard_normal((340, 20))], axis=1)
    targets = hidden[:, 0] + 1.5 * rng.standard_normal(340)
    predict = learn_gaussian_process_mean(rows[:40], (targets[:40] - targets[:40].mean()) / targets[:40].std(), 0)
    assert np.corrcoef(predict(rows[40:]), hidden[40:, 0])[0, 1] > 0.9


def test_few_features_are_those_most_correlated_with_the_targets() -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((60, 30))
    targets = rows[:, 5:13] @ np.arange(3.0, 11.0) + 0.1 * rng.standard_normal(60)
    targets = (targets - targets.mean()) / targets.std()
    correlations = [abs(np.corrcoef(column, targets)[0, 1]) for column in rows.T]
    few = np.argsort(correlations)[::-1][:N_FEW]
    unseen = rng.standard_normal((5, 30))
    wanted = learn_gaussian_process_mean(rows[:, few], targets, 0)(unseen[:, few])
    assert learn_from_few_features(rows, targets, 0)(unseen) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_process_is_that_of_scikit_learn(length: float) -> None:
    rows, targets = rows_and_targets(60)
    kernel = Kernel(1.0, 1, length, 1.7, 0.2)
    learned = Process.learned(kernel, rows[:40], targets[:40])
    theirs = GaussianProcessRegressor(ConstantKernel(1.7) * Matern(length, nu=2.5), alpha=0.2, optimizer=None)
    mean, deviation = theirs.fit(rows[:40], targets[:40]).predict(rows[40:], return_std=True)
    ours, variance = learned.mean_and_variance(rows[40:])
    np.testing.assert_allclose(ours, mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(learned.mean(rows[40:]), mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance, deviation**2, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.integers(0, 99))
def test_distances_are_euclidean(n: int, k: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((n, m)), rng.standard_normal((k, m))
    np.testing.assert_allclose(distances(first, second), cdist(first, second), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(np.diag(distances(first, first)), 0.0, atol=1e-7)
