"""The queue over a pool that is played by hand, and over real processes."""

from __future__ import annotations

import multiprocessing
import operator
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pebble import ProcessExpired, ProcessPool

import nas.task_queue
from nas.task_queue import DEATHS, TASKS_A_WORKER, TaskQueue


class PlayedPool:
    """A pool whose tasks end when a test says so.

    Attributes:
        handed: The first argument of each task, in the order in which they came.
        limits_s: For each how long it may take.
        is_dead: Whether all its workers were killed, so that it takes no more tasks.
        calls: How it was ended.
    """

    def __init__(self) -> None:
        self.handed: list[Any] = []
        self.limits_s: list[float | None] = []
        self.calls: list[str] = []
        self.is_dead = False
        self._futures: list[Future[Any]] = []

    def schedule(self, function: Callable[..., Any], args: Sequence[Any], timeout: float | None) -> Future[Any]:
        if self.is_dead:
            raise RuntimeError("pool is not active")
        self.handed.append(args[0])
        self.limits_s.append(timeout)
        future: Future[Any] = Future()
        self._futures.append(future)
        return future

    def end(self, argument: object, result: object = None) -> None:
        """End a task with a result, or an exception."""
        future = self._futures[self.handed.index(argument)]
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")

    def join(self) -> None:
        self.calls.append("join")


@pytest.fixture
def pools() -> list[PlayedPool]:
    """The pools that a queue has made so far."""
    return []


@pytest.fixture
def queue(pools: list[PlayedPool], monkeypatch: pytest.MonkeyPatch) -> TaskQueue:
    """A queue for one worker."""
    monkeypatch.setattr(nas.task_queue, "POLL_SECONDS", 0.01)
    return queue_over(pools, 1)


def queue_over(pools: list[PlayedPool], n_workers: int) -> TaskQueue:
    def new_pool() -> Any:
        pools.append(PlayedPool())
        return pools[-1]

    return TaskQueue(new_pool, n_workers)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 3), st.randoms(use_true_random=False))
def test_of_the_tasks_that_wait_the_most_urgent_begins_first_and_of_equals_the_oldest(
    urgencies: list[int], n_workers: int, random: Any
) -> None:
    pools: list[PlayedPool] = []
    queue = queue_over(pools, n_workers)
    numbers = [queue.submit(print, (place,), urgency) for place, urgency in enumerate(urgencies)]
    (pool,) = pools
    n_at_once = n_workers * TASKS_A_WORKER
    begun, running = list(range(min(n_at_once, len(urgencies)))), set(range(min(n_at_once, len(urgencies))))
    waiting = sorted(range(len(begun), len(urgencies)), key=lambda place: urgencies[place])
    while running:
        assert pool.handed == begun  # no more are handed over than that
        ended = random.choice(sorted(running))
        pool.end(ended, f"result {ended}")
        assert queue.poll() == [(numbers[ended], f"result {ended}")]
        running.remove(ended)
        if waiting:
            begun.append(waiting.pop(0))
            running.add(begun[-1])
    assert sorted(begun) == list(range(len(urgencies)))


def test_an_urgent_task_that_comes_late_overtakes_those_that_wait(queue: TaskQueue, pools: list[PlayedPool]) -> None:
    for name in ("a", "b", "c", "d"):
        queue.submit(print, (name,), urgency=1)
    queue.submit(print, ("urgent",), urgency=0)
    for name in ("a", "b"):
        pools[0].end(name)
        queue.poll()
    assert pools[0].handed == ["a", "b", "urgent", "c"]


@pytest.mark.parametrize("result", [[], None, 0, "text"])
def test_a_result_comes_as_it_is(queue: TaskQueue, pools: list[PlayedPool], result: object) -> None:
    number = queue.submit(print, ("a",))
    pools[0].end("a", result)
    assert queue.poll() == [(number, result)]


def test_results_that_are_there_at_once_come_in_the_order_of_their_tasks(pools: list[PlayedPool]) -> None:
    queue = queue_over(pools, 8)
    numbers = [queue.submit(print, (place,)) for place in range(8 * TASKS_A_WORKER)]
    for place in reversed(range(len(numbers))):
        pools[0].end(place, f"result {place}")
    assert queue.poll() == [(number, f"result {place}") for place, number in enumerate(numbers)]


def test_an_exception_is_a_result_too(queue: TaskQueue, pools: list[PlayedPool]) -> None:
    number, error = queue.submit(print, ("a",)), ValueError("wrong")
    pools[0].end("a", error)
    assert queue.poll() == [(number, error)]


