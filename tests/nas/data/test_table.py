from __future__ import annotations

import builtins
import csv
import datetime
import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.source import Column, NumberColumn, TextColumn
from nas.data.table import ROWS_AT_ONCE, _texts, read_table
from nas.errors import DataError

WriteFile = Callable[..., str]


def by_name(columns: tuple[Column, ...]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for column in columns:
        if isinstance(column, NumberColumn):
            found[column.name] = column.values.tolist()
        else:
            found[column.name] = [column.texts[code] if code >= 0 else None for code in column.codes]
    return found


@pytest.mark.parametrize("name", ["data.csv", "data.CSV", "data.csv.gz", "data.tsv", "data.tsv.gz"])
def test_text_tables_are_read_by_their_suffix(write_file: WriteFile, name: str) -> None:
    content = "age,job\n1,red\n2.5,green\n".replace(",", "\t" if "tsv" in name else ",").encode()
    path = write_file(gzip.compress(content) if name.endswith("gz") else content, name)
    assert by_name(read_table(path, {})) == {"age": [1, 2.5], "job": ["red", "green"]}


def test_byte_order_mark_windows_line_ends_and_blank_lines_are_accepted(write_file: WriteFile) -> None:
    path = write_file(b'\xef\xbb\xbf"age",job\r\n\r\n1,red\r\n\r\n2,green')
    assert by_name(read_table(path, {})) == {"age": [1, 2], "job": ["red", "green"]}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), min_size=1))
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    columns = read_table(str(path), {"a": "text", "b": "text"})
    stripped = by_name(columns)
    for position, name in enumerate("ab"):
        for written, read in zip((row[position] for row in rows), stripped[name], strict=True):
            assert read is None or written.find(read) >= 0


def test_a_file_longer_than_one_block_keeps_its_rows_and_lines(write_file: WriteFile) -> None:
    n = ROWS_AT_ONCE + 10
    rows = [f"{i},{'odd' if i % 2 else 'even'}" for i in range(n)]
    columns = by_name(read_table(write_file("a,b\n" + "\n".join(rows)), {}))
    assert columns["a"] == list(range(n))
    assert columns["b"][:2] == ["even", "odd"] and len(columns["b"]) == n
    rows[-1] = "x,odd"
    with pytest.raises(DataError, match=rf"line {n + 1}, "):
        read_table(write_file("a,b\n" + "\n".join(rows)), {})


def test_lines_are_those_of_the_file_where_quoted_cells_span_several(write_file: WriteFile) -> None:
    path = write_file('a,b\n1,"one\ntwo\nthree"\n\nx,four\n')
    with pytest.raises(DataError, match='line 6, column "a": "x" is not a number'):
        read_table(path, {"a": "number"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"data\.csv is empty"),
        (b"\n\n", r"data\.csv is empty"),
        (b"a,b\n", r"data\.csv has a header but no rows"),
        (b"a,b\n1,2\n3\n", r"data\.csv line 3: found 1 field where the header has 2 fields"),
        (b'a,b\n"x\ny",2\n1,2,3\n', r"data\.csv line 4: found 3 fields where the header has 2 fields"),
        (b"a,b,a\n1,2,3\n", r'data\.csv has more than one column named "a"\. Rename'),
        (b",b\n1,2\n", r"data\.csv: column 1 has no name.*index=False"),
        (b"a,b\n\xff\xfe,1\n", r"data\.csv is not UTF-8 text \(invalid start byte\)\. Save it as UTF-8"),
        (b'a,b\n1,2\n"x"y,2\n', r"data\.csv line 3: .*Correct the quoting"),
        (b'a,b\n1,2\n"x,2\n3,4\n', r"data\.csv line 3: unexpected end of data"),
        (b"a,b\n" + b"1" * 200_000 + b",2\n", r"data\.csv line 2: field larger than field limit"),
    ],
)
def test_broken_text_tables_are_refused(write_file: WriteFile, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write_file(content), {})


@pytest.mark.parametrize("cut", [5, 15, -3])
def test_a_truncated_gzip_is_refused(write_file: WriteFile, cut: int) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 100)[:cut]
    with pytest.raises(DataError, match=r"data\.csv\.gz cannot be read"):
        read_table(write_file(content, "data.csv.gz"), {})


