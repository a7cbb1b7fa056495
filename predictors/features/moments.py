"""How a measure is distributed over the vertices or edges of a graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOMENTS = ("mean", "variance", "deviation")
SHAPE = ("skewness", "minimum", "maximum")


def moment_names(measure: str) -> tuple[str, ...]:
    """Names of the three values that `moments` gives, in its order."""
    return tuple(f"{measure}_{moment}" for moment in MOMENTS)


def distribution_names(measure: str) -> tuple[str, ...]:
    """Names of the six values that `distribution` gives, in its order."""
    return tuple(f"{measure}_{value}" for value in (*MOMENTS, *SHAPE))


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


def distribution(values: NDArray[np.float64]) -> list[float]:
    """`moments`, skewness, smallest and largest of k values.

    Skewness is the mean cube of the standardised values, mean((x - mean)^3) / mean((x - mean)^2)^(3/2), in which 0 is
    symmetric. It is 0 where all values are equal but for rounding: within 1e-9 of the largest. Of no value everything
    is 0.

    Args:
        values: Finite numbers, shape (k,).
    """
    if values.size == 0:
        return [0.0] * 6
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return [*moments(values), 0.0, low, high]
    centred = (values - values.mean()) / (high - low)
    skewness = float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)
    return [*moments(values), skewness, low, high]
