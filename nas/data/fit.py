"""Codes of the features, fitted on the training rows and on nothing else."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nas.data.encoding import MISSING_CATEGORY, ArrayCode, Inputs, NumberCode, TextCode
from nas.data.quantile_transform import QuantileTransform, fit_quantile_transform, has_heavy_tails
from nas.data.source import Features, NumberColumn, Rows, TextColumn
from nas.errors import DataError, counted, listed, quoted

MAX_CATEGORIES = 100
ROWS_AT_ONCE = 2048

QuantileCopies: TypeAlias = Literal["auto", "all", "none"]
"""Which numbers give their normal quantile as a second input: "auto" means those with heavy tails."""


def fit_inputs(
    label: str, features: Features, train: Rows, quantile_copies: QuantileCopies = "auto"
) -> tuple[Inputs, list[str]]:
    """Codes of all features, and sentences for the user about those that are constant or give two inputs.

    Raises:
        DataError: A text column has more than 100 categories, or every feature is constant.
    """
    if isinstance(features, np.ndarray):
        return _fit_array(label, features, train, quantile_copies)
    return _fit_table(label, features, train, quantile_copies)


def _fit_table(
    label: str, columns: tuple[NumberColumn | TextColumn, ...], train: Rows, quantile_copies: QuantileCopies
) -> tuple[Inputs, list[str]]:
    codes = tuple(
        _fit_number(column, train, quantile_copies)
        if isinstance(column, NumberColumn)
        else _fit_text(label, column, train)
        for column in columns
    )
    constant = [quoted(code.name) for code in codes if not code.n_inputs]
    if len(constant) == len(codes):
        raise _all_constant(label)
    notes = []
    if constant:
        notes.append(f"Dropped {counted(len(constant), 'column')} constant over the training rows: {listed(constant)}.")
    copied = [quoted(code.name) for code in codes if isinstance(code, NumberCode) and code.quantile_copy is not None]
    if copied:
        notes.append(_note_on_copies(counted(len(copied), "column"), quantile_copies, f": {listed(copied)}"))
    return codes, notes


def _note_on_copies(what: str, quantile_copies: QuantileCopies, names: str = "") -> str:
    why = " with heavy tails" if quantile_copies == "auto" else ""
    return f"Added the normal quantiles of {what}{why}{names}."


def _fit_number(column: NumberColumn, train: Rows, quantile_copies: QuantileCopies) -> NumberCode:
    values = column.values[train]
    is_missing = np.isnan(values)
    median = 0.0 if is_missing.all() else float(np.median(values[~is_missing]))
    values[is_missing] = median
    std = 0.0 if values.min() == values.max() else float(values.std())
    copy = _fit_copy(values, std, quantile_copies) if std > 0 else None
    return NumberCode(column.name, median, float(values.mean()), std, copy)


def _fit_copy(values: NDArray[np.float64], std: float, quantile_copies: QuantileCopies) -> QuantileTransform | None:
    """The map of a column that varies to its quantiles; None if it gives but one input."""
    is_wanted = quantile_copies == "all" or (quantile_copies == "auto" and has_heavy_tails(values, std))
    return fit_quantile_transform(values) if is_wanted else None


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


def _fit_array(
    label: str, array: NDArray[Any], train: Rows, quantile_copies: QuantileCopies
) -> tuple[Inputs, list[str]]:
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
    stds, n_values = np.sqrt(variances), array.shape[1]
    copies: tuple[QuantileTransform | None, ...] = ()
    if not is_image:
        rows = np.sort(train)  # read in the order of memory
        copies = tuple(
            _fit_copy(array[rows, number].astype(np.float64), std, quantile_copies)
            for number, std in zip(kept, stds, strict=True)
        )
    n_copied = len(copies) - copies.count(None)
    code = ArrayCode(
        is_image,
        n_values,
        tuple(kept.tolist()),
        tuple(means.tolist()),
        tuple(stds.tolist()),
        copies if n_copied else (),
    )
    notes = []
    if len(kept) < n_values:
        what = "pixels" if is_image else "features"
        notes.append(f"Dropped {n_values - len(kept)} of {n_values} {what}: constant over the training rows.")
    if n_copied:
        notes.append(_note_on_copies(f"{n_copied} of {n_values} features", quantile_copies))
    return code, notes


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