def test_plain_text_called_gz_is_refused(write_file: WriteFile) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Not a gzipped file"):
        read_table(write_file("a,b\n1,2\n", "data.csv.gz"), {})


def test_a_file_without_permission_is_refused(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_file("a,b\n1,2\n")

    def refuse(*_: Any, **__: Any) -> io.TextIOWrapper:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(DataError, match=r"data\.csv cannot be read: Permission denied\.$"):
        read_table(path, {})


def test_columns_without_a_kind_are_left_out_if_asked(write_file: WriteFile) -> None:
    path = write_file("a,b,c\n1,x,y\n2,z,y\n")
    assert list(by_name(read_table(path, {"b": "text"}, default=None))) == ["b"]


def write_parquet(folder: Path, **columns: Any) -> str:
    path = folder / "data.parquet"
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_parquet_columns_keep_their_types(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path,
        whole=pa.array([1, None, 3], pa.int64()),
        real=pa.array([0.5, 1.5, None], pa.float32()),
        exact=pa.array([Decimal("1.25"), None, Decimal("2.50")]),
        truth=[True, None, False],
        text=["1", " NA ", "3"],
        word=pa.array(["red", None, "red"]).dictionary_encode(),
        nothing=pa.nulls(3),
    )
    columns = {column.name: column for column in read_table(path, {"text": "text"})}
    number = {name: c.values for name, c in columns.items() if isinstance(c, NumberColumn)}
    np.testing.assert_array_equal(number["whole"], [1, np.nan, 3])
    np.testing.assert_array_equal(number["real"], [0.5, 1.5, np.nan])
    np.testing.assert_array_equal(number["exact"], [1.25, np.nan, 2.5])
    np.testing.assert_array_equal(number["truth"], [1, np.nan, 0])
    np.testing.assert_array_equal(number["nothing"], [np.nan] * 3)
    assert by_name((columns["text"], columns["word"])) == {
        "text": ["1", None, "3"],
        "word": ["red", None, "red"],
    }


def test_truth_values_are_texts_where_they_are_the_target(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, truth=[True, None, False], x=[1, 2, 3])
    columns = read_table(path, {"truth": "target"})
    assert isinstance(columns[0], TextColumn)
    assert by_name(columns)["truth"] == ["True", None, "False"]


def test_a_stray_text_in_parquet_is_named_with_its_row(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, age=["1"] * 30 + ["x"], b=[1] * 31)
    with pytest.raises(DataError, match='row 31, column "age": "x" is not a number'):
        read_table(path, {})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0, float("inf")]}, r'row 2, column "a": inf is not a finite 32-bit number'),
        ({"a": [1.0, -1e39]}, r'row 2, column "a": -1e\+39 is not a finite 32-bit number'),
        (
            {"a": [datetime.date(2020, 1, 1)]},
            r'column "a": values of type date32\[day\] cannot be learned from',
        ),
        ({"a": [[1, 2]]}, r'column "a": values of type list<.*> cannot be learned from'),
        ({"a": pa.array([], pa.int8())}, r"has no rows"),
        ({}, r"is empty"),
    ],
)
def test_parquet_that_cannot_be_learned_from_is_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write_parquet(tmp_path, **columns), {})


def test_parquet_numbers_where_text_is_expected_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='column "a" holds numbers, but text is expected'):
        read_table(write_parquet(tmp_path, a=[1, 2]), {"a": "text"})


@settings(deadline=None, max_examples=60)
@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_parquet_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, position: float, byte: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("parquet")
    path = Path(write_parquet(folder, a=list(range(50)), b=["x"] * 50))
    content = bytearray(path.read_bytes())
    at = int(position * len(content))
    content[at] = byte
    path.write_bytes(content[:at] if cut else content)
    try:
        columns = read_table(str(path), {})
    except DataError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)
    else:
        assert not cut
        assert columns


@given(st.lists(st.text()))
def test_texts_are_those_that_arrow_makes(cells: list[str]) -> None:
    ours = _texts(cells)
    ours.validate(full=True)
    assert ours.equals(pa.array(cells, pa.large_string()))


def test_reading_a_text_table_does_not_load_pandas(write_file: WriteFile) -> None:
    path = write_file("a,b\n1,x\n2,y\n")
    reading = f"import sys; from nas.data.table import read_table; read_table({path!r}, {{}})"
    code = f"{reading}; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
