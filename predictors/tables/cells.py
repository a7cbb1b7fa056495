"""Tables as they stand in a file: cells of text, before anything is made of them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictors.errors import PredictorError
from predictors.tables.wording import did_you_mean, listed, quoted

TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet", ".parquet.gz")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "-", "?", "<na>", "#n/a"})
"""What stands for a missing value, in small letters."""
_REMEDY = "Correct it, remove the row, or do without the column (--ignore)."
_TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True, eq=False)
class Cells:
    """A table of text.

    Attributes:
        path: Where it is from, as messages say it.
        columns: From name of a column to its cells, without spaces around them, one a row; in the order of the file.
        folder: Where files that it names are; None if it is not in a folder of graphs.
    """

    path: str
    columns: dict[str, list[str]]
    folder: Path | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    def column(self, name: str) -> list[str]:
        """The cells of a column.

        Raises:
            PredictorError: There is no such column.
        """
        if name not in self.columns:
            raise PredictorError(f"{self.path} has no column {quoted(name)}; {did_you_mean(name, list(self.columns))}")
        return self.columns[name]

    def numbers(self, name: str, may_miss: bool = False) -> NDArray[np.float64]:
        """A column as finite numbers, shape (n_rows,); true is 1, false is 0, and NaN is missing where it may.

        Raises:
            PredictorError: There is no such column, or a cell is missing, no number, or infinite.
        """
        cells = self.column(name)
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
        is_wrong = ~np.isfinite(values)
        if may_miss:
            is_wrong &= ~np.array([is_missing(cell) for cell in cells])
        wrong = np.flatnonzero(is_wrong)
        if len(wrong):
            row = int(wrong[0])
            raise self.error(row, name, _why_not(cells[row]), _REMEDY)
        return values

    def text(self, name: str) -> list[str]:
        """A column as text.

        Raises:
            PredictorError: There is no such column, or a cell is missing.
        """
        cells = self.column(name)
        for row, cell in enumerate(cells):
            if is_missing(cell):
                raise self.error(row, name, _why_not(cell), _REMEDY)
        return cells

    def check_complete(self, names: Sequence[str]) -> None:
        """Raise PredictorError if a value is missing in these columns, and say in how many rows and columns."""
        missing = {name: [row for row, cell in enumerate(self.columns[name]) if is_missing(cell)] for name in names}
        incomplete = [name for name in names if missing[name]]
        if incomplete:
            first, rows = incomplete[0], {row for name in incomplete for row in missing[name]}
            extent = f"values are missing in {len(rows)} of {self.n_rows} rows and in the columns {listed(incomplete)}"
            raise self.error(missing[first][0], first, f"the value is missing; {extent}", _REMEDY)

    def is_numeric(self, name: str) -> bool:
        """Whether a column has numbers, and nothing else but missing values."""
        given = [cell for cell in self.columns[name] if not is_missing(cell)]
        return bool(given) and not any(np.isnan(_number(cell)) for cell in given)

    def numeric(self) -> list[str]:
        """Names of the numeric columns."""
        return [name for name in self.columns if self.is_numeric(name)]

    def error(self, row: int, column: str, what: str, remedy: str) -> PredictorError:
        """An error that says where it is, rows counted from 1 below the header."""
        what = what.rstrip(".")
        return PredictorError(f"{self.path}, row {row + 1}, column {quoted(column)}: {what}. {remedy}".rstrip())


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing value."""
    return cell.lower() in MISSING


def read_cells(path: Path) -> Cells:
    """Read a CSV or Parquet file, gzip too, or the one such file in a folder of graphs.

    Raises:
        PredictorError: There is no such file, it cannot be read, has no rows, or two columns of one name.
    """
    if path.is_dir():
        tables = sorted(one for one in path.iterdir() if one.name.endswith(TABLE_SUFFIXES))
        if len(tables) != 1:
            found = f"{len(tables)} tables, {listed([one.name for one in tables])}" if tables else "no table"
            raise PredictorError(
                f"The folder {path} has {found}; give a run of nas search, or a folder of graphs with one table "
                f"({', '.join(TABLE_SUFFIXES)}) that names them."
            )
        return _read_file(tables[0], path)
    return _read_file(path, None)


def _read_file(path: Path, folder: Path | None) -> Cells:
    if not path.name.endswith(TABLE_SUFFIXES):
        state = "has an unknown ending" if path.exists() else "does not exist"
        raise PredictorError(f"{path} {state}; give a table that ends in {', '.join(TABLE_SUFFIXES)}, or a folder.")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it is cut off"
        raise PredictorError(f"{path} cannot be read: {reason}. Give a readable table.") from None
    if not content.strip():
        raise PredictorError(f"{path} is empty; give a header and a row for each network.")
    header, rows = _parquet(path, content) if ".parquet" in path.name else _csv(path, content)
    for place, name in enumerate(header):
        if name in header[:place]:
            raise PredictorError(f"{path} has two columns {quoted(name)}; rename or remove one.")
        if not name:
            header[place] = f"column {place + 1}"  # as pandas writes an index
    if not rows:
        raise PredictorError(f"{path} has a header but no rows; give a row for each network.")
    if len(header) == 1 and (sign := next((sign for sign in ";\t" if sign in header[0]), None)):
        raise PredictorError(f"{path} has one column {quoted(header[0])}; separate columns by commas, not {sign!r}.")
    columns = {name: [row[place].strip() for row in rows] for place, name in enumerate(header)}
    return Cells(str(path), columns, folder)


def _csv(path: Path, content: bytes) -> tuple[list[str], list[list[str]]]:
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise ValueError("it has NUL characters")
        csv.field_size_limit(2**31 - 1)  # cells may hold graphs
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except (ValueError, csv.Error) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
        raise PredictorError(f"{path} is not a CSV table: {reason}. Write it as CSV in UTF-8.") from None
    header = [name.strip() for name in lines[0]]
    for row, line in enumerate(lines[1:], start=1):
        if len(line) != len(header):
            raise PredictorError(
                f"{path}, row {row}: {len(line)} cells for {len(header)} columns. Give each row a cell for each column."
            )
    return header, lines[1:]


def _parquet(path: Path, content: bytes) -> tuple[list[str], list[list[str]]]:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (ValueError, OSError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:80]
        raise PredictorError(f"{path} is not a Parquet table: {reason}. Write it by pandas.") from None
    columns = [_texts(frame.iloc[:, place].tolist()) for place in range(frame.shape[1])]
    return [str(name).strip() for name in frame.columns], [list(row) for row in zip(*columns, strict=True)]


def _texts(values: Sequence[object]) -> list[str]:
    return ["" if value is None or value != value else str(value) for value in values]  # NaN differs from itself


def _number(cell: str) -> float:
    """The number in a cell; NaN where there is none."""
    if "_" in cell or is_missing(cell):  # Python would read 1_0 as 10
        return float("nan")
    try:
        return float(_TRUTH.get(cell.lower(), cell))
    except ValueError:
        return float("nan")


def _why_not(cell: str) -> str:
    if is_missing(cell):
        return "the value is missing"
    return f"{quoted(cell)} is infinite" if np.isinf(_number(cell)) else f"{quoted(cell)} is not a number"
