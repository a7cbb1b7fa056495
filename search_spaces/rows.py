"""Compressed sparse rows: making them, and checking those that were given."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]


class WiringError(ValueError):
    """The arrays do not describe a network in which every neuron counts."""


def compressed(rows: Int64Array, columns: Int64Array, n_rows: int, n_columns: int) -> tuple[Int32Array, Int32Array]:
    """The cells of a sparse matrix, in any order, as compressed rows.

    Args:
        rows: int64, shape (n_cells,), in 0..n_rows-1.
        columns: int64, shape (n_cells,), in 0..n_columns-1.
        n_rows: Number of rows.
        n_columns: Number of columns.

    Returns:
        (indptr, indices): int32, shapes (n_rows + 1,) and (n_cells,); ascending within each row. Cells given
        twice stay twice.
    """
    codes = np.sort(rows * np.int64(n_columns) + columns)
    sorted_rows = codes // n_columns
    indptr = np.zeros(n_rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(sorted_rows, minlength=n_rows), out=indptr[1:])
    return indptr, (codes - sorted_rows * n_columns).astype(np.int32)


def row_numbers(indptr: Int32Array) -> Int64Array:
    """The row of each cell: int64, shape (n_cells,)."""
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.int64), np.diff(indptr))


def read_only(owner: str, name: str, array: Int32Array) -> Int32Array:
    """A one-dimensional int32 array that cannot be written to: the one given, or a copy of it.

    Raises:
        WiringError: It is of another type or shape.
    """
    if not isinstance(array, np.ndarray) or array.dtype != np.int32 or array.ndim != 1:
        form = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise WiringError(f"{owner}: {name} is {form}; it must be a one-dimensional int32 array.")
    if array.flags.writeable:
        array = array.copy()  # the caller keeps its own array writeable
        array.setflags(write=False)
    return array


def check_rows(owner: str, name: str, indptr: Int32Array, indices: Int32Array, n_rows: int, n_columns: int) -> None:
    """Accepts rows that cover `indices` exactly, each with ascending and distinct columns; rows may be empty.

    Args:
        owner: What has the rows, for messages.
        name: What the rows are called there: "<name>_indptr" and "<name>_indices".
        indptr: int32, one-dimensional.
        indices: int32, one-dimensional.
        n_rows: Number of rows there must be.
        n_columns: Number of columns.

    Raises:
        WiringError: They do not.
    """
    if len(indptr) != n_rows + 1:
        raise WiringError(f"{owner}: {name}_indptr has {len(indptr)} entries; {n_rows} rows need {n_rows + 1}.")
    if indptr[0] != 0 or indptr[-1] != len(indices):
        raise WiringError(
            f"{owner}: {name}_indptr spans {indptr[0]}..{indptr[-1]}; it must span 0..{len(indices)}, all edges."
        )
    lengths = np.diff(indptr)
    if (lengths < 0).any():
        raise WiringError(f"{owner}: row {np.argmax(lengths < 0)} of {name}_indptr ends before it starts.")
    if len(indices) and not 0 <= indices.min() <= indices.max() < n_columns:
        raise WiringError(
            f"{owner}: {name}_indices span {indices.min()}..{indices.max()}; they must be in 0..{n_columns - 1}."
        )
    rows = row_numbers(indptr)
    is_behind = (np.diff(rows) > 0) | (np.diff(indices) > 0)
    if not is_behind.all():
        edge = int(np.argmin(is_behind)) + 1
        raise WiringError(
            f"{owner}: row {rows[edge]} of {name}_indices lists {indices[edge]} after {indices[edge - 1]}; "
            "sources must ascend without duplicates."
        )
