from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from candidates import COURSE, complete, trial
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from nas import confirmation, finale
from nas.budget import Clock, batch_plan
from nas.data import Dataset, SequenceDataset, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.recipe import Recipe
from nas.engine.state import initial_state
from nas.finale import (
    MAX_FRONT,
    Finding,
    Speed,
    _dense_wirings,
    _family_rows,
    estimate_seconds,
    finish,
    pick_front,
    retraining_recipe,
)
from nas.generation import Course
from nas.jobs import Job, Leg, Result
from nas.network_file import DESCRIPTION, load_network
from nas.outcome import Ending, Outcome
from nas.recorder import Trial
from nas.rundir import RunDirectory
from nas.status import best_of, front_of
from search_spaces import MLPSpace, RecurrentGenotype, RecurrentWiring, RNNSpace


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


def history(n: int) -> list[Trial]:
    """A front of n networks."""
    return [trial(k, complete(100 + 10 * k, 0.0, 0.0, 0.9 + 0.001 * k)) for k in range(n)]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40))
def test_a_front_is_thinned_to_twelve_with_both_ends_and_no_large_gap(n: int) -> None:
    trials = history(n)
    front, picked = front_of(trials), pick_front(trials)
    assert len(front) == n and len(picked) == min(n, MAX_FRONT)
    places = [front.index(t) for t in picked]
    assert places == sorted(set(places))
    assert places[0] == 0 and places[-1] == n - 1
    gaps = [after - before for before, after in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_the_best_is_always_picked() -> None:
    trials = [*history(30), trial(90, Outcome(Ending.STOPPED, 5, ((1.0,),), 1.0, "stopped")), trial(91, None)]
    best = best_of(trials)
    assert best is not None and best in pick_front(trials)
    assert pick_front([]) == []


@settings(deadline=None, max_examples=50)
@given(st.integers(30, 3000), st.integers(1, 300), st.integers(1, 30))
def test_retraining_takes_as_many_epochs_over_more_rows(n_train: int, n_validation: int, epochs: int) -> None:
    batches = batch_plan(n_train, 5)
    recipe = Recipe("regression", batches, epochs * batches.steps_per_epoch, 0.125)
    n_rows = n_train + n_validation
    full = retraining_recipe(Course(recipe, 3, 5, (n_train, n_rows)), n_rows)
    assert full.batches == batch_plan(n_rows, 5)
    assert full.total_steps == epochs * full.batches.steps_per_epoch
    assert (full.task, full.weight_decay) == ("regression", 0.125)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 20), st.floats(1e-12, 1e3), st.floats(10, 1e5), st.integers(1, 64))
def test_less_than_half_of_the_budget_is_kept_and_more_for_more_work(
    wine: Dataset, n: int, speed_s: float, budget_s: float, n_workers: int
) -> None:
    trials = history(n)

    def kept(speed_s: float = speed_s, budget_s: float = budget_s, n_workers: int = n_workers) -> float:
        return estimate_seconds(trials, COURSE.recipe, Speed(speed_s, 500), wine, n_workers, budget_s)

    assert 0.0 < kept() <= 0.45 * budget_s
    assert kept(n_workers=n_workers + 1) <= kept() <= kept(speed_s=2 * speed_s)
    assert kept() <= kept(budget_s=2 * budget_s)
    if 1 < n < MAX_FRONT:
        more = [*trials, trial(95, complete(101, 0.0, 0.0, 0.9005))]
        assert kept() <= estimate_seconds(more, COURSE.recipe, Speed(speed_s, 500), wine, n_workers, budget_s)


def test_what_is_kept_covers_the_front_and_the_dense_networks(wine: Dataset) -> None:
    speed, trials = Speed(1e-7, 500), history(12)
    kept = estimate_seconds(trials, COURSE.recipe, speed, wine, 1, 1e6)
    front_s = sum(speed.training_s(t.n_weights, COURSE.recipe) for t in trials)
    hundred_s = speed.training_s(100 * (wine.n_inputs + wine.n_outputs), COURSE.recipe)
    assert kept > front_s + 2 * hundred_s


