"""How much chance is in a test score, and in the difference between two on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
MIN_RESAMPLES, MAX_RESAMPLES = 200, 1000
MAX_DRAWS = 4_000_000  # of rows in all resamples; more only take time
DRAWS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Comparison:
    """The difference between two scores on the same rows.

    Attributes:
        difference: The first score less the second.
        standard_error: Its standard error, from paired rows.
        p_value: Of McNemar's test, the mid-p value in (0, 1]; None for regression.
    """

    difference: float
    standard_error: float
    p_value: float | None


def standard_error(predicted: Values, targets: Values, task: str, seed: int) -> float:
    """The standard error of a test score: binomial for accuracy, by bootstrap for r2.

    Args:
        predicted: float32 (n,), class numbers or values.
        targets: float32 (n,), likewise; not all equal for regression.
        task: "classification" or "regression".
        seed: Of the bootstrap.
    """
    if task == "classification":
        accuracy = float(np.mean(predicted == targets))
        return math.sqrt(accuracy * (1.0 - accuracy) / len(targets))
    return float(np.nanstd(_resampled_r2([predicted], targets, seed)))


def compare(first: Values, second: Values, targets: Values, task: str, seed: int) -> Comparison:
    """Compare two predictions of the same test rows.

    The standard error of a difference in accuracy is that of the mean of the rows' differences, each -1, 0 or 1. That
    of a difference in r2 is from the bootstrap, with both scored on the same drawn rows.

    Args:
        first, second: float32 (n,), class numbers or values.
        targets: float32 (n,), likewise; not all equal for regression.
        task: "classification" or "regression".
        seed: Of the bootstrap.
    """
    if task == "classification":
        n, first_is_right, second_is_right = len(targets), first == targets, second == targets
        only_first = int(np.sum(first_is_right & ~second_is_right))
        only_second = int(np.sum(second_is_right & ~first_is_right))
        difference = (only_first - only_second) / n
        error = math.sqrt(max(0.0, (only_first + only_second) / n - difference**2) / n)
        return Comparison(difference, error, mcnemar_mid_p(only_first, only_second))
    scores = _resampled_r2([first, second], targets, seed)
    difference = r2(first, targets) - r2(second, targets)
    return Comparison(difference, float(np.nanstd(scores[0] - scores[1])), None)


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """The mid-p value of McNemar's test, two-sided, in (0, 1].

    The exact binomial test on the rows that only one of the two has right, with half the weight on what was observed
    (Fagerland, Lydersen & Laake 2013, section 2.4). It counts in integers, so that nothing is rounded before the end.

    Args:
        only_first, only_second: Rows that the first alone, or the second alone, has right.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    n_below, n_here = 0, 1  # ways to choose fewer than k of the n rows, and exactly k
    for k in range(fewer):
        n_below += n_here
        n_here = n_here * (n - k) // (k + 1)
    p_value: float = (2 * n_below + n_here) / 2**n
    return p_value


def r2(predicted: Values, targets: Values) -> float:
    """The coefficient of determination, at most 1; targets must not all be equal."""
    errors, spread = targets.astype(np.float64) - predicted, targets - targets.mean(dtype=np.float64)
    return float(1.0 - (errors @ errors) / (spread @ spread))


def _resampled_r2(predictions: Sequence[Values], targets: Values, seed: int) -> NDArray[np.float64]:
    """r2 of each prediction on rows drawn with replacement (Efron 1979).

    Returns:
        float64 (n_predictions, n_resamples); NaN where all drawn targets are equal.
    """
    n, y = len(targets), targets - targets.mean(dtype=np.float64)
    squares = ((targets.astype(np.float64) - predicted) ** 2 for predicted in predictions)
    of_rows = np.stack([y, y**2, *squares], axis=1)  # (n, 2 + n_predictions)
    n_resamples = min(MAX_RESAMPLES, max(MIN_RESAMPLES, MAX_DRAWS // n))
    rng, sums = np.random.default_rng(seed), np.empty((n_resamples, of_rows.shape[1]))
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, n_resamples, step):
        drawn = rng.integers(n, size=(min(step, n_resamples - start), n))
        counts = np.stack([np.bincount(rows, minlength=n) for rows in drawn])  # (resamples, n)
        sums[start : start + len(counts)] = counts @ of_rows
    spread = sums[:, 1] - sums[:, 0] ** 2 / n  # (n_resamples,)
    return np.asarray(1.0 - sums[:, 2:].T / np.where(spread > 0.0, spread, np.nan))
