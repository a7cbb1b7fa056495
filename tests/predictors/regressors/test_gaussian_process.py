from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from predictors.regressors.gaussian_process import LENGTHS, NOISES, learn_gaussian_process, most_evident


def rows_and_targets(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, 2))
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    targets = np.sin(2 * rows[:, 0]) + 0.3 * rng.standard_normal(n)
    return rows, (targets - targets.mean()) / targets.std()


def likelihood(rows: np.ndarray, targets: np.ndarray, length: float, signal: float, noise: float) -> float:
    kernel = ConstantKernel(signal) * Matern(length, nu=2.5) + WhiteKernel(noise)
    process = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(rows, targets)
    return float(process.log_marginal_likelihood_value_)


def test_the_kernel_is_the_most_likely_of_the_grid() -> None:
    rows, targets = rows_and_targets(40)
    found = most_evident(rows, targets)
    best = likelihood(rows, targets, *found)
    signal = found[1]
    for length in np.sqrt(2) * np.array(LENGTHS):
        for ratio in NOISES:
            for factor in (0.8, 1.0, 1.25):
                other = likelihood(rows, targets, float(length), factor * signal, factor * signal * float(ratio))
                assert other <= best + 1e-6


def test_predictions_are_those_of_scikit_learn() -> None:
    rows, targets = rows_and_targets(40)
    length, signal, noise = most_evident(rows, targets)
    unseen = np.random.default_rng(1).standard_normal((10, 2))
    kernel = ConstantKernel(signal) * Matern(length, nu=2.5) + WhiteKernel(noise)
    mean, spread = (
        GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(rows, targets).predict(unseen, return_std=True)
    )
    prediction = learn_gaussian_process(rows, targets, 0)(unseen)
    assert prediction.mean == pytest.approx(mean, rel=1e-6)
    assert prediction.spread == pytest.approx(spread, rel=1e-6)
