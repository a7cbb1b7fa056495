"""How fast candidates are trained, as measured at the start of a run and observed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nas.engine.recipe import Recipe
from nas.generation import Course
from nas.recorder import Trial
from search_spaces import AnyWiring, RecurrentGenotype, RecurrentWiring
from search_spaces.sparse_training import FURTHER_CHANGES, FURTHER_TRAINING, FURTHER_UNTIL, SparseTraining

RECURRENT_OVERHEAD_EDGES = 400  # units, and sequences of different lengths


@dataclass(frozen=True)
class Load:
    """What a network costs to train.

    Attributes:
        n_weights: Its weights in the mean over its training.
        stride: Steps of a sequence for which it takes one; 1 for rows of a table.
    """

    n_weights: float
    stride: int = 1

    @classmethod
    def of_trial(cls, trial: Trial, share: float = 1.0) -> Load:
        """That of a trial over the first part of its training, given as a share of the whole."""
        genotype = trial.genotype
        if isinstance(genotype, RecurrentGenotype):
            return cls(trial.n_weights, genotype.stride)
        training = genotype.sparse_training
        sizes = sizes_by_training(training, trial.n_weights)
        excess = training.mean_excess(share)
        n_weights = sizes[0] + excess * (max(trial.n_drawn, sizes[0]) - sizes[0])
        if share < 1.0:
            return cls(n_weights)
        return cls(n_weights + sum(_pruning_load(*pair) for pair in pairwise(sizes)))

    @classmethod
    def of_search(cls, trial: Trial, share: float) -> Load:
        """As `of_trial`, but of what is pruned further only the last pruning: it begins where its parent has ended."""
        genotype = trial.genotype
        if isinstance(genotype, RecurrentGenotype) or not genotype.sparse_training.further:
            return cls.of_trial(trial, share)
        return cls(_pruning_load(*sizes_by_training(genotype.sparse_training, trial.n_weights)[-2:]))

    @classmethod
    def of_wiring(cls, wiring: AnyWiring) -> Load:
        """That of a wiring."""
        return cls(wiring.n_weights, wiring.stride if isinstance(wiring, RecurrentWiring) else 1)


@dataclass(frozen=True)
class Speed:
    """Training speed of one worker.

    Attributes:
        seconds: Seconds for each edge, row of a batch, and step.
        overhead_edges: What a step costs besides its edges (gathering, activations, the loss), as a number of edges.
    """

    seconds: float
    overhead_edges: int

    @classmethod
    def measured(cls, seconds: float, wiring: AnyWiring, n_rows: int) -> Speed:
        """The speed of a training that took some seconds for a number of rows, batch after batch."""
        one = cls(1.0, _overhead_edges(wiring.n_inputs, isinstance(wiring, RecurrentWiring)))
        return replace(one, seconds=seconds / (n_rows * one.row_s(Load.of_wiring(wiring))))

    @classmethod
    def observed(cls, history: Sequence[Trial], course: Course, n_inputs: int) -> Speed | None:
        """The mean speed of all trainings so far, with whatever else the machine did; None before the first."""
        is_recurrent = any(isinstance(trial.genotype, RecurrentGenotype) for trial in history)
        one = cls(1.0, _overhead_edges(n_inputs, is_recurrent))
        seconds = sum(trial.outcome.seconds for trial in history if trial.outcome is not None and trial.outcome.scores)
        work = one.search_s(history, course)
        return replace(one, seconds=seconds / work) if work else None

    def search_s(self, history: Sequence[Trial], course: Course) -> float:
        """Seconds that one worker would need for all trainings so far that reached a rung."""
        total_s = 0.0
        for trial in history:
            if trial.outcome is not None and trial.outcome.scores:
                n_steps = course.rung_steps[len(trial.outcome.scores) - 1]
                load = Load.of_search(trial, n_steps / course.recipe.total_steps)
                total_s += course.n_seeds * self.training_s(load, replace(course.recipe, total_steps=n_steps))
        return total_s

    def training_s(self, load: Load, recipe: Recipe) -> float:
        """Seconds that one worker needs for one training of one network."""
        return self.row_s(load) * recipe.batches.batch_size * recipe.total_steps

    def row_s(self, load: Load) -> float:
        """Seconds that one worker needs for one row, or sequence, of a batch."""
        return self.seconds * (load.n_weights + self.overhead_edges) / load.stride


def sizes_by_training(training: SparseTraining, n_weights: int) -> list[float]:
    """About how many weights a network has after its training, and after each pruning that follows the training.

    Args:
        training: What it does to the edges.
        n_weights: At last.
    """
    sizes = [float(n_weights)]
    for share in reversed(training.further):
        sizes.insert(0, sizes[0] / share)
    return sizes


def _pruning_load(before: float, after: float) -> float:
    """What a pruning after the training costs, as weights in the mean over a whole training."""
    excess = SparseTraining("pruned", "all", 0.5, FURTHER_CHANGES, FURTHER_UNTIL).mean_excess()
    return FURTHER_TRAINING * (after + excess * (before - after))


def _overhead_edges(n_inputs: int, is_recurrent: bool) -> int:
    return 200 + 2 * n_inputs + (RECURRENT_OVERHEAD_EDGES if is_recurrent else 0)
