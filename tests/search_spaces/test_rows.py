from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.rows import WiringError, check_rows, compressed, read_only, row_numbers


def int32(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), unique=True))
def test_compressed_rows_have_the_cells_given(cells: list[tuple[int, int]]) -> None:
    pairs = np.array(cells, dtype=np.int64).reshape(-1, 2)
    indptr, indices = compressed(pairs[:, 0], pairs[:, 1], 7, 5)
    assert indptr.dtype == indices.dtype == np.int32
    assert list(zip(row_numbers(indptr).tolist(), indices.tolist(), strict=True)) == sorted(cells)
    check_rows("Net", "input", indptr, indices, 7, 5)


def test_a_read_only_array_is_kept_and_another_copied() -> None:
    own = int32(1, 2)
    kept = read_only("Net", "indices", own)
    assert kept is not own and not kept.flags.writeable
    assert read_only("Net", "indices", kept) is kept


@pytest.mark.parametrize(
    ("array", "form"),
    [(np.array([1]), r"int64 \(1,\)"), (np.zeros((2, 2), np.int32), r"int32 \(2, 2\)"), ([1], "list")],
)
def test_other_arrays_are_refused(array: np.ndarray, form: str) -> None:
    with pytest.raises(WiringError, match=f"Net: indices is {form}; it must be a one-dimensional int32 array"):
        read_only("Net", "indices", array)


@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        (int32(0, 1), int32(0), "input_indptr has 2 entries; 2 rows need 3"),
        (int32(0, 1, 2), int32(0), r"input_indptr spans 0\.\.2; it must span 0\.\.1, all edges"),
        (int32(1, 1, 1), int32(0), r"input_indptr spans 1\.\.1"),
        (int32(0, 3, 2), int32(0, 1), "row 1 of input_indptr ends before it starts"),
        (int32(0, 1, 2), int32(0, 3), r"input_indices span 0\.\.3; they must be in 0\.\.2"),
        (int32(0, 1, 2), int32(-1, 2), r"input_indices span -1\.\.2"),
        (int32(0, 0, 2), int32(1, 1), "row 1 of input_indices lists 1 after 1; sources must ascend"),
        (int32(0, 2, 2), int32(2, 1), "row 0 of input_indices lists 1 after 2"),
    ],
)
def test_malformed_rows_are_named(indptr: np.ndarray, indices: np.ndarray, message: str) -> None:
    with pytest.raises(WiringError, match=message):
        check_rows("Net", "input", indptr, indices, 2, 3)


def test_rows_may_be_empty_and_begin_anew() -> None:
    check_rows("Net", "input", int32(0, 2, 2, 3), int32(0, 2, 1), 3, 3)
    check_rows("Net", "input", int32(0, 0), int32(), 1, 1)
