from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.arrays import ROWS_AT_ONCE, feature_array, read_new_rows, read_npz, target_column
from nas.data.source import NumberColumn, TextColumn
from nas.errors import DataError


def save(folder: Path, **arrays: Any) -> str:
    path = folder / "data.npz"
    np.savez_compressed(path, **arrays)
    return str(path)


def test_both_layouts_are_read_and_images_are_flattened(tmp_path: Path) -> None:
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    source = read_npz(save(tmp_path, x=x, y=[0, 1]))
    assert isinstance(source.features, np.ndarray)
    np.testing.assert_array_equal(source.features, x.reshape(2, 12))
    assert source.features.dtype == np.uint8
    assert source.test_features is None and source.test_target is None

    source = read_npz(save(tmp_path, x_train=x, y_train=[[0], [1]], x_test=x[:1], y_test=[1], names=["a"]))
    assert isinstance(source.target, NumberColumn) and source.target.values.tolist() == [0, 1]
    assert isinstance(source.test_features, np.ndarray) and source.test_features.shape == (1, 12)
    assert isinstance(source.test_target, NumberColumn) and source.test_target.values.tolist() == [1]


def test_new_rows_are_x_else_x_test_else_x_train(tmp_path: Path) -> None:
    first, second, third = (np.full((2, 2), value, dtype=np.float32) for value in (1, 2, 3))
    assert read_new_rows(save(tmp_path, x_train=third, x_test=second, x=first))[0, 0] == 1
    assert read_new_rows(save(tmp_path, x_train=third, x_test=second))[0, 0] == 2
    assert read_new_rows(save(tmp_path, x_train=third))[0, 0] == 3
    with pytest.raises(DataError, match=r'has the keys "data"\. Store the rows to predict under the key x\.'):
        read_new_rows(save(tmp_path, data=first))


TWO = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"data": TWO, "labels": [0, 1]}, r'has the keys "data", "labels"\. Store x_train and y_train'),
        (
            {"x_train": TWO, "y_train": [0, 1], "x_test": TWO},
            r'has the keys "x_train", "y_train", "x_test"\.',
        ),
        ({}, r"has the keys \(none\)"),
        ({"x": TWO, "y": [0, 1, 2]}, r"x has 2 rows, its target 3\. Store one target for each row"),
        ({"x": TWO[:0], "y": []}, r"the array x is empty, its shape is \(0, 3\)"),
        ({"x": 3.0, "y": [0]}, r"the array x is empty, its shape is \(\)"),
        ({"x": TWO + 1j, "y": [0, 1]}, r"the array x has dtype complex128\. Store real numbers"),
        ({"x": [["a"], ["b"]], "y": [0, 1]}, r"the array x has dtype <U1\. Store real numbers"),
        ({"x": TWO, "y": np.zeros((2, 2))}, r"y has shape \(2, 2\)\. Store one label or number for each row"),
        ({"x": TWO, "y": [1j, 2j]}, r"y has dtype complex128"),
        ({"x": TWO, "y": [0, np.inf]}, r"y holds an infinity or a number beyond float32"),
        (
            {"x_train": TWO, "y_train": [0, 1], "x_test": np.zeros((1, 4)), "y_test": [0]},
            r"a training row is float64 of shape \(3,\), but a test row is float64 of shape \(4,\)",
        ),
        (
            {"x_train": TWO, "y_train": [0, 1], "x_test": TWO.astype(np.uint8), "y_test": [0, 1]},
            r"a training row is float64 of shape \(3,\), but a test row is uint8",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_npz(save(tmp_path, **arrays))


def test_an_object_array_is_refused_without_being_unpickled(tmp_path: Path) -> None:
    path = save(tmp_path, x=np.array([{}, {}], dtype=object), y=[0, 1])
    with pytest.raises(DataError, match=r"data\.npz cannot be read as NPZ: Object arrays cannot be loaded"):
        read_npz(path)


def test_values_that_are_not_finite_are_counted_and_the_first_is_placed() -> None:
    x = np.zeros((ROWS_AT_ONCE + 10, 3, 2))
    x[ROWS_AT_ONCE + 4, 1, 0] = np.nan
    with pytest.raises(DataError, match=rf"x has 1 value .* first in row {ROWS_AT_ONCE + 4} at position 2\."):
        feature_array("d.npz", "x", x)
    x[7, 0, 1], x[7, 2, 1] = -np.inf, 1e39
    with pytest.raises(DataError, match=r"x has 3 values beyond float32, NaN or infinite, .* in row 7 at position 1"):
        feature_array("d.npz", "x", x)


def test_flattening_contiguous_features_copies_nothing() -> None:
    x = np.zeros((5, 2, 2), dtype=np.uint8)
    assert np.shares_memory(feature_array("d.npz", "x", x), x)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (np.array(["b", "a", "b"]), ["b", "a", "b"]),
        (np.array(["é".encode(), b"a", b"a"]), ["é", "a", "a"]),
        (np.array([True, False, True]), ["True", "False", "True"]),
    ],
)
def test_texts_and_truth_values_become_text(y: np.ndarray[Any, Any], names: list[str]) -> None:
    column = target_column("d.npz", y)
    assert isinstance(column, TextColumn)
    assert [column.texts[code] for code in column.codes] == names


def test_a_number_target_keeps_nan_as_missing() -> None:
    assert target_column("d.npz", np.array([1, np.nan], dtype=np.float32)).is_missing.tolist() == [
        False,
        True,
    ]


def test_an_npy_file_or_plain_text_called_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    with path.open("wb") as file:
        np.save(file, TWO)
    with pytest.raises(DataError, match="cannot be read as NPZ"):
        read_npz(str(path))
    path.write_text("hello")
    with pytest.raises(DataError, match="cannot be read as NPZ"):
        read_npz(str(path))


@settings(deadline=None, max_examples=80)
@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_npz_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, position: float, byte: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("npz")
    path = Path(save(folder, x=np.arange(40.0).reshape(20, 2), y=np.arange(20)))
    content = bytearray(path.read_bytes())
    at = int(position * len(content))
    content[at] = byte
    path.write_bytes(content[:at] if cut else content)
    try:
        source = read_npz(str(path))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert not cut
        assert len(source.target.is_missing) == 20
