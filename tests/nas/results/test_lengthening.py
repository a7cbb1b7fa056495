from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from final_parts import EPOCHS, FakeWorkers, final_part
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data import Dataset, prepare
from nas.engine.recipe import Hyperparameters
from nas.generation import hyperparameters_of
from nas.jobs import Job, Leg
from nas.results import lengthening
from nas.results.final_part import FinalPart
from nas.results.final_training import epochs_of, final_recipe, training_wall_s
from nas.results.front import Known, front_by_doubling, known_of
from nas.results.lengthening import LEAST_DROPOUT, try_longer, with_dropout
from nas.results.timetable import Timetable
from nas.speed import Load


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


def front_of(part: FinalPart) -> list[Known]:
    return front_by_doubling(known_of(part.search.recorder.history, {}, {}))


def by_length(short: float | None, long: float | None) -> FakeWorkers:
    """Workers where trainings as long as in the search end with one score, longer ones with another."""
    return FakeWorkers(lambda job, leg: short if epochs_of(leg.recipe) == EPOCHS else long)


def test_a_longer_training_is_taken_if_it_does_better_on_unseen_rows(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, workers=by_length(0.80, 0.85))
    front = front_of(part)
    how = try_longer(part, front)
    assert (how.epochs, how.gain) == (3 * EPOCHS, pytest.approx(0.05))
    workers = part.search.workers
    assert isinstance(workers, FakeWorkers)
    (short_jobs, short), (long_jobs, long) = workers.trained
    assert (epochs_of(short.recipe), epochs_of(long.recipe)) == (EPOCHS, 3 * EPOCHS)
    assert {leg.scored_columns for leg in (short, long)} == {(wine.n_train, len(wine.y))}
    # The same weights and rows for both, and not those of the search.
    assert [job.weight_seeds for job in short_jobs] == [job.weight_seeds for job in long_jobs]
    assert all(epochs_of(leg.recipe) * leg.recipe.batches.steps_per_epoch == leg.until_step for leg in (short, long))
    assert {job.key: job.hyperparameters for job in long_jobs} == how.hyperparameters


@pytest.mark.parametrize("long", [0.80, 0.79])
def test_else_the_front_is_trained_as_in_the_search(wine: Dataset, tmp_path: Path, long: float) -> None:
    part = final_part(tmp_path, wine, workers=by_length(0.80, long))
    front = front_of(part)
    how = try_longer(part, front)
    assert (how.epochs, how.gain) == (EPOCHS, pytest.approx(long - 0.80))
    assert how.hyperparameters == {one.trial.key: hyperparameters_of(one.trial.genotype) for one in front}


