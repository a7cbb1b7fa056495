from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from candidates import complete, trial
from rich.console import Console

from nas.outcome import Counts
from nas.status import Status
from nas.view import View

STATUS = Status(
    phase="searching",
    used_s=60.0,
    budget_s=300.0,
    n_trials=12,
    trials=None,
    generation=3,
    counts=Counts(trained=4, stopped=7, skipped=30, failed=1),
    best=trial(5, complete(1234, 0.5, 0.75, 0.8125)),
)


def shown(*statuses: Status, is_terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=is_terminal, color_system=None)
    with View(console, "accuracy") as view:
        for status in statuses:
            view.show(status)
            if is_terminal:
                console.print()  # a live display is redrawn below what is printed
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_line_says_what_was_found_and_how_much_time_is_left() -> None:
    (line,) = shown(STATUS).splitlines()
    assert line == (
        "4m00s left of 5m00s  searching, generation 3: 4 trained, 7 stopped, 30 skipped, 1 failed; "
        "best accuracy 0.8125 with 1,234 weights (1,244 parameters)"
    )


def test_before_anything_was_trained_there_is_no_best() -> None:
    line = shown(replace(STATUS, best=None)).splitlines()[0]
    assert line.endswith("30 skipped, 1 failed")


def test_where_there_is_no_terminal_a_line_comes_with_a_new_best_a_new_phase_and_every_ten_seconds() -> None:
    def at(used_s: float, **changes: Any) -> Status:
        return replace(STATUS, used_s=used_s, **changes)

    best = trial(6, complete(999, 0.5, 0.75, 0.875))
    more = replace(STATUS.counts, trained=5)
    lines = shown(at(60), at(63, counts=more), at(64, best=best), at(66, best=best, phase="testing")).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "4m00s left of 5m00s",
        "3m56s left of 5m00s",
        "3m54s left of 5m00s",
    ]
    assert "999 weights" in lines[1] and "testing" in lines[2]
    assert len(shown(*(at(60 + second) for second in range(26))).splitlines()) == 3


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (replace(STATUS, used_s=400.0), "0s left of 5m00s"),
        (replace(STATUS, used_s=0.0, budget_s=5400.0), "1h30m left of 1h30m"),
        (replace(STATUS, used_s=0.4, budget_s=3600.0), "1h00m left of 1h00m"),
        (replace(STATUS, used_s=30.0, budget_s=60.0), "30s left of 1m00s"),
        (replace(STATUS, budget_s=None, trials=60), "12 of 60 trials, about 4m00s left"),
        (replace(STATUS, budget_s=None, trials=12), "12 of 12 trials, about 0s left"),
        (replace(STATUS, budget_s=None, trials=60, n_trials=0, used_s=3.0), "3s  "),
    ],
)
def test_time_is_told_for_a_budget_and_for_trials(status: Status, text: str) -> None:
    assert shown(status).startswith(text)


def test_on_a_terminal_phase_progress_and_findings_are_drawn_and_taken_away_at_the_end() -> None:
    text = shown(STATUS, replace(STATUS, phase="reading the test rows"), is_terminal=True)
    assert "searching" in text and "reading the test rows" in text
    assert "best accuracy 0.8125 with 1,234 weights (1,244 parameters)" in text
    assert text.rstrip("\n").endswith("\x1b[2K") or "\x1b[1A\x1b[2K" in text
