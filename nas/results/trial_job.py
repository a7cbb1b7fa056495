"""A trial of the search as workers take it, to be trained anew."""

from __future__ import annotations

from collections.abc import Sequence

from nas.engine.recipe import Hyperparameters
from nas.generation import activation_of
from nas.jobs import Job
from nas.recorder import Trial
from search_spaces import SearchSpace


def trial_job(trial: Trial, space: SearchSpace, own: Hyperparameters, seeds: Sequence[tuple[int, ...]]) -> Job:
    """The job of a trial with some hyperparameters and fresh weights, a set for each seed."""
    return Job(trial.key, space.wire(trial.genotype), activation_of(trial.genotype), own, tuple(seeds))
