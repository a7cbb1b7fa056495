"""A deadline that is checked before every fit, so that judging a predictor ends in time with what is known by then."""

from __future__ import annotations

import time

from predictors.regressors.protocol import Make, Regressor


class OutOfTime(Exception):
    """The deadline has passed, and a regressor would have to be fitted."""


def until(deadline: float | None, make: Make) -> Make:
    """Makes the same regressors before the deadline, and raises `OutOfTime` after it.

    Whoever fits a regressor makes it first, so that the time beyond the deadline is at most that of one fit.

    Args:
        deadline: In seconds of `time.monotonic`; None for none.
        make: Makes a regressor from a seed.
    """
    if deadline is None:
        return make

    def made(seed: int) -> Regressor:
        if time.monotonic() > deadline:
            raise OutOfTime
        return make(seed)

    return made
