from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.columns import Kind, parse_number, text_column
from nas.data.source import Column, NumberColumn, TextColumn
from nas.errors import DataError


def read(cells: list[str | None], kind: Kind = "guess", first_line: int = 2) -> Column:
    places = np.arange(first_line, first_line + len(cells))
    array = pa.array(cells, type=pa.large_string())
    return text_column("age", array, kind, label="data.csv", unit="line", places=places)


def texts_of(column: Column) -> list[str | None]:
    assert isinstance(column, TextColumn)
    return [column.texts[code] if code >= 0 else None for code in column.codes]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_as_they_were_written(values: list[float]) -> None:
    column = read([repr(value) for value in values])
    assert isinstance(column, NumberColumn)
    assert column.values.tolist() == values


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["red", "green", "", "?", "NA", " blue "]), min_size=1))
def test_texts_come_back_stripped_and_with_gaps_where_missing(cells: list[str]) -> None:
    column = read(list(cells), kind="text")
    expected = [cell.strip() if cell not in ("", "?", "NA") else None for cell in cells]
    assert texts_of(column) == expected
    assert len(set(column.texts)) == len(column.texts) if isinstance(column, TextColumn) else False


@pytest.mark.parametrize("cell", ["", " ", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "?", None])
def test_ways_to_write_a_missing_value(cell: str | None) -> None:
    column = read(["1", cell])
    assert isinstance(column, NumberColumn)
    assert column.is_missing.tolist() == [False, True]


def test_a_column_of_missing_values_only_is_read_as_numbers() -> None:
    assert read(["", "NA"]).is_missing.all()


def test_a_stray_text_is_named_with_its_line() -> None:
    cells: list[str | None] = ["1"] * 30
    cells[15] = "abc"
    message = r'^data\.csv line 17, column "age": "abc" is not a number\. Correct the value or remove the row\.$'
    with pytest.raises(DataError, match=message):
        read(cells)


def test_nineteen_numbers_in_twenty_make_a_column_numeric_and_fewer_make_it_text() -> None:
    with pytest.raises(DataError, match="is not a number"):
        read(["1"] * 19 + ["x"])
    assert isinstance(read(["1"] * 18 + ["x"]), TextColumn)


def test_missing_values_do_not_count_towards_the_share_of_numbers() -> None:
    with pytest.raises(DataError, match="line 21"):
        read(["1"] * 19 + ["x"] + [""] * 80)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "-1e39"])
def test_numbers_beyond_float32_are_refused_with_their_line(cell: str) -> None:
    message = rf'^data\.csv line 3, column "age": "{cell}" is not a finite 32-bit number'
    with pytest.raises(DataError, match=message):
        read(["1", cell])


def test_the_first_wrong_line_is_the_one_reported() -> None:
    with pytest.raises(DataError, match=r'line 4.*"inf"'):
        read(["1"] * 2 + ["inf"] + ["1"] * 40 + ["x"])


def test_labels_are_numbers_only_if_all_are() -> None:
    assert isinstance(read(["1"] * 99 + ["2"], kind="label"), NumberColumn)
    assert texts_of(read(["1"] * 99 + ["x"], kind="label"))[-1] == "x"


def test_a_column_asked_for_as_numbers_refuses_even_mostly_text() -> None:
    with pytest.raises(DataError, match=r'line 2.*"red" is not a number'):
        read(["red", "green", "1"], kind="number")


def test_python_only_spellings_are_no_numbers() -> None:
    assert math.isnan(parse_number("1_000"))
    assert math.isnan(parse_number("0x10"))
    assert math.isnan(parse_number("-nan"))
    assert parse_number("-1.5e3") == -1500
