"""A file of results holds whole rows alone, whenever a run was killed, and knows which runs it has."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_file import ResultFile, as_text, number, read_rows

COLUMNS, KEY = ("data", "seed", "score", "front"), ("data", "seed")


def open_file(folder: Path) -> ResultFile:
    return ResultFile(folder / "results.csv", COLUMNS, KEY)


def row(data: str, seed: int) -> dict[str, object]:
    return {"data": data, "seed": seed, "score": 0.1 + seed, "front": '[[10, 0.5], [20, "a, b"]]'}


def test_rows_come_back_as_they_were_added(tmp_path: Path) -> None:
    results = open_file(tmp_path)
    for seed in range(3):
        assert not results.has(data="letter", seed=seed)
        results.add(row("letter", seed))
    again = open_file(tmp_path)
    assert again.has(data="letter", seed=2)
    assert not again.has(data="digits", seed=2)
    assert [number(kept, "score") for kept in again.rows] == [0.1, 1.1, 2.1]
    assert again.rows[0]["front"] == row("letter", 0)["front"]


def test_a_kill_at_any_byte_costs_the_last_row_alone(tmp_path: Path) -> None:
    results = open_file(tmp_path)
    path = tmp_path / "results.csv"
    results.add(row("letter", 0))
    before = path.stat().st_size
    results.add(row("letter", 1))
    content = path.read_bytes()
    for size in range(before, len(content)):
        path.write_bytes(content[:size])
        resumed = open_file(tmp_path)
        assert [kept["seed"] for kept in resumed.rows] == ["0"]
        resumed.add(row("letter", 1))
        assert path.read_bytes() == content


def test_a_kill_in_the_header_begins_the_file_again(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("data,se", encoding="utf-8")
    assert open_file(tmp_path).rows == []
    assert read_rows(tmp_path / "results.csv")[0] == COLUMNS


def test_a_file_of_another_benchmark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("data,other\nletter,1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="data, other"):
        open_file(tmp_path)
    assert (tmp_path / "results.csv").read_text(encoding="utf-8") == "data,other\nletter,1\n"


def test_a_row_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    results = open_file(tmp_path)
    with pytest.raises(ValueError, match="columns"):
        results.add({"data": "letter", "seed": 0})
    with pytest.raises(ValueError, match="line break"):
        results.add(row("let\nter", 0))
    assert open_file(tmp_path).rows == []


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_were(value: float) -> None:
    assert number({"score": as_text(value)}, "score") == value


def test_nothing_is_no_number() -> None:
    assert as_text(None) == ""
    assert math.isnan(number({"score": ""}, "score"))
