"""What a data file holds, as it was read: columns or an array, before anything is fitted to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError, counted, listed, quoted

LARGEST = float(np.finfo(np.float32).max)  # inputs are float32, so nothing larger can be learned from

Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """Numbers of a table's column.

    Attributes:
        name: The column's name.
        values: float64 of shape (n_rows,), NaN where missing, else at most ``LARGEST`` in size.
    """

    name: str
    values: NDArray[np.float64]

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which rows have no value, of shape (n_rows,)."""
        return np.isnan(self.values)

    def take(self, rows: Rows) -> NumberColumn:
        """The same column with only these rows, in this order."""
        return NumberColumn(self.name, self.values[rows])


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Texts of a table's column, each distinct text kept once.

    Attributes:
        name: The column's name.
        codes: int32 of shape (n_rows,), positions in ``texts``, -1 where missing.
        texts: The distinct texts, in no particular order.
    """

    name: str
    codes: NDArray[np.int32]
    texts: tuple[str, ...]

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which rows have no value, of shape (n_rows,)."""
        return self.codes < 0

    def take(self, rows: Rows) -> TextColumn:
        """The same column with only these rows, in this order."""
        return TextColumn(self.name, self.codes[rows], self.texts)


Column: TypeAlias = NumberColumn | TextColumn
Features: TypeAlias = tuple[Column, ...] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Source:
    """Features and target as read.

    Attributes:
        label: The source as the user named it, for messages.
        features: Columns, or an array of real numbers of shape (n_rows, n_values) in the dtype of its file;
            uint8 means images.
        target: What is to be predicted, n_rows of it.
        test_features: Test rows that the source itself sets apart, in the same form as ``features``.
        test_target: Their target; both or neither are None.
    """

    label: str
    features: Features
    target: Column
    test_features: Features | None = None
    test_target: Column | None = None


def n_rows_of(features: Features) -> int:
    """Number of rows of columns or of an array."""
    if isinstance(features, np.ndarray):
        return len(features)
    return len(features[0].is_missing) if features else 0


def take_rows(features: Features, rows: Rows) -> Features:
    """A copy of these rows, in this order."""
    if isinstance(features, np.ndarray):
        return features[rows]
    return tuple(column.take(rows) for column in features)


def refuse_missing(label: str, features: Features, remedy: str) -> None:
    """Raise DataError with the count, the columns and the remedy if any value of a table is missing."""
    counts = missing_counts(features)
    if counts:
        columns = listed([f"{quoted(name)} ({count})" for name, count in counts.items()])
        raise DataError(f"{label} has {counted(sum(counts.values()), 'missing value')}: {columns}. {remedy}.")


def missing_counts(features: Features) -> dict[str, int]:
    """Number of missing values of each column that has any; arrays never have one."""
    if isinstance(features, np.ndarray):
        return {}
    counts = {column.name: int(column.is_missing.sum()) for column in features}
    return {name: count for name, count in counts.items() if count}


def content_digest(source: Source) -> str:
    """Sha256, in hex, of everything a source holds, whatever its file is called."""
    digest = hashlib.sha256()
    for features, target in ((source.features, source.target), (source.test_features, source.test_target)):
        if features is None or target is None:
            continue
        columns = (target,) if isinstance(features, np.ndarray) else (target, *features)
        for column in columns:
            if isinstance(column, NumberColumn):
                header, values = repr((column.name, "number")), column.values.view(np.uint8)
            else:
                header, values = repr((column.name, column.texts)), column.codes.view(np.uint8)
            digest.update(header.encode("utf-8", "surrogatepass"))
            digest.update(values.data)
        if isinstance(features, np.ndarray):
            digest.update(repr((features.dtype.str, features.shape)).encode())
            digest.update(np.ascontiguousarray(features).data)
    return digest.hexdigest()
