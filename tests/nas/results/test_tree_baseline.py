from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from final_parts import FakeWorkers, final_part

from nas.data import Dataset, prepare
from nas.results import tree_baseline
from nas.results.boosted_trees import Boosted, boost
from nas.results.held_out import Answered, HeldOut
from nas.results.timetable import BOOSTING_SHARE, MAX_BOOSTING_S, Timetable
from nas.results.tree_baseline import begin_trees, finished_trees
from nas.workers import KILL_AFTER_S


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


@pytest.fixture
def test_rows(wine: Dataset) -> HeldOut:
    return HeldOut.read(wine, 0)


def test_a_worker_learns_from_all_rows_and_gets_the_test_rows_in_the_same_scale(
    tmp_path: Path, test_rows: HeldOut
) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", x=rng.integers(0, 256, (90, 13), dtype=np.uint8), y=np.arange(90) % 3)
    images = prepare(str(tmp_path / "x.npz"), seed=0)
    part, test = final_part(tmp_path, images), HeldOut.read(images, 0)
    assert images.x.dtype == np.uint8
    begin_trees(part, test)
    ((function, rows, task, seed, limit_s, _),) = part.search.workers.begun  # type: ignore[attr-defined]
    assert (function, task, seed, limit_s) == (boost, "classification", 0, MAX_BOOSTING_S)
    stored = rows.open()
    x_test, y_test = images.read_test()
    np.testing.assert_allclose((stored.x * stored.scale + stored.shift).T, x_test, rtol=1e-6)
    np.testing.assert_array_equal(stored.y, y_test)


def test_with_a_budget_trees_have_their_share_and_end_before_the_baselines_do(
    wine: Dataset, test_rows: HeldOut, tmp_path: Path
) -> None:
    part = final_part(tmp_path, wine, table=Timetable(0.0, 0.0, 30.0, 5.0))
    part.search.clock.budget_s = 100.0
    begin_trees(part, test_rows)
    ((*_, limit_s, deadline),) = part.search.workers.begun  # type: ignore[attr-defined]
    assert limit_s == pytest.approx(100 * BOOSTING_SHARE)
    assert deadline == pytest.approx(time.monotonic() + 30.0 - KILL_AFTER_S, abs=0.5)


def test_trees_that_cannot_have_a_first_iteration_are_not_begun(
    wine: Dataset, test_rows: HeldOut, tmp_path: Path
) -> None:
    part = final_part(tmp_path, wine, table=Timetable(0.0, 0.0, 1.5, 0.0))
    answered = begin_trees(part, test_rows)
    assert isinstance(answered, Answered) and answered.answers is None
    assert answered.baseline.name == "HistGradientBoosting: not begun, it needs 2 s and has 0 s"
    assert finished_trees(answered, test_rows) is answered
    assert part.search.workers.begun == []  # type: ignore[attr-defined]


def begun(answer: object) -> Future[Boosted]:
    return FakeWorkers(answer=answer).begin(boost, deadline=None)


@pytest.mark.parametrize(
    ("n_iterations", "name"),
    [
        (100, "HistGradientBoosting"),
        (7, "HistGradientBoosting (7 of 100 iterations: time was short)"),
    ],
)
def test_trees_are_judged_by_their_answers_and_say_if_they_were_cut_short(
    test_rows: HeldOut, n_iterations: int, name: str
) -> None:
    answers = replace(test_rows).targets.copy()
    answers[:3] = (answers[:3] + 1) % 3
    answered = finished_trees(begun(Boosted(answers, n_iterations, 2.5)), test_rows)
    assert answered.baseline.name == name
    assert answered.baseline.test_score == pytest.approx(1 - 3 / len(answers))
    assert answered.baseline.test_error is not None
    assert (answered.baseline.n_weights, answered.baseline.seconds) == (None, 2.5)


def test_trees_that_were_killed_say_so(test_rows: HeldOut) -> None:
    answered = finished_trees(begun(TimeoutError()), test_rows)
    assert answered.baseline.name == f"{tree_baseline.NAME}: stopped by its time limit before its first iteration"
    assert (answered.answers, answered.baseline.test_score) == (None, None)


def test_any_other_failure_is_the_callers(test_rows: HeldOut) -> None:
    with pytest.raises(MemoryError):
        finished_trees(begun(MemoryError("too many")), test_rows)
