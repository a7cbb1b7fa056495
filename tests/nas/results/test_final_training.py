from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from candidates import COURSE, SPACE, sampled
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.budget import batch_plan
from nas.engine.layout import lay_out
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import initial_state
from nas.generation import Course
from nas.jobs import Job, Leg, Result
from nas.results.final_training import MARGIN, epochs_of, final_recipe, train_to_end, training_wall_s
from nas.speed import Load, Speed


@settings(deadline=None, max_examples=50)
@given(st.integers(30, 3000), st.integers(1, 300), st.integers(1, 30), st.integers(1, 90))
def test_the_final_training_is_over_all_rows_and_as_long_as_wanted(
    n_train: int, n_validation: int, epochs: int, final_epochs: int
) -> None:
    batches = batch_plan(n_train, 5)
    recipe = Recipe("regression", batches, epochs * batches.steps_per_epoch, 0.125)
    n_rows = n_train + n_validation
    final = final_recipe(Course(recipe, 3, 5, (n_train, n_rows)), n_rows, final_epochs)
    assert final.batches == batch_plan(n_rows, 5)
    assert final.total_steps == final_epochs * final.batches.steps_per_epoch
    assert (final.task, final.weight_decay) == ("regression", 0.125)
    assert (epochs_of(recipe), epochs_of(final)) == (epochs, final_epochs)


@settings(deadline=None)
@given(st.lists(st.integers(1, 10_000), max_size=10), st.integers(1, 16))
def test_networks_side_by_side_take_their_share_of_the_workers_and_at_least_as_long_as_the_largest(
    n_weights: list[int], n_workers: int
) -> None:
    speed = Speed(1e-7, 500)
    loads = [Load(n) for n in n_weights]
    each_s = [speed.training_s(load, COURSE.recipe) for load in loads]
    expected = MARGIN * max([sum(each_s) / n_workers, *each_s], default=0.0)
    assert training_wall_s(loads, COURSE.recipe, speed, n_workers) == pytest.approx(expected)


class Ending:
    """Workers whose jobs end at steps of their own; those that are named by a text fail."""

    def __init__(self, ends: dict[str, int | str]) -> None:
        self._ends = ends
        self.leg: Leg | None = None

    def train_each(self, legs: Sequence[tuple[Job, Leg]]) -> Iterator[Result]:
        for job, self.leg in reversed(legs):
            end = self._ends[job.key]
            if isinstance(end, str):
                yield Result(job.key, None, (), 2.0, end)
                continue
            state = replace(initial_state(lay_out(job.wiring, "relu"), job.weight_seeds), steps_done=end)
            yield Result(job.key, state, (), 2.0)


def test_networks_are_given_as_far_as_they_came() -> None:
    ends: dict[str, int | str] = {"whole": 90, "half": 45, "none": 0, "bad": "diverged"}
    wiring = SPACE.wire(sampled(0))
    jobs = [Job(key, wiring, "relu", Hyperparameters(0.01), ((1,),)) for key in ends]
    workers = Ending(ends)
    trained = train_to_end(workers, [(job, COURSE.recipe) for job in jobs], 5.0)  # type: ignore[arg-type]
    assert workers.leg == Leg(COURSE.recipe, 90, None, 5.0)
    assert set(trained) == {"whole", "half"}
    steps = COURSE.recipe.batches.steps_per_epoch
    assert (trained["whole"].is_complete, trained["whole"].epochs) == (True, 90 / steps)
    assert (trained["half"].is_complete, trained["half"].epochs, trained["half"].seconds) == (False, 45 / steps, 2.0)
    expected = initial_state(lay_out(wiring, "relu"), [(1,)]).parameters[0]
    np.testing.assert_array_equal(trained["half"].parameters, expected)
    assert train_to_end(workers, [], None) == {}  # type: ignore[arg-type]
