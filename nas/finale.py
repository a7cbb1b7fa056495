"""What follows the search: retrain the front on all rows but the test's, read the test rows once, and compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.baselines import Baseline, boosted_trees, choose_dense_rates, dense_job, dense_wirings, total_edges
from nas.budget import Clock, batch_plan
from nas.data import Dataset
from nas.engine.layout import lay_out
from nas.engine.population import Recipe, predict, score
from nas.generation import Course, weight_seeds
from nas.network_file import TrainedNetwork, save_network
from nas.recorder import Trial
from nas.rundir import RunDirectory
from nas.status import best_of, front_of
from nas.workers import Job, Leg, Workers
from search_spaces import SearchSpace

MAX_FRONT = 12
TREES_SHARE = 0.08  # of the budget
MAX_TREES_S = 120.0
FINALE_MARGIN = 1.25
OVERHEAD_S = 1.5
MAX_FINALE_SHARE = 0.45


@dataclass(frozen=True)
class FrontRow:
    """A network of the final front.

    Attributes:
        trial: Number of its trial.
        n_weights: Its weights.
        density: Share of the dense network's weights.
        validation_score: Mean over seeds, from the search.
        test_score: Of the retrained network; None if the time was too short to retrain it.
    """

    trial: int
    n_weights: int
    density: float
    validation_score: float
    test_score: float | None


@dataclass(frozen=True)
class Speed:
    """Measured training speed: ``seconds`` of one worker for each edge, row of a batch, and step."""

    seconds: float

    def training_s(self, n_edges: int, recipe: Recipe) -> float:
        """Seconds one worker needs for one training of one network."""
        # A step costs time besides its edges: gathering, activations, the loss.
        return self.seconds * (n_edges + 500) * recipe.batches.batch_size * recipe.total_steps


def pick_front(history: Sequence[Trial]) -> list[Trial]:
    """The front from small to large, thinned to at most 12: the ends, and evenly spaced places between."""
    front = front_of(history)
    if len(front) <= MAX_FRONT:
        return front
    places = np.unique(np.linspace(0, len(front) - 1, MAX_FRONT).round().astype(int))
    return [front[place] for place in places]


def full_recipe(course: Course, n_inputs: int, n_rows: int) -> Recipe:
    """The recipe of a run over training and validation rows together, for as many epochs."""
    batches = batch_plan(n_inputs, n_rows, course.run_seed)
    epochs = course.recipe.total_steps / course.recipe.batches.steps_per_epoch
    return replace(course.recipe, batches=batches, total_steps=max(1, round(epochs * batches.steps_per_epoch)))


def finale_seconds(
    history: Sequence[Trial],
    course: Course,
    recipe: Recipe,
    speed: Speed,
    n_outputs: int,
    n_inputs: int,
    n_workers: int,
    budget_s: float | None,
) -> float:
    """Seconds to keep for the finale, as far as the trials so far tell."""
    if budget_s is None:
        return 0.0
    front = pick_front(history)
    best = best_of(history)
    dense = list(dense_wirings(n_inputs, n_outputs, best.n_weights if best else 1000).values())
    # Each dense network is trained for a third with three learning rates, then once.
    edges = sum(trial.n_weights for trial in front) + 2 * total_edges(dense)
    networks_s = speed.training_s(edges, recipe) / n_workers
    longest_s = speed.training_s(2 * max(wiring.n_edges for wiring in dense), recipe)
    trees_s = min(TREES_SHARE * budget_s, MAX_TREES_S)
    wanted = FINALE_MARGIN * max(networks_s, longest_s) + trees_s + OVERHEAD_S
    return min(wanted, MAX_FINALE_SHARE * budget_s)


class Finale:
    """Retraining, the one reading of the test rows, and the baselines."""

    def __init__(
        self,
        directory: RunDirectory,
        dataset: Dataset,
        space: SearchSpace,
        course: Course,
        recipe: Recipe,
        workers: Workers,
        clock: Clock,
        show: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._dataset = dataset
        self._space = space
        self._course = course
        self._recipe = recipe
        self._workers = workers
        self._clock = clock
        self._show = show

    def run(
        self, history: Sequence[Trial], is_interrupted: Callable[[], bool]
    ) -> tuple[list[FrontRow], list[Baseline]] | None:
        """Give the rows of the front and the baselines, or None if interrupted."""
        front, best = pick_front(history), best_of(history)
        if best is None:
            return [], []
        dataset, run_seed = self._dataset, self._course.run_seed
        budget_s = self._clock.budget_s
        trees_s = MAX_TREES_S if budget_s is None else min(TREES_SHARE * budget_s, MAX_TREES_S)
        networks_end = self._clock.moment(trees_s + OVERHEAD_S / 2)

        self._show("retraining the front")
        wirings = dense_wirings(dataset.n_inputs, dataset.n_outputs, best.n_weights)
        jobs = [self._job(trial) for trial in front]
        parameters = self._train([job for job in jobs if job.key == best.key], None)
        parameters |= self._train([job for job in jobs if job.key != best.key], networks_end)
        if is_interrupted():
            return None

        self._show("training the dense baselines")
        columns = (dataset.n_train, dataset.n_train + dataset.n_validation)
        rates, choosing_s = choose_dense_rates(
            wirings, self._workers, self._course.recipe, columns, run_seed, networks_end
        )
        dense_jobs = [dense_job(name, wiring, rates[name], run_seed) for name, wiring in wirings.items()]
        dense_start = time.monotonic()
        dense = self._train(dense_jobs, networks_end)
        dense_s = time.monotonic() - dense_start
        if is_interrupted():
            return None

        self._show("reading the test rows")
        x_test, y_test = dataset.read_test()
        targets = y_test.astype(np.float32)
        rows = []
        for trial in front:
            test_score = None
            if trial.key in parameters:
                network = TrainedNetwork(
                    self._space.wire(trial.genotype),
                    trial.genotype.activation,
                    parameters[trial.key],
                    dataset.encoding,
                )
                test_score = score(network.outputs(x_test), targets, dataset.task)
                self._save(trial, network, test_score)
            assert trial.outcome is not None
            rows.append(FrontRow(trial.number, trial.n_weights, trial.density, trial.outcome.score, test_score))
        baselines = []
        for name, wiring in wirings.items():
            if name in dense:
                outputs = predict(lay_out(wiring, "relu"), dense[name], x_test)
                test_score = score(outputs, targets, dataset.task)
                baselines.append(Baseline(name, test_score, wiring.n_weights, choosing_s[name] + dense_s))
        self._show("training gradient-boosted trees")
        left_s = self._clock.left_s()
        limit_s = trees_s if left_s is None else max(0.0, min(trees_s, left_s))
        baselines.append(
            boosted_trees(dataset.x, dataset.y.astype(np.float32), x_test, targets, dataset.task, run_seed, limit_s)
        )
        return rows, baselines

    def _job(self, trial: Trial) -> Job:
        genotype = trial.genotype
        seeds = weight_seeds(self._course.run_seed, trial.key, 1)
        return Job(trial.key, self._space.wire(genotype), genotype.activation, genotype.learning_rate, seeds)

    def _train(self, jobs: Sequence[Job], deadline: float | None) -> dict[str, NDArray[np.float32]]:
        """Parameters by key of the jobs that were trained to the end."""
        leg = Leg(self._recipe, self._recipe.total_steps, None, deadline)
        trained = {}
        for result in self._workers.train(jobs, leg) if jobs else ():
            if result.state is not None and result.failure is None and result.state.steps_done == leg.until_step:
                trained[result.key] = result.state.parameters[0]
        return trained

    def _save(self, trial: Trial, network: TrainedNetwork, test_score: float) -> None:
        assert trial.outcome is not None
        about: dict[str, object] = {
            "run": self._directory.name,
            "trial": trial.number,
            "score_name": self._dataset.score_name,
            "validation_score": trial.outcome.score,
            "test_score": test_score,
            "genotype": trial.genotype.to_dict(),
        }
        save_network(self._directory.models / f"trial-{trial.number}", network, about)
