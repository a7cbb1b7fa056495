"""Calls in worker processes that must be over in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support import random_wiring

from nas.data.shared import SharedRows
from nas.engine.batches import plan_batches
from nas.engine.recipe import Hyperparameters, Recipe
from nas.jobs import Job, Leg
from nas.workers import Workers

RECIPE = Recipe("classification", plan_batches(300, (1, 2)), total_steps=30_000)
JOBS = [Job("a", random_wiring(0), "relu", Hyperparameters(1e-2), ((0, 0),))]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> SharedRows:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5)).astype(np.float32)
    return SharedRows.write(tmp_path_factory.mktemp("rows"), x, rng.integers(3, size=400))


@pytest.fixture(scope="module")
def pool(rows: SharedRows) -> Iterator[Workers]:
    with Workers(2, rows) as workers:
        list(workers.train(JOBS, Leg(RECIPE, 1, None)))  # load the kernels
        yield workers


def waited(rows: SharedRows, stop: Callable[[], bool], answer: str) -> tuple[str, Path, float]:
    """Wait until told to stop."""
    start = time.monotonic()
    while not stop():
        time.sleep(0.01)
    return answer, rows.folder, time.monotonic() - start


def deaf(rows: SharedRows, stop: Callable[[], bool]) -> None:
    """Never look whether to stop."""
    while True:
        time.sleep(0.1)


def test_a_call_stops_at_its_deadline_while_others_train(pool: Workers, rows: SharedRows) -> None:
    begun = pool.begin(waited, "done", deadline=time.monotonic() + 1.0)
    (result,) = pool.train(JOBS, Leg(RECIPE, 100, None))
    assert result.state is not None and result.state.steps_done == 100
    answer, folder, seconds = begun.result(timeout=20)
    assert (answer, folder) == ("done", rows.folder)
    assert seconds < 5.0


def test_a_call_that_does_not_stop_is_killed_and_the_pool_goes_on(pool: Workers) -> None:
    begun = pool.begin(deaf, deadline=time.monotonic() + 0.2)
    with pytest.raises(TimeoutError):
        begun.result(timeout=20)
    (result,) = pool.train(JOBS, Leg(RECIPE, 100, None))
    assert result.state is not None and result.state.steps_done == 100
