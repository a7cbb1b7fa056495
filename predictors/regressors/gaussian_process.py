"""A Gaussian process averaged over the kernels of a grid, each counting as much as the evidence for it.

Scores of networks are noisy: from a few dozen rows no kernel is sure, and the most evident one is often wrong. No
optimiser, either, that may fail to converge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.learned import Predict, PredictMean, Rows, Values
from predictors.regressors.scaling import Scaling

MOST_ROWS = 1500
"""Time grows with the cube of the rows: of more, this many are drawn."""
MOST_ROWS_FOR_KERNEL = 250
"""As many are drawn to weigh the kernels, which have only four numbers."""
POWERS = (1, 2)
"""Powers of the standard deviations of principal components: 1 is the distance of standardised rows; with 2, what
many features say together counts more than what one says alone."""
LENGTHS = (0.5, 1.0, 2.0, 4.0)
"""Lengths of the kernel, in roots of the mean squared distance from the mean: two rows are about 1.4 apart."""
EXPECTED_LENGTH, LENGTH_FACTOR = 3.0, 1.5
"""Before a row is seen, lengths are log-normal: most likely the first, and within the factor of it in two of three
cases. From few rows the evidence cannot tell short lengths from noise."""
NOISES = np.geomspace(0.01, 10.0, 13)
"""Noise variances, in variances of the signal."""
LEAST_SHARE = 0.02
"""Kernels that count less are left out: each costs as much as the first."""

N_FEW = 8
"""To as many features `learn_from_few_features` keeps."""


@dataclass(frozen=True)
class Kernel:
    """One of the grid, with the noise and signal that fit it.

    Attributes:
        share: How much it counts, in [0, 1].
        power: One of `POWERS`.
        length: One of `LENGTHS`.
        signal: Variance of the function, above 0.
        noise: Variance of a score around it, above 0.
    """

    share: float
    power: int
    length: float
    signal: float
    noise: float


def learn_gaussian_process(rows: Rows, targets: Values, seed: int) -> Predict:
    """Gaussian process; the spread is its predictive standard deviation, with the noise of a score.

    Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), equations 2.25, 2.26 and 5.8,
    and section 5.2 for the average over kernels; Matern kernel of smoothness 5/2.
    """
    scaling, processes = _fit(rows, targets, seed)

    def predict(unseen: Rows) -> Prediction:
        scaled = scaling.apply(unseen)
        mean, square = np.zeros(len(unseen)), np.zeros(len(unseen))
        for kernel, axes, process in processes:
            expected, variance = process.mean_and_variance(scaled @ axes)
            mean += kernel.share * expected
            square += kernel.share * (expected**2 + variance + kernel.noise)
        return Prediction(mean, np.sqrt(np.maximum(square - mean**2, 0.0)))

    return predict


def learn_gaussian_process_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_gaussian_process`, without the spread, which takes longer."""
    scaling, processes = _fit(rows, targets, seed)

    def predict(unseen: Rows) -> Values:
        scaled = scaling.apply(unseen)
        means = [kernel.share * process.mean(scaled @ axes) for kernel, axes, process in processes]
        return np.asarray(np.sum(means, axis=0), dtype=np.float64)

    return predict


