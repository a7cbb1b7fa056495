"""How searches are compared: fronts by the area they dominate, and methods by paired differences over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Point = tuple[int, float]
"""Weights and score of a network."""

SMALL_SHARE = 16
"""Small is a network with so many times fewer weights than are allowed, or less."""


def hypervolume(points: Iterable[Point], floor: float, end: int) -> float:
    """Area above the floor that networks dominate, in score times doublings of size.

    It is the integral, over log2 of the weights up to an end, of the best score at no more weights, as far as it is
    above the floor.

    Args:
        points: Weights (at least 1) and score of each network; those beyond the end do not count.
        floor: Score from which the area counts.
        end: Weights up to which the area counts, common to all that are compared.
    """
    area, best, last = 0.0, 0.0, 0.0
    for weights, score in sorted(points):
        if weights > end:
            break
        size = math.log2(weights)
        area += best * (size - last)
        best, last = max(best, score - floor), size
    return area + best * (math.log2(end) - last)


def non_dominated(points: Iterable[Point]) -> list[Point]:
    """Those of which no other is as small and better, or smaller and as good, by size; of equals one."""
    front: list[Point] = []
    for weights, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or score > front[-1][1]:
            front.append((weights, score))
    return front


def floor_of(fronts: Iterable[Sequence[Point]], most_weights: int) -> float:
    """A floor common to all fronts of a data set: what a small network scores.

    It is the median, over the fronts that have small networks, of the best score of these; if none has, the lowest
    score of any network. (The best of all fronts would be a lucky one, above much of what is to be compared.)
    """
    fronts = list(fronts)
    small = [[score for weights, score in front if weights * SMALL_SHARE <= most_weights] for front in fronts]
    best = [max(scores) for scores in small if scores]
    return float(np.median(best)) if best else min((score for front in fronts for _, score in front), default=0.0)


def doublings(weights: Iterable[int]) -> set[int]:
    """Which doublings of size some networks lie in: number k has 2^k to 2^(k+1) - 1 weights."""
    return {int(n).bit_length() - 1 for n in weights}


@dataclass(frozen=True)
class Difference:
    """A paired difference over seeds.

    Attributes:
        mean: Mean of the differences; NaN of none.
        standard_error: Of the mean; NaN of fewer than two.
        n: How many pairs.
    """

    mean: float
    standard_error: float
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether the mean is above 0 by more than two standard errors."""
        return self.mean > 2 * self.standard_error

    def __str__(self) -> str:
        if self.n == 0:
            return "-"
        error = f" ± {self.standard_error:.4f}" if self.n > 1 else ""
        return f"{self.mean:+.4f}{error}"


def paired(values: Mapping[int, float], others: Mapping[int, float]) -> Difference:
    """Values less others, by seed; seeds that either lacks, or has NaN for, are left out."""
    seeds = [seed for seed in values.keys() & others.keys() if not math.isnan(values[seed] - others[seed])]
    differences = np.array([values[seed] - others[seed] for seed in seeds])
    n = len(differences)
    error = float(differences.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return Difference(float(differences.mean()) if n else math.nan, error, n)


def mean_and_error(values: Sequence[float]) -> str:
    """The mean of what is not NaN, and its standard error where there are several."""
    known = np.array([value for value in values if not math.isnan(value)])
    if len(known) == 0:
        return "-"
    error = f" ± {known.std(ddof=1) / math.sqrt(len(known)):.4f}" if len(known) > 1 else ""
    return f"{known.mean():.4f}{error}"
