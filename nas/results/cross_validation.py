"""Cross-validation of the best candidates, where one validation set is too small to choose by.

A search looks at hundreds of candidates; the one that is best on a few hundred validation rows is mostly the luckiest.
So the best few are trained again, with other weights, on each of five folds of all rows but the test's, and chosen by
their mean score. The folds are drawn anew: where a search trains on folds too, on its own it would only see the same
trainings again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nas.data import AnyDataset
from nas.engine.recipe import Recipe
from nas.generation import hyperparameters_of
from nas.inputs import write_rows
from nas.jobs import Fold, Leg
from nas.ranking import doubling, is_worthwhile
from nas.recorder import Trial
from nas.results.front import Known
from nas.results.trial_job import trial_job
from nas.seeding import Stream, generator, seed_words, words_of_key
from nas.workers import Workers
from search_spaces import SearchSpace

N_FOLDS, MIN_FOLDS = 5, 3
TOP_CANDIDATES, MAX_CANDIDATES = 4, 16
NOISY_VALIDATION_ROWS = 4000
LARGEST_BYTES = 1 << 26  # of the inputs: each fold copies them


def is_wanted(dataset: AnyDataset) -> bool:
    """Whether the validation rows are too few to choose by, and the data small enough to be copied."""
    return dataset.n_validation < NOISY_VALIDATION_ROWS and dataset.x.nbytes <= LARGEST_BYTES


def closest_choices(known: Sequence[Known]) -> list[Trial]:
    """The trials to confirm, where the choice is closest first.

    The best four of all sizes come first. Then come the best and the second best of each doubling of size, the closest
    pairs first, and last the doublings with a single candidate.

    Args:
        known: What is known before any is confirmed.
    """
    wanted = [
        one for one, is_wanted in zip(known, is_worthwhile([k.expected for k in known]), strict=True) if is_wanted
    ]
    wanted.sort(key=lambda one: (-one.expected, one.trial.n_weights, one.trial.number))
    of_doubling: dict[int, list[Known]] = {}
    for one in wanted:
        of_doubling.setdefault(doubling(one.trial.n_weights), []).append(one)
    pairs = [ranked[:2] for ranked in of_doubling.values()]
    pairs.sort(key=lambda pair: pair[0].expected - pair[1].expected if len(pair) == 2 else math.inf)
    ordered = [*wanted[:TOP_CANDIDATES], *(one for pair in pairs for one in pair)]
    return list({one.trial.key: one.trial for one in ordered}.values())[:MAX_CANDIDATES]


def write_folds(folder: Path, dataset: AnyDataset, run_seed: int, stream: Stream) -> tuple[Fold, ...]:
    """Write the folds of a data set into a folder.

    Args:
        folder: Made if need be.
        dataset: The data set.
        run_seed, stream: Decide which row is in which fold.
    """
    n_rows = len(dataset.y)
    fold_of = generator(run_seed, stream).permutation(n_rows) % N_FOLDS
    folds = []
    for number in range(N_FOLDS):
        order = np.concatenate([np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)])
        rows = write_rows(folder / f"fold-{number}", dataset, order)
        folds.append(Fold(rows, int((fold_of != number).sum()), n_rows))
    return tuple(folds)


def fold_rows(n_rows: int) -> int:
    """The fewest rows that a fold of so many has to train on."""
    return n_rows - math.ceil(n_rows / N_FOLDS)


def affordable_candidates(fold_s: Sequence[float], n_workers: int, seconds: float) -> int:
    """How many candidates can be trained on all folds, or at least on three, in some time.

    Args:
        fold_s: Seconds that a worker needs for each candidate on one fold, in their order.
        n_workers: Workers.
        seconds: Time there is.
    """
    for n_folds in (N_FOLDS, MIN_FOLDS):
        n, ends = 0, [0.0] * n_workers
        for one_s in fold_s:
            ends[ends.index(min(ends))] += n_folds * one_s
            if max(ends) > seconds:
                break
            n += 1
        if n > 0:
            return n
    return 0


def cross_validate(
    trials: Sequence[Trial],
    folds: Sequence[Fold],
    space: SearchSpace,
    recipe: Recipe,
    run_seed: int,
    workers: Workers,
    deadline: float | None,
) -> tuple[dict[str, float], int]:
    """Train candidates on fold after fold.

    Args:
        trials: The candidates.
        folds: Rows to train and score on.
        space: Makes the wirings.
        recipe: Over as many rows as the smallest fold has.
        run_seed: Seed of the run.
        workers: Where they are trained.
        deadline: Time of ``time.monotonic``; None for no limit.

    Returns:
        Mean scores by key over the folds on which all candidates were trained before the deadline, and the number of
        those folds; nothing, and 0, if they are fewer than three. Candidates that diverged are left out.
    """
    scores: dict[str, list[float]] = {trial.key: [] for trial in trials}
    failed, n_done = set[str](), 0
    for number, fold in enumerate(folds):
        jobs = [
            trial_job(trial, space, hyperparameters_of(trial.genotype), [weight_seed(run_seed, trial.key, number)])
            for trial in trials
            if trial.key not in failed
        ]
        leg = Leg(recipe, recipe.total_steps, None, deadline, (fold,))
        for result in workers.train(jobs, leg, one_by_one=True) if jobs else ():
            if result.failure is not None:
                failed.add(result.key)
            else:
                scores[result.key] += result.scores  # none if the deadline came first
        n_done = min((len(of_one) for key, of_one in scores.items() if key not in failed), default=0)
        if n_done <= number:
            break
    if n_done < MIN_FOLDS:
        return {}, 0
    return {key: math.fsum(of[:n_done]) / n_done for key, of in scores.items() if key not in failed}, n_done


def weight_seed(run_seed: int, key: str, fold: int) -> tuple[int, ...]:
    """Seed words for the initial weights on a fold, other ones than those of the search."""
    return tuple(seed_words(run_seed, Stream.CROSS_VALIDATION, *words_of_key(key), fold))
