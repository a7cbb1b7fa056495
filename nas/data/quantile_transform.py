"""Quantile transform: a number as the normal quantile of its rank among the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

MAX_KNOTS = 256
MIN_KNOTS = 3  # of two values the transform is affine, so that it tells a network nothing new
HEAVY_TAILS = 1.5  # exponential columns have 1.23, Student's t with 3 degrees of freedom 1.53, log-normal ones 2
NORMAL_INTERQUARTILE_RANGE = 1.349  # of a normal distribution with standard deviation 1


@dataclass(frozen=True)
class QuantileTransform:
    """A map from numbers to normal quantiles, linear between knots and constant beyond them.

    It keeps the order of numbers and nothing of their distances, so that no outlier is far from the others.

    Attributes:
        values: Values of training rows, ascending.
        quantiles: The normal quantile of each, ascending.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    values: tuple[float, ...]
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.quantiles) or len(self.values) < MIN_KNOTS:
            raise ValueError(f"{len(self.values)} values have {len(self.quantiles)} quantiles")
        if not all(low < high for knots in (self.values, self.quantiles) for low, high in pairwise(knots)):
            raise ValueError("values or quantiles do not ascend")

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The quantiles of numbers, of the same shape."""
        return np.interp(values, self.values, self.quantiles)


def fit_quantile_transform(values: NDArray[np.float64]) -> QuantileTransform | None:
    """The transform of a column: at most 256 of its different values, evenly spaced, the extremes among them.

    The quantile of the value of rank i of n, from 0, is that of the probability (i + 0.5) / n (Hazen); a value that is
    there several times has the mean of theirs.

    Args:
        values: Those of the training rows, float64 (n,), without NaN.

    Returns:
        None if there are fewer than 3 different values.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < MIN_KNOTS:
        return None
    first = np.cumsum(counts) - counts  # rank of the first of each value
    quantiles = np.add.reduceat(_normal_quantiles(len(values)), first) / counts
    knots = np.linspace(0, len(distinct) - 1, min(len(distinct), MAX_KNOTS)).round().astype(np.int64)
    return QuantileTransform(tuple(distinct[knots].tolist()), tuple(quantiles[knots].tolist()))


def has_heavy_tails(values: NDArray[np.float64], std: float) -> bool:
    """Whether a column varies more than its middle half suggests.

    That is, whether its standard deviation is more than 1.5 times that of a normal distribution with the same
    interquartile range: a few values are far out, and all others lie close together once it is standardised.

    Args:
        values: Those of the training rows, float64 (n,), without NaN.
        std: Their standard deviation.
    """
    low, high = np.quantile(values, (0.25, 0.75))
    return bool(std > HEAVY_TAILS * (high - low) / NORMAL_INTERQUARTILE_RANGE)


@cache
def _normal_quantiles(n: int) -> NDArray[np.float64]:
    """Quantiles of the probabilities (i + 0.5) / n, ascending."""
    quantile = NormalDist().inv_cdf
    quantiles = np.array([quantile((rank + 0.5) / n) for rank in range(n)])
    quantiles.setflags(write=False)
    return quantiles
