"""Candidates in worker processes: limits, interruption, and failures as values.

Workers keep no state between tasks but the mapped data, so a worker that is killed costs only what it was doing: its
candidates are tried once more, each alone, and one that kills its worker again has failed.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from nas.data.shared import SharedRows
from nas.errors import RunFailed
from nas.forkserver import start_forkserver
from nas.jobs import Job, Leg, Result, train_jobs
from nas.task_queue import DEATHS, TaskQueue

GROUPS_A_WORKER = 2  # more would balance better and gather each batch more often
KILL_AFTER_S = 1.0  # a call that is to be over
STOP_FILE = "stop"
LOOK_EVERY_S = 0.02  # for the stop file and the parent: a look takes as long as the step of a small network


@dataclass(eq=False)
class Stage:
    """Jobs that are trained to the same step.

    Attributes:
        jobs: What is trained; each gives exactly one result.
        leg: How far.
        n_left: Results that are still to come.
    """

    jobs: Sequence[Job]
    leg: Leg
    n_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_left = len(self.jobs)


@dataclass(frozen=True, eq=False)
class _Group:
    """Jobs of a stage that one worker trains side by side; after their worker died once, each is alone."""

    stage: Stage
    jobs: Sequence[Job]
    urgency: int
    is_again: bool = False


class Workers:
    """A pool of training processes over one data set."""

    def __init__(self, n_workers: int, rows: SharedRows) -> None:
        self._n_workers = n_workers
        self._rows = rows
        self._stop_file = rows.folder / STOP_FILE
        self._stop_file.unlink(missing_ok=True)
        self._context = multiprocessing.get_context("forkserver")
        start_forkserver()
        self._queue = TaskQueue(self._new_pool, n_workers)
        self._groups: dict[int, _Group] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.interrupt()
        self._queue.close(at_once=kind is not None)

    def interrupt(self) -> None:
        """Make all jobs return where they are, within a few batches."""
        self._stop_file.touch()

    def start(self, stage: Stage, urgency: int = 0, *, one_by_one: bool = False) -> None:
        """Begin to train the jobs of a stage; `collect` gives the results.

        Args:
            stage: The jobs, and how far they are trained.
            urgency: Of the jobs that wait, those of the lowest number begin first.
            one_by_one: Begin the jobs in their order, each alone, so that the first are done when time is short;
                otherwise groups share batches.
        """
        if one_by_one:
            groups: Sequence[Sequence[Job]] = [[job] for job in stage.jobs]
        else:
            groups = _balanced_groups(stage.jobs, self._n_workers * GROUPS_A_WORKER)
        for jobs in groups:
            self._submit(_Group(stage, jobs, urgency))

    def collect(self) -> list[tuple[Stage, Result]]:
        """The results that have come since the last call, each with its stage; waits a moment if there are none."""
        collected = []
        for task, outcome in self._queue.poll():
            group = self._groups.pop(task)
            if not isinstance(outcome, Exception):
                results: Sequence[Result] = outcome
            elif not group.is_again:
                for job in group.jobs:
                    self._submit(replace(group, jobs=[job], is_again=True))
                continue
            else:
                results = [Result(job.key, None, (), 0.0, _reason(outcome)) for job in group.jobs]
            group.stage.n_left -= len(results)
            collected += [(group.stage, result) for result in results]
        return collected

    def train(
        self, jobs: Sequence[Job], leg: Leg, on_wait: Callable[[], None] = lambda: None, *, one_by_one: bool = False
    ) -> Iterator[Result]:
        """Train jobs, and give results as they come; each job gives exactly one.

        Args:
            jobs: What to train.
            leg: How far.
            on_wait: Called several times a second while waiting.
            one_by_one: As `start` says.
        """
        yield from self._results([Stage(jobs, leg)], on_wait, one_by_one)

    def train_each(self, legs: Sequence[tuple[Job, Leg]]) -> Iterator[Result]:
        """Train jobs, each as far as it is to go, and give results as they come; the jobs begin in their order."""
        yield from self._results([Stage([job], leg) for job, leg in legs], lambda: None, one_by_one=True)

    def _results(self, stages: Sequence[Stage], on_wait: Callable[[], None], one_by_one: bool) -> Iterator[Result]:
        for stage in stages:
            self.start(stage, one_by_one=one_by_one)
        while any(stage.n_left for stage in stages):
            results = self.collect()
            on_wait()
            for _, result in results:
                yield result

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Apply a module-level function to items in the workers; give the results in order.

        Raises:
            RunFailed: A worker died, and again when it was tried once more.
        """
        size = max(1, math.ceil(len(items) / self._n_workers))
        chunks = [items[start : start + size] for start in range(0, len(items), size)]
        results: list[list[Any]] = [[] for _ in chunks]
        place_of = {self._queue.submit(_apply, (function, chunk)): place for place, chunk in enumerate(chunks)}
        tried_again: set[int] = set()
        while place_of:
            for task, outcome in self._queue.poll():
                place = place_of.pop(task)
                if isinstance(outcome, DEATHS) and place not in tried_again:
                    tried_again.add(place)
                    place_of[self._queue.submit(_apply, (function, chunks[place]))] = place
                elif isinstance(outcome, DEATHS):
                    raise RunFailed(f"A worker could not do its work: {_reason(outcome)}. Go on with `nas resume`.")
                elif isinstance(outcome, Exception):
                    raise outcome
                else:
                    results[place] = outcome
        return [result for chunk in results for result in chunk]

    def begin(self, function: Callable[..., Any], *arguments: Any, deadline: float | None) -> Future[Any]:
        """Begin a call in a worker, beside whatever else they do.

        Args:
            function: A module-level function. It gets the rows of the pool, then a condition to ask whether to stop,
                then the arguments.
            arguments: What else it gets.
            deadline: Time of ``time.monotonic`` from which on the condition is true. A second later the worker is
                killed, and the result is a ``TimeoutError``. None for no limit.
        """
        limit_s = None if deadline is None else max(0.0, deadline - time.monotonic()) + KILL_AFTER_S
        return self._queue.begin(run_until, (function, arguments, deadline), limit_s)

    def _submit(self, group: _Group) -> None:
        task = self._queue.submit(train_group, (list(group.jobs), group.stage.leg), group.urgency)
        self._groups[task] = group

    def _new_pool(self) -> ProcessPool:
        arguments = (self._rows, os.getpid())
        return ProcessPool(
            max_workers=self._n_workers, context=self._context, initializer=_start_worker, initargs=arguments
        )


