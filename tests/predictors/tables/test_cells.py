from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.errors import PredictorError
from predictors.tables.cells import Cells, read_cells

FRAME = pd.DataFrame({"id": ["a", "b"], "x": [0.1, 1e-300], "n": [3, 4], "is_deep": [True, False], "y": [0.5, None]})


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.parquet.gz"])
def test_all_forms_of_a_table_are_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if "csv" in name:
        FRAME.to_csv(path, index=False)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(FRAME.to_parquet()))
    else:
        FRAME.to_parquet(path)
    cells = read_cells(path)
    assert list(cells.columns) == list(FRAME.columns)
    assert cells.text("id") == ["a", "b"]
    assert cells.numbers("x").tolist() == [0.1, 1e-300]
    assert cells.numbers("is_deep").tolist() == [1, 0]
    assert cells.numeric() == ["x", "n", "is_deep", "y"]
    assert np.array_equal(cells.numbers("y", may_miss=True), [0.5, np.nan], equal_nan=True)
    with pytest.raises(PredictorError, match='row 2, column "y": the value is missing'):
        cells.numbers("y")


def test_incomplete_columns_are_told_together() -> None:
    cells = Cells("t", {"a": ["1", "2", "3"], "b": ["1", "", "NA"], "c": ["", "2", "3"]})
    cells.check_complete(["a"])
    with pytest.raises(PredictorError, match=r'row 2, column "b": .* in 3 of 3 rows and in the columns "b", "c"'):
        cells.check_complete(["a", "b", "c"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_exactly(values: list[float]) -> None:
    assert Cells("t", {"x": [repr(value) for value in values]}).numbers("x").tolist() == values


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b"a,a\n1,2\n", 'two columns "a"'),
        ("t.csv", b"a,b\n1,2\n3\n", "row 2: 1 cells for 2 columns"),
        ("t.csv", b"a;b\n1;2\n", "separate columns by commas"),
        ("t.csv", b"a,b\n\xff\xfe,2\n", "not UTF-8"),
        ("t.csv", b'a,b\n"1,2\n', "not a CSV table"),
        ("t.csv", b"a,b\n1,\x00\n", "NUL"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "cannot be read"),
        ("t.parquet", b"PAR1 and more", "not a Parquet table"),
        ("t.xlsx", b"a", "unknown ending"),
        ("none.csv", None, "cannot be read"),
        ("none", None, "does not exist"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PredictorError, match=said) as caught:
        read_cells(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_folder_must_hold_one_table(tmp_path: Path) -> None:
    with pytest.raises(PredictorError, match="has no table"):
        read_cells(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(PredictorError, match="has 2 tables"):
        read_cells(tmp_path)
