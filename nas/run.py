"""A run from its data to its report: set up, search, and finish; or go on where it was left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nas.background import begin
from nas.budget import (
    COST_SHARE_WITH_RUNGS,
    DEFAULT_POPULATION,
    FINAL_LENGTHENING,
    Clock,
    Plan,
    affordable_pool,
    batch_plan,
    default_epochs,
    default_seeds,
    fit_to_budget,
)
from nas.checkpoint import load_checkpoint
from nas.config import RunConfig
from nas.data import AnyDataset
from nas.description import Probe, describe
from nas.engine.compiler import has_kept_kernels
from nas.engine.recipe import Recipe
from nas.errors import RunError, RunFailed
from nas.files import read_json, write_json
from nas.generation import Course, activation_of, hyperparameters_of, weight_seeds
from nas.inputs import write_rows
from nas.interruption import Interruption
from nas.jobs import Fold, Job, Leg, compile_kernels
from nas.recorder import Recorder, Trial
from nas.report.file import is_finished
from nas.report.writing import write_reports
from nas.results import cross_validation
from nas.results.final_part import FinalPart
from nas.results.timetable import Timetable, timetable
from nas.rundir import RunDirectory
from nas.search import Search
from nas.seeding import Stream, generator
from nas.setup import max_weights_for, prepare_data, read_warm_start, recipe_for, space_for, with_space
from nas.speed import Load, Speed
from nas.view import View
from nas.workers import Workers
from search_spaces import MLPSpace, SearchSpace
from search_spaces.sparse_training_draws import mean_cost

FORMAT = 8
SPEED_TRIAL_S = 0.15
GUESSED_SEARCH_SHARE = 0.6
TYPICAL_SHARE_OF_MAX_WEIGHTS = 0.5
TYPICAL_DRAWS = 50
PROPOSALS_TIMED = 9


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: its report, or the signal that interrupted it."""

    directory: RunDirectory
    report: dict[str, Any] | None
    signal: int | None = None


def start_run(config: RunConfig, out: Path, name: str | None, console: Console, started: float) -> RunEnd:
    """Begin a run and take it to its end. Nothing is left behind when the data or the options will not do.

    Args:
        config: What to do.
        out: Folder of all runs.
        name: The run's name; by default that of the data.
        console: Where to show it.
        started: Time of ``time.monotonic`` from which the budget counts.

    Raises:
        UsageError: The data or the options will not do.
        RunFailed: The run could not go on.
    """
    if name is not None and (out / name).is_dir():
        RunDirectory.create(out, name, config.data.source)  # raises: taken; before time is spent on the data
    config = with_space(config)
    dataset = prepare_data(config)
    space = space_for(config, dataset, max_weights_for(config, dataset))
    if config.predictor.file is not None:
        # Raises if it will not do.
        read_warm_start(Path(config.predictor.file), space.name, training_free=config.predictor.training_free)
    directory = RunDirectory.create(out, name, config.data.source)
    try:
        with directory.lock():
            source = config.data.source
            resolved = str(Path(source).resolve()) if Path(source).exists() else source
            config = config.model_copy(update={"data": config.data.model_copy(update={"source": resolved})})
            write_json(
                directory.config,
                {
                    "format": FORMAT,
                    "data": source,
                    "fingerprint": dataset.fingerprint,
                    "notes": list(dataset.notes),
                    "score_name": dataset.score_name,
                    "config": config.model_dump(mode="json"),
                },
            )
            write_json(directory.encoding, dataset.encoding.to_dict())
            if config.predictor.file is not None:
                shutil.copyfile(config.predictor.file, directory.predictor)
            return _execute(directory, config, dataset, space, Clock(config.search.budget_s, started=started), console)
    except BaseException:
        if not directory.study.exists():  # it failed before anything was found
            directory.remove()
        raise


def resume_run(directory: RunDirectory, console: Console, started: float) -> RunEnd:
    """Go on with a run that was interrupted or killed.

    Raises:
        UsageError: The data are not there any more, or have changed; or another process holds the run.
        RunFailed: A file of the run is damaged.
    """
    if directory.report.exists() and is_finished(report := read_json(directory.report)):
        return RunEnd(directory, report)
    with directory.lock():
        about = read_json(directory.config)
        if about.get("format") != FORMAT:
            raise RunFailed(f"{directory.config} has format {about.get('format')!r}, this version reads {FORMAT}.")
        config = RunConfig.model_validate(about["config"])
        dataset = prepare_data(config)
        if dataset.fingerprint != about["fingerprint"]:
            raise RunError(
                f"{config.data.source} is not what the run {directory.name} was started with: its content has changed. "
                "Restore it, or start a new run."
            )
        state = load_checkpoint(directory.checkpoint)
        space = space_for(config, dataset, max_weights_for(config, dataset))
        used_s = 0.0 if state is None else float(state["used_s"])
        return _execute(directory, config, dataset, space, Clock(config.search.budget_s, used_s, started), console)


