"""The final part of a run without any training, for tests of what follows a search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from candidates import complete, trial

from nas.budget import Clock, Plan, batch_plan
from nas.data import AnyDataset, Dataset
from nas.engine.networks import first_state, network_of
from nas.engine.recipe import Recipe
from nas.generation import Course
from nas.inputs import write_rows
from nas.jobs import Job, Leg, Result
from nas.outcome import Counts
from nas.recorder import Trial
from nas.results.final_part import FinalPart
from nas.results.timetable import Timetable
from nas.rundir import RunDirectory
from nas.speed import Load, Speed
from search_spaces import MLPSpace, SearchSpace, weights_left

EPOCHS = 9


@dataclass
class FakeWorkers:
    """Trains nothing: jobs end with their initial weights, but for some.

    Attributes:
        score: The validation score of a job of a leg; None for too little time, text for a failure.
        seconds: What each job is said to take.
        trained: Each call of ``train``, and for ``train_each`` each leg with its jobs.
        begun: What each call of ``begin`` asked for; its results come from ``answer``.
        answer: The result of a call, or the exception that it ends with.
    """

    score: Callable[[Job, Leg], float | str | None] = lambda job, leg: 0.5
    seconds: float = 1.0
    trained: list[tuple[list[Job], Leg]] = field(default_factory=list)
    begun: list[tuple[Any, ...]] = field(default_factory=list)
    answer: Any = None

    def train(self, jobs: Sequence[Job], leg: Leg, one_by_one: bool = False) -> Iterator[Result]:
        assert one_by_one
        self.trained.append((list(jobs), leg))
        for job in jobs:
            score = self.score(job, leg)
            network = network_of(job.wiring, job.activation)
            if isinstance(score, str):
                yield Result(job.key, None, (), self.seconds, score)
                continue
            state = replace(
                first_state(network, job.weight_seeds), steps_done=leg.until_step if score is not None else 0
            )
            is_scored = score is not None and (leg.scored_columns is not None or leg.folds)
            yield Result(job.key, state, (score,) * len(job.weight_seeds) if is_scored else (), self.seconds)

    def train_each(self, legs: Sequence[tuple[Job, Leg]]) -> Iterator[Result]:
        for leg in dict.fromkeys(leg for _, leg in legs):
            yield from self.train([job for job, of_job in legs if of_job == leg], leg, one_by_one=True)

    def begin(self, function: Callable[..., Any], *arguments: Any, deadline: float | None) -> Future[Any]:
        self.begun.append((function, *arguments, deadline))
        future: Future[Any] = Future()
        if isinstance(self.answer, BaseException):
            future.set_exception(self.answer)
        else:
            future.set_result(self.answer)
        return future


def trained_trials(space: SearchSpace, scores: Sequence[float], seed: int = 0) -> list[Trial]:
    """Trials of a space, one in a doubling of size, the smallest first, with some scores."""
    rng = np.random.default_rng(seed)
    of_doubling: dict[int, Any] = {}
    while len(of_doubling) < len(scores):
        genotype = space.sample(rng)
        of_doubling.setdefault(weights_left(genotype, space.wire(genotype)).bit_length(), genotype)
    return [
        replace(
            trial(number, complete(weights_left(genotype, space.wire(genotype)), 0.0, 0.0, score)),
            genotype=genotype,
            key=genotype.key(),
            n_drawn=space.wire(genotype).n_weights,
            n_parameters=space.wire(genotype).n_parameters,
        )
        for number, ((_, genotype), score) in enumerate(zip(sorted(of_doubling.items()), scores, strict=False))
    ]


def final_part(
    folder: Path,
    dataset: AnyDataset,
    *,
    budget_s: float | None = None,
    table: Timetable | None = None,
    scores: Sequence[float] = (0.90, 0.92, 0.94),
    space: SearchSpace | None = None,
    workers: FakeWorkers | None = None,
    n_seeds: int = 1,
    n_workers: int = 2,
    seconds_a_training: float = 1.0,
    full_epochs: int = EPOCHS,
) -> FinalPart:
    """The final part of a run whose search found some networks.

    Without a table there is no budget. With one, it begins now, and has what the table says.
    """
    if space is None:
        assert isinstance(dataset, Dataset)
        space = MLPSpace(dataset.n_inputs, dataset.n_outputs, 900, methods=("static",))
    batches = batch_plan(dataset.n_train, 0)
    recipe = Recipe(dataset.task, batches, EPOCHS * batches.steps_per_epoch)
    directory = RunDirectory.create(folder, "mine", "wine")
    write_rows(directory.shared, dataset)
    history = trained_trials(space, scores)
    if table is not None:
        budget_s = table.total_s + 1e6
    started = None if budget_s is None else time.monotonic()
    search = SimpleNamespace(
        directory=directory,
        config=SimpleNamespace(
            search=SimpleNamespace(workers=n_workers, seed=0), predictor=SimpleNamespace(enabled=False)
        ),
        plan=Plan(EPOCHS, full_epochs, n_seeds, 6, 900, 3 * EPOCHS, 4),
        space=space,
        course=Course(recipe, n_seeds, 0, (dataset.n_train, len(dataset.y))),
        workers=workers or FakeWorkers(),
        recorder=SimpleNamespace(history=history),
        clock=Clock(budget_s, started=started),
        is_interrupted=lambda: False,
        status=lambda phase="": SimpleNamespace(phase=phase, counts=Counts(trained=len(history))),
        n_skipped=0,
    )
    largest = Load(max(t.n_weights for t in history))
    speed = Speed(seconds_a_training / Speed(1.0, 200).training_s(largest, recipe), 200)
    end = None if table is None else time.monotonic() + table.total_s
    return FinalPart(search, dataset, speed, table, end)  # type: ignore[arg-type]