def test_the_whole_front_decides_by_its_mean(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front = front_of(part)
    gains = dict(zip([one.trial.key for one in front], (0.05, 0.02, -0.10), strict=True))

    def score(job: Job, leg: Leg) -> float:
        return 0.8 if epochs_of(leg.recipe) == EPOCHS else 0.8 + gains[job.key]

    part.search.workers.score = score  # type: ignore[attr-defined]
    how = try_longer(part, front)
    assert how.gain == pytest.approx(-0.01) and how.epochs == EPOCHS


def test_a_network_that_diverges_has_no_say_and_keeps_what_it_has(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front = front_of(part)
    bad = front[0].trial.key

    def score(job: Job, leg: Leg) -> float | str:
        return "diverged" if job.key == bad else (0.8 if epochs_of(leg.recipe) == EPOCHS else 0.9)

    part.search.workers.score = score  # type: ignore[attr-defined]
    how = try_longer(part, front)
    assert how.epochs == 3 * EPOCHS and how.gain == pytest.approx(0.1)
    assert how.hyperparameters[bad] == hyperparameters_of(front[0].trial.genotype)


def times(front_s: float) -> Timetable:
    return Timetable(0.0, front_s, 50.0, 0.0)


@pytest.mark.parametrize(
    ("n_affordable", "n_lengths", "lengthening"),
    [
        (3.9, 0, 1.0),  # one training of the usual length and two half as long again would take 4
        (5.1, 2, 2.0),
        (1000.0, 2, 3.0),
    ],
)
def test_with_a_budget_it_is_tried_only_if_there_is_time(
    wine: Dataset, tmp_path: Path, n_affordable: float, n_lengths: int, lengthening: float
) -> None:
    (tmp_path / "first").mkdir()
    part = final_part(tmp_path / "first", wine)
    usual, front = final_recipe(part.search.course, part.n_rows, EPOCHS), front_of(part)
    front_s = n_affordable * training_wall_s([Load.of_trial(k.trial) for k in front], usual, part.speed, part.n_workers)
    part = final_part(tmp_path, wine, table=times(front_s), workers=by_length(0.8, 0.9))
    how = try_longer(part, front)
    workers = part.search.workers
    assert isinstance(workers, FakeWorkers) and len(workers.trained) == n_lengths
    if n_lengths == 0:
        assert (how.epochs, how.gain) == (EPOCHS, None)
        return
    # These workers take no time, so that there is more of it for the longer training than was planned.
    assert lengthening * EPOCHS <= how.epochs <= min(3, lengthening + 1) * EPOCHS
    deadlines = [leg.deadline for _, leg in workers.trained]
    assert deadlines[0] == pytest.approx(time.monotonic() + front_s, abs=0.5)
    # Half of the time that was left is kept for the final training.
    assert deadlines[1] == pytest.approx(time.monotonic() + front_s / 2, abs=0.5)


def test_where_the_budget_shortened_the_search_it_is_as_long_as_without_and_nothing_is_tried(
    wine: Dataset, tmp_path: Path
) -> None:
    part = final_part(tmp_path, wine, table=times(0.01), full_epochs=2 * EPOCHS)
    how = try_longer(part, front_of(part))
    assert (how.epochs, how.gain) == (2 * EPOCHS, None)
    assert part.search.workers.trained == []  # type: ignore[attr-defined]


def test_where_the_longer_training_was_cut_off_nothing_is_known_of_it(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, table=times(1000.0), workers=by_length(0.8, None))
    how = try_longer(part, front_of(part))
    assert (how.epochs, how.gain) == (EPOCHS, 0.0)


def test_without_results_of_the_usual_length_none_is_tried(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, table=times(1000.0), workers=by_length(None, 0.9))
    how = try_longer(part, front_of(part))
    assert (how.epochs, how.gain) == (EPOCHS, None)
    assert len(part.search.workers.trained) == 1  # type: ignore[attr-defined]


scores = st.floats(-2.0, 1.0)


@settings(deadline=None)
@given(st.floats(0.0, 0.3), scores, scores)
def test_dropout_only_rises_and_by_the_ratio_of_the_errors(own: float, unseen: float, training: float) -> None:
    before = Hyperparameters(0.01, own, 0.1)
    after = with_dropout(before, unseen, training)
    assert (after.learning_rate, after.label_smoothing) == (0.01, 0.1)
    assert after.dropout == max([own, *(d for ratio, d in LEAST_DROPOUT if 1 - unseen >= ratio * (1 - training))]) or (
        training > 1.0 - 1e-8  # where a ratio to nothing is as good as any
    )


def test_a_network_that_fits_its_rows_no_better_than_others_gets_no_dropout() -> None:
    own = Hyperparameters(0.01)
    assert with_dropout(own, 0.90, 0.92).dropout == 0.0
    assert with_dropout(own, 0.90, 0.96).dropout == 0.02
    assert with_dropout(own, 0.90, 1.00).dropout == 0.05
    assert with_dropout(Hyperparameters(0.01, 0.1), 0.90, 1.00).dropout == 0.1


def test_how_well_a_network_fits_is_measured_on_rows_that_it_was_trained_on(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lengthening, "MAX_TRAINING_ROWS", 50)
    seen: list[tuple[int, Sequence[float]]] = []

    def predicted(network: object, parameters: object, rows: object, first: int, last: int) -> Sequence[float]:
        return [first, last]

    def scored(outputs: Sequence[float], targets: Sequence[float], task: str) -> float:
        seen.append((len(targets), outputs))
        return 1.0

    monkeypatch.setattr(lengthening, "predict", predicted)
    monkeypatch.setattr(lengthening, "score", scored)
    part = final_part(tmp_path, wine, workers=by_length(0.8, 0.9))
    how = try_longer(part, front_of(part))
    assert set(map(str, seen)) == {"(50, [0, 50])"}
    assert all(own.dropout >= 0.05 for own in how.hyperparameters.values())