def _execute(
    directory: RunDirectory,
    config: RunConfig,
    dataset: AnyDataset,
    space: SearchSpace,
    clock: Clock,
    console: Console,
) -> RunEnd:
    rows = write_rows(directory.shared, dataset)
    opened = begin(Recorder, directory.study, dataset.score_name)  # which takes most of a second
    for note in dataset.notes:
        console.print(f"Note: {note}", soft_wrap=True)
    try:
        with (
            Workers(config.search.workers, rows) as workers,
            View(console, dataset.score_name) as view,
            Interruption(workers.interrupt) as interruption,
        ):
            _compile(workers, config.search.workers, space.name, clock, console)
            recorder = opened.result()
            planned = _plan(directory, config, dataset, space, workers, clock, interruption.is_set)
            if planned is None:
                return RunEnd(directory, None, interruption.signal)
            plan, speed = planned
            folds: tuple[Fold, ...] = ()
            n_train, n_rows = dataset.n_train, dataset.n_train + dataset.n_validation
            if plan.n_seeds > 1 and cross_validation.is_wanted(dataset):
                folds = cross_validation.write_folds(directory.shared, dataset, config.search.seed, Stream.FOLDS)
                n_train = min(n_train, cross_validation.fold_rows(n_rows))
            batches = batch_plan(n_train, config.search.seed)
            recipe = recipe_for(config, dataset, batches, plan.epochs)
            course = Course(recipe, plan.n_seeds, config.search.seed, (dataset.n_train, n_rows), folds)
            n_workers, with_trust = config.search.workers, config.predictor.enabled

            def observed(history: Sequence[Trial]) -> Speed:
                return Speed.observed(history, course, dataset.n_inputs) or speed

            def times(history: Sequence[Trial], budget_s: float) -> Timetable:
                return timetable(
                    history,
                    dataset=dataset,
                    course=course,
                    plan=plan,
                    speed=observed(history),
                    n_workers=n_workers,
                    budget_s=budget_s,
                    with_trust=with_trust,
                )

            beginning_s = clock.used_s() - clock.earlier_s

            def finale_s(history: Sequence[Trial]) -> float:
                if clock.budget_s is None:
                    return 0.0
                # Shares of the time without the beginning, so that a short search is not the first to give.
                return times(history, clock.budget_s - beginning_s).total_s + clock.closing_s

            search = Search(
                directory=directory,
                config=config,
                plan=plan,
                space=space,
                course=course,
                workers=workers,
                recorder=recorder,
                clock=clock,
                finale_s=finale_s,
                is_interrupted=interruption.is_set,
                show=view.show,
                warm_start=read_warm_start(
                    directory.predictor, space.name, training_free=config.predictor.training_free
                )
                if directory.predictor.exists()
                else None,
                probe=Probe(rows, dataset.n_train, dataset.task, config.search.seed)
                if config.predictor.training_free
                else None,
            )
            if not search.run():
                return RunEnd(directory, None, interruption.signal)
            history = recorder.history
            part = FinalPart.begin(search, dataset, observed(history), partial(times, history))
            report = write_reports(part, lambda phase: view.show(search.status(phase)))
            return RunEnd(directory, report, interruption.signal)
    finally:
        opened.result().close()


def _compile(workers: Workers, n_workers: int, space: str, clock: Clock, console: Console) -> None:
    """Load the kernels in every worker; compile them if this machine has not yet, which is not part of the budget."""
    start = time.monotonic()
    was_compiled = not has_kept_kernels() and workers.map(compile_kernels, [space])[0]  # by one for all
    was_compiled |= any(workers.map(compile_kernels, [space] * n_workers))
    seconds = time.monotonic() - start
    if was_compiled:
        clock.give_back(seconds)
        console.print(
            f"Compiled the training kernels for this machine in {seconds:.0f} s; later runs start at once.",
        )


