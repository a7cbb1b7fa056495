from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from candidates import trial
from final_parts import FakeWorkers, final_part

from nas.data import Dataset, prepare
from nas.jobs import Job, Leg
from nas.results import baselines, cross_validation
from nas.results.boosted_trees import Boosted
from nas.results.findings import Findings
from nas.results.finish import finish
from nas.results.front import front_by_doubling, known_of
from nas.results.timetable import Timetable


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


@pytest.fixture
def by_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The validation rows suffice to choose."""
    monkeypatch.setattr(cross_validation, "is_wanted", lambda dataset: False)


def with_trees(workers: FakeWorkers | None = None) -> FakeWorkers:
    workers = workers or FakeWorkers()
    workers.answer = Boosted(np.zeros(36, np.float32), 100, 1.0)
    return workers


def all_of(part: Any) -> list[Findings]:
    return list(finish(part, lambda phase: None))


@pytest.mark.usefixtures("by_validation")
def test_the_front_is_whole_before_the_baselines_are(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, workers=with_trees())
    first, second, third = all_of(part)
    assert first.front == second.front == third.front
    assert [row.trial for row in first.front] == [0, 1, 2]
    assert all(row.test_score is not None and row.test_error is not None for row in first.front)
    assert not any(row.is_confirmed for row in first.front)
    assert {one.best for one in (first, second, third)} == {2}
    assert [len(one.missing) for one in (first, second, third)] == [2, 1, 0]
    assert [len(one.baselines) for one in (first, second, third)] == [1, 5, 6]
    assert (third.families, third.n_folds) == ([], 0)
    assert third.notes == (
        "The networks to compare with are the best of 1 (dense, equal weights) and 1 (dense, 100 units a layer) and "
        "1 (gradually pruned, equal weights) and 1 (RigL, equal weights) of 24 settings: "
        "more would cost over a quarter of the search.",
    )


@pytest.mark.usefixtures("by_validation")
def test_the_best_is_compared_with_the_best_baseline_so_far(wine: Dataset, tmp_path: Path) -> None:
    *_, last = all_of(final_part(tmp_path, wine, workers=with_trees()))
    best = next(row for row in last.front if row.trial == last.best)
    highest = max(last.baselines, key=lambda baseline: baseline.test_score or 0.0)
    assert last.comparison is not None and last.comparison.baseline == highest.name
    assert best.test_score is not None and highest.test_score is not None
    assert last.comparison.comparison.difference == pytest.approx(best.test_score - highest.test_score)


def test_the_best_by_cross_validation_is_the_best_and_all_stay_on_the_front(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, scores=(0.90, 0.94, 0.95), workers=with_trees())
    keys = [one.key for one in part.search.recorder.history]

    def score(job: Job, leg: Leg) -> float:
        # On folds, the largest is worse than it seemed, and so is the smallest.
        return dict(zip(keys, (0.85, 0.93, 0.91), strict=True))[job.key] if leg.folds else 0.5

    part.search.workers.score = score  # type: ignore[attr-defined]
    *_, last = all_of(part)
    assert (last.best, last.n_folds) == (1, 5)
    assert [(row.trial, row.validation_score, row.is_confirmed) for row in last.front] == [
        (0, pytest.approx(0.85), True),
        (1, pytest.approx(0.93), True),
    ]


def test_with_little_time_the_first_of_the_closest_choices_are_confirmed_and_the_front_keeps_the_others(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[float], int, float]] = []
    monkeypatch.setattr(cross_validation, "affordable_candidates", lambda *given: asked.append(given) or 2)
    part = final_part(tmp_path, wine, table=Timetable(3.0, 50.0, 50.0, 0.0), workers=with_trees())
    scores = {one.key: one.outcome.score for one in part.search.recorder.history if one.outcome is not None}
    workers: Any = part.search.workers
    workers.score = lambda job, leg: scores[job.key] - 0.01 if leg.folds else 0.5
    *_, last = all_of(part)
    ((fold_s, n_workers, seconds),) = asked
    assert (len(fold_s), n_workers, seconds) == (3, 2, 3.0)
    validated = [(jobs, leg) for jobs, leg in workers.trained if leg.folds]
    assert len(validated) == 5 and {len(jobs) for jobs, _ in validated} == {2}
    assert [row.is_confirmed for row in last.front] == [False, True, True]
    assert [row.validation_score for row in last.front] == pytest.approx([0.90, 0.91, 0.93])
    assert last.best == last.front[-1].trial


@pytest.mark.usefixtures("by_validation")
@pytest.mark.parametrize("n_before", range(3))
def test_an_interruption_ends_it_and_before_the_front_is_trained_no_test_row_is_read(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_before: int
) -> None:
    read: list[int] = []
    read_test = Dataset.read_test
    monkeypatch.setattr(Dataset, "read_test", lambda dataset: (read.append(1), read_test(dataset))[1])
    part = final_part(tmp_path, wine, workers=with_trees())
    answers = iter([*[False] * n_before, *[True] * 9])
    part.search.is_interrupted = lambda: next(answers)
    found = all_of(part)
    assert (len(found), len(read)) == (n_before, min(1, n_before))


def test_an_interruption_of_the_cross_validation_ends_it(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dataset, "read_test", lambda dataset: pytest.fail("the test rows were read"))
    part = final_part(tmp_path, wine, workers=with_trees())
    part.search.is_interrupted = lambda: True
    assert all_of(part) == []


def test_without_a_trained_network_there_is_nothing_to_finish(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    part.search.recorder.history = [trial(0, None)]
    assert all_of(part) == [Findings()]
    assert part.search.workers.trained == []  # type: ignore[attr-defined]


@pytest.mark.usefixtures("by_validation")
def test_a_baseline_that_fails_leaves_the_front_as_it_is(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(baselines, "dense_baselines", broken)
    monkeypatch.setattr(baselines, "finished_trees", broken)
    *_, last = all_of(final_part(tmp_path, wine, workers=with_trees()))
    assert last.missing == () and len(last.notes) == 2
    assert [baseline.name for baseline in last.baselines] == ["always the commonest class"]
    assert all(row.test_score is not None for row in last.front)


@pytest.mark.usefixtures("by_validation")
def test_the_front_of_the_findings_is_that_of_the_rule(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, scores=(0.90, 0.90, 0.94), workers=with_trees())
    *_, last = all_of(part)
    expected = [one.trial.number for one in front_by_doubling(known_of(part.search.recorder.history, {}, {}))]
    assert [row.trial for row in last.front] == expected == [0, 2]
