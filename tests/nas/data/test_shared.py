from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from nas.data.shared import SharedRows

X = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
OFFSETS = np.array([0, 20, 21, 50])


@pytest.mark.parametrize("y", [np.arange(50, dtype=np.int32), np.linspace(-1, 1, 50, dtype=np.float32)])
def test_rows_are_opened_as_they_were_written(tmp_path: Path, y: np.ndarray) -> None:
    written = SharedRows.write(tmp_path / "run" / "shared", X, y)
    x, targets, offsets, scale, shift = SharedRows(tmp_path / "run" / "shared").open()
    assert written == SharedRows(tmp_path / "run" / "shared") and offsets is None
    assert (scale == 1).all() and (shift == 0).all() and len(scale) == len(shift) == X.shape[1]
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(targets, y)
    assert x.dtype == targets.dtype == np.float32
    assert x.flags.c_contiguous and x.flags.writeable and targets.flags.writeable


def test_sequences_of_codes_stay_uint8_and_keep_their_offsets(tmp_path: Path) -> None:
    codes = (X > 0).astype(np.uint8)
    opened = SharedRows.write(tmp_path, codes, np.array([0, 1, 1], np.int32), OFFSETS).open()
    assert opened.x.dtype == np.uint8 and opened.y.dtype == np.float32
    np.testing.assert_array_equal(opened.x, codes)
    assert opened.offsets is not None and opened.offsets.dtype == np.int64
    np.testing.assert_array_equal(opened.offsets, OFFSETS)


def test_bytes_stay_bytes_and_keep_what_they_stand_for(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (50, 4), dtype=np.uint8)
    scale, shift = np.random.default_rng(2).standard_normal((2, 4)).astype(np.float32)
    opened = SharedRows.write(tmp_path, pixels, np.zeros(50, np.float32), None, scale, shift).open()
    assert opened.x.dtype == np.uint8 and opened.offsets is None
    np.testing.assert_array_equal(opened.x, pixels)
    np.testing.assert_array_equal(opened.scale, scale)
    np.testing.assert_array_equal(opened.shift, shift)
    assert opened.scale.dtype == opened.shift.dtype == np.float32
    on_disk = (tmp_path / "x.npy").stat().st_size
    assert on_disk < pixels.nbytes + 256  # a quarter of what float32 would take


def test_what_rows_stand_for_is_that_of_those_written_last(tmp_path: Path) -> None:
    SharedRows.write(tmp_path, X, np.zeros(50, np.float32), None, np.full(4, 2, "f4"), np.full(4, 3, "f4"))
    opened = SharedRows.write(tmp_path, X[:, :3], np.zeros(50, np.float32)).open()
    assert opened.scale.tolist() == [1.0] * 3 and opened.shift.tolist() == [0.0] * 3


def test_rows_written_over_sequences_have_no_offsets(tmp_path: Path) -> None:
    SharedRows.write(tmp_path, X, np.zeros(3, np.float32), OFFSETS)
    assert SharedRows.write(tmp_path, X, np.zeros(50, np.float32)).open().offsets is None


def test_the_largest_class_number_survives_as_float32(tmp_path: Path) -> None:
    y = np.array([0, 9_999], np.int32)
    targets = SharedRows.write(tmp_path, X[:2], y).open().y
    assert targets.tolist() == [0.0, 9999.0]


def test_a_change_stays_with_who_made_it(tmp_path: Path) -> None:
    rows = SharedRows.write(tmp_path, X, np.zeros(50, np.float32))
    rows.open().x[:] = 7
    np.testing.assert_array_equal(rows.open().x, X)


def test_rows_are_mapped_rather_than_read(tmp_path: Path) -> None:
    opened = SharedRows.write(tmp_path, X, np.zeros(50, np.float32), OFFSETS).open()
    assert all(isinstance(array, np.ndarray) and isinstance(array.base, np.memmap) for array in opened)


def total(rows: SharedRows) -> float:
    return float(rows.open().x.sum(dtype=np.float64))


def test_another_process_opens_the_same_rows(tmp_path: Path) -> None:
    rows = SharedRows.write(tmp_path, X, np.zeros(50, np.float32))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(total, (rows,)) == X.sum(dtype=np.float64)
