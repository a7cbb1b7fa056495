"""Codes of the features, fitted on the training rows and on nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.encoding import MISSING_CATEGORY, ArrayCode, Inputs, NumberCode, TextCode
from nas.data.source import Features, NumberColumn, Rows, TextColumn
from nas.errors import DataError, listed, quoted

MAX_CATEGORIES = 100
ROWS_AT_ONCE = 2048


def fit_inputs(label: str, features: Features, train: Rows) -> tuple[Inputs, list[str]]:
    """Codes of all features, and a sentence for the user about those that are constant.

    Raises:
        DataError: A text column has more than 100 categories, or every feature is constant.
    """
    inputs, notes = (
        _fit_array(label, features, train) if isinstance(features, np.ndarray) else _fit_table(label, features, train)
    )
    return inputs, notes


def _fit_table(label: str, columns: tuple[NumberColumn | TextColumn, ...], train: Rows) -> tuple[Inputs, list[str]]:
    codes = tuple(
        _fit_number(column, train) if isinstance(column, NumberColumn) else _fit_text(label, column, train)
        for column in columns
    )
    constant = [quoted(code.name) for code in codes if not code.n_inputs]
    if len(constant) == len(codes):
        raise _all_constant(label)
    if not constant:
        return codes, []
    what = "column" if len(constant) == 1 else "columns"
    return codes, [f"Dropped {len(constant)} {what} constant over the training rows: {listed(constant)}."]


def _fit_number(column: NumberColumn, train: Rows) -> NumberCode:
    values = column.values[train]
    is_missing = np.isnan(values)
    median = 0.0 if is_missing.all() else float(np.median(values[~is_missing]))
    values[is_missing] = median
    std = 0.0 if values.min() == values.max() else float(values.std())
    return NumberCode(column.name, median, float(values.mean()), std)


def _fit_text(label: str, column: TextColumn, train: Rows) -> TextCode:
    present = np.unique(column.codes[train])
    categories = {MISSING_CATEGORY if code < 0 else column.texts[code] for code in present}
    if len(categories) > MAX_CATEGORIES:
        raise DataError(
            f"{label}, column {quoted(column.name)}: {len(categories)} different texts in the training rows, "
            f"more than {MAX_CATEGORIES}. Remove the column if it only names rows, as an ID does, or group "
            "its texts."
        )
    return TextCode(column.name, tuple(sorted(categories)))


def _fit_array(label: str, array: NDArray[Any], train: Rows) -> tuple[Inputs, list[str]]:
    means, variances = _moments(array, train)
    kept = np.flatnonzero(variances > 0)
    if not len(kept):
        raise _all_constant(label)
    is_image = array.dtype == np.uint8
    means, variances = means[kept], variances[kept]
    if is_image:
        mean = means.mean()
        variances = np.array([np.mean(variances + (means - mean) ** 2)])  # within pixels and between them
        means = np.array([mean])
    n_values = array.shape[1]
    code = ArrayCode(
        is_image, n_values, tuple(kept.tolist()), tuple(means.tolist()), tuple(np.sqrt(variances).tolist())
    )
    if len(kept) == n_values:
        return code, []
    what = "pixels" if is_image else "features"
    return code, [f"Dropped {n_values - len(kept)} of {n_values} {what}: constant over the training rows."]


def _moments(array: NDArray[Any], train: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of each value over the training rows, in two passes; a constant has variance 0."""
    rows = np.sort(train)  # read in the order of memory
    blocks = [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
    totals = np.zeros(array.shape[1])
    lowest = highest = array[rows[0]]
    for block in blocks:
        values = array[block]
        totals += values.sum(axis=0, dtype=np.float64)
        lowest, highest = np.minimum(lowest, values.min(axis=0)), np.maximum(highest, values.max(axis=0))
    means = totals / len(rows)
    squares = np.zeros(array.shape[1])
    for block in blocks:
        deviations = array[block] - means
        squares += np.einsum("ij,ij->j", deviations, deviations)
    return means, np.where(lowest == highest, 0.0, squares / len(rows))


def _all_constant(label: str) -> DataError:
    return DataError(f"{label}: every feature is constant over the training rows. Give features that vary.")
