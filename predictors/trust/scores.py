"""How well predicted scores agree with true ones. Each is defined for every input, and none depends on the order of
the networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

TOP_SHARE = 0.05


def kendall_tau(truth: Values, predicted: Values) -> float:
    """Kendall's tau-b, in [-1, 1]: 1 is the same order, 0 is chance.

    Source: Kendall, "The treatment of ties in ranking problems" (1945).

    Args:
        truth: Shape (n,).
        predicted: Shape (n,).

    Returns:
        0 where either is constant, or there are fewer than two networks: nothing is ranked.
    """
    # Here and below, because scipy.stats takes half a second to import.
    from scipy.stats import kendalltau

    if _is_constant(truth) or _is_constant(predicted):
        return 0.0
    return float(kendalltau(truth, predicted).statistic)


def spearman(truth: Values, predicted: Values) -> float:
    """Spearman's rank correlation, in [-1, 1]; 0 where either is constant. Arguments as for `kendall_tau`."""
    from scipy.stats import rankdata

    if _is_constant(truth) or _is_constant(predicted):
        return 0.0
    return float(np.corrcoef(rankdata(truth), rankdata(predicted))[0, 1])


def r_squared(truth: Values, predicted: Values) -> float:
    """Share of the variance that is explained: 1 is exact, 0 no better than the mean of the truth, below 0 worse.

    Args:
        truth: Shape (n,).
        predicted: Shape (n,).

    Returns:
        At most 1; 0 where the truth is constant.
    """
    if _is_constant(truth):
        return 0.0
    return 1.0 - float(((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def top_regret(truth: Values, predicted: Values, k: int | None = None) -> float:
    """What is lost by training only the k that are predicted best: the best true score less the best among them.

    Where equal predictions straddle the k-th place, those that get in are drawn, and this is the expectation.

    Args:
        truth: Shape (n,).
        predicted: Shape (n,).
        k: At least 1; None for a twentieth of n, at least 1.

    Returns:
        0 or more, in the unit of the scores; 0 for no networks.
    """
    n = len(truth)
    if n == 0:
        return 0.0
    k = min(top_k(n) if k is None else k, n)
    cut = np.partition(predicted, n - k)[n - k]  # the k-th largest
    above = truth[predicted > cut]
    tied = np.sort(truth[predicted == cut])[::-1]  # best first
    n_drawn = k - len(above)
    # The i-th best of the tied is drawn, given that no better one was, with probability n_drawn of those left.
    drawn = np.minimum(n_drawn / (len(tied) - np.arange(len(tied))), 1.0)
    is_best = drawn * np.concatenate([[1.0], np.cumprod(1.0 - drawn)[:-1]])
    reached = float(is_best @ np.maximum(tied, above.max(initial=-np.inf)))
    return max(float(truth.max()) - reached, 0.0)  # rounding must not make it a gain


def top_k(n: int) -> int:
    """How many of n networks count as the top: a twentieth, at least 1."""
    return max(1, round(TOP_SHARE * n))


def _is_constant(values: Values) -> bool:
    return len(values) < 2 or bool((values == values[0]).all())