def _plan(
    directory: RunDirectory,
    config: RunConfig,
    dataset: AnyDataset,
    space: SearchSpace,
    workers: Workers,
    clock: Clock,
    is_interrupted: Callable[[], bool],
) -> tuple[Plan, Speed] | None:
    """The sizes of the search: those it began with, or new ones from the data, the options and the speed.

    None if the measurement of the speed was interrupted.
    """
    if directory.plan.exists():
        stored = read_json(directory.plan)
        return Plan(**stored["plan"]), Speed(**stored["speed"])
    search, training = config.search, config.training
    max_weights = max_weights_for(config, dataset)
    batches = batch_plan(dataset.n_train, search.seed)
    epochs = full_epochs = training.epochs or default_epochs(batches.steps_per_epoch)
    n_seeds = training.seeds or default_seeds(dataset.n_validation)
    population = search.population or DEFAULT_POPULATION
    recipe = recipe_for(config, dataset, batches, epochs)
    speed = _measure_speed(space, workers, recipe, search.seed, is_interrupted)
    if speed is None or is_interrupted():
        return None
    left_s = clock.left_s()
    pool_factor = config.predictor.pool_factor
    if left_s is not None:
        epoch_s = _typical_training_s(space, speed, recipe, max_weights, search.seed) / epochs
        epochs, n_seeds, population = fit_to_budget(
            epochs=epochs,
            n_seeds=n_seeds,
            population=population,
            seconds_an_epoch=epoch_s,
            search_s=GUESSED_SEARCH_SHARE * left_s,
            n_workers=search.workers,
            choose_epochs=training.epochs is None,
            choose_seeds=training.seeds is None,
            choose_population=search.population is None,
        )
        candidate_s = COST_SHARE_WITH_RUNGS * n_seeds * epochs * epoch_s
        pool_factor = affordable_pool(pool_factor, candidate_s, _proposal_s(space, search.seed))
    full_epochs = max(epochs, full_epochs)
    plan = Plan(
        epochs=epochs,
        full_epochs=full_epochs,
        n_seeds=n_seeds,
        population=population,
        max_weights=max_weights,
        final_epochs=max(FINAL_LENGTHENING * epochs, full_epochs),
        pool_factor=pool_factor,
    )
    write_json(directory.plan, {"format": FORMAT, "plan": asdict(plan), "speed": asdict(speed)})
    return plan, speed


def _typical_training_s(space: SearchSpace, speed: Speed, recipe: Recipe, max_weights: int, seed: int) -> float:
    """Seconds of the training of one candidate; of recurrent ones the mean over draws, whose strides differ."""
    rng = generator(seed, Stream.EVOLUTION, 2**31)
    if isinstance(space, MLPSpace):
        n_weights = TYPICAL_SHARE_OF_MAX_WEIGHTS * max_weights
        cost = mean_cost(space.methods, space.ranges.most_pruned, rng)
        return speed.training_s(Load(n_weights * cost), recipe)
    drawn = [space.wire(space.sample(rng)) for _ in range(TYPICAL_DRAWS)]
    return sum(speed.training_s(Load.of_wiring(wiring), recipe) for wiring in drawn) / len(drawn)


def _proposal_s(space: SearchSpace, seed: int) -> float:
    """Seconds to propose a child: the median of a few, since another process may be in the way of some."""
    rng, seconds = generator(seed, Stream.EVOLUTION, 2**31), []
    for _ in range(PROPOSALS_TIMED):
        parent, start = space.sample(rng), time.perf_counter()
        child = space.mutate(parent, rng)
        describe(None, child, space.wire(child))
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def _measure_speed(
    space: SearchSpace, workers: Workers, recipe: Recipe, seed: int, is_interrupted: Callable[[], bool]
) -> Speed | None:
    """Train a large candidate for a moment, twice, since another process may be in the way of one.

    On a busy machine a moment may be too short for a step, and is doubled. None if it was interrupted.
    """
    rng = generator(seed, Stream.EVOLUTION, 2**31)
    if isinstance(space, MLPSpace):
        space = replace(space, methods=("static",))  # of a usual size: larger ones take longer for each edge
    genotype = max((space.sample(rng) for _ in range(5)), key=lambda g: space.wire(g).n_edges)
    wiring, key = space.wire(genotype), genotype.key()
    job = Job(key, wiring, activation_of(genotype), hyperparameters_of(genotype), weight_seeds(seed, key, 1))
    speeds: list[Speed] = []
    trial_s = SPEED_TRIAL_S
    while len(speeds) < 2:
        (result,) = workers.train([job], Leg(recipe, recipe.total_steps, None, time.monotonic() + trial_s))
        if is_interrupted():
            return None
        if result.state is None:
            raise RunFailed(f"The first training failed: {result.failure}.")
        if result.state.steps_done == 0:
            trial_s *= 2
            continue
        n_rows = result.state.steps_done * recipe.batches.batch_size
        speeds.append(Speed.measured(result.seconds, wiring, n_rows))
    return min(speeds, key=lambda speed: speed.seconds)
