from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from nas.data.shared import SharedRows

X = np.random.default_rng(0).standard_normal((4, 50)).astype(np.float32)


@pytest.mark.parametrize("y", [np.arange(50, dtype=np.int32), np.linspace(-1, 1, 50, dtype=np.float32)])
def test_rows_are_opened_as_they_were_written(tmp_path: Path, y: np.ndarray) -> None:
    written = SharedRows.write(tmp_path / "run" / "shared", X, y)
    x, targets = SharedRows(tmp_path / "run" / "shared").open()
    assert written == SharedRows(tmp_path / "run" / "shared")
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(targets, y)
    assert x.dtype == targets.dtype == np.float32
    assert x.flags.c_contiguous and x.flags.writeable and targets.flags.writeable


def test_the_largest_class_number_survives_as_float32(tmp_path: Path) -> None:
    y = np.array([0, 9_999], np.int32)
    _, targets = SharedRows.write(tmp_path, X[:, :2], y).open()
    assert targets.tolist() == [0.0, 9999.0]


def test_a_change_stays_with_who_made_it(tmp_path: Path) -> None:
    rows = SharedRows.write(tmp_path, X, np.zeros(50, np.float32))
    mine, _ = rows.open()
    mine[:] = 7
    others, _ = rows.open()
    np.testing.assert_array_equal(others, X)


def test_rows_are_mapped_rather_than_read(tmp_path: Path) -> None:
    x, y = SharedRows.write(tmp_path, X, np.zeros(50, np.float32)).open()
    assert isinstance(x.base, np.memmap) and isinstance(y.base, np.memmap)


def total(rows: SharedRows) -> float:
    x, _ = rows.open()
    return float(x.sum(dtype=np.float64))


def test_another_process_opens_the_same_rows(tmp_path: Path) -> None:
    rows = SharedRows.write(tmp_path, X, np.zeros(50, np.float32))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(total, (rows,)) == X.sum(dtype=np.float64)
