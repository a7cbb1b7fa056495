"""Jobs: candidates that are to be trained further, and how a process does it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nas.data.shared import SharedRows
from nas.engine.batches import BatchPlan
from nas.engine.feed import AnyNetwork
from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network
from nas.engine.networks import as_changed, first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_prediction import outputs_of_batch
from nas.engine.recurrent_training import train_recurrent_network
from nas.engine.sequence_batches import Sequences
from nas.engine.state import TrainingState, joined
from nas.engine.training import predict_rows, train_network
from nas.engine.wiring_changes import WiringChanges
from nas.inputs import engine_rows, mean_square
from nas.sparsify.changes import Changes
from nas.sparsify.further import pruned_further
from search_spaces import AnyWiring, RecurrentWiring, Wiring


@dataclass(frozen=True, eq=False)
class Job:
    """A candidate to be trained further.

    Attributes:
        key: Its genotype's key.
        wiring: Its wiring.
        activation: Activation of its hidden neurons; None for a recurrent wiring, which has cells.
        hyperparameters: Those of its training.
        weight_seeds: For each set of weights the words of its seed.
        state: Where its training stands; None at the beginning.
    """

    key: str
    wiring: AnyWiring
    activation: str | None
    hyperparameters: Hyperparameters
    weight_seeds: tuple[tuple[int, ...], ...]
    state: TrainingState | None = None

    @property
    def n_edges(self) -> int:
        """The number of edges now. Before training has changed them: the number that was drawn."""
        if self.state is None or self.state.indices is None:
            return self.wiring.n_edges
        return int(self.state.indices.shape[1])


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
    """Training rows, followed by the rows to score on.

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


def train_jobs(group: Sequence[Job], leg: Leg, rows: SharedRows, stop: Callable[[], bool]) -> list[Result]:
    """Train jobs side by side in this process, and score them.

    Args:
        group: The jobs, all at the same step.
        leg: How far.
        rows: What they are trained on, unless the leg has folds.
        stop: Asked between batches; when true, training ends where it is.
    """
    start = time.monotonic()
    networks = [network_of(job.wiring, job.activation) for job in group]
    if not leg.folds:
        trained = _train_on(rows, leg.scored_columns, networks, group, [job.state for job in group], leg, stop)
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
    square = mean_square(inputs)
    parts: list[list[_Part]] = [
        _parts(job, network, state or first_state(network, job.weight_seeds, square), leg.recipe.total_steps)
        for job, network, state in zip(group, networks, states, strict=True)
    ]
    every = [part for of_job in parts for part in of_job]
    own = [job.hyperparameters for job, of_job in zip(group, parts, strict=True) for _ in of_job]
    ended = iter(
        train(
            [part.network for part in every],
            own,
            [part.state for part in every],
            inputs,
            targets,
            leg.recipe,
            leg.until_step,
            stop,
            [part.changes for part in every],
        )
    )
    trained: list[Trained] = []
    for job, of_job in zip(group, parts, strict=True):
        states_of = [next(ended) for _ in of_job]
        prunings = job.hyperparameters.sparse_training.further
        if prunings and all(_is_at_end(state, leg) for state in states_of):
            of_job, states_of = _with_prunings(job, of_job, states_of, inputs, targets, leg.recipe, stop)
        if len({state.steps_done for state in states_of}) > 1:
            trained.append((job.state, (), None))  # stopped between its sets of weights: this leg begins again
            continue
        scores: tuple[float, ...] = ()
        failure = next((state.failure for state in states_of if state.failure is not None), None)
        is_there = states_of[0].steps_done == leg.until_step
        if leg.until_step == leg.recipe.total_steps:
            is_there &= states_of[0].n_prunings == len(prunings)
        if failure is None and is_there and scored is not None:
            first, last = scored
            outputs = (
                predict(as_changed(part.network, state), parameters, inputs, first, last)
                for part, state in zip(of_job, states_of, strict=True)
                for parameters in state.parameters
            )
            scores = tuple(score(o, targets[first:last], leg.recipe.task) for o in outputs)
            if not all(math.isfinite(s) for s in scores):
                scores, failure = (), "diverged: an output of the network is not finite"
        # After a failure the sets of weights may differ in their number of edges, and none is trained any more.
        is_one = len(states_of) == 1 or failure is not None
        trained.append((states_of[0] if is_one else joined(states_of), scores, failure))
    return trained


@dataclass(frozen=True, eq=False)
class _Part:
    """Sets of weights of a job that are trained on the same edges: all of them, or one if training changes edges."""

    network: AnyNetwork
    state: TrainingState
    changes: WiringChanges | None


def _is_at_end(state: TrainingState, leg: Leg) -> bool:
    return state.failure is None and state.steps_done == leg.recipe.total_steps


def _with_prunings(
    job: Job,
    parts: list[_Part],
    states: list[TrainingState],
    inputs: Inputs | Sequences,
    targets: Float32,
    recipe: Recipe,
    stop: Callable[[], bool],
) -> tuple[list[_Part], list[TrainingState]]:
    """The parts and states after the prunings that follow the training; as they were if it was stopped."""
    assert isinstance(job.wiring, Wiring) and isinstance(inputs, Inputs)
    alone = [(part.network, state.only(k)) for part, state in zip(parts, states, strict=True)
             for k in range(len(state.parameters))]  # fmt: skip
    pruned = []
    for (network, state), seed in zip(alone, job.weight_seeds, strict=True):
        assert isinstance(network, Network)
        after = pruned_further(network, job.wiring, state, job.hyperparameters, inputs, targets, recipe, seed, stop)
        if after is None:
            return parts, states
        pruned.append(after)
    return [_Part(network, state, None) for network, state in alone], pruned


def _parts(job: Job, network: AnyNetwork, state: TrainingState, total_steps: int) -> list[_Part]:
    training = job.hyperparameters.sparse_training
    if training.is_static and state.indices is None:
        return [_Part(network, state, None)]
    assert isinstance(job.wiring, Wiring)
    changes = [
        None if training.is_static else Changes.of(training, job.wiring, total_steps, seed) for seed in job.weight_seeds
    ]
    return [_Part(network, state.only(number), of_one) for number, of_one in enumerate(changes)]


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
        if failure is None and len({(state.steps_done, state.n_prunings) for state in states_of}) > 1:
            trained.append((job.state, (), None))  # stopped between folds: this leg begins again
        elif failure is not None:
            trained.append((states_of[0], (), failure))
        else:
            trained.append((joined(states_of), scores if len(scores) == n_seeds else (), None))
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
        (state,) = train([network], [Hyperparameters(1e-3)], [first_state(network, [[0]])], rows, targets, recipe, 2)
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