def test_polling_gives_nothing_while_nothing_is_done_and_does_not_wait_without_tasks(
    queue: TaskQueue, pools: list[PlayedPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.submit(print, ("a",))
    assert queue.poll() == []
    pools[0].end("a")
    queue.poll()
    monkeypatch.setattr(nas.task_queue, "POLL_SECONDS", 60.0)
    start = time.monotonic()
    assert queue.poll() == []
    assert time.monotonic() - start < 10.0


def test_a_pool_that_takes_no_more_tasks_is_replaced(queue: TaskQueue, pools: list[PlayedPool]) -> None:
    pools[0].is_dead = True
    number = queue.submit(print, ("a",))
    assert len(pools) == 2 and pools[0].calls == ["stop"]  # not joined: it may never end
    pools[1].end("a", "done")
    assert queue.poll() == [(number, "done")]


def test_tasks_of_workers_that_stand_still_end_as_if_these_had_died(
    queue: TaskQueue, pools: list[PlayedPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nas.task_queue, "STALL_LOOK_S", 0.0)
    monkeypatch.setattr(nas.task_queue, "STALL_S", 0.05)
    numbers = [queue.submit(print, (name,)) for name in ("a", "b", "c")]
    finished: list[tuple[int, Any]] = []
    end = time.monotonic() + 60.0
    while not finished and time.monotonic() < end:
        finished = queue.poll()
    assert sorted(number for number, _ in finished) == numbers[:2]
    assert all(isinstance(error, BrokenProcessPool) and isinstance(error, DEATHS) for _, error in finished)
    assert pools[0].calls == ["stop"]
    assert pools[1].handed == ["c"]


def test_workers_at_work_do_not_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 1.0, 2.0, 2.0, 2.0])
    monkeypatch.setattr(nas.task_queue, "STALL_LOOK_S", 2.0)
    monkeypatch.setattr(nas.task_queue, "STALL_S", 12.0)
    now = 0.0

    class Worker:
        def cpu_times(self) -> Any:
            return type("Times", (), {"user": next(times), "system": 0.5})

    class Here:
        def children(self, recursive: bool) -> list[Worker]:
            return [Worker()]

    monkeypatch.setattr(nas.task_queue.time, "monotonic", lambda: now)
    monkeypatch.setattr(nas.task_queue.psutil, "Process", Here)
    watch = nas.task_queue._Watch()
    stalled = []
    for now in (1.0, 3.0, 14.0, 20.0, 26.0, 33.0):  # noqa: B007  # read by the clock
        stalled.append(watch.has_stalled())
    # Looked at 3 (first), 14 (the same for 11 s), 20 (some work), 26 (6 s), 33 (13 s).
    assert stalled == [False, False, False, False, False, True]


def test_a_call_that_is_begun_goes_to_the_pool_at_once_and_is_no_task(
    queue: TaskQueue, pools: list[PlayedPool]
) -> None:
    for name in ("a", "b", "c"):
        queue.submit(print, (name,))
    call = queue.begin(print, ("call",), 7.0)
    (pool,) = pools
    assert pool.handed == ["a", "b", "call"]
    assert pool.limits_s == [None, None, 7.0]
    pool.end("call", "answer")
    assert queue.poll() == []
    assert call.result(timeout=0) == "answer"
    assert pool.handed == ["a", "b", "call"]  # c still waits: the call took no place of a task


@pytest.mark.parametrize(("at_once", "calls"), [(True, ["stop", "join"]), (False, ["close", "join"])])
def test_closing_ends_the_pool(queue: TaskQueue, pools: list[PlayedPool], at_once: bool, calls: list[str]) -> None:
    queue.close(at_once=at_once)
    assert pools[0].calls == calls


@pytest.fixture(scope="module")
def real_queue() -> Iterator[TaskQueue]:
    context = multiprocessing.get_context("forkserver")
    queue = TaskQueue(lambda: ProcessPool(max_workers=2, context=context), 2)
    yield queue
    queue.close(at_once=True)


def results_of(queue: TaskQueue, n_tasks: int) -> dict[int, Any]:
    results: dict[int, Any] = {}
    end = time.monotonic() + 120.0
    while len(results) < n_tasks and time.monotonic() < end:
        results |= dict(queue.poll())
    return results


def test_processes_do_the_tasks(real_queue: TaskQueue) -> None:
    numbers = [real_queue.submit(operator.add, (place, 1)) for place in range(10)]
    assert results_of(real_queue, 10) == {number: place + 1 for place, number in enumerate(numbers)}


def test_the_death_of_a_process_is_a_value_and_others_do_not_suffer(real_queue: TaskQueue) -> None:
    deadly = real_queue.submit(os._exit, (3,))
    numbers = [real_queue.submit(operator.neg, (place,)) for place in range(4)]
    results = results_of(real_queue, 5)
    death = results.pop(deadly)
    assert isinstance(death, ProcessExpired) and isinstance(death, DEATHS) and death.exitcode == 3
    assert results == {number: -place for place, number in enumerate(numbers)}