def test_speed_is_what_was_measured() -> None:
    n_rows = COURSE.recipe.total_steps * COURSE.recipe.batches.batch_size
    speed = Speed.measured(12.0, 700, n_rows, 13)
    assert speed.training_s(700, COURSE.recipe) == pytest.approx(12.0)
    assert speed.training_s(700, replace(COURSE.recipe, total_steps=180)) == pytest.approx(24.0)
    assert speed.training_s(1400, COURSE.recipe) > 12.0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(2, 5000), st.integers(1, 3)), min_size=1, max_size=10), st.integers(1, 3))
def test_speed_is_observed_from_trainings_of_any_length(sizes: list[tuple[int, int]], n_seeds: int) -> None:
    course = replace(COURSE, n_seeds=n_seeds)
    speed = Speed(1e-7, 226)  # of 13 inputs
    trials = [trial(90, None), trial(91, Outcome(Ending.FAILED, 10, (), 1000.0, "the worker was killed"))]
    for number, (n_weights, n_rungs) in enumerate(sizes):
        recipe = replace(course.recipe, total_steps=course.rung_steps[n_rungs - 1])
        seconds = n_seeds * speed.training_s(n_weights, recipe)
        ending = Ending.COMPLETE if n_rungs == 3 else Ending.STOPPED
        trials.append(trial(number, Outcome(ending, n_weights, ((0.5,) * n_seeds,) * n_rungs, seconds)))
    observed = Speed.observed(trials, course, 13)
    assert observed is not None and observed.seconds == pytest.approx(speed.seconds)
    assert Speed.observed(trials[:2], course, 13) is None


@dataclass
class FakeWorkers:
    """Trains nothing: jobs end with their initial weights, but for some that get no time, or diverge."""

    slow: set[str] = field(default_factory=set)
    diverged: set[str] = field(default_factory=set)
    legs: list[tuple[list[str], Leg]] = field(default_factory=list)

    def train(self, jobs: Sequence[Job], leg: Leg, one_by_one: bool = False) -> Iterator[Result]:
        self.legs.append(([job.key for job in jobs], leg))
        for job in jobs:
            state = initial_state(lay_out(job.wiring, job.activation), job.weight_seeds)
            is_slow = job.key in self.slow and leg.deadline is not None
            state = replace(state, steps_done=0 if is_slow else leg.until_step)
            scores = (0.5,) if leg.scored_columns and not is_slow else ()
            yield Result(job.key, state, scores, 1.0, "diverged" if job.key in self.diverged else None)


