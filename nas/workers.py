"""Candidates in worker processes: limits, interruption, and failures as values.

Workers keep no state between tasks but the mapped data, so a worker that is killed costs only what it was doing: its
candidates are tried once more, each alone, and one that kills its worker again has failed.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import psutil
from pebble import ProcessExpired, ProcessPool

from nas.data.shared import SharedRows
from nas.errors import RunFailed
from nas.jobs import Job, Leg, Result, train_jobs

GROUPS_A_WORKER = 2  # more would balance better and gather each batch more often
POLL_SECONDS = 0.25
KILL_AFTER_S = 1.0  # a call that is to be over
STOP_FILE = "stop"
STALL_LOOK_S, STALL_S = 2.0, 12.0
DEATHS = (ProcessExpired, BrokenProcessPool)


class Workers:
    """A pool of training processes over one data set."""

    def __init__(self, n_workers: int, rows: SharedRows) -> None:
        self._n_workers = n_workers
        self._rows = rows
        self._stop_file = rows.folder / STOP_FILE
        self._stop_file.unlink(missing_ok=True)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["nas.workers"])
        self._pool = self._new_pool()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.close()
        else:
            self.interrupt()
            self._pool.stop()
        self._pool.join()

    def interrupt(self) -> None:
        """Make all jobs return where they are, within a few batches."""
        self._stop_file.touch()

    def train(
        self,
        jobs: Sequence[Job],
        leg: Leg,
        on_wait: Callable[[], None] = lambda: None,
        *,
        one_by_one: bool = False,
    ) -> Iterator[Result]:
        """Train jobs, and give results as they come; each job gives exactly one.

        Args:
            jobs: What to train.
            leg: How far.
            on_wait: Called several times a second while waiting.
            one_by_one: Begin the jobs in their order, each alone, so that the first are done when time is short;
                otherwise groups share batches.
        """
        if one_by_one:
            groups = [[job] for job in jobs]
        else:
            groups = _balanced_groups(jobs, self._n_workers * GROUPS_A_WORKER)
        for place, outcome in self._call([(train_group, group, leg) for group in groups], on_wait):
            if not isinstance(outcome, Exception):
                yield from outcome
                continue
            for job in groups[place]:  # one after the other: whoever kills a worker now is alone with it
                ((_, again),) = self._call([(train_group, [job], leg)], on_wait)
                if isinstance(again, Exception):
                    yield Result(job.key, None, (), 0.0, _reason(again))
                else:
                    yield from again

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Apply a module-level function to items in the workers; give the results in order.

        Raises:
            RunFailed: A worker died, and again when it was tried once more.
        """
        size = max(1, math.ceil(len(items) / self._n_workers))
        chunks = [items[start : start + size] for start in range(0, len(items), size)]
        results: list[list[Any]] = [[] for _ in chunks]
        for place, outcome in self._call([(_apply, function, chunk) for chunk in chunks], lambda: None):
            if isinstance(outcome, DEATHS):
                ((_, outcome),) = self._call([(_apply, function, chunks[place])], lambda: None)
            if isinstance(outcome, DEATHS):
                raise RunFailed(f"A worker could not do its work: {_reason(outcome)}. Go on with `nas resume`.")
            if isinstance(outcome, Exception):
                raise outcome
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
        return self._schedule(run_until, (function, arguments, deadline), limit_s)

    def _call(
        self, tasks: Sequence[tuple[Callable[..., Any], Any, Any]], on_wait: Callable[[], None]
    ) -> Iterator[tuple[int, Any]]:
        """Do tasks, each a function of two arguments; give their places and results, or exceptions, as they come."""
        place_of: dict[Future[Any], int] = {}
        for place, (function, *arguments) in enumerate(tasks):
            place_of[self._schedule(function, arguments)] = place
        pending = set(place_of)
        watch = _Watch()
        while pending:
            done, pending = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            on_wait()
            if not done and watch.has_stalled():
                self._replace_pool()
                for future in pending:
                    yield place_of[future], BrokenProcessPool("the workers stood still")
                return
            for future in done:
                yield place_of[future], future.exception() or future.result()

    def _schedule(
        self, function: Callable[..., Any], arguments: Sequence[Any], limit_s: float | None = None
    ) -> Future[Any]:
        try:
            return cast(Future[Any], self._pool.schedule(function, args=arguments, timeout=limit_s))
        except RuntimeError:  # all its workers were killed at once, which ends a pool
            self._replace_pool()
            return cast(Future[Any], self._pool.schedule(function, args=arguments, timeout=limit_s))

    def _replace_pool(self) -> None:
        self._pool.stop()  # and no join: a thread of a broken pool may wait for ever
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        arguments = (self._rows, os.getpid())
        return ProcessPool(
            max_workers=self._n_workers, context=self._context, initializer=_start_worker, initargs=arguments
        )


class _Watch:
    """Notices when no worker does anything although work is waiting.

    A worker that is killed while it sends a result leaves half a message in the pipe that all workers share, and the
    pool waits for the other half for ever.
    """

    def __init__(self) -> None:
        self._used_s = -1.0
        self._since = self._looked = time.monotonic()

    def has_stalled(self) -> bool:
        """Whether the processes below this one have used no processor time for a while."""
        now = time.monotonic()
        if now - self._looked < STALL_LOOK_S:
            return False
        self._looked, used_s = now, 0.0
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                used_s += times.user + times.system
        if used_s != self._used_s:
            self._used_s, self._since = used_s, now
        return now - self._since > STALL_S


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
        for job in sorted(alike, key=lambda job: (-job.wiring.n_edges, job.key)):
            cheapest = costs.index(min(costs))
            groups[cheapest].append(job)
            costs[cheapest] += job.wiring.n_edges
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

    def should_stop() -> bool:
        if deadline is not None and time.monotonic() > deadline:
            return True
        return stop_file.exists() or not _is_alive(_parent)

    return should_stop


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
