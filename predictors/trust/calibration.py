"""Calibration: whether intervals hold as many of the scores as they promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.trust.cross_validation import CrossValidated
from predictors.trust.estimate import Estimate
from predictors.trust.resampling import Counts

COVERAGES = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Coverage:
    """What intervals of one promised coverage held of networks that were not learned from.

    Attributes:
        promised: Share of the scores that they should hold, in (0, 1).
        held: Share that they held, in [0, 1]; its error is at least that of as many independent networks.
        width: Mean width, in the unit of the scores; infinite where an interval had no bound.
    """

    promised: float
    held: Estimate
    width: float

    @property
    def is_too_narrow(self) -> bool:
        """Whether they held too few, by more than two standard errors."""
        return self.held.value + 2 * self.held.error < self.promised

    @property
    def is_too_wide(self) -> bool:
        """Whether they held too many, by more than two standard errors."""
        return self.held.is_above(self.promised, n_errors=2.0)


def measure_coverage(
    truth: NDArray[np.float64],
    model: CrossValidated,
    counts: Counts,
    coverages: tuple[float, ...] = COVERAGES,
) -> tuple[Coverage, ...]:
    """The coverage of out-of-fold intervals.

    Args:
        truth: True scores, shape (n,).
        model: Predictions with bounds at these coverages.
        counts: Resamples of the networks, shape (n_resamples, n).
        coverages: Those at which `model` has bounds.
    """
    lower, upper = model.bounds[..., 0], model.bounds[..., 1]  # (n_repeats, n, n_coverages)
    is_held = (lower <= truth[:, None]) & (truth[:, None] <= upper)
    widths = (upper - lower).mean(axis=(0, 1))
    found = []
    for i, promised in enumerate(coverages):
        of_each = is_held[:, :, i].mean(axis=0)  # share of the repeats, (n,)
        resampled = counts @ of_each / counts.sum(axis=1)
        held = Estimate.of(is_held[:, :, i].mean(axis=1), resampled)
        # Where all are held, resamples do not differ.
        least_error = math.sqrt(promised * (1 - promised) / len(truth))
        found.append(Coverage(promised, Estimate(held.value, max(held.error, least_error)), float(widths[i])))
    return tuple(found)
