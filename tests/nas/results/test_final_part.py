from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from nas.budget import CLOSING_S, Clock
from nas.results.final_part import FinalPart
from nas.results.timetable import Timetable
from nas.speed import Speed

SPEED = Speed(1e-9, 200)
DATASET = SimpleNamespace(y=range(7))


def shares(budget_s: float) -> Timetable:
    """Steps that want 8 s in all, and have at most a tenth of the budget each."""
    return Timetable(*(min(2.0, 0.1 * budget_s) for _ in range(4)))


def with_test(budget_s: float) -> Timetable:
    """The same with half a second for the test."""
    return replace(shares(budget_s), test=0.5)


def begun(clock: Clock, table_of: Callable[[float], Timetable] = shares) -> FinalPart:
    search = SimpleNamespace(clock=clock, config=SimpleNamespace(search=SimpleNamespace(workers=3)))
    return FinalPart.begin(search, DATASET, SPEED, table_of)  # type: ignore[arg-type]


def after(budget_s: float, used_s: float) -> FinalPart:
    return begun(Clock(budget_s, used_s))


def test_without_a_budget_there_are_no_deadlines() -> None:
    part = begun(Clock(None))
    assert (part.table, part.end) == (None, None)
    assert part.deadline_of_cross_validation() is None and part.deadline_of_baselines() is None
    assert part.deadline_of_front() is None and part.seconds_for_front() is None
    assert part.latest_end_of_front() is None
    assert (part.n_rows, part.n_workers) == (7, 3)


@pytest.mark.parametrize(
    ("used_s", "each_s"),
    [
        (6.0 - CLOSING_S, 1.0),  # as planned: a tenth of 10 s each
        (8.0 - CLOSING_S, 0.5),  # late
        (2.0 - CLOSING_S, 2.0),  # early, so that each has what it wants, and no more
        (4.0 - CLOSING_S, 1.5),  # early, but not early enough for that
        (11.0, 0.0),
    ],
)
def test_the_steps_share_the_time_that_is_left(used_s: float, each_s: float) -> None:
    part = after(10.0, used_s)
    assert part.table is not None and part.end is not None
    assert part.end == pytest.approx(time.monotonic() + 10.0 - CLOSING_S - used_s, abs=0.05)
    assert part.table.cross_validation == pytest.approx(each_s, abs=0.02)
    assert part.table.total_s == pytest.approx(4 * each_s, abs=0.05)


def test_each_step_ends_before_those_that_follow() -> None:
    part, now = after(10.0, 6.0 - CLOSING_S), time.monotonic()
    validated, before_trust, before_baselines = (
        part.deadline_of_cross_validation(),
        part.deadline_of_baselines(),
        part.deadline_of_front(),
    )
    assert validated == pytest.approx(now + 1.0, abs=0.05)
    assert before_baselines == pytest.approx(now + 2.0, abs=0.05)
    assert before_trust == pytest.approx(now + 3.0, abs=0.05)
    assert part.seconds_for_front() == pytest.approx(2.0, abs=0.05)
    assert part.end == pytest.approx(now + 4.0, abs=0.05)


def test_the_front_is_trained_early_enough_to_be_tested() -> None:
    part, now = begun(Clock(10.0, 5.5 - CLOSING_S), with_test), time.monotonic()
    latest, usual = part.latest_end_of_front(), part.deadline_of_front()
    assert latest == pytest.approx(now + 4.0, abs=0.05)
    assert usual == pytest.approx(now + 2.0, abs=0.05)
