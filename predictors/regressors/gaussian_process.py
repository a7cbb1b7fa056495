"""A Gaussian process whose kernel is found by the evidence on a grid: no optimiser that may fail to converge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.learned import Predict, PredictMean, Rows, Values
from predictors.regressors.scaling import Scaling

MOST_ROWS = 1500
"""Time grows with the cube of the rows: of more, this many are drawn."""
MOST_ROWS_FOR_KERNEL = 250
"""As many are drawn to find the kernel, which has only three numbers."""
LENGTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Lengths of the kernel that are tried, in roots of the number of features: the distance of two rows is about 1.4."""
NOISES = np.geomspace(0.01, 10.0, 13)
"""Noise variances that are tried, in variances of the signal."""


def learn_gaussian_process(rows: Rows, targets: Values, seed: int) -> Predict:
    """Gaussian process; the spread is its predictive standard deviation, with the noise of a score.

    Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), equations 2.25, 2.26 and 5.8;
    Matern kernel of smoothness 5/2 on standardised features.
    """
    scaling, process, noise = _fit(rows, targets, seed)

    def predict(unseen: Rows) -> Prediction:
        mean, deviation = process.predict(scaling.apply(unseen), return_std=True)
        return Prediction(mean, np.sqrt(deviation**2 + noise))

    return predict


def learn_gaussian_process_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_gaussian_process`, without the spread, which takes longer."""
    scaling, process, _ = _fit(rows, targets, seed)
    return lambda unseen: np.asarray(process.predict(scaling.apply(unseen)), dtype=np.float64)


def _fit(rows: Rows, targets: Values, seed: int) -> tuple[Scaling, Any, float]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    order = np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS] if len(rows) > MOST_ROWS else slice(None)
    rows, targets = rows[order], targets[order]
    scaling = Scaling.of(rows)
    scaled = scaling.apply(rows)
    drawn = np.random.default_rng([seed, 1]).permutation(len(rows))[:MOST_ROWS_FOR_KERNEL]
    length, signal, noise = most_evident(scaled[drawn], targets[drawn])
    kernel = ConstantKernel(signal) * Matern(length, nu=2.5)
    process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(scaled, targets)
    return scaling, process, noise


def most_evident(scaled: Rows, targets: Values) -> tuple[float, float, float]:
    """Length, signal variance and noise variance of the greatest marginal likelihood on the grid.

    For each length one eigendecomposition of the correlations K = V diag(s) V' gives the likelihood for all noises:
    with r the ratio of noise to signal and z = V' y, the best signal variance is mean(z^2 / (s + r)), and what is
    left of the log likelihood is -(n log(signal) + sum(log(s + r))) / 2.

    Args:
        scaled: Standardised rows, shape (n, k).
        targets: Of mean about 0, shape (n,).

    Returns:
        Length in the features' unit; variances above 0.
    """
    from sklearn.gaussian_process.kernels import Matern

    best: tuple[float, float, float, float] | None = None
    for length in np.sqrt(scaled.shape[1]) * np.array(LENGTHS):
        values, vectors = np.linalg.eigh(Matern(length, nu=2.5)(scaled))
        stretched = np.maximum(values, 0.0)[:, None] + NOISES  # (n, n_noises)
        signals: NDArray[np.float64] = np.mean((vectors.T @ targets)[:, None] ** 2 / stretched, axis=0)
        signals = np.maximum(signals, 1e-9)
        evidence = -0.5 * (len(targets) * np.log(signals) + np.log(stretched).sum(axis=0))
        place = int(evidence.argmax())
        if best is None or evidence[place] > best[0]:
            best = float(evidence[place]), float(length), float(signals[place]), float(signals[place] * NOISES[place])
    assert best is not None  # there are lengths
    return best[1:]
