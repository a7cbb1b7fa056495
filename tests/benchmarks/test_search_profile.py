"""A profile divides what processes used as their samples are, and accounts for all of the cores' time."""

from __future__ import annotations

import re

import pytest
import search_profile
from processor_time import Look
from profile_causes import TRAINING, Frame, Stack
from search_profile import Profile, by_cause, by_function, seconds_of, tables_of

TRAINS = Stack((1, 2, 3), (Frame("RowFeed.train", "nas/engine/feed.py", 1),), 60)
LOADS = Stack((1, 2, 3), (Frame("RowFeed.load", "nas/engine/feed.py", 1), Frame("f", "/lib/x.py", 1)), 20)
RECORDS = Stack((1,), (Frame("Recorder.add", "nas/recorder.py", 1),), 5)
PROFILE = Profile(
    stacks=[RECORDS, TRAINS, LOADS],
    looks=[Look(0.0, {}), Look(5.0, {1: 1.0, 3: 4.0}), Look(10.0, {1: 2.0, 2: 0.5, 3: 8.0})],
    watching_s=0.7,
    elsewhere_s=3.0,
    n_workers=2,
)
CAUSES = {TRAINS: TRAINING, LOADS: "gathering batches", RECORDS: "recording"}


def test_the_time_of_a_process_is_divided_as_its_samples_are() -> None:
    seconds = seconds_of(PROFILE)
    assert seconds == {RECORDS: pytest.approx(2.0), TRAINS: pytest.approx(6.0), LOADS: pytest.approx(2.0)}
    assert by_cause(seconds, CAUSES) == {
        TRAINING: {3: pytest.approx(6.0)},
        "gathering batches": {3: pytest.approx(2.0)},
        "recording": {1: pytest.approx(2.0)},
    }


def test_functions_outside_of_kernels_are_named_by_the_innermost_of_ours() -> None:
    assert by_function(seconds_of(PROFILE), CAUSES) == [
        ("Recorder.add (nas/recorder.py)", pytest.approx(2.0)),
        ("RowFeed.load (nas/engine/feed.py)", pytest.approx(2.0)),
    ]


def test_the_table_accounts_for_all_of_the_cores_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_profile, "cause_of", lambda stack, _: CAUSES[stack])
    text = tables_of("wine", PROFILE, frozenset())
    assert text.startswith(
        "wine: 10.0 s, 2 workers, 20.0 core-seconds; 30.0 % inside training kernels (57.1 % of the 10.5 s"
    )
    assert "| training kernels | 6.0 |  | 6.0 | 30.0 % |" in text
    assert "| recording |  | 2.0 | 2.0 | 10.0 % |" in text
    assert "| of processes that were over before they were sampled |  |  | 0.5 | 2.5 % |" in text
    first_table = text.split("outside of training kernels, in or below")[0]
    shares = [float(share) for share in re.findall(r"(-?[\d.]+) % \|", first_table)]
    assert sum(shares) == pytest.approx(100.0, abs=0.5)


def test_kernels_that_are_not_recognised_are_said_to_be() -> None:
    assert "No sample was in a training kernel" in tables_of("wine", PROFILE, frozenset())
