"""NPZ files: ``x_train, y_train[, x_test, y_test]`` or ``x, y``."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.source import LARGEST, Column, NumberColumn, Source, TextColumn
from nas.errors import DataError, counted, listed, quoted

LAYOUTS = (("x_train", "y_train", "x_test", "y_test"), ("x_train", "y_train"), ("x", "y"))
NEW_ROWS = ("x", "x_test", "x_train")  # the first of these that is there holds the rows to predict
ROWS_AT_ONCE = 4096


def read_npz(data: str) -> Source:
    """Features, target and, where the file has them, test rows of an NPZ file.

    Raises:
        DataError: The file is damaged, has other keys, or arrays that do not fit together.
    """
    names, arrays = _load(data, {key for layout in LAYOUTS for key in layout})
    layout = next((layout for layout in LAYOUTS if set(layout) == set(arrays)), None)
    if layout is None:
        raise DataError(
            f"{data} has the keys {_shown(names)}. "
            "Store x_train and y_train, optionally with x_test and y_test, or x and y."
        )
    return source_of(data, *(arrays[key] for key in layout))


def read_new_rows(data: str) -> NDArray[Any]:
    """Features alone, of shape (n_rows, n_values): the array ``x``, else ``x_test``, else ``x_train``."""
    names, arrays = _load(data, set(NEW_ROWS))
    for key in NEW_ROWS:
        if key in arrays:
            return feature_array(data, key, arrays[key])
    raise DataError(f"{data} has the keys {_shown(names)}. Store the rows to predict under the key x.")


def source_of(
    label: str,
    x: NDArray[Any],
    y: NDArray[Any],
    x_test: NDArray[Any] | None = None,
    y_test: NDArray[Any] | None = None,
) -> Source:
    """Arrays checked and put together; ``x`` is (n_rows, ...), ``y`` is (n_rows,) or (n_rows, 1).

    Raises:
        DataError: Lengths, shapes or dtypes do not fit, or a feature is not finite.
    """
    features, target = _pair(label, "x", x, y)
    if x_test is None or y_test is None:
        return Source(label, features, target)
    test_features, test_target = _pair(label, "x_test", x_test, y_test)
    if x.shape[1:] != x_test.shape[1:] or (x.dtype == np.uint8) != (x_test.dtype == np.uint8):
        raise DataError(
            f"{label}: a training row is {x.dtype} of shape {x.shape[1:]}, but a test row is "
            f"{x_test.dtype} of shape {x_test.shape[1:]}. Store both alike."
        )
    return Source(label, features, target, test_features, test_target)


def feature_array(label: str, key: str, x: NDArray[Any]) -> NDArray[Any]:
    """``x`` flattened to (n_rows, n_values), without a copy where its layout allows.

    Raises:
        DataError: It is empty, is not real numbers, or holds NaN, an infinity or a number beyond float32.
    """
    if x.ndim == 0 or x.size == 0:
        raise DataError(f"{label}: the array {key} is empty, its shape is {x.shape}. Store at least one row.")
    if x.dtype.kind not in "buif":
        raise DataError(f"{label}: the array {key} has dtype {x.dtype}. Store real numbers.")
    flat = x.reshape(len(x), -1)
    if x.dtype.kind == "f":
        _refuse_not_finite(label, key, flat)
    return flat


def _refuse_not_finite(label: str, key: str, flat: NDArray[Any]) -> None:
    count, first = 0, None
    for start in range(0, len(flat), ROWS_AT_ONCE):
        is_wrong = ~(np.abs(flat[start : start + ROWS_AT_ONCE]) <= LARGEST)  # NaN compares false
        if is_wrong.any():
            count += int(is_wrong.sum())
            row, value = (int(index) for index in np.argwhere(is_wrong)[0])
            first = first or (start + row, value)
    if first is not None:
        raise DataError(
            f"{label}: the array {key} has {counted(count, 'value')} beyond float32, NaN or infinite, the "
            f"first in row {first[0]} at position {first[1]}. Correct the values or remove their rows."
        )


def target_column(label: str, y: NDArray[Any]) -> Column:
    """A label or target array of shape (n_rows,) or (n_rows, 1) as a column named "y"."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"{label}: y has shape {y.shape}. Store one label or number for each row.")
    if y.dtype.kind in "bUS":
        texts, codes = np.unique(
            np.char.decode(y, "utf-8", "replace") if y.dtype.kind == "S" else y, return_inverse=True
        )
        return TextColumn("y", codes.astype(np.int32), tuple(str(text) for text in texts))
    if y.dtype.kind not in "uif":
        raise DataError(f"{label}: y has dtype {y.dtype}. Store numbers or texts.")
    values = y.astype(np.float64)
    if np.isinf(values).any() or (np.abs(values) > LARGEST).any():
        raise DataError(f"{label}: y holds an infinity or a number beyond float32. Correct or remove these rows.")
    return NumberColumn("y", values)


def _pair(label: str, key: str, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], Column]:
    features, target = feature_array(label, key, x), target_column(label, y)
    if len(features) != len(target.is_missing):
        raise DataError(
            f"{label}: {key} has {counted(len(features), 'row')}, its target {len(target.is_missing)}. "
            "Store one target for each row."
        )
    return features, target


def _shown(names: list[str]) -> str:
    return listed([quoted(name) for name in names]) or "(none)"


def _load(data: str, keys: Set[str]) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """The names of all arrays of an NPZ file, and those arrays that have one of these keys."""
    try:
        with open(data, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return list(archive.files), {key: archive[key] for key in archive.files if key in keys}
    except Exception as error:  # a damaged file raises whatever zipfile, zlib or the header's parser come upon
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise DataError(f"{data} cannot be read as NPZ: {reason}.") from None
