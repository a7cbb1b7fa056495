"""Learning rates over a training."""

from __future__ import annotations

import math

import numpy as np

from nas.engine.layout import Float32

SCHEDULES = ("constant", "cosine", "one-cycle")

WARM_UP_SHARE, START_DIVISOR, END_DIVISOR = 0.3, 25.0, 1e4  # of one-cycle; torch's defaults


def learning_rates(schedule: str, peak: float, first_step: int, last_step: int, total_steps: int) -> Float32:
    """Learning rates of the steps first_step..last_step-1.

    - "constant": the peak all along.
    - "cosine": from the peak to 0 without restarts (Loshchilov & Hutter 2017, equation 5).
    - "one-cycle": up to the peak in the first 30 % of the steps and down to almost nothing, along cosines
      (Smith & Topin 2018; what torch's OneCycleLR does by default).

    Args:
        schedule: One of ``SCHEDULES``.
        peak: Highest rate.
        first_step, last_step: Steps, from 0.
        total_steps: Steps of the whole training, at least 1.

    Returns:
        float32 (last_step - first_step,).
    """
    steps = np.arange(first_step, last_step, dtype=np.float64)
    if schedule == "constant":
        rates = np.full(len(steps), peak)
    elif schedule == "cosine":
        rates = _cosine(peak, 0.0, steps / total_steps)
    elif schedule == "one-cycle":
        start, end = peak / START_DIVISOR, peak / START_DIVISOR / END_DIVISOR
        top, last = max(WARM_UP_SHARE * total_steps - 1, 0.0), total_steps - 1
        rise = _cosine(start, peak, steps / max(top, 1e-9))
        fall = _cosine(peak, end, (steps - top) / max(last - top, 1e-9))
        rates = np.where(steps < top, rise, fall)
    else:
        raise ValueError(f"The schedule must be one of {', '.join(SCHEDULES)}. Got {schedule!r}.")
    return rates.astype(np.float32)


def _cosine(
    start: float, end: float, share: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """From start to end along half a cosine; share 0..1."""
    return end + (start - end) * 0.5 * (1.0 + np.cos(math.pi * share))
