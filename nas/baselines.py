"""What a run is compared with, on the same split: dense networks, and gradient-boosted trees."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from nas.engine.population import score
from nas.engine.recipe import Hyperparameters
from nas.generation import Course
from nas.jobs import Job, Leg
from nas.seeding import Stream, seed_words
from nas.workers import Workers
from search_spaces import AnyWiring, RecurrentWiring
from search_spaces.wiring import Wiring

DENSE_RATES = (1e-3, 3e-3, 1e-2)
HIDDEN_UNITS = 100
DENSE_ACTIVATION = "relu"
MAX_ITERATIONS = 100  # of boosting, scikit-learn's default
SECONDS_A_TREE, SECONDS_A_VALUE, SECONDS_A_BINNED_VALUE = 1.6e-3, 4e-9, 1.3e-7


@dataclass(frozen=True)
class Baseline:
    """One row of the comparison.

    Attributes:
        name: What it is.
        test_score: Its score on the test rows.
        n_weights: Its weights; None where it has none.
        seconds: Time its training took, choosing its learning rate included.
    """

    name: str
    test_score: float
    n_weights: int | None
    seconds: float


def dense_wiring(n_inputs: int, n_hidden: int, n_outputs: int) -> Wiring:
    """A fully connected network with one hidden layer."""
    sources = np.concatenate(
        [np.tile(np.arange(n_inputs), n_hidden), np.tile(n_inputs + np.arange(n_hidden), n_outputs)]
    )
    targets = np.concatenate(
        [np.repeat(np.arange(n_hidden), n_inputs), n_hidden + np.repeat(np.arange(n_outputs), n_hidden)]
    )
    return Wiring.from_edges(n_inputs, n_hidden, n_outputs, sources.astype(np.int64), targets.astype(np.int64))


def dense_wirings(n_inputs: int, n_outputs: int, n_weights: int) -> dict[str, Wiring]:
    """The dense networks to compare with, by name: one of about as many weights, and one of 100 hidden units."""
    n_equal = max(1, round(n_weights / (n_inputs + n_outputs)))
    return {
        f"dense MLP, {n_equal} hidden units (equal weights)": dense_wiring(n_inputs, n_equal, n_outputs),
        f"dense MLP, {HIDDEN_UNITS} hidden units": dense_wiring(n_inputs, HIDDEN_UNITS, n_outputs),
    }


def choose_dense_rates(
    wirings: Mapping[str, AnyWiring], workers: Workers, course: Course, deadline: float | None
) -> tuple[dict[str, float], dict[str, float]]:
    """The learning rate of each dense network with the best validation score after a third of a training.

    Returns:
        Rates, and the seconds spent, by name; a network for which time was too short gets the middle rate.
    """
    jobs = [
        dense_job(f"{name}|{rate}", wiring, rate, course.run_seed)
        for name, wiring in wirings.items()
        for rate in DENSE_RATES
    ]
    leg = Leg(course.recipe, course.rung_steps[1], course.scored_columns, deadline)
    best = dict.fromkeys(wirings, (-math.inf, DENSE_RATES[1]))
    seconds = dict.fromkeys(wirings, 0.0)
    for result in workers.train(jobs, leg, one_by_one=True):
        name, rate = result.key.rsplit("|", 1)
        seconds[name] += result.seconds
        if result.scores:
            best[name] = max(best[name], (result.scores[0], float(rate)))
    return {name: rate for name, (_, rate) in best.items()}, seconds


def dense_job(key: str, wiring: AnyWiring, rate: float, run_seed: int) -> Job:
    """A dense network as the workers take it."""
    is_recurrent = isinstance(wiring, RecurrentWiring)
    n_hidden = wiring.n_units if isinstance(wiring, RecurrentWiring) else wiring.n_hidden
    words = tuple(seed_words(run_seed, Stream.BASELINES, n_hidden))
    return Job(key, wiring, None if is_recurrent else DENSE_ACTIVATION, Hyperparameters(rate), (words,))


def boosted_trees(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    x_test: NDArray[Any],
    y_test: NDArray[np.float32],
    task: str,
    run_seed: int,
    limit_s: float,
) -> Baseline | None:
    """scikit-learn's HistGradientBoosting with its defaults, or as many of its iterations as the time allows.

    Args:
        x: float32 (n_inputs, n), feature-major; ``y``: float32 (n,).
        x_test, y_test: The test rows in the same form.
        task: "classification" or "regression".
        run_seed: Seed of the run.
        limit_s: Seconds that it may take, about.

    Returns:
        None if the time does not allow a single iteration.
    """
    start = time.monotonic()
    n_classes = len(np.unique(y)) if task == "classification" else 1
    binning_s, iteration_s = _boosting_seconds(x.shape, n_classes)
    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    n_iterations = 0
    # One thread: more wait for one another longer than they work, and without end on a machine that is busy.
    with threadpool_limits(1, user_api="openmp"):
        if binning_s + MAX_ITERATIONS * iteration_s < 0.8 * limit_s:
            n_iterations = MAX_ITERATIONS
        elif binning_s + iteration_s < limit_s:  # too near to rely on the estimate: a first tree tells
            kind(max_iter=1, random_state=run_seed).fit(x.T, y)
            first_s = time.monotonic() - start
            n_iterations = min(MAX_ITERATIONS, max(1, int((limit_s - 2 * first_s) / iteration_s)))
        if n_iterations == 0:
            return None
        model = kind(max_iter=n_iterations, random_state=run_seed).fit(x.T, y)
        seconds = time.monotonic() - start
        predicted = model.predict(x_test.T)
    if task == "classification":
        test_score = float(np.mean(predicted == y_test))
    else:
        test_score = score(predicted[None].astype(np.float32), y_test, task)
    name = "HistGradientBoosting"
    if n_iterations < MAX_ITERATIONS:
        name += f" ({n_iterations} of {MAX_ITERATIONS} iterations: time was short)"
    return Baseline(name, test_score, None, seconds)


def boosting_seconds(shape: tuple[int, ...], n_classes: int) -> float:
    """About how long all iterations of boosting take, from measurements on 350 to 60,000 rows.

    Args:
        shape: (n_inputs, n) of the inputs.
        n_classes: Classes; 1 for regression.
    """
    binning_s, iteration_s = _boosting_seconds(shape, n_classes)
    return binning_s + MAX_ITERATIONS * iteration_s


def _boosting_seconds(shape: tuple[int, ...], n_classes: int) -> tuple[float, float]:
    n_values, n_trees = math.prod(shape), n_classes if n_classes > 2 else 1
    return SECONDS_A_BINNED_VALUE * n_values, n_trees * (SECONDS_A_TREE + SECONDS_A_VALUE * n_values)
