from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from final_parts import EPOCHS, FakeWorkers, final_part
from sklearn.metrics import accuracy_score

from nas.data import Dataset, prepare
from nas.engine.gather import Inputs
from nas.jobs import Job, Leg
from nas.network_file import DESCRIPTION, load_network
from nas.results.density import density_of
from nas.results.final_part import FinalPart
from nas.results.final_training import Trained, epochs_of
from nas.results.front import Known, front_by_doubling, known_of
from nas.results.front_training import judge_front, train_front
from nas.results.held_out import HeldOut
from nas.results.timetable import Timetable


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


def by_importance(part: FinalPart) -> list[Known]:
    return front_by_doubling(known_of(part.search.recorder.history, {}, {}))[::-1]


def is_final(leg: Leg) -> bool:
    """Whether a leg is one of the final training, which is not scored."""
    return leg.scored_columns is None


def test_the_front_is_trained_on_all_rows_the_most_important_first(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front = by_importance(part)
    training = train_front(part, front)
    jobs, leg = part.search.workers.trained[-1]  # type: ignore[attr-defined]
    assert is_final(leg) and leg.recipe == training.recipe
    assert leg.recipe.batches.n_rows == len(wine.y)
    assert [job.key for job in jobs] == [one.trial.key for one in front] == list(training.trained)
    assert {job.key: job.hyperparameters for job in jobs} == training.hyperparameters


@pytest.mark.parametrize(("long", "epochs"), [(0.9, 3 * EPOCHS), (0.7, EPOCHS)])
def test_it_is_as_long_as_did_best_on_unseen_rows(wine: Dataset, tmp_path: Path, long: float, epochs: int) -> None:
    workers = FakeWorkers(lambda job, leg: 0.8 if epochs_of(leg.recipe) == EPOCHS else long)
    training = train_front(part := final_part(tmp_path, wine, workers=workers), by_importance(part))
    assert epochs_of(training.recipe) == epochs
    assert {one.epochs for one in training.trained.values()} == {epochs}


def test_networks_that_time_or_the_loss_did_not_allow_are_left_out_but_not_the_first(
    wine: Dataset, tmp_path: Path
) -> None:
    part = final_part(tmp_path, wine, scores=(0.90, 0.92, 0.94, 0.95))
    front = by_importance(part)
    first, cut_off, diverged, whole = (one.trial.key for one in front)

    class Workers(FakeWorkers):
        def train(self, jobs, leg, one_by_one=False):  # type: ignore[no-untyped-def]
            for result in super().train(jobs, leg, one_by_one):
                if is_final(leg) and result.key in (first, cut_off):
                    result = replace(result, state=replace(result.state, steps_done=leg.until_step // 2))
                yield result

    def score(job: Job, leg: Leg) -> float | str:
        return "diverged" if is_final(leg) and job.key == diverged else 0.5

    part = replace(part, search=part.search)
    part.search.workers = Workers(score)  # type: ignore[assignment]
    trained = train_front(part, front).trained
    assert set(trained) == {first, whole}
    assert (trained[first].is_complete, trained[whole].is_complete) == (False, True)


def with_time(front_s: float) -> Timetable:
    return Timetable(0.0, front_s, 0.0, 0.0)


SECONDS_A_TRAINING = 0.9 * 115 / 142 / 1.15
"""With it the first network takes one worker a second for as many epochs as in the search, with the margin."""


@pytest.mark.parametrize(
    ("front_s", "n_workers", "n_networks", "first", "others"),
    [
        (10.0, 2, 3, {18}, {18}),
        (2.5, 2, 3, {18}, {13, 14}),  # what the first leaves, shared
        (1.5, 2, 3, {13}, {9}),  # the first gets what one worker can do; the others no fewer than in the search
        (1.5, 2, 1, {13}, set()),
        (3.0, 1, 3, {13}, {9}),  # half of the time of one worker
        (0.6, 2, 3, {4, 5, 6}, {4, 5, 6}),  # too short even for the first
        (1e-3, 2, 3, {1}, {1}),
    ],
)
def test_the_first_network_is_trained_longest_where_time_is_short(
    wine: Dataset,
    tmp_path: Path,
    front_s: float,
    n_workers: int,
    n_networks: int,
    first: set[int],
    others: set[int],
) -> None:
    part = final_part(
        tmp_path,
        wine,
        table=with_time(front_s),
        seconds_a_training=SECONDS_A_TRAINING,
        n_workers=n_workers,
        full_epochs=2 * EPOCHS,
    )
    one = by_importance(part)[0]
    same = [one, *(replace(one, trial=replace(one.trial, key=f"{n}" * 64)) for n in range(1, n_networks))]
    training = train_front(part, same)
    legs = [(job.key, leg) for jobs, leg in part.search.workers.trained for job in jobs]  # type: ignore[attr-defined]
    assert {epochs_of(leg.recipe) for key, leg in legs if key == one.trial.key} <= first
    assert {epochs_of(leg.recipe) for key, leg in legs if key != one.trial.key} <= others
    assert len(legs) == n_networks and {leg.deadline for _, leg in legs} == {part.end}
    assert epochs_of(training.recipe) in first


def test_each_network_of_the_front_is_tested_and_kept(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front, test = by_importance(part), HeldOut.read(wine, 0)
    trained = train_front(part, front).trained
    rows, answers = judge_front(part, front, trained, test)
    x_test, y_test = wine.read_test()
    assert [row.trial for row in rows] == [0, 1, 2]  # from small to large
    for row, trial in zip(rows, part.search.recorder.history, strict=True):
        wiring = part.search.space.wire(trial.genotype)
        assert (row.n_weights, row.n_parameters) == (wiring.n_weights, wiring.n_parameters)
        assert (row.density, row.epochs) == (density_of(wiring), EPOCHS)
        assert trial.outcome is not None
        assert (row.validation_score, row.is_confirmed) == (trial.outcome.score, False)
        folder = part.search.directory.models / f"trial-{row.trial}"
        outputs = load_network(folder).outputs(Inputs.plain(x_test))
        assert row.test_score == accuracy_score(y_test, outputs.argmax(axis=0))
        assert row.test_error == pytest.approx(np.sqrt(row.test_score * (1 - row.test_score) / len(y_test)))
        about = json.loads((folder / DESCRIPTION).read_text())
        assert (about["run"], about["trial"], about["test_score"]) == ("mine", row.trial, row.test_score)
        assert (about["n_parameters"], about["epochs"]) == (row.n_parameters, EPOCHS)
    outputs = load_network(part.search.directory.models / f"trial-{front[0].trial.number}").outputs(test.rows)
    assert answers is not None
    np.testing.assert_array_equal(answers, outputs.argmax(axis=0))


def test_a_network_without_weights_or_with_broken_ones_has_no_test_score(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front, test = by_importance(part), HeldOut.read(wine, 0)
    trained = train_front(part, front).trained
    broken, missing = front[0].trial.key, front[1].trial.key
    trained[broken] = replace(trained[broken], parameters=np.full_like(trained[broken].parameters, np.nan))
    del trained[missing]
    rows, answers = judge_front(part, front, trained, test)
    assert answers is None
    assert [(row.test_score is None, row.test_error is None) for row in rows] == [
        (False,) * 2,
        (True,) * 2,
        (True,) * 2,
    ]
    assert [row.epochs for row in rows] == [EPOCHS, 0.0, EPOCHS]
    assert [folder.name for folder in part.search.directory.models.iterdir()] == ["trial-0"]


def test_when_the_time_is_over_only_the_most_important_is_still_tested(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    front, test = by_importance(part), HeldOut.read(wine, 0)
    trained: dict[str, Trained] = train_front(part, front).trained
    rows, answers = judge_front(replace(part, end=time.monotonic() - 1.0), front, trained, test)
    assert answers is not None
    assert [row.test_score is None for row in rows] == [True, True, False]
