"""Mean, variance and standard deviation of a measure over the vertices or edges of a graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOMENTS = ("mean", "variance", "deviation")


def moment_names(measure: str) -> tuple[str, ...]:
    """Names of the three values that `moments` gives, in its order."""
    return tuple(f"{measure}_{moment}" for moment in MOMENTS)


def moments(values: NDArray[np.float64]) -> list[float]:
    """Mean, sample variance and sample standard deviation (divisor k - 1) of k values.

    The mean of no value is 0; variance and deviation of fewer than two values are 0.

    Args:
        values: Finite numbers, shape (k,).
    """
    if values.size == 0:
        return [0.0, 0.0, 0.0]
    if values.size == 1:
        return [float(values[0]), 0.0, 0.0]
    variance = float(np.var(values, ddof=1))
    return [float(np.mean(values)), variance, variance**0.5]
