"""Results of benchmarks that take hours: a CSV file that gets a row a run, so that the same command goes on."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]
"""A row by column, as it is written: an empty text where there is no value."""


class ResultFile:
    """Rows of text in a CSV file; a run is known by some of its columns, its key.

    A row is written at once and synchronised, and what a kill left of a row is cut off, so that every row is whole.
    """

    def __init__(self, path: Path, columns: Sequence[str], key: Sequence[str]) -> None:
        """Open the file, or begin it.

        Args:
            path: The file; its folder must exist.
            columns: Names of all columns, in order.
            key: Names of the columns that say which run a row is of.

        Raises:
            SystemExit: The file has other columns.
        """
        self._path, self._columns, self._key = path, tuple(columns), tuple(key)
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        if not whole:
            self._append(self._columns)
        if (header := read_rows(path)[0]) != self._columns:
            raise SystemExit(f"{path} has the columns {', '.join(header)}. Give another file, or move it away.")

    @property
    def rows(self) -> list[Row]:
        """All rows, in the order in which they were added."""
        return read_rows(self._path)[1]

    def has(self, **key: object) -> bool:
        """Whether there is a row of a run; its key by column."""
        wanted = tuple(as_text(key[name]) for name in self._key)
        return any(tuple(row[name] for name in self._key) == wanted for row in self.rows)

    def add(self, row: Mapping[str, object]) -> None:
        """Add a row; its columns must be those of the file.

        Raises:
            ValueError: It has others.
        """
        if set(row) != set(self._columns):
            raise ValueError(f"The row has the columns {sorted(row)}; the file has {sorted(self._columns)}.")
        self._append([as_text(row[name]) for name in self._columns])

    def _append(self, cells: Iterable[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        if text.getvalue().count("\n") > 1:
            raise ValueError(f"A cell has a line break, so that a row would not be a line: {text.getvalue()!r}.")
        with open(self._path, "ab") as file:
            file.write(text.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())


def read_rows(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Columns and rows of a file, without changing it."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return tuple(reader.fieldnames or ()), list(reader)


def as_text(value: object) -> str:
    """A cell: nothing for None, numbers such that they are read back as they are."""
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)


def number(row: Row, column: str) -> float:
    """A cell as a number; NaN where it is empty."""
    return float(row[column]) if row[column] else math.nan
