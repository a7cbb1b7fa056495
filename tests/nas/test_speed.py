from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from candidates import COURSE, complete, sampled, trial
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.outcome import Ending, Outcome
from nas.speed import Load, Speed
from search_spaces.sparse_training import STATIC


@settings(deadline=None)
@given(st.integers(0, 30))
def test_speed_is_what_was_measured(seed: int) -> None:
    n_rows, wiring = COURSE.recipe.total_steps * COURSE.recipe.batches.batch_size, random_wiring(seed)
    speed, load = Speed.measured(12.0, wiring, n_rows), Load.of_wiring(wiring)
    assert speed.training_s(load, COURSE.recipe) == pytest.approx(12.0)
    assert speed.training_s(load, replace(COURSE.recipe, total_steps=180)) == pytest.approx(24.0)
    assert speed.training_s(replace(load, n_weights=2 * load.n_weights), COURSE.recipe) > 12.0


def test_a_network_that_reads_several_steps_at_once_takes_fewer() -> None:
    speed = Speed(1e-7, 226)
    assert speed.row_s(Load(700, 4)) == pytest.approx(speed.row_s(Load(700)) / 4)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(2, 5000), st.integers(1, 3)), min_size=1, max_size=10), st.integers(1, 3))
def test_speed_is_observed_from_trainings_of_any_length(sizes: list[tuple[int, int]], n_seeds: int) -> None:
    course = replace(COURSE, n_seeds=n_seeds)
    speed = Speed(1e-7, 226)  # of 13 inputs
    trials = [trial(90, None), trial(91, Outcome(Ending.FAILED, 10, (), 1000.0, "the worker was killed"))]
    total_s = 0.0
    for number, (n_weights, n_rungs) in enumerate(sizes):
        recipe = replace(course.recipe, total_steps=course.rung_steps[n_rungs - 1])
        seconds = n_seeds * speed.training_s(Load(n_weights), recipe)
        total_s += seconds
        ending = Ending.COMPLETE if n_rungs == 3 else Ending.STOPPED
        trials.append(trial(number, Outcome(ending, n_weights, ((0.5,) * n_seeds,) * n_rungs, seconds)))
    observed = Speed.observed(trials, course, 13)
    assert observed is not None and observed.seconds == pytest.approx(speed.seconds)
    assert speed.search_s(trials, course) == pytest.approx(total_s)
    assert Speed.observed(trials[:2], course, 13) is None


def test_prunings_after_a_training_cost_a_third_of_it_each_at_the_size_of_that_time() -> None:
    genotype = replace(sampled(0), sparse_training=STATIC)
    further = replace(STATIC, further=(0.5, 0.25))
    one = replace(trial(0, complete(100, 0.5, 0.5, 0.5)), genotype=genotype, n_weights=800, n_drawn=800)
    pruned = replace(one, genotype=replace(genotype, sparse_training=further), n_weights=100)
    sizes, excess = (800.0, 400.0, 100.0), 0.13
    each = [(after + excess * (before - after)) / 3 for before, after in pairwise(sizes)]
    assert Load.of_trial(one).n_weights == 800
    assert Load.of_trial(pruned).n_weights == pytest.approx(800 + sum(each), rel=0.01)
    assert Load.of_trial(pruned, 1 / 3).n_weights == 800
    assert Load.of_search(pruned, 1.0).n_weights == pytest.approx(each[-1], rel=0.05)
    assert Load.of_search(one, 1.0) == Load.of_trial(one)
