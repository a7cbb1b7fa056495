"""What benchmarks keep of a search, and how they go on where they stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import search_runs
from search_runs import COLUMNS, SearchFailed, Wanted, complete, front_by_test, front_by_validation, row_of

from nas.outcome import Ending
from nas.recorder import read_history

WANTED = [Wanted("wine", "wine", budget_s, seed) for seed in range(2) for budget_s in (10.0, 30.0)]


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """The searches that were run, none of them for real; that of 30 s with seed 0 fails the first time."""
    done: list[Wanted] = []

    def run(one: Wanted) -> dict[str, Any]:
        if one == WANTED[1] and one not in done:
            done.append(one)
            raise SearchFailed("nas: no room on the disk")
        done.append(one)
        return dict.fromkeys(COLUMNS[len(one.key) :])

    monkeypatch.setattr(search_runs, "run_search", run)
    return done


def test_a_failure_leaves_no_row_and_is_tried_again(
    tmp_path: Path, searched: list[Wanted], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results.csv"
    with pytest.raises(SystemExit, match="1 searches failed"):
        complete(out, WANTED)
    assert searched == WANTED
    assert "no room on the disk" in capsys.readouterr().out
    rows = complete(out, WANTED)
    assert searched == [*WANTED, WANTED[1]]
    assert [(row["budget_s"], row["seed"]) for row in rows] == [
        ("10.0", "0"), ("10.0", "1"), ("30.0", "1"), ("30.0", "0")
    ]  # fmt: skip


def test_what_is_done_is_not_done_again(tmp_path: Path, searched: list[Wanted]) -> None:
    out = tmp_path / "results.csv"
    complete(out, WANTED[2:3])
    complete(out, WANTED[2:4])
    assert searched == WANTED[2:4]
    busy = Wanted("wine", "wine", 10.0, 1, busy=True)
    assert len(complete(out, [busy])) == 3


def test_a_row_holds_the_report_and_the_front_of_all_that_were_trained(finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text(encoding="utf-8"))
    history = read_history(finished_run / "study.db")
    row = {name: str(value) for name, value in row_of(report, history).items()}
    assert set(row) | {"used_s", "compiled_s"} == set(COLUMNS[5:])
    assert front_by_test(row) == [(line["n_weights"], line["test_score"]) for line in report["front"]]
    assert float(row["best_test_score"]) == report["best"]["test_score"]
    trained = [
        (t.n_weights, t.outcome.score) for t in history if t.outcome is not None and t.outcome.ending is Ending.COMPLETE
    ]
    assert len(trained) == int(row["trained"])
    front = front_by_validation(row)
    assert set(front) <= set(trained)
    for weights, score in trained:  # each is on the front, or another is no larger and no worse
        assert any(w <= weights and s >= score for w, s in front)
    for weights, score in front:
        assert not any((w < weights and s >= score) or (w <= weights and s > score) for w, s in trained)
    assert json.loads(row["doublings"]) == sorted({weights.bit_length() - 1 for weights, _ in trained})
    assert set(json.loads(row["baselines"])) == {baseline["name"] for baseline in report["baselines"]}


def test_a_front_leaves_out_what_was_not_tested() -> None:
    assert front_by_test({"front": "[[10, 0.5, null], [20, 0.6, 0.7]]"}) == [(20, 0.7)]
