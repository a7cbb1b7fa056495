"""Prunings after a training: what is left, and that a parent's weights save time and change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import random_wiring, three_classes

from nas.data.shared import SharedRows
from nas.engine.batches import plan_batches
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import initial_state
from nas.jobs import Fold, Job, Leg, Result, train_jobs
from nas.sparsify.further import pruned_further
from search_spaces.sparse_training import STATIC, SparseTraining

N_TRAIN, N_ROWS, STEPS = 60, 80, 40
RECIPE = Recipe("classification", plan_batches(N_TRAIN, (1,)), STEPS)
WIRING = random_wiring(2, n_hidden=20, density=0.5)
FIRST = SparseTraining("rigl", "all", 0.3, 4, 0.8)


def job(training: SparseTraining, n_seeds: int = 2) -> Job:
    seeds = tuple((7, number) for number in range(n_seeds))
    return Job("one", WIRING, "relu", Hyperparameters(1e-2, sparse_training=training), seeds)


@pytest.fixture(params=[False, True], ids=["shared rows", "folds"])
def leg(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Leg, SharedRows]:
    folds = tuple(Fold(three_classes(tmp_path / str(number), number, N_ROWS), N_TRAIN, N_ROWS) for number in range(2))
    scored = None if request.param else (N_TRAIN, N_ROWS)
    return Leg(RECIPE, STEPS, scored, folds=folds if request.param else ()), folds[0].rows


def done(one: Job, leg: tuple[Leg, SharedRows]) -> Result:
    (result,) = train_jobs([one], *leg, lambda: False)
    return result


@pytest.mark.parametrize("first", [STATIC, FIRST], ids=["static", "rigl"])
def test_each_pruning_leaves_its_share_of_the_edges(first: SparseTraining, leg: tuple[Leg, SharedRows]) -> None:
    further = replace(first, further=(0.6, 0.5))
    result = done(job(further), leg)
    assert result.failure is None and len(result.scores) == 2
    assert result.state is not None and result.state.indices is not None
    assert result.state.n_prunings == 2 and result.state.steps_done == STEPS
    assert result.state.indices.shape == (2, further.weights_left(WIRING))
    assert further.weights_left(WIRING) == np.ceil(0.5 * np.ceil(0.6 * WIRING.n_edges))


@pytest.mark.parametrize("first", [STATIC, FIRST], ids=["static", "rigl"])
def test_to_begin_with_the_weights_of_the_parent_gives_the_same(
    first: SparseTraining, leg: tuple[Leg, SharedRows]
) -> None:
    parent = done(job(replace(first, further=(0.6,))), leg)
    child = job(replace(first, further=(0.6, 0.5)))
    inherited, alone = done(replace(child, state=parent.state), leg), done(child, leg)
    assert inherited.scores == alone.scores
    np.testing.assert_array_equal(inherited.state.parameters, alone.state.parameters)
    np.testing.assert_array_equal(inherited.state.indices, alone.state.indices)


def test_what_is_stopped_meanwhile_goes_on_later_and_has_no_score_yet(leg: tuple[Leg, SharedRows]) -> None:
    child, parent = job(replace(STATIC, further=(0.5,))), done(job(STATIC), leg)
    assert len(parent.scores) == 2
    (stopped,) = train_jobs([replace(child, state=parent.state)], *leg, lambda: True)
    assert stopped.scores == () and stopped.failure is None
    assert stopped.state is not None and stopped.state.n_prunings == 0
    assert done(replace(child, state=stopped.state), leg).scores == done(child, leg).scores


def test_what_is_stopped_anywhere_goes_on_to_the_same_end(leg: tuple[Leg, SharedRows]) -> None:
    child, parent = job(replace(STATIC, further=(0.5, 0.5))), done(job(STATIC), leg)
    end = done(child, leg)
    n_stopped = 0
    for n_until_stop in range(12):
        n_asked = 0

        def stop(n_until_stop: int = n_until_stop) -> bool:
            nonlocal n_asked
            n_asked += 1
            return n_asked > n_until_stop

        (result,) = train_jobs([replace(child, state=parent.state)], *leg, stop)
        if result.scores == ():
            n_stopped += 1
            result = done(replace(child, state=result.state), leg)
        assert result.scores == end.scores
        np.testing.assert_array_equal(result.state.parameters, end.state.parameters)
    assert n_stopped >= 2


def test_a_pruning_that_diverges_says_so() -> None:
    network, rng = lay_out(WIRING, "relu"), np.random.default_rng(0)
    rows = Inputs.plain(np.full((5, 80), np.nan, np.float32))
    own = Hyperparameters(1e-2, sparse_training=replace(STATIC, further=(0.5,)))
    state = replace(initial_state(network, [[1]]), steps_done=STEPS)
    given = (own, rows, rng.integers(3, size=80).astype(np.float32), RECIPE, (1,))
    after = pruned_further(network, WIRING, state, *given)
    assert after is not None and after.failure is not None and after.steps_done == STEPS
