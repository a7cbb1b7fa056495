"""Training of jobs in this process: sets of weights on the same rows, or each on a fold of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import random_wiring, three_classes

from nas.engine.batches import plan_batches
from nas.engine.recipe import Hyperparameters, Recipe
from nas.jobs import Fold, Job, Leg, train_jobs
from search_spaces.sparse_training import SparseTraining

N_TRAIN, N_ROWS = 60, 80
RECIPE = Recipe("classification", plan_batches(N_TRAIN, (1,)), total_steps=40)


@pytest.fixture
def folds(tmp_path: Path) -> tuple[Fold, ...]:
    return tuple(Fold(three_classes(tmp_path / str(number), number, N_ROWS), N_TRAIN, N_ROWS) for number in range(2))


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


PRUNED = Hyperparameters(1e-2, 0.1, 0.0, SparseTraining("pruned", "all", 0.4, 6, 0.8))
REWIRED = Hyperparameters(1e-2, 0.0, 0.0, SparseTraining("rigl", "all", 0.3, 5, 0.9))


def learned_jobs(n_seeds: int) -> list[Job]:
    """A job whose edges are pruned, one whose edges are rewired, and one whose edges stay."""
    owns = (PRUNED, REWIRED, Hyperparameters(1e-2))
    return [
        replace(job, wiring=random_wiring(n, n_hidden=20, density=0.5), hyperparameters=own)
        for n, (job, own) in enumerate(zip(jobs(n_seeds), owns, strict=True))
    ]


@pytest.mark.parametrize("on_folds", [False, True])
def test_each_set_of_weights_finds_edges_of_its_own_as_if_alone(folds: tuple[Fold, ...], on_folds: bool) -> None:
    leg = Leg(RECIPE, 40, (N_TRAIN, N_ROWS), folds=folds if on_folds else ())
    together = train_jobs(learned_jobs(3), leg, folds[0].rows, lambda: False)
    for job, result in zip(learned_jobs(3), together, strict=True):
        assert len(result.scores) == 3 and result.failure is None and result.state is not None
        for number, seeds in enumerate(job.weight_seeds):
            rows = folds[number % 2].rows if on_folds else folds[0].rows
            alone = replace(job, weight_seeds=(seeds,))
            (expected,) = train_jobs([alone], Leg(RECIPE, 40, (N_TRAIN, N_ROWS)), rows, lambda: False)
            assert expected.state is not None and result.scores[number] == expected.scores[0]
            # Several sets of weights of fixed edges are summed in another order than one.
            np.testing.assert_allclose(result.state.parameters[number], expected.state.parameters[0], atol=1e-4)
            if not job.hyperparameters.sparse_training.is_static:
                np.testing.assert_array_equal(result.state.parameters[number], expected.state.parameters[0])
            if result.state.indices is not None and expected.state.indices is not None:
                np.testing.assert_array_equal(result.state.indices[number], expected.state.indices[0])
    pruned, rewired, drawn = (result.state for result in together)
    assert pruned is not None and rewired is not None and drawn is not None and drawn.indices is None
    first, second, _ = learned_jobs(3)
    assert pruned.indices is not None and rewired.indices is not None
    assert pruned.indices.shape == (3, PRUNED.sparse_training.weights_left(first.wiring))  # type: ignore[arg-type]
    assert rewired.indices.shape == (3, second.wiring.n_edges)
    assert not np.array_equal(pruned.indices[0], pruned.indices[1])


def test_legs_in_the_middle_of_pruning_go_on_where_they_ended(folds: tuple[Fold, ...]) -> None:
    n_edges, states, scores = [], [None] * 3, None
    for until in (5, 17, 29, 40):
        begun = [replace(job, state=state) for job, state in zip(learned_jobs(2), states, strict=True)]
        results = train_jobs(begun, Leg(RECIPE, until, (N_TRAIN, N_ROWS)), folds[0].rows, lambda: False)
        states, scores = [result.state for result in results], [result.scores for result in results]
        n_edges.append(replace(begun[0], state=states[0]).n_edges)
    assert n_edges == sorted(n_edges, reverse=True) and len(set(n_edges)) > 2
    at_once = train_jobs(learned_jobs(2), Leg(RECIPE, 40, (N_TRAIN, N_ROWS)), folds[0].rows, lambda: False)
    for state, of_one, other in zip(states, scores, at_once, strict=True):  # type: ignore[arg-type]
        assert of_one == other.scores and state is not None and other.state is not None
        np.testing.assert_array_equal(state.parameters, other.state.parameters)


def test_a_set_of_weights_that_diverges_while_others_are_pruned_fails_the_job(folds: tuple[Fold, ...]) -> None:
    first = learned_jobs(2)[:1]
    (begun,) = train_jobs(first, Leg(RECIPE, 5, None), folds[0].rows, lambda: False)
    assert begun.state is not None
    begun.state.parameters[1, 0] = np.nan
    for of_folds in ((), folds):
        leg = Leg(RECIPE, 40, None, folds=of_folds)
        (result,) = train_jobs([replace(first[0], state=begun.state)], leg, folds[0].rows, lambda: False)
        assert result.failure is not None and result.failure.startswith("diverged") and result.scores == ()