def _apply(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]


def train_group(group: list[Job], leg: Leg) -> list[Result]:
    """`jobs.train_jobs` in a worker process."""
    return train_jobs(group, leg, _rows, _stop_condition(leg.deadline))


def run_until(function: Callable[..., Any], arguments: Sequence[Any], deadline: float | None) -> Any:
    """Call a function in a worker process; see `Workers.begin`."""
    return function(_rows, _stop_condition(deadline), *arguments)


def _balanced_groups(jobs: Sequence[Job], n_groups: int) -> list[list[Job]]:
    """Groups of about equal cost whose jobs stand at the same step.

    The largest job first, each to the group with the least so far.
    """
    by_step: dict[int, list[Job]] = {}
    for job in jobs:
        by_step.setdefault(job.state.steps_done if job.state else 0, []).append(job)
    all_groups = []
    for alike in by_step.values():
        groups: list[list[Job]] = [[] for _ in range(min(n_groups, len(alike)))]
        costs = [0] * len(groups)
        for job in sorted(alike, key=lambda job: (-job.n_edges, job.key)):
            cheapest = costs.index(min(costs))
            groups[cheapest].append(job)
            costs[cheapest] += job.n_edges
        all_groups += groups
    return all_groups


def _reason(error: Exception) -> str:
    if isinstance(error, ProcessExpired) and error.exitcode is not None:
        code = error.exitcode
        if code < 0:
            hint = " (often out of memory)" if -code == signal.SIGKILL else ""
            return f"the worker was killed by signal {-code}{hint}, twice"
        return f"the worker exited with code {code}, twice"
    if isinstance(error, MemoryError):
        return f"out of memory: {error}"
    return f"{type(error).__name__}: {error}"


# --- in the worker process ------------------------------------------------------------------------------------------

_rows: SharedRows
_parent: int


def _start_worker(rows: SharedRows, parent: int) -> None:
    global _rows, _parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _rows, _parent = rows, parent


def _stop_condition(deadline: float | None) -> Callable[[], bool]:
    stop_file = Path(_rows.folder / STOP_FILE)
    looked = -math.inf

    def should_stop() -> bool:
        nonlocal looked
        now = time.monotonic()
        if deadline is not None and now > deadline:
            return True
        if now - looked < LOOK_EVERY_S:
            return False
        looked = now
        return stop_file.exists() or not _is_alive(_parent)

    return should_stop


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
