"""Real worker processes: equal results, deaths, interruption, and nothing left behind.

A job whose weight seeds are ``map(os._exit, [3])`` looks like any other until its weights are drawn, in the worker.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import small_runs
from worker_jobs import ENDLESS, JOBS, N_ROWS, N_TRAIN, RECIPE, WHOLE, check, job

from nas.data.shared import SharedRows
from nas.engine.layout import lay_out
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters
from nas.engine.state import initial_state
from nas.inputs import engine_rows
from nas.jobs import Leg, Result
from nas.workers import Stage, Workers, _balanced_groups


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> SharedRows:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_ROWS, 5)).astype(np.float32)
    return SharedRows.write(tmp_path_factory.mktemp("rows"), x, rng.integers(3, size=N_ROWS))


@pytest.fixture(scope="module")
def pool(rows: SharedRows) -> Iterator[Workers]:
    with Workers(2, rows) as workers:
        list(workers.train(JOBS[:2], Leg(RECIPE, 1, None)))  # load the kernels
        yield workers


@pytest.fixture(scope="module")
def expected(rows: SharedRows) -> dict[str, tuple[Any, tuple[float, ...]]]:
    """Parameters and scores of the jobs, each trained alone in this process."""
    stored = rows.open()
    x, y = engine_rows(stored), stored.y
    results = {}
    for each in JOBS:
        network = lay_out(each.wiring, each.activation)
        start = initial_state(network, each.weight_seeds)
        (state,) = train([network], [each.hyperparameters], [start], x, y, RECIPE, RECIPE.total_steps)
        outputs = [predict(network, parameters, x, N_TRAIN, N_ROWS) for parameters in state.parameters]
        results[each.key] = state, tuple(score(o, y[N_TRAIN:], RECIPE.task) for o in outputs)
    return results


def once(action: Callable[[], None]) -> Callable[[], None]:
    done: list[bool] = []

    def act() -> None:
        if not done:
            done.append(True)
            action()

    return act


def test_workers_train_as_this_process_does(pool: Workers, expected: dict[str, Any]) -> None:
    check(list(pool.train(JOBS, WHOLE)), expected, [each.key for each in JOBS])


def test_no_jobs_give_no_results(pool: Workers) -> None:
    assert list(pool.train([], WHOLE)) == []


def test_waiting_is_announced(pool: Workers) -> None:
    calls: list[float] = []
    list(pool.train(JOBS[:1], WHOLE, lambda: calls.append(time.monotonic())))

    assert calls


def collected(pool: Workers, stages: Sequence[Stage]) -> list[tuple[Stage, Result]]:
    """The results of stages in the order in which they come."""
    results = []
    while any(stage.n_left for stage in stages):
        results += pool.collect()
    return results


def test_stages_of_different_lengths_are_trained_side_by_side(pool: Workers, expected: dict[str, Any]) -> None:
    whole, short = Stage(JOBS[:4], WHOLE), Stage(JOBS[2:], Leg(RECIPE, 10, None))
    assert (whole.n_left, short.n_left) == (4, 4)
    for stage in (whole, short):
        pool.start(stage)
    results = collected(pool, [whole, short])

    check([result for stage, result in results if stage is whole], expected, [each.key for each in JOBS[:4]])
    of_short = [result for stage, result in results if stage is short]
    assert sorted(result.key for result in of_short) == sorted(each.key for each in JOBS[2:])
    assert all(result.state is not None and result.state.steps_done == 10 for result in of_short)
    assert pool.collect() == []


def test_jobs_of_an_urgent_stage_come_before_those_that_wait(rows: SharedRows) -> None:
    leg = Leg(RECIPE, 3000, None)
    with Workers(1, rows) as workers:
        patient, urgent = Stage([job(number) for number in range(8)], leg), Stage([job(99)], leg)
        workers.start(patient, urgency=1, one_by_one=True)
        workers.start(urgent, urgency=0)
        order = [stage for stage, _ in collected(workers, [patient, urgent])]

    assert order.index(urgent) <= 2  # one job is in training by then, and one is with the worker already
    assert order.count(patient) == 8


def test_jobs_one_by_one_are_done_in_their_order(rows: SharedRows) -> None:
    jobs = [job(number) for number in (4, 0, 3, 5, 1, 2)]
    with Workers(1, rows) as workers:
        results = workers.train(jobs, Leg(RECIPE, 10, None), one_by_one=True)
        assert [result.key for result in results] == [each.key for each in jobs]


@pytest.mark.parametrize("which", [slice(0, 1), slice(None)], ids=["one worker", "all workers"])
def test_killing_workers_costs_nothing(pool: Workers, expected: dict[str, Any], which: slice) -> None:
    killed: list[psutil.Process] = []

    def kill() -> None:
        busy = [p for p in small_runs.workers_here() if p.cpu_percent(interval=0.05) > 0]
        for worker in busy[which]:
            worker.kill()
            killed.append(worker)

    results = list(pool.train(JOBS, WHOLE, once(kill)))

    assert killed
    check(results, expected, [each.key for each in JOBS])


@pytest.mark.parametrize(
    ("deadly", "reason"),
    [
        (lambda: map(os._exit, [3]), "the worker exited with code 3, twice"),
        (lambda: map(signal.raise_signal, [signal.SIGSEGV]), "the worker was killed by signal 11, twice"),
        (
            lambda: map(signal.raise_signal, [signal.SIGKILL]),
            "the worker was killed by signal 9 (often out of memory), twice",
        ),
    ],
    ids=["exit", "segfault", "killed"],
)
def test_a_job_that_kills_its_worker_fails_alone(
    pool: Workers, expected: dict[str, Any], deadly: Callable[[], Any], reason: str
) -> None:
    poison = job(99, weight_seeds=(deadly(),))
    results = {result.key: result for result in pool.train([*JOBS, poison], WHOLE)}

    failed = results.pop(poison.key)
    assert failed.failure == reason
    assert (failed.state, failed.scores) == (None, ())
    check(list(results.values()), expected, [each.key for each in JOBS])


def test_a_job_without_memory_fails_alone(pool: Workers, expected: dict[str, Any]) -> None:
    huge = job(99, weight_seeds=range(10**12))  # as many sets of weights
    results = {result.key: result for result in pool.train([*JOBS, huge], WHOLE)}

    failed = results.pop(huge.key)
    assert failed.failure is not None and "memory" in failed.failure.lower()
    check(list(results.values()), expected, [each.key for each in JOBS])


def test_idle_workers_that_are_killed_are_replaced(pool: Workers, expected: dict[str, Any]) -> None:
    for worker in small_runs.workers_here():
        worker.kill()
    time.sleep(0.5)  # until the pool has noticed

    check(list(pool.train(JOBS[:1], WHOLE)), expected, [JOBS[0].key])


def test_a_poison_fails_even_where_nothing_else_runs(pool: Workers, expected: dict[str, Any]) -> None:
    class Poison(str):
        def __reduce__(self) -> tuple[Any, ...]:
            return os._exit, (3,)  # when the worker reads the job

    poison = replace(job(99), key=Poison("poison"))
    (result,) = pool.train([poison], WHOLE)

    assert (result.state, result.scores) == (None, ())
    assert result.failure
    check(list(pool.train(JOBS[:1], WHOLE)), expected, [JOBS[0].key])


def test_killing_workers_in_a_map_costs_nothing(pool: Workers) -> None:
    pool.map(abs, [1, 2])
    timer = threading.Timer(0.5, lambda: [worker.kill() for worker in small_runs.workers_here()])
    timer.start()
    results = pool.map(time.sleep, [1.0, 1.0])
    timer.join()

    assert results == [None, None]


def test_a_diverging_job_fails_alone(pool: Workers, expected: dict[str, Any]) -> None:
    wild = replace(job(50), hyperparameters=Hyperparameters(1e30))
    results = {result.key: result for result in pool.train([*JOBS, wild], WHOLE)}

    failed = results.pop(wild.key)
    assert failed.failure is not None and failed.failure.startswith("diverged: ")
    assert failed.scores == ()
    check(list(results.values()), expected, [each.key for each in JOBS])


def test_a_leg_without_scored_rows_gives_no_scores(pool: Workers) -> None:
    (result,) = pool.train(JOBS[:1], Leg(RECIPE, 10, None))

    assert result.scores == ()
    assert result.state is not None and result.state.steps_done == 10


def test_legs_in_parts_give_what_one_leg_gives(pool: Workers, expected: dict[str, Any]) -> None:
    (part,) = pool.train(JOBS[:1], Leg(RECIPE, 12_345, WHOLE.scored_columns))
    assert part.scores != ()
    results = list(pool.train([replace(JOBS[0], state=part.state)], WHOLE))

    check(results, expected, [JOBS[0].key])


def test_a_deadline_ends_training_in_between(pool: Workers, expected: dict[str, Any]) -> None:
    start = time.monotonic()
    results = list(pool.train(JOBS, Leg(ENDLESS, ENDLESS.total_steps, (N_TRAIN, N_ROWS), start + 0.5)))

    assert time.monotonic() - start < 60  # rather than hours
    assert sorted(result.key for result in results) == sorted(each.key for each in JOBS)
    for result in results:
        assert result.state is not None
        assert 0 <= result.state.steps_done < ENDLESS.total_steps
        assert (result.failure, result.scores) == (None, ())
    assert any(result.state is not None and result.state.steps_done > 0 for result in results)


def test_interrupted_training_goes_on_to_the_same_result(rows: SharedRows, expected: dict[str, Any]) -> None:
    with Workers(2, rows) as workers:
        list(workers.train(JOBS[:2], Leg(RECIPE, 1, None)))
        partial = list(workers.train(JOBS, WHOLE, once(workers.interrupt)))
    assert sorted(result.key for result in partial) == sorted(each.key for each in JOBS)
    assert all(result.failure is None and result.state is not None for result in partial)
    assert any(result.scores == () for result in partial)  # it came in time

    state_of = {result.key: result.state for result in partial}
    done = [result for result in partial if result.scores]
    rest = [replace(each, state=state_of[each.key]) for each in JOBS if each.key not in {r.key for r in done}]
    with Workers(1, rows) as workers:
        check(done + list(workers.train(rest, WHOLE)), expected, [each.key for each in JOBS])


def test_interrupted_workers_return_at_once(rows: SharedRows) -> None:
    with Workers(2, rows) as workers:
        list(workers.train(JOBS[:2], Leg(RECIPE, 1, None)))
        moments: list[float] = []

        def interrupt() -> None:
            workers.interrupt()
            moments.append(time.monotonic())

        results = list(workers.train(JOBS, Leg(ENDLESS, ENDLESS.total_steps, None), once(interrupt)))

    assert len(results) == len(JOBS)
    assert time.monotonic() - moments[0] < 10  # about one second on an idle machine


def test_leaving_the_context_leaves_no_process(rows: SharedRows) -> None:
    before = {p.pid for p in small_runs.workers_here()}
    with Workers(2, rows) as workers:
        assert workers.map(abs, [-1, 2, -3]) == [1, 2, 3]
        started = [p for p in small_runs.workers_here() if p.pid not in before]
        assert len(started) == 2

    assert small_runs.living(started) == []


def test_an_error_in_the_context_ends_running_jobs(rows: SharedRows) -> None:
    before = {p.pid for p in small_runs.workers_here()}
    started: list[psutil.Process] = []

    def fail() -> None:
        started.extend(p for p in small_runs.workers_here() if p.pid not in before)
        raise RuntimeError("stop here")

    start = time.monotonic()
    with pytest.raises(RuntimeError, match="stop here"), Workers(2, rows) as workers:
        list(workers.train(JOBS, Leg(ENDLESS, ENDLESS.total_steps, None), fail))

    assert started
    assert small_runs.living(started) == []
    assert time.monotonic() - start < 20


def test_map_keeps_the_order_and_gives_errors(pool: Workers) -> None:
    assert pool.map(math.sqrt, [float(n * n) for n in range(20)]) == [float(n) for n in range(20)]
    assert pool.map(abs, []) == []
    with pytest.raises(ValueError, match="math domain error"):
        pool.map(math.sqrt, [4.0, -1.0])


def test_groups_hold_each_job_once_and_balance_their_edges() -> None:
    groups = _balanced_groups(JOBS, 4)

    assert sorted(each.key for group in groups for each in group) == sorted(each.key for each in JOBS)
    assert len(groups) == 4
    costs = [sum(each.wiring.n_edges for each in group) for group in groups]
    assert max(costs) - min(costs) <= max(each.wiring.n_edges for each in JOBS)


def test_jobs_of_one_group_stand_at_the_same_step() -> None:
    network = lay_out(JOBS[0].wiring, "relu")
    begun = replace(JOBS[0], state=replace(initial_state(network, JOBS[0].weight_seeds), steps_done=7))
    groups = _balanced_groups([begun, *JOBS[1:]], 2)

    for group in groups:
        assert len({each.state.steps_done if each.state else 0 for each in group}) == 1


def test_a_stop_file_of_an_earlier_pool_is_removed(rows: SharedRows, expected: dict[str, Any]) -> None:
    (Path(rows.folder) / "stop").touch()
    with Workers(1, rows) as workers:
        check(list(workers.train(JOBS[:1], WHOLE)), expected, [JOBS[0].key])
