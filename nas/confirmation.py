"""Cross-validation of the best candidates, where one validation set is too small to choose by.

A search looks at hundreds of candidates; the one that is best on a few hundred validation rows is mostly the luckiest.
So the best few are trained again on each of five folds of all rows but the test's, and chosen by their mean score.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nas.data import AnyDataset
from nas.engine.recipe import Recipe
from nas.generation import Course, activation_of, hyperparameters_of, weight_seeds
from nas.inputs import write_rows
from nas.jobs import Fold, Job, Leg
from nas.recorder import Trial
from nas.seeding import Stream, generator
from nas.status import comparable_trials, score_of
from nas.workers import Workers
from search_spaces import SearchSpace

N_FOLDS = 5
MOST_CANDIDATES = 16
NOISY_VALIDATION_ROWS = 4000
LARGEST_BYTES = 1 << 26  # of the inputs, of which each fold is a copy


def is_wanted(dataset: AnyDataset) -> bool:
    """Whether the validation rows are too few to choose by, and the data small enough to be copied."""
    return dataset.n_validation < NOISY_VALIDATION_ROWS and dataset.x.nbytes <= LARGEST_BYTES


def best_trials(history: Sequence[Trial]) -> list[Trial]:
    """The trials to confirm: the best of each doubling of size, then the second best, and so on.

    Not those of the front: a small network with a lucky score pushes all larger ones from it.
    """
    trials = sorted(comparable_trials(history), key=lambda trial: (-score_of(trial), trial.n_weights, trial.key))
    ranks: Counter[int] = Counter()
    ranked = []
    for trial in trials:
        size = int(math.log2(trial.n_weights))
        ranked.append((ranks[size], trial))
        ranks[size] += 1
    return [trial for _, trial in sorted(ranked, key=lambda pair: pair[0])][:MOST_CANDIDATES]


def write_folds(folder: Path, dataset: AnyDataset, run_seed: int) -> tuple[Fold, ...]:
    """Write the folds of a data set into a folder; which row is in which fold depends on the seed alone."""
    n_rows = len(dataset.y)
    fold_of = generator(run_seed, Stream.FOLDS).permutation(n_rows) % N_FOLDS
    folds = []
    for number in range(N_FOLDS):
        order = np.concatenate([np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)])
        rows = write_rows(folder / f"fold-{number}", dataset, order)
        folds.append(Fold(rows, int((fold_of != number).sum()), n_rows))
    return tuple(folds)


def fold_rows(n_rows: int) -> int:
    """The fewest rows that a fold of so many has to train on."""
    return n_rows - math.ceil(n_rows / N_FOLDS)


def confirm(
    trials: Sequence[Trial],
    folds: Sequence[Fold],
    space: SearchSpace,
    course: Course,
    recipe: Recipe,
    workers: Workers,
    deadline: float | None,
) -> dict[str, float]:
    """Mean scores over folds by key, of the trials that were trained on all of them before the deadline."""
    leg = Leg(recipe, recipe.total_steps, None, deadline, tuple(folds))
    jobs = [
        Job(
            trial.key,
            space.wire(trial.genotype),
            activation_of(trial.genotype),
            hyperparameters_of(trial.genotype),
            weight_seeds(course.run_seed, trial.key, len(folds)),
        )
        for trial in trials
    ]
    results = {result.key: result.scores for result in workers.train(jobs, leg, one_by_one=True) if result.scores}
    return {trial.key: math.fsum(results[trial.key]) / len(folds) for trial in trials if trial.key in results}
