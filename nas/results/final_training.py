"""The final training of a network, on all rows but the test's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.budget import batch_plan
from nas.engine.layout import Network
from nas.engine.networks import as_changed, network_of
from nas.engine.recipe import Recipe
from nas.engine.state import TrainingState
from nas.generation import Course
from nas.jobs import Job, Leg
from nas.sparsify.learned import learned_wiring
from nas.speed import Load, Speed
from nas.workers import Workers
from search_spaces import AnyWiring

MARGIN = 1.15  # by which trainings may take longer than expected
MIN_LENGTHENING = 1.5  # of a longer training; less is not worth its time


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after a final training.

    Attributes:
        wiring: Its wiring, as training has left it.
        parameters: float32 (n_parameters,).
        epochs: How many epochs it was trained for.
        is_complete: Whether that was the whole training, and not what the time allowed.
        seconds: Time it took in a worker.
    """

    wiring: AnyWiring
    parameters: NDArray[np.float32]
    epochs: float
    is_complete: bool
    seconds: float


def final_recipe(course: Course, n_rows: int, epochs: int) -> Recipe:
    """The recipe of a run over training and validation rows together, for some epochs."""
    batches = batch_plan(n_rows, course.run_seed)
    return replace(course.recipe, batches=batches, total_steps=epochs * batches.steps_per_epoch)


def epochs_of(recipe: Recipe) -> int:
    """Epochs of a whole training."""
    return max(1, round(recipe.total_steps / recipe.batches.steps_per_epoch))


def training_wall_s(loads: Sequence[Load], recipe: Recipe, speed: Speed, n_workers: int) -> float:
    """About the seconds until some networks are trained side by side, with a margin; 0 for none.

    Args:
        loads: What the networks cost.
        recipe: How each is trained.
        speed: Of one worker.
        n_workers: Workers.
    """
    each_s = [MARGIN * speed.training_s(load, recipe) for load in loads]
    return max([math.fsum(each_s) / n_workers, *each_s])


def train_to_end(workers: Workers, jobs: Sequence[tuple[Job, Recipe]], deadline: float | None) -> dict[str, Trained]:
    """Train jobs, each by its recipe, in their order until a deadline; give the networks by key as far as they came.

    Those that diverged, or for which there was no time at all, are left out.
    """
    job_of = {job.key: (job, recipe) for job, recipe in jobs}
    trained = {}
    legs = [(job, Leg(recipe, recipe.total_steps, None, deadline)) for job, recipe in jobs]
    for result in workers.train_each(legs):
        state, (job, recipe) = result.state, job_of[result.key]
        if state is not None and result.failure is None and state.steps_done > 0:
            wiring, parameters = _as_trained(job, state)
            trained[result.key] = Trained(
                wiring=wiring,
                parameters=parameters,
                epochs=state.steps_done / recipe.batches.steps_per_epoch,
                is_complete=state.steps_done == recipe.total_steps
                and state.n_prunings == len(job.hyperparameters.sparse_training.further),
                seconds=result.seconds,
            )
    return trained


def _as_trained(job: Job, state: TrainingState) -> tuple[AnyWiring, NDArray[np.float32]]:
    """The wiring and the parameters of a job with one set of weights, with what training has made of its edges."""
    if state.indices is None:
        return job.wiring, state.parameters[0]
    network = as_changed(network_of(job.wiring, job.activation), state)
    assert isinstance(network, Network)
    return learned_wiring(network, state.parameters[0])
