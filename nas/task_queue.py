"""Tasks for a pool of processes, the most urgent first, with deaths of workers as values.

Only a few more tasks than there are workers are handed to the pool at a time, so that an urgent task that comes late
does not wait for all that came before it.
"""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, cast

import psutil
from pebble import ProcessExpired, ProcessPool

POLL_SECONDS = 0.25
TASKS_A_WORKER = 2  # one that it works on, and one to go on with at once
STALL_LOOK_S, STALL_S = 2.0, 12.0
DEATHS = (ProcessExpired, BrokenProcessPool)

_Task = tuple[int, int, Callable[..., Any], Sequence[Any]]  # urgency, number, function, arguments


class TaskQueue:
    """Tasks that wait for a pool of processes, and those that it works on."""

    def __init__(self, new_pool: Callable[[], ProcessPool], n_workers: int) -> None:
        """Make a pool, with a function that can make another if it breaks."""
        self._new_pool = new_pool
        self._n_at_once = n_workers * TASKS_A_WORKER
        self._pool = new_pool()
        self._waiting: list[_Task] = []
        self._number_of: dict[Future[Any], int] = {}
        self._n_tasks = 0
        self._watch = _Watch()

    def submit(self, function: Callable[..., Any], arguments: Sequence[Any], urgency: int = 0) -> int:
        """Add a task, a module-level function and its arguments; give its number.

        Of the tasks that wait, those of the lowest urgency begin first, and of these the oldest.
        """
        number, self._n_tasks = self._n_tasks, self._n_tasks + 1
        heapq.heappush(self._waiting, (urgency, number, function, arguments))
        self._hand_over()
        return number

    def poll(self) -> list[tuple[int, Any]]:
        """Numbers and results, or exceptions, of the tasks that are done, by number; waits a moment if none is."""
        if not self._number_of:
            return []
        done, pending = wait(self._number_of, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        in_order = sorted(done, key=self._number_of.__getitem__)
        finished = [(self._number_of.pop(future), future.exception() or future.result()) for future in in_order]
        if done:
            self._watch = _Watch()
        elif self._watch.has_stalled():
            self._replace_pool()
            broken = BrokenProcessPool("the workers stood still")
            finished = [(self._number_of.pop(future), broken) for future in pending]
        self._hand_over()
        return finished

    def begin(self, function: Callable[..., Any], arguments: Sequence[Any], limit_s: float | None) -> Future[Any]:
        """Hand a call to the pool at once; its worker is killed if it takes longer than some seconds.

        It is no task: `poll` does not give its result, which is a ``TimeoutError`` if it was killed.
        """
        return self._schedule(function, arguments, limit_s)

    def close(self, *, at_once: bool) -> None:
        """End the processes: at once, or when they have nothing to do any more."""
        if at_once:
            self._pool.stop()
        else:
            self._pool.close()
        self._pool.join()

    def _hand_over(self) -> None:
        while self._waiting and len(self._number_of) < self._n_at_once:
            _, number, function, arguments = heapq.heappop(self._waiting)
            self._number_of[self._schedule(function, arguments)] = number

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
