"""Training of jobs in this process: sets of weights on the same rows, or each on a fold of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import random_wiring

from nas.data.shared import SharedRows
from nas.engine.batches import plan_batches
from nas.engine.recipe import Hyperparameters, Recipe
from nas.jobs import Fold, Job, Leg, train_jobs

N_TRAIN, N_ROWS = 60, 80
RECIPE = Recipe("classification", plan_batches(N_TRAIN, (1,)), total_steps=40)


def rows_in(folder: Path, seed: int) -> SharedRows:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=N_ROWS)
    x = rng.normal(size=(N_ROWS, 5)).astype(np.float32)
    x[np.arange(N_ROWS), y] += 2
    return SharedRows.write(folder, x, y)


@pytest.fixture
def folds(tmp_path: Path) -> tuple[Fold, ...]:
    return tuple(Fold(rows_in(tmp_path / str(number), number), N_TRAIN, N_ROWS) for number in range(2))


def jobs(n_seeds: int) -> list[Job]:
    seeds = [tuple((number, k) for k in range(n_seeds)) for number in range(3)]
    return [Job(str(n), random_wiring(n), "relu", Hyperparameters(1e-2), seeds[n]) for n in range(3)]


def test_each_set_of_weights_learns_on_its_fold_as_if_alone(folds: tuple[Fold, ...]) -> None:
    leg = Leg(RECIPE, 40, None, folds=folds)
    together = train_jobs(jobs(3), leg, folds[0].rows, lambda: False)
    for job, result in zip(jobs(3), together, strict=True):
        assert len(result.scores) == 3 and result.failure is None
        for number, seeds in enumerate(job.weight_seeds):
            fold = folds[number % 2]  # round and round
            alone = replace(job, weight_seeds=(seeds,))
            (expected,) = train_jobs([alone], Leg(RECIPE, 40, (N_TRAIN, N_ROWS)), fold.rows, lambda: False)
            assert result.scores[number] == expected.scores[0]
            np.testing.assert_array_equal(result.state.parameters[number], expected.state.parameters[0])


def test_legs_on_folds_go_on_where_they_ended(folds: tuple[Fold, ...]) -> None:
    first, last = (Leg(RECIPE, until, None, folds=folds) for until in (15, 40))
    begun = train_jobs(jobs(2), first, folds[0].rows, lambda: False)
    again = [replace(job, state=result.state) for job, result in zip(jobs(2), begun, strict=True)]
    in_two = train_jobs(again, last, folds[0].rows, lambda: False)
    at_once = train_jobs(jobs(2), last, folds[0].rows, lambda: False)
    for one, other in zip(in_two, at_once, strict=True):
        assert one.scores == other.scores
        np.testing.assert_array_equal(one.state.parameters, other.state.parameters)


def test_what_is_stopped_between_folds_begins_its_leg_again(folds: tuple[Fold, ...]) -> None:
    asked = iter([False] + [True] * 100)
    results = train_jobs(jobs(2), Leg(RECIPE, 40, None, folds=folds), folds[0].rows, lambda: next(asked))
    assert all(result.state is None and result.scores == () and result.failure is None for result in results)


def test_a_fold_on_which_training_diverges_fails_the_job(folds: tuple[Fold, ...]) -> None:
    (begun,) = train_jobs(jobs(2)[:1], Leg(RECIPE, 5, None, folds=folds), folds[0].rows, lambda: False)
    begun.state.parameters[1, 0] = np.nan
    broken = replace(jobs(2)[0], state=begun.state)
    (result,) = train_jobs([broken], Leg(RECIPE, 40, None, folds=folds), folds[0].rows, lambda: False)
    assert result.failure is not None and result.failure.startswith("diverged") and result.scores == ()