@pytest.fixture
def search(tmp_path: Path, wine: Dataset, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the finale needs of a search that found a front of four, and that the validation rows suffice to choose."""
    monkeypatch.setattr(confirmation, "is_wanted", lambda dataset: False)
    space = MLPSpace(wine.n_inputs, wine.n_outputs, 400)
    batches = batch_plan(wine.n_train, 0)
    course = Course(Recipe("classification", batches, 9 * batches.steps_per_epoch), 1, 0, (wine.n_train, len(wine.y)))
    return SimpleNamespace(
        directory=RunDirectory.create(tmp_path, "mine", "wine"),
        config=SimpleNamespace(search=SimpleNamespace(workers=2)),
        space=space,
        course=course,
        workers=FakeWorkers(),
        recorder=SimpleNamespace(history=trained(space, 4)),
        clock=Clock(1000.0),
        is_interrupted=lambda: False,
    )


def trained(space: MLPSpace, n: int) -> list[Trial]:
    """Trials of a space that make a front, worst and smallest first."""
    genotypes = [space.sample(np.random.default_rng(seed)) for seed in range(30)]
    by_size = sorted(genotypes, key=lambda genotype: space.wire(genotype).n_weights)[::7][:n]
    return [
        replace(
            trial(number, complete(space.wire(genotype).n_weights, 0.0, 0.0, 0.9 + 0.01 * number)),
            genotype=genotype,
            key=genotype.key(),
        )
        for number, genotype in enumerate(by_size)
    ]


def finished(search: Any, dataset: Dataset) -> Any:
    recipe = retraining_recipe(search.course, len(dataset.y))
    return finish(search, dataset, recipe, lambda phase: None)


def test_each_network_of_the_front_is_retrained_tested_and_kept(search: SimpleNamespace, wine: Dataset) -> None:
    found = finished(search, wine)
    rows, baselines = found.front, found.baselines
    assert found.families == []
    x_test, y_test = wine.read_test()
    assert [row.trial for row in rows] == [0, 1, 2, 3]
    for row, one in zip(rows, search.recorder.history, strict=True):
        assert (row.n_weights, row.density, row.validation_score) == (one.n_weights, one.density, one.outcome.score)
        folder = search.directory.models / f"trial-{row.trial}"
        outputs = load_network(folder).outputs(Inputs.plain(x_test))
        assert row.test_score == accuracy_score(y_test, outputs.argmax(axis=0))
        about = json.loads((folder / DESCRIPTION).read_text())
        assert (about["run"], about["trial"], about["test_score"]) == ("mine", row.trial, row.test_score)
    names = [baseline.name for baseline in baselines]
    assert len(names) == 3 and names[1] == "dense MLP, 100 hidden units" and "HistGradientBoosting" in names[2]
    assert abs(baselines[0].n_weights - rows[-1].n_weights) <= (wine.n_inputs + wine.n_outputs) / 2
    keys, leg = search.workers.legs[0]
    assert keys[0] == search.recorder.history[-1].key  # the best first
    assert (leg.scored_columns, leg.until_step) == (None, leg.recipe.total_steps)
    assert leg.recipe.batches.n_rows == len(wine.y)


def test_boosted_trees_get_both_parts_in_the_same_scale(
    search: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", x=rng.integers(0, 256, (90, 13), dtype=np.uint8), y=np.arange(90) % 3)
    images, given = prepare(str(tmp_path / "x.npz"), seed=0), []
    assert images.x.dtype == np.uint8 and images.n_inputs == 13
    monkeypatch.setattr(finale, "boosted_trees", lambda *arguments: given.append(arguments))
    batches = batch_plan(images.n_train, 0)
    search.course = replace(search.course, recipe=search.course.recipe.over(batches))
    assert len(finished(search, images).baselines) == 2
    ((x, y, x_test, y_test, *_),) = given
    test_rows, test_targets = images.read_test()
    np.testing.assert_array_equal(x, images.numbers())
    np.testing.assert_array_equal(x_test, test_rows)
    np.testing.assert_array_equal(y, images.y)
    np.testing.assert_array_equal(y_test, test_targets)
    assert abs(x.mean()) < 0.2 and abs(x_test.mean()) < 0.3 and 0.9 < x.std() < 1.1 and 0.8 < x_test.std() < 1.2


def test_a_network_that_time_or_the_loss_did_not_allow_has_no_test_score(
    search: SimpleNamespace, wine: Dataset
) -> None:
    slow, diverged = (one.key for one in search.recorder.history[:2])
    search.workers = FakeWorkers(slow={slow}, diverged={diverged})
    rows = finished(search, wine).front
    assert [row.test_score is None for row in rows] == [True, True, False, False]
    assert sorted(folder.name for folder in search.directory.models.iterdir()) == ["trial-2", "trial-3"]


def test_the_best_is_retrained_whatever_the_time(search: SimpleNamespace, wine: Dataset) -> None:
    search.workers = FakeWorkers(slow={one.key for one in search.recorder.history})
    rows = finished(search, wine).front
    assert [row.test_score is None for row in rows] == [True, True, True, False]


def test_an_interruption_ends_it_before_the_test_rows_are_read(
    search: SimpleNamespace, wine: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dataset, "read_test", lambda dataset: pytest.fail("the test rows were read"))
    search.is_interrupted = lambda: True
    assert finished(search, wine) is None
    search.is_interrupted = iter([False, True]).__next__
    assert finished(search, wine) is None


def test_without_a_trained_network_there_is_nothing_to_finish(search: SimpleNamespace, wine: Dataset) -> None:
    search.recorder.history = [trial(0, None)]
    assert finished(search, wine) == Finding([], [], [], 0)
    assert search.workers.legs == []


# --- sequences -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    """400 strings of the Reber grammar."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=0)


def recurrent_trial(space: RNNSpace, seed: int, **genes: Any) -> Trial:
    genotype = replace(space.sample(np.random.default_rng(seed)), **genes)
    outcome = complete(space.wire(genotype).n_weights, 0.0, 0.0, 0.9)
    return replace(trial(seed, outcome), genotype=genotype, key=genotype.key())


@pytest.mark.parametrize("seed", range(8))
def test_the_best_recurrent_network_is_compared_with_dense_ones_of_its_cell(reber: SequenceDataset, seed: int) -> None:
    best = recurrent_trial(RNNSpace(reber.n_inputs, reber.n_outputs, 4000), seed)
    genotype = best.genotype
    assert isinstance(genotype, RecurrentGenotype)
    equal, lstm = _dense_wirings(reber, best).values()
    for wiring, n_embedded in ((equal, max(1, genotype.embedding)), (lstm, 16)):
        assert isinstance(wiring, RecurrentWiring)
        sizes = (reber.n_inputs, reber.n_outputs, n_embedded)
        assert (wiring.n_inputs, wiring.n_outputs, wiring.n_embedded) == sizes
    assert isinstance(equal, RecurrentWiring) and equal.cell == genotype.cell
    assert equal.n_units < 5 or abs(equal.n_weights / best.n_weights - 1) <= 0.25
    assert isinstance(lstm, RecurrentWiring) and (lstm.cell, lstm.n_units) == ("lstm", 32)


def test_a_network_with_as_many_embedded_values_as_sources_has_dense_ones_with_some(reber: SequenceDataset) -> None:
    best = recurrent_trial(RNNSpace(reber.n_inputs, reber.n_outputs, 4000), 0, embedding=0)
    assert all(isinstance(w, RecurrentWiring) and w.n_embedded >= 1 for w in _dense_wirings(reber, best).values())


def test_time_is_kept_for_dense_recurrent_networks_and_none_for_trees(reber: SequenceDataset) -> None:
    best, speed = recurrent_trial(RNNSpace(reber.n_inputs, reber.n_outputs, 4000), 1), Speed(1e-7, 500)
    each_s = [speed.training_s(w.n_edges, COURSE.recipe) for w in _dense_wirings(reber, best).values()]
    kept = estimate_seconds([best], COURSE.recipe, speed, reber, 1, 1e6)
    assert kept > speed.training_s(best.n_weights, COURSE.recipe) + 2 * sum(each_s)
    assert estimate_seconds([best], COURSE.recipe, Speed(1e-12, 500), reber, 1, 1e6) < 2  # and nothing for trees


def test_each_family_has_the_accuracy_of_the_network_and_of_each_rule(reber: SequenceDataset) -> None:
    _, _, y = reber.read_test()
    predicted = np.random.default_rng(0).integers(0, 2, len(y))
    rows = _family_rows(reber, predicted, y.astype(np.float32))
    drawn = reber_strings(400, seed=0)
    family_of = drawn.families[drawn.n_train :]
    present = [number for number in range(len(drawn.family_names)) if (family_of == number).any()]
    answers = {"network": predicted, **dict(reber.read_baselines())}
    assert [row.family for row in rows] == [drawn.family_names[number] for number in present]
    assert list(answers) == ["network", "bigram rule", "trigram rule", "length rule"]
    for row, number in zip(rows, present, strict=True):
        chosen = np.flatnonzero(family_of == number)
        assert row.n == len(chosen)
        expected = {who: accuracy_score(y[chosen], answer[chosen]) for who, answer in answers.items()}
        assert row.accuracies == pytest.approx(expected)
    assert {type(value) for row in rows for value in row.accuracies.values()} == {float}  # for JSON


def test_other_data_have_no_families(wine: Dataset, tmp_path: Path) -> None:
    assert _family_rows(wine, np.zeros(3, np.int64), np.zeros(3, np.float32)) == []
    (tmp_path / "x.csv").write_text("string,label\n" + "".join(f"{'ab'[i % 2] * (i + 1)},{i % 2}\n" for i in range(30)))
    strings = prepare_sequences(str(tmp_path / "x.csv"), seed=0)
    assert _family_rows(strings, np.zeros(3, np.int64), np.zeros(3, np.float32)) == []
