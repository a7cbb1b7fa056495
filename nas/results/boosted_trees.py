"""scikit-learn's gradient-boosted trees within a time, in a worker process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nas.baseline_seconds import MAX_ITERATIONS
from nas.data.shared import Rows, SharedRows


@dataclass(frozen=True, eq=False)
class Boosted:
    """What the trees say.

    Attributes:
        predicted: float32 (n_test,), class numbers or values.
        n_iterations: How many there were time for, at most 100.
        seconds: Time that learning took.
    """

    predicted: NDArray[np.float32]
    n_iterations: int
    seconds: float


def boost(
    rows: SharedRows, stop: Callable[[], bool], test: SharedRows, task: str, seed: int, limit_s: float
) -> Boosted:
    """Learn from all rows, with scikit-learn's defaults but without early stopping, and predict the test rows.

    Args:
        rows: What to learn from.
        stop: Asked after each iteration; when true, boosting ends with the iterations so far.
        test: What to predict; its targets are not looked at.
        task: "classification" or "regression".
        seed: Of scikit-learn.
        limit_s: Seconds after which there are no more iterations either, from when scikit-learn is loaded.
    """
    # Loaded here, in the worker: it takes seconds, which the start of a run can do without.
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    start, stored = time.monotonic(), rows.open()
    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    model = kind(
        max_iter=MAX_ITERATIONS,
        random_state=seed,
        # Stopping early by a score that rises while there is time, and then falls.
        early_stopping=True,
        validation_fraction=None,
        n_iter_no_change=1,
        tol=0.0,
        scoring=_rising_until(lambda: stop() or time.monotonic() > start + limit_s),
    )
    # One thread: more wait for one another longer than they work, and without end on a machine that is busy.
    with threadpool_limits(1, user_api="openmp"):
        model.fit(_numbers(stored), stored.y)
        seconds = time.monotonic() - start
        predicted = model.predict(_numbers(test.open()))
    return Boosted(predicted.astype(np.float32), model.n_iter_, seconds)


def _numbers(rows: Rows) -> NDArray[np.float32]:
    """The inputs that stored values stand for, float32 (n, n_inputs)."""
    return rows.x * rows.scale + rows.shift


def _rising_until(stop: Callable[[], bool]) -> Callable[[Any, Any, Any], float]:
    n_asked = 0

    def scoring(_model: Any, _x: Any, _y: Any) -> float:
        nonlocal n_asked
        n_asked += 1
        return -1.0 if stop() else float(n_asked)

    return scoring
