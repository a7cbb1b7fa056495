from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.batches import BatchPlan
from nas.engine.losses import CROSS_ENTROPY, SQUARED_ERROR
from nas.engine.optimisers import OPTIMISERS, Optimiser
from nas.engine.recipe import LOSSES, Hyperparameters, Recipe
from nas.engine.schedules import SCHEDULES, learning_rates
from nas.engine.training import Objective

RECIPE = Recipe("classification", BatchPlan(100, 10, (1, 2)), total_steps=80)


def test_each_task_has_its_loss() -> None:
    assert LOSSES == {"classification": CROSS_ENTROPY, "regression": SQUARED_ERROR}
    assert CROSS_ENTROPY != SQUARED_ERROR


@pytest.mark.parametrize("task", LOSSES)
def test_the_objective_is_that_of_the_recipe_and_the_candidate(task: str) -> None:
    recipe = replace(RECIPE, task=task)
    assert recipe.objective(Hyperparameters(0.01, 0.2, 0.1)) == Objective(LOSSES[task], 0.1, 0.2)
    assert recipe.objective(Hyperparameters(0.01)) == Objective(LOSSES[task], 0.0, 0.0)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_update_is_that_of_the_recipe(name: str) -> None:
    recipe = replace(RECIPE, optimiser=name, weight_decay=0.3, momentum=0.7, clip_norm=5.0)
    assert recipe.update() == Optimiser(OPTIMISERS[name], 0.3, 0.7, 5.0)


def test_settings_are_floats_whatever_was_given_so_that_kernels_are_compiled_once() -> None:
    whole = replace(RECIPE, weight_decay=0, momentum=0, clip_norm=1)
    objective = whole.objective(Hyperparameters(1, 0, 0))
    assert {type(value) for value in (*objective[1:], *whole.update()[1:])} == {float}


def test_unknown_names_are_refused_where_they_are_used() -> None:
    with pytest.raises(KeyError, match="ranking"):
        replace(RECIPE, task="ranking").objective(Hyperparameters(0.01))
    with pytest.raises(KeyError, match="lion"):
        replace(RECIPE, optimiser="lion").update()


@given(n=st.integers(1, 20), more=st.integers(0, 20), seed=st.lists(st.integers(0, 2**32), min_size=1, max_size=3))
@settings(deadline=None)
def test_a_weight_set_has_the_same_key_however_many_there_are(n: int, more: int, seed: list[int]) -> None:
    recipe = replace(RECIPE, batches=BatchPlan(100, 10, tuple(seed)))
    keys = recipe.dropout_keys(n + more)
    assert (keys.shape, keys.dtype) == ((n + more,), np.uint32)
    np.testing.assert_array_equal(recipe.dropout_keys(n), keys[:n])


def test_weight_sets_and_runs_have_keys_of_their_own() -> None:
    other = replace(RECIPE, batches=replace(RECIPE.batches, seed=(1, 3)))
    assert len({*RECIPE.dropout_keys(50), *other.dropout_keys(50)}) == 100


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_are_those_of_the_schedule_over_the_whole_training(schedule: str) -> None:
    recipe = replace(RECIPE, schedule=schedule)
    rates = recipe.rates(0.01, 0, 80)
    assert (rates.shape, rates.dtype) == ((80,), np.float32)
    np.testing.assert_array_equal(rates, learning_rates(schedule, 0.01, 0, 80, total_steps=80))
    np.testing.assert_array_equal(recipe.rates(0.01, 13, 57), rates[13:57])


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        RECIPE.momentum = 0.5
