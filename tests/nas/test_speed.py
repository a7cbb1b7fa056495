from __future__ import annotations

from dataclasses import replace

import pytest
from candidates import COURSE, trial
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.outcome import Ending, Outcome
from nas.speed import Load, Speed


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
