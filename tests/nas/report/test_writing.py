from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from final_parts import final_part
from reports import FINDINGS

from nas.budget import Clock
from nas.data import Dataset, prepare
from nas.files import write_json
from nas.report import writing
from nas.report.writing import PREDICTOR, write_reports
from nas.results.final_part import JUDGING_SHARE, LAST_FIT_S, FinalPart
from nas.results.findings import Findings

JUDGED = {"audit_lines": ["audited"], "trust_lines": ["trusted"]}


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


@pytest.fixture
def part(wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FinalPart:
    """A run with a predictor, which will be judged by `JUDGED`."""
    part = final_part(tmp_path, wine)
    write_json(part.search.directory.config, {"data": "wine.csv"})
    part.search.config.predictor = SimpleNamespace(enabled=True)  # type: ignore[assignment]
    part.search.why_closed = lambda: None  # type: ignore[method-assign]
    monkeypatch.setattr(writing, "predictor_report", lambda *arguments, **options: JUDGED)
    return part


def found(monkeypatch: pytest.MonkeyPatch, *steps: Findings | BaseException | Callable[[], None]) -> None:
    """Let a run find these things, one after the other; exceptions are raised, and functions called, in between."""

    def finish(part: FinalPart, show: Callable[[str], None]) -> Iterator[Findings]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, Findings):
                yield step
            else:
                step()

    monkeypatch.setattr(writing, "finish", finish)


def on_disk(part: FinalPart) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(part.search.directory.report.read_text())
    return report


def written(part: FinalPart) -> dict[str, Any] | None:
    return write_reports(part, lambda phase: None)


FIRST = Findings(front=FINDINGS.front, best=7, missing=("dense networks", "gradient-boosted trees"))


def test_a_whole_report_is_on_disk_after_each_step(part: FinalPart, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    found(monkeypatch, FIRST, lambda: seen.append(on_disk(part)), FINDINGS, lambda: seen.append(on_disk(part)))
    last = written(part)
    assert [report["missing"] for report in seen] == [
        ["dense networks", "gradient-boosted trees", PREDICTOR],
        [PREDICTOR],
    ]
    assert [len(report["front"]) for report in seen] == [3, 3]
    assert [len(report["baselines"]) for report in seen] == [0, 2]
    assert [report["predictor"] for report in seen] == [None, None]
    assert last == on_disk(part)
    assert (last["missing"], last["predictor"], last["data"]) == ([], JUDGED, "wine.csv")
    assert last["settings"]["final_epochs"] == 3 * last["settings"]["epochs"]


def test_what_kills_a_run_later_leaves_the_report_so_far(part: FinalPart, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, FIRST, SystemExit(1))
    with pytest.raises(SystemExit):
        written(part)
    assert on_disk(part)["best"]["trial"] == 7
    assert on_disk(part)["missing"] == ["dense networks", "gradient-boosted trees", PREDICTOR]


def test_a_predictor_that_cannot_be_judged_is_a_note(part: FinalPart, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ValueError("no rows")

    found(monkeypatch, FINDINGS)
    monkeypatch.setattr(writing, "predictor_report", broken)
    report = written(part)
    assert report is not None and report == on_disk(part)
    assert (report["missing"], report["predictor"]) == ([], None)
    assert report["notes"][-1] == "Nothing is known of the predictor: ValueError: no rows."
    assert report["notes"][-2] == FINDINGS.notes[-1]


def test_the_predictor_is_judged_while_the_rest_is_done_and_no_report_waits_for_it(
    part: FinalPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_on_disk = threading.Event()

    def judged(*arguments: object, **options: object) -> dict[str, Any]:
        assert is_on_disk.wait(60)
        return JUDGED

    found(monkeypatch, FIRST, FINDINGS, lambda: is_on_disk.set())
    monkeypatch.setattr(writing, "predictor_report", judged)
    report = written(part)
    assert report is not None and report["predictor"] == JUDGED


def test_the_predictor_is_judged_within_a_share_of_the_budget_and_not_beyond_the_end(
    part: FinalPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines: list[float | None] = []

    def judged(*arguments: object, deadline: float | None) -> dict[str, Any]:
        deadlines.append(deadline)
        return JUDGED

    found(monkeypatch, FINDINGS)
    monkeypatch.setattr(writing, "predictor_report", judged)
    written(part)
    written(replace(part, end=123.0))
    part.search.clock = Clock(100.0)
    began = time.monotonic()
    written(replace(part, end=began + 0.5))
    written(replace(part, end=began + 1e4))
    no_budget, without_clock, short, long = deadlines
    assert (no_budget, without_clock, short) == (None, 123.0, began + 0.5 - LAST_FIT_S)
    assert long is not None and began + 100 * JUDGING_SHARE <= long < began + 100 * JUDGING_SHARE + 60


def test_without_a_predictor_nothing_is_missing_in_the_end(part: FinalPart, monkeypatch: pytest.MonkeyPatch) -> None:
    part.search.config.predictor.enabled = False
    seen: list[dict[str, Any]] = []
    found(monkeypatch, FINDINGS, lambda: seen.append(on_disk(part)))
    report = written(part)
    assert report is not None and (report["missing"], report["predictor"]) == ([], None)
    assert seen[0]["missing"] == []


@pytest.mark.parametrize("is_late", [False, True])
def test_an_interruption_gives_no_report_but_leaves_what_there_is(
    part: FinalPart, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    answers = iter([False, True] if is_late else [True])
    part.search.is_interrupted = lambda: next(answers)
    found(monkeypatch, FIRST)
    assert written(part) is None
    assert PREDICTOR in on_disk(part)["missing"]


def test_a_run_without_a_network_has_a_report_too(part: FinalPart, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, Findings())
    report = written(part)
    assert report is not None and (report["best"], report["front"]) == (None, [])