def learn_from_few_features(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_gaussian_process_mean`, of the `N_FEW` features that are correlated most with the targets.

    Where size decides alone, the distances of all features hide it. Source: Fan and Lv, "Sure independence screening"
    (2008). Equal correlations are taken in the features' order.
    """
    scaling = Scaling.of(rows)
    correlations = np.abs(scaling.apply(rows).T @ (targets - targets.mean()))
    # Rounded, so that features that are the same but for rounding keep their order.
    few = scaling.columns[np.argsort(-np.round(correlations, 6), kind="stable")[:N_FEW]]
    predict = learn_gaussian_process_mean(rows[:, few], targets, seed)
    return lambda unseen: predict(unseen[:, few])


def _fit(rows: Rows, targets: Values, seed: int) -> tuple[Scaling, list[tuple[Kernel, Rows, Process]]]:
    order = np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS] if len(rows) > MOST_ROWS else slice(None)
    rows, targets = rows[order], targets[order]
    scaling = Scaling.of(rows)
    scaled = scaling.apply(rows)
    axes = {power: stretched_axes(scaled, power) for power in POWERS}
    drawn = np.random.default_rng([seed, 1]).permutation(len(rows))[:MOST_ROWS_FOR_KERNEL]
    kernels = evident_kernels(scaled[drawn], axes, targets[drawn])
    processes = []
    for kernel in kernels:
        own = axes[kernel.power]
        processes.append((kernel, own, Process.learned(kernel, scaled @ own, targets)))
    return scaling, processes


@dataclass(frozen=True, eq=False)
class Process:
    """A Gaussian process of mean 0 with a given kernel, after it has seen some points.

    scikit-learn has the same, and takes two seconds to be loaded, in which a search could train.

    Attributes:
        kernel: Its kernel.
        points: What it has seen, shape (n, m).
        factor: Lower Cholesky factor of their covariance with noise, shape (n, n).
        weights: The inverse of that covariance times their targets, shape (n,).
    """

    kernel: Kernel
    points: Rows
    factor: NDArray[np.float64]
    weights: Values

    @classmethod
    def learned(cls, kernel: Kernel, points: Rows, targets: Values) -> Process:
        """A process that has seen points, shape (n, m), and their targets, shape (n,)."""
        covariance = kernel.signal * correlations(distances(points, points), kernel.length)
        covariance[np.diag_indices(len(points))] += kernel.noise
        factor = np.asarray(np.linalg.cholesky(covariance), np.float64)
        weights = np.linalg.solve(factor.T, np.linalg.solve(factor, targets))
        return cls(kernel, points, factor, weights)

    def mean(self, unseen: Rows) -> Values:
        """Expected values at points, shape (k,)."""
        return self._covariances(unseen).T @ self.weights

    def mean_and_variance(self, unseen: Rows) -> tuple[Values, Values]:
        """Expected values of the function at points and their variances without noise, each of shape (k,)."""
        covariances = self._covariances(unseen)
        whitened = np.linalg.solve(self.factor, covariances)
        return covariances.T @ self.weights, np.maximum(self.kernel.signal - np.sum(whitened**2, axis=0), 0.0)

    def _covariances(self, unseen: Rows) -> NDArray[np.float64]:
        return self.kernel.signal * correlations(distances(self.points, unseen), self.kernel.length)  # (n, k)


def distances(first: Rows, second: Rows) -> NDArray[np.float64]:
    """Euclidean distance of each point of the first, shape (n, m), to each of the second, (k, m): shape (n, k)."""
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2.0 * first @ second.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def correlations(apart: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Matern correlations of smoothness 5/2 at some distances; Rasmussen and Williams, equation 4.17."""
    scaled = math.sqrt(5.0) / length * apart
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled))


def stretched_axes(scaled: Rows, power: int) -> NDArray[np.float64]:
    """What turns rows into principal components whose standard deviations are raised to a power.

    Args:
        scaled: Standardised rows, shape (n, k).
        power: 1 leaves the proportions of all distances.

    Returns:
        Axes, shape (k, m), with m at most n and k. The rows times them have a variance of 1 in all, or of 0 if they
        are all equal.
    """
    centred = scaled - scaled.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    deviations = lengths / np.sqrt(len(scaled))
    varies = deviations > 1e-6 * deviations.max()  # the other directions are rounding, and any
    if not varies.any():
        return np.zeros((scaled.shape[1], 1))
    deviations, directions = deviations[varies], directions[varies]
    return np.asarray(directions.T * (deviations ** (power - 1) / np.sqrt(np.sum(deviations ** (2 * power)))))


def evident_kernels(scaled: Rows, axes: dict[int, NDArray[np.float64]], targets: Values) -> list[Kernel]:
    """The kernels that count, their shares proportional to prior times marginal likelihood summed over noises.

    For each power and length one eigendecomposition of the correlations K = V diag(s) V' gives the likelihood for all
    noises: with r the ratio of noise to signal and z = V' y, the best signal variance is mean(z^2 / (s + r)), and what
    is left of the log likelihood is -(n log(signal) + sum(log(s + r))) / 2. The noise of a kernel is the mean of
    its logarithms, weighted likewise.

    Args:
        scaled: Standardised rows, shape (n, k).
        axes: For each power what `stretched_axes` gives.
        targets: Of mean about 0, shape (n,).

    Returns:
        At least one kernel; shares add up to 1.
    """
    kernels: list[Kernel] = []
    totals: list[float] = []
    for power, stretch in axes.items():
        stretched = scaled @ stretch
        apart = distances(stretched, stretched)
        for length in LENGTHS:
            values, vectors = np.linalg.eigh(correlations(apart, length))
            values, squares = np.maximum(values, 0.0)[:, None], (vectors.T @ targets)[:, None] ** 2
            signals = np.maximum(np.mean(squares / (values + NOISES), axis=0), 1e-9)  # (n_noises,)
            evidence = -0.5 * (len(targets) * np.log(signals) + np.log(values + NOISES).sum(axis=0))
            total = float(np.logaddexp.reduce(evidence))
            ratio = float(np.exp(np.exp(evidence - total) @ np.log(NOISES)))
            signal = max(float(np.mean(squares / (values + ratio))), 1e-9)
            kernels.append(Kernel(1.0, power, length, signal, signal * ratio))
            totals.append(total + _log_prior(length))
    shares = np.exp(np.array(totals) - max(totals))
    shares[shares < LEAST_SHARE * shares.sum()] = 0.0
    shares /= shares.sum()
    return [replace(kernel, share=share) for kernel, share in zip(kernels, shares.tolist(), strict=True) if share > 0.0]


def _log_prior(length: float) -> float:
    return -0.5 * (math.log(length / EXPECTED_LENGTH) / math.log(LENGTH_FACTOR)) ** 2
