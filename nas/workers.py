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
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import numpy as np
import psutil
from pebble import ProcessExpired, ProcessPool

from nas.data.shared import SharedRows
from nas.engine.batches import BatchPlan
from nas.engine.feed import AnyNetwork
from nas.engine.gather import Inputs
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Recipe
from nas.engine.recurrent_prediction import outputs_of_batch
from nas.engine.recurrent_training import train_recurrent_network
from nas.engine.sequence_batches import Sequences
from nas.engine.state import TrainingState, joined
from nas.engine.training import predict_rows, train_network
from nas.errors import RunFailed
from nas.inputs import engine_rows, input_power
from search_spaces import AnyWiring, RecurrentWiring, Wiring

GROUPS_A_WORKER = 2  # more would balance better and gather each batch more often
POLL_SECONDS = 0.25
STOP_FILE = "stop"
STALL_LOOK_S, STALL_S = 2.0, 12.0
DEATHS = (ProcessExpired, BrokenProcessPool)


@dataclass(frozen=True, eq=False)
class Job:
    """A candidate to be trained further.

    Attributes:
        key: Its genotype's key.
        wiring: Its wiring.
        activation: Activation of its hidden neurons; None for a recurrent wiring, which has cells.
        learning_rate: Peak learning rate.
        weight_seeds: For each set of weights the words of its seed.
        state: Where its training stands; None at the beginning.
    """

    key: str
    wiring: AnyWiring
    activation: str | None
    learning_rate: float
    weight_seeds: tuple[tuple[int, ...], ...]
    state: TrainingState | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """What a worker gives back.

    Attributes:
        key: The job's key.
        state: Where training stands; None if the worker died.
        scores: Validation score of each set of weights; empty if training did not get to the step or failed.
        seconds: Time it took, an equal share of its group's.
        failure: Why it failed, or None.
    """

    key: str
    state: TrainingState | None
    scores: tuple[float, ...]
    seconds: float
    failure: str | None = None


@dataclass(frozen=True)
class Fold:
    """Rows of which the first are trained on and the others scored on.

    Attributes:
        rows: Where they lie.
        n_train: How many of them are trained on.
        n_rows: How many there are.
    """

    rows: SharedRows
    n_train: int
    n_rows: int


