"""Resamples of networks, from which standard errors are told, and scores on all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.trust.scores import top_k, top_regret

Counts = NDArray[np.float64]
"""How often each network occurs in each resample, whole numbers, shape (n_resamples, n)."""
Values = NDArray[np.float64]

N_RESAMPLES = 200
MOST_ROWS_OF_PAIRS = 512
"""Pairs are compared in blocks of so many rows, which bounds the memory."""


def draw_resamples(
    n: int, seed: int, groups: NDArray[np.int64] | None = None, n_resamples: int = N_RESAMPLES
) -> Counts:
    """Networks drawn with replacement, whole groups at a time.

    Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 6; groups are their clusters.
    The deviation of a number over 200 resamples is its standard error, up to about 5 % of it.

    Args:
        n: Number of networks, at least 1.
        seed: 0 or more.
        groups: Shape (n,); None or empty where each network is its own group.
        n_resamples: At least 2.
    """
    places = np.arange(n) if groups is None or len(groups) == 0 else groups
    _, group_of = np.unique(places, return_inverse=True)
    n_groups = int(group_of.max()) + 1
    draws = np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples)
    return draws[:, group_of].astype(np.float64)


def resampled_ranks(truth: Values, predicted: Values, counts: Counts) -> tuple[Values, Values]:
    """Kendall's tau-b and Spearman's rank correlation on each resample, as `kendall_tau` and `spearman` give them.

    With s_ij the sign of x_i - x_j and c_i the counts, tau-b is a ratio of sums over pairs weighted by c_i c_j, and
    sum_j c_j s_ij is twice the midrank of network i, centred.

    Args:
        truth: Shape (n,).
        predicted: Shape (n,).
        counts: Shape (n_resamples, n).

    Returns:
        Shape (n_resamples,) each; 0 where either is constant.
    """
    agreeing, pairs_by_truth, pairs_by_prediction = (np.zeros(len(counts)) for _ in range(3))
    true_ranks, predicted_ranks = np.empty_like(counts), np.empty_like(counts)
    singles = counts.astype(np.float32)  # exact, and so are sums of whole numbers up to 2**24
    for start in range(0, len(truth), MOST_ROWS_OF_PAIRS):
        block = slice(start, start + MOST_ROWS_OF_PAIRS)
        weights = counts[:, block]  # (n_resamples, n_block)
        by_truth = np.sign(truth[:, None] - truth[block]).astype(np.float32)  # (n, n_block), and so below
        by_prediction = np.sign(predicted[:, None] - predicted[block]).astype(np.float32)
        agreeing += np.sum(weights * (singles @ (by_truth * by_prediction)), axis=1)
        pairs_by_truth += np.sum(weights * (singles @ np.abs(by_truth)), axis=1)
        pairs_by_prediction += np.sum(weights * (singles @ np.abs(by_prediction)), axis=1)
        true_ranks[:, block] = singles @ by_truth
        predicted_ranks[:, block] = singles @ by_prediction
    return (
        _ratio(agreeing, pairs_by_truth * pairs_by_prediction),
        _ratio(
            np.sum(counts * true_ranks * predicted_ranks, axis=1),
            np.sum(counts * true_ranks**2, axis=1) * np.sum(counts * predicted_ranks**2, axis=1),
        ),
    )


def resampled_r_squared(truth: Values, predicted: Values, counts: Counts) -> Values:
    """R2 on each resample, shape (n_resamples,), as `r_squared` gives it. Arguments as for `resampled_ranks`."""
    means = counts @ truth / np.maximum(counts.sum(axis=1), 1.0)
    total = np.sum(counts * (truth - means[:, None]) ** 2, axis=1)
    lowest, highest = (np.where(counts > 0, truth, bound) for bound in (np.inf, -np.inf))
    is_constant = lowest.min(axis=1) >= highest.max(axis=1)
    missed = counts @ (truth - predicted) ** 2
    return np.where(is_constant, 0.0, 1.0 - missed / np.where(is_constant, 1.0, total))


def resampled_regret(truth: Values, predicted: Values, counts: Counts) -> Values:
    """Regret of the top twentieth on each resample, shape (n_resamples,), as `top_regret` gives it, with as many in
    the top as without resampling. Arguments as for `resampled_ranks`."""
    repeated = counts.astype(np.int64)
    k = top_k(len(truth))
    return np.array([top_regret(np.repeat(truth, row), np.repeat(predicted, row), k) for row in repeated])


def derive_seed(seed: int, *path: int) -> int:
    """A seed of its own for each path, in [0, 2**32)."""
    return int(np.random.SeedSequence(seed, spawn_key=path).generate_state(1)[0])


def _ratio(above: Values, squared_below: Values) -> Values:
    is_defined = squared_below > 0
    return np.where(is_defined, above / np.sqrt(np.where(is_defined, squared_below, 1.0)), 0.0)
