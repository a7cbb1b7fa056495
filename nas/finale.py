"""What follows the search: retrain the front on all rows but the test's, read the test rows once, and compare."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas import confirmation
from nas.baselines import (
    DENSE_ACTIVATION,
    Baseline,
    boosted_trees,
    boosting_seconds,
    choose_dense_rates,
    dense_job,
    dense_wirings,
)
from nas.budget import batch_plan
from nas.data import AnyDataset, Dataset
from nas.engine.gather import Inputs
from nas.engine.networks import network_of
from nas.engine.population import predict, score
from nas.engine.recipe import Recipe
from nas.evolution import pareto_front
from nas.generation import Course, activation_of, hyperparameters_of, weight_seeds
from nas.inputs import read_test
from nas.jobs import Job, Leg
from nas.network_file import TrainedNetwork, save_network
from nas.recorder import Trial
from nas.recurrent_baselines import dense_recurrent_wirings, rule_baselines
from nas.search import Search
from nas.status import best_of, comparable_trials, front_of, score_of
from nas.workers import Workers
from search_spaces import AnyWiring, RecurrentGenotype

MAX_FRONT = 12
BOOSTING_SHARE = 0.08  # of the budget
MAX_BOOSTING_S = 120.0
MARGIN = 1.15
OVERHEAD_S = 1.2
MAX_SHARE = 0.45  # of the budget
RECURRENT_OVERHEAD_EDGES = 2000  # units, and sequences of different lengths
CONFIRMATION_SHARE = 0.15  # of the budget, at most

Parameters = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class FrontRow:
    """A network of the final front.

    Attributes:
        trial: Number of its trial.
        n_weights: Its weights.
        density: Share of the dense network's weights.
        validation_score: Mean over seeds, from the search; or over folds, where candidates were cross-validated.
        test_score: Of the retrained network; None if the time was too short to retrain it, or its outputs
            were not finite.
    """

    trial: int
    n_weights: int
    density: float
    validation_score: float
    test_score: float | None


@dataclass(frozen=True)
class FamilyRow:
    """How well a family of test sequences is told apart.

    Attributes:
        family: Its name.
        n: Its test sequences.
        accuracies: Of the best network, "network", and of the trivial rules, by name.
    """

    family: str
    n: int
    accuracies: dict[str, float]


@dataclass(frozen=True)
class Finding:
    """What a run ends with.

    Attributes:
        front: Networks of the front, from small to large.
        baselines: What they are compared with.
        families: Accuracies of the best network by family; empty where data have no families.
        n_folds: Folds of the cross-validation that chose the front; 0 if the validation rows did.
    """

    front: list[FrontRow]
    baselines: list[Baseline]
    families: list[FamilyRow]
    n_folds: int


@dataclass(frozen=True)
class Speed:
    """Measured training speed.

    Attributes:
        seconds: Seconds of one worker for each edge, row of a batch, and step.
        overhead_edges: What a step costs besides its edges (gathering, activations, the loss), as so many edges.
    """

    seconds: float
    overhead_edges: int

    @classmethod
    def measured(cls, seconds: float, n_edges: int, n_rows: int, n_inputs: int, is_recurrent: bool = False) -> Speed:
        """The speed of a training that took some seconds for a number of rows, batch after batch."""
        overhead = _overhead_edges(n_inputs, is_recurrent)
        return cls(seconds / (n_rows * (n_edges + overhead)), overhead)

    @classmethod
    def observed(cls, history: Sequence[Trial], course: Course, n_inputs: int) -> Speed | None:
        """The speed of all trainings so far, as they met one another and whatever else the machine did."""
        is_recurrent = any(isinstance(trial.genotype, RecurrentGenotype) for trial in history)
        overhead = _overhead_edges(n_inputs, is_recurrent)
        rows_a_step = course.n_seeds * course.recipe.batches.batch_size
        seconds = units = 0.0
        for trial in history:
            if trial.outcome is not None and trial.outcome.scores:
                seconds += trial.outcome.seconds
                n_steps = course.rung_steps[len(trial.outcome.scores) - 1]
                units += rows_a_step * n_steps * (trial.n_weights + overhead)
        return cls(seconds / units, overhead) if units else None

    def training_s(self, n_edges: int, recipe: Recipe) -> float:
        """Seconds one worker needs for one training of one network."""
        return self.seconds * (n_edges + self.overhead_edges) * recipe.batches.batch_size * recipe.total_steps


def _overhead_edges(n_inputs: int, is_recurrent: bool) -> int:
    return 200 + 2 * n_inputs + (RECURRENT_OVERHEAD_EDGES if is_recurrent else 0)


def retraining_recipe(course: Course, n_rows: int) -> Recipe:
    """The recipe of a run over training and validation rows together, for as many epochs."""
    return course.recipe.over(batch_plan(n_rows, course.run_seed))


def estimate_seconds(
    history: Sequence[Trial], recipe: Recipe, speed: Speed, dataset: AnyDataset, n_workers: int, budget_s: float
) -> float:
    """Seconds to keep for all this, as far as the trials so far tell."""
    front, best = pick_front(history), best_of(history)
    each_s = (
        [] if best is None else [speed.training_s(w.n_edges, recipe) for w in _dense_wirings(dataset, best).values()]
    )
    # Each dense network is trained for a third with three learning rates, then once to the end.
    dense_s = max(2 * sum(each_s) / n_workers, max(each_s, default=0.0) * 4 / 3)
    sparse = [speed.training_s(trial.n_weights, recipe) for trial in front]
    sparse_s = max(sum(sparse) / n_workers, max(sparse, default=0.0))
    wanted_s = MARGIN * (dense_s + sparse_s) + _boosting_limit_s(dataset, budget_s) + OVERHEAD_S
    confirmation_s = 0.0
    if confirmation.is_wanted(dataset):
        each_s = [_confirmation_s(trial, recipe, speed, n_workers) for trial in confirmation.best_trials(history)]
        confirmation_s = min(sum(each_s), CONFIRMATION_SHARE * budget_s)
    return min(wanted_s + confirmation_s, MAX_SHARE * budget_s)


def finish(search: Search, dataset: AnyDataset, recipe: Recipe, show: Callable[[str], None]) -> Finding | None:
    """Retrain, test and compare; None if interrupted.

    Args:
        search: The search that is over.
        dataset: Its data, whose test rows are read here.
        recipe: How to retrain; see :func:`retraining_recipe`.
        show: Told what is being done.
    """
    history, run_seed = search.recorder.history, search.course.run_seed
    if best_of(history) is None:
        return Finding([], [], [], 0)
    workers, moment = search.workers, search.clock.moment
    deadline = moment(OVERHEAD_S / 2)  # when time is short, what comes last gets less

    scores: dict[str, float] = {}
    if confirmation.is_wanted(dataset):
        show("cross-validating the best")
        scores = _confirm(search, dataset, recipe)
        if search.is_interrupted():
            return None
    n_folds = confirmation.N_FOLDS if scores else 0
    if scores:
        front = thinned(_front_by(scores, history))
    else:
        front = pick_front(history)
        scores = {trial.key: score_of(trial) for trial in front}
    best = front[-1]  # of the highest score

    show("retraining the front")
    jobs = [_job(search, trial) for trial in reversed(front)]
    retrained = _train(workers, jobs, recipe, deadline)
    if best.key not in retrained and not search.is_interrupted():
        retrained |= _train(workers, jobs[:1], recipe, None)
    if search.is_interrupted():
        return None

    show("training the dense baselines")
    wirings = _dense_wirings(dataset, best)
    rates, seconds = choose_dense_rates(wirings, workers, search.course, deadline)
    start = time.monotonic()
    jobs = [dense_job(name, wiring, rates[name], run_seed) for name, wiring in wirings.items()]
    dense = _train(workers, jobs, recipe, deadline)
    dense_s = time.monotonic() - start
    if search.is_interrupted():
        return None

    show("reading the test rows")
    test_rows, targets = read_test(dataset)
    rows: list[FrontRow] = []
    families: list[FamilyRow] = []
    for trial in front:
        test_score = None
        if trial.key in retrained:
            wiring, activation = search.space.wire(trial.genotype), activation_of(trial.genotype)
            network = TrainedNetwork(wiring, activation, retrained[trial.key], dataset.encoding)
            outputs = network.outputs(test_rows)
            test_score = _finite(score(outputs, targets, dataset.task))
            if trial.key == best.key and test_score is not None:
                families = _family_rows(dataset, outputs.argmax(axis=0), targets)
            if test_score is not None:
                _save(search, trial, network, dataset.score_name, scores[trial.key], test_score)
        rows.append(FrontRow(trial.number, trial.n_weights, trial.density, scores[trial.key], test_score))
    baselines = []
    for name, parameters in dense.items():
        outputs = predict(network_of(wirings[name], DENSE_ACTIVATION), parameters, test_rows)
        test_score = _finite(score(outputs, targets, dataset.task))
        if test_score is not None:
            baselines.append(Baseline(name, test_score, wirings[name].n_weights, seconds[name] + dense_s))

    if not isinstance(dataset, Dataset):
        return Finding(rows, [*baselines, *rule_baselines(dataset, targets)], families, n_folds)
    assert isinstance(test_rows, Inputs)

    show("training gradient-boosted trees")
    left_s = search.clock.left_s()
    limit_s = MAX_BOOSTING_S if left_s is None else max(0.0, left_s - OVERHEAD_S / 2)
    y = dataset.y.astype(np.float32)
    boosted = boosted_trees(dataset.numbers(), y, test_rows.values.T, targets, dataset.task, run_seed, limit_s)
    return Finding(rows, baselines if boosted is None else [*baselines, boosted], families, n_folds)


def pick_front(history: Sequence[Trial]) -> list[Trial]:
    """The front by validation from small to large, thinned."""
    return thinned(front_of(history))


def thinned(front: Sequence[Trial]) -> list[Trial]:
    """At most 12 of a front: the ends, and evenly spaced places between."""
    if len(front) <= MAX_FRONT:
        return list(front)
    places = np.unique(np.linspace(0, len(front) - 1, MAX_FRONT).round().astype(int))
    return [front[place] for place in places]


def _confirmation_s(trial: Trial, recipe: Recipe, speed: Speed, n_workers: int) -> float:
    """Seconds of the cross-validation of one candidate, among others."""
    return MARGIN * confirmation.N_FOLDS * speed.training_s(trial.n_weights, recipe) / n_workers


def _confirm(search: Search, dataset: AnyDataset, recipe: Recipe) -> dict[str, float]:
    """Cross-validated scores by key, of as many of the best as the time allows."""
    course, history, budget_s = search.course, search.recorder.history, search.clock.budget_s
    trials = confirmation.best_trials(history)
    deadline = None
    if budget_s is not None:
        deadline = time.monotonic() + CONFIRMATION_SHARE * budget_s
        speed = Speed.observed(history, course, dataset.n_inputs)
        assert speed is not None  # of trials that were trained
        used_s = np.cumsum([_confirmation_s(trial, recipe, speed, search.config.search.workers) for trial in trials])
        trials = trials[: int(np.searchsorted(used_s, CONFIRMATION_SHARE * budget_s / MARGIN))]
    folds = course.folds or confirmation.write_folds(search.directory.shared, dataset, course.run_seed)
    batches = batch_plan(confirmation.fold_rows(len(dataset.y)), course.run_seed)
    return confirmation.confirm(
        trials, folds, search.space, course, course.recipe.over(batches), search.workers, deadline
    )


def _front_by(scores: Mapping[str, float], history: Sequence[Trial]) -> list[Trial]:
    """The front by other scores than those of the search, from small to large."""
    trials = [trial for trial in comparable_trials(history) if trial.key in scores]
    return [trials[place] for place in pareto_front([scores[t.key] for t in trials], [t.n_weights for t in trials])]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _dense_wirings(dataset: AnyDataset, best: Trial) -> dict[str, AnyWiring]:
    """The dense networks to compare the best with."""
    if isinstance(best.genotype, RecurrentGenotype):
        n_embedded = max(1, best.genotype.embedding)
        sizes = (dataset.n_inputs, n_embedded, dataset.n_outputs, best.n_weights)
        return {**dense_recurrent_wirings(*sizes, best.genotype.cell)}
    return {**dense_wirings(dataset.n_inputs, dataset.n_outputs, best.n_weights)}


def _family_rows(dataset: AnyDataset, predicted: NDArray[np.int64], targets: NDArray[np.float32]) -> list[FamilyRow]:
    """Accuracy in each family of test sequences, of a network and of the trivial rules; none for other data."""
    if isinstance(dataset, Dataset) or dataset.test_families is None:
        return []
    names, family_of = dataset.test_families
    rules = dataset.read_baselines()
    answers: dict[str, NDArray[np.int64] | NDArray[np.int32]] = {"network": predicted, **dict(rules)}
    rows = []
    for family in np.unique(family_of):
        of_family = family_of == family
        right = {who: float(np.mean((answer == targets)[of_family])) for who, answer in answers.items()}
        rows.append(FamilyRow(names[family], int(of_family.sum()), right))
    return rows


def _boosting_limit_s(dataset: AnyDataset, budget_s: float | None) -> float:
    """Seconds to keep for boosted trees; none for sequences."""
    if not isinstance(dataset, Dataset):
        return 0.0
    if budget_s is None:
        return MAX_BOOSTING_S
    estimate_s = boosting_seconds(dataset.x.shape, dataset.n_outputs)
    return min(MARGIN * estimate_s, BOOSTING_SHARE * budget_s, MAX_BOOSTING_S)


def _job(search: Search, trial: Trial) -> Job:
    genotype = trial.genotype
    seeds = weight_seeds(search.course.run_seed, trial.key, 1)
    return Job(trial.key, search.space.wire(genotype), activation_of(genotype), hyperparameters_of(genotype), seeds)


def _train(workers: Workers, jobs: Sequence[Job], recipe: Recipe, deadline: float | None) -> Parameters:
    """Parameters by key of the jobs that were trained to the end, in the order of the jobs."""
    leg = Leg(recipe, recipe.total_steps, None, deadline)
    trained = {}
    for result in workers.train(jobs, leg, one_by_one=True) if jobs else ():
        if result.state is not None and result.failure is None and result.state.steps_done == leg.until_step:
            trained[result.key] = result.state.parameters[0]
    return {job.key: trained[job.key] for job in jobs if job.key in trained}


def _save(
    search: Search, trial: Trial, network: TrainedNetwork, score_name: str, validation_score: float, test_score: float
) -> None:
    about: dict[str, object] = {
        "run": search.directory.name,
        "trial": trial.number,
        "score_name": score_name,
        "validation_score": validation_score,
        "test_score": test_score,
        "genotype": trial.genotype.to_dict(),
    }
    save_network(search.directory.models / f"trial-{trial.number}", network, about)