@dataclass(frozen=True)
class Leg:
    """How far a group of jobs is trained, and what it is scored on.

    Attributes:
        recipe: How to train.
        until_step: Step to stop before.
        scored_columns: The first and the last + 1 column of the rows to score on; None to score on nothing.
        deadline: Time of ``time.monotonic`` at which to stop wherever training is; None for no limit.
        folds: Where each set of weights has rows of its own to be trained and scored on, in place of those of the pool
            and of ``scored_columns``: the first the first, and so on, round and round; empty if all have the same.
    """

    recipe: Recipe
    until_step: int
    scored_columns: tuple[int, int] | None
    deadline: float | None = None
    folds: tuple[Fold, ...] = ()


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

    def _schedule(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Future[Any]:
        try:
            return cast(Future[Any], self._pool.schedule(function, args=arguments))
        except RuntimeError:  # all its workers were killed at once, which ends a pool
            self._replace_pool()
            return cast(Future[Any], self._pool.schedule(function, args=arguments))

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
    """Train jobs side by side in this process, and score them."""
    start = time.monotonic()
    networks = [network_of(job.wiring, job.activation) for job in group]
    stop = _stop_condition(leg.deadline)
    if not leg.folds:
        trained = _train_on(_rows, leg.scored_columns, networks, group, [job.state for job in group], leg, stop)
    else:
        trained = _train_on_folds(networks, group, leg, stop)
    results = [
        Result(job.key, state, () if failure else scores, 0.0, failure)
        for job, (state, scores, failure) in zip(group, trained, strict=True)
    ]
    share = (time.monotonic() - start) / len(group)
    return [replace(result, seconds=share) for result in results]


Trained = tuple[TrainingState | None, tuple[float, ...], str | None]  # state, score of each set of weights, failure


def _train_on(
    rows: SharedRows,
    scored: tuple[int, int] | None,
    networks: Sequence[AnyNetwork],
    group: Sequence[Job],
    states: Sequence[TrainingState | None],
    leg: Leg,
    stop: Callable[[], bool],
) -> list[Trained]:
    """Train and score all sets of weights on the same rows."""
    stored = rows.open()
    inputs, targets = engine_rows(stored), stored.y
    power = input_power(inputs)
    begun = [
        state or first_state(network, job.weight_seeds, power)
        for job, network, state in zip(group, networks, states, strict=True)
    ]
    rates = [job.learning_rate for job in group]
    trained: list[Trained] = []
    for network, state in zip(
        networks, train(networks, rates, begun, inputs, targets, leg.recipe, leg.until_step, stop), strict=True
    ):
        scores: tuple[float, ...] = ()
        failure = state.failure
        if failure is None and state.steps_done == leg.until_step and scored is not None:
            first, last = scored
            outputs = (predict(network, p, inputs, first, last) for p in state.parameters)
            scores = tuple(score(o, targets[first:last], leg.recipe.task) for o in outputs)
            if not all(math.isfinite(s) for s in scores):
                scores, failure = (), "diverged: an output of the network is not finite"
        trained.append((state, scores, failure))
    return trained


def _train_on_folds(
    networks: Sequence[AnyNetwork], group: Sequence[Job], leg: Leg, stop: Callable[[], bool]
) -> list[Trained]:
    """Train and score each set of weights on its own fold."""
    n_seeds = len(group[0].weight_seeds)
    parts = []
    for number in range(n_seeds):
        fold = leg.folds[number % len(leg.folds)]
        alone = [replace(job, weight_seeds=job.weight_seeds[number : number + 1]) for job in group]
        states = [None if job.state is None else job.state.only(number) for job in group]
        parts.append(_train_on(fold.rows, (fold.n_train, fold.n_rows), networks, alone, states, leg, stop))
    trained: list[Trained] = []
    for job, *of_folds in zip(group, *parts, strict=True):
        states_of = [state for state, _, _ in of_folds if state is not None]
        scores = tuple(score for _, scores, _ in of_folds for score in scores)
        failure = next((failure for _, _, failure in of_folds if failure is not None), None)
        if failure is None and len({state.steps_done for state in states_of}) > 1:
            trained.append((job.state, (), None))  # stopped between folds: this leg begins again
        else:
            trained.append((joined(states_of), scores if len(scores) == n_seeds else (), failure))
    return trained


def compile_kernels(space: str) -> bool:
    """Run every kernel that the candidates of a space need once in this process; whether any had to be compiled."""
    rows_of: Sequence[Inputs | Sequences]
    targets = np.zeros(4, np.float32)
    recipe = Recipe("classification", BatchPlan(4, 2, (0,)), 2)
    if space == "rnn":
        wiring: AnyWiring = _smallest_recurrent_wiring()
        inputs = Inputs(np.zeros((8, 1), np.uint8), np.ones(1, np.float32), np.zeros(1, np.float32))
        used = (train_recurrent_network, outputs_of_batch)
        rows_of = [Sequences(i, np.arange(0, 10, 2)) for i in (inputs, Inputs.plain(np.zeros((1, 8), np.float32)))]
    else:
        wiring = Wiring.from_edges(1, 1, 2, np.array([0, 1, 1]), np.array([0, 1, 2]))
        inputs = Inputs(np.zeros((4, 1), np.uint8), np.ones(1, np.float32), np.zeros(1, np.float32))
        used = (train_network, predict_rows)
        rows_of = [inputs, Inputs.plain(np.zeros((1, 4), np.float32))]
    network = network_of(wiring, "relu")
    for rows in rows_of:
        (state,) = train([network], [1e-3], [first_state(network, [[0]])], rows, targets, recipe, 2)
        predict(network, state.parameters[0], rows)
    return any(bool(kernel.stats.cache_misses) for kernel in used)


def _smallest_recurrent_wiring() -> RecurrentWiring:
    one, none = np.zeros(1, np.int64), np.zeros(1, np.int64)
    return RecurrentWiring.from_edges(
        n_inputs=1,
        n_embedded=1,
        n_outputs=2,
        cell="gru",
        unit_vertex=one,
        input_edges=(none, none),
        recurrent_edges=(none, none),
        output_edges=(np.zeros(2, np.int64), np.arange(2)),
    )


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
