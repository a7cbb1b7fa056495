"""Tables: CSV and TSV files, compressed or not, and Parquet files."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nas.data.columns import Kind, text_column
from nas.data.source import LARGEST, Column, NumberColumn, TextColumn
from nas.errors import DataError, counted, listed, quoted

DELIMITERS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
TEXT_SUFFIXES = tuple(DELIMITERS)
PARQUET_SUFFIXES = (".parquet", ".pq")
ROWS_AT_ONCE = 16_384


def read_table(data: str, kinds: Mapping[str, Kind], default: Kind | None = "guess") -> tuple[Column, ...]:
    """Columns of a table file, in the order of the file.

    Args:
        data: Path of a .csv, .tsv (UTF-8, with a header line, optionally .gz), .parquet or .pq file.
        kinds: How to read the named columns.
        default: How to read the others; None leaves them out.

    Raises:
        DataError: The file cannot be read, has no rows, rows of different lengths, unnamed columns or two
            of one name, or a value that its column cannot hold.
    """
    read = _read_text if data.lower().endswith(TEXT_SUFFIXES) else _read_parquet
    return tuple(read(data, kinds, default))


def _read_text(data: str, kinds: Mapping[str, Kind], default: Kind | None) -> Iterator[Column]:
    suffix = next(suffix for suffix in TEXT_SUFFIXES if data.lower().endswith(suffix))
    try:
        with _open_text(data, suffix) as file:
            names, cells, lines = _parse(data, file, DELIMITERS[suffix])
    except UnicodeDecodeError as error:
        raise DataError(f"{data} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{data} cannot be read: {_reason(error)}.") from None
    places = np.concatenate(lines)
    for name in names:
        column = pa.chunked_array(cells.pop(name), type=pa.large_string())
        kind = kinds.get(name, default)
        if kind is not None:
            yield text_column(name, column, kind, label=data, unit="line", places=places)


def _open_text(data: str, suffix: str) -> TextIO:
    if suffix.endswith(".gz"):
        return io.TextIOWrapper(gzip.open(data, "rb"), encoding="utf-8-sig", newline="")
    return open(data, encoding="utf-8-sig", newline="")


def _parse(data: str, file: TextIO, delimiter: str) -> tuple[list[str], dict[str, list[Any]], list[Any]]:
    """Names, each name's blocks of cells, and blocks of the line in which each row starts."""
    rows = _rows_with_lines(data, file, delimiter)
    _, names = next(rows, (0, []))
    names = [name.strip() for name in names]
    _check_names(data, names)
    cells: dict[str, list[Any]] = {name: [] for name in names}
    lines = []
    while block := list(itertools.islice(rows, ROWS_AT_ONCE)):
        for line, row in block:
            if len(row) != len(names):
                raise DataError(
                    f"{data} line {line}: found {counted(len(row), 'field')} where the header has "
                    f"{counted(len(names), 'field')}. Correct the line."
                )
        lines.append(np.array([line for line, _ in block], dtype=np.int64))
        for name, column in zip(names, zip(*(row for _, row in block), strict=True), strict=True):
            cells[name].append(_texts(column))
    if not lines:
        raise DataError(f"{data} has a header but no rows. Add rows below the header line.")
    return names, cells, lines


def _texts(cells: Sequence[str]) -> pa.LargeStringArray:
    """Cells as an array of Arrow; its own way there loads pandas, which takes half a second."""
    encoded = [cell.encode() for cell in cells]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(cells), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _rows_with_lines(data: str, file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line it starts in; a quoted cell may go on over several lines."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{data} line {line}: {error}. Correct the quoting of this line.") from None


def _read_parquet(data: str, kinds: Mapping[str, Kind], default: Kind | None) -> Iterator[Column]:
    try:
        table = pq.ParquetFile(data).read()
        table.validate(full=True)  # a damaged file may hold offsets or texts that only fail later
        names: list[str] = table.column_names
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{data} cannot be read as Parquet: {_reason(error)}.") from None
    _check_names(data, names)
    if table.num_rows == 0:
        raise DataError(f"{data} has no rows. Add rows to it.")
    places = np.arange(1, table.num_rows + 1, dtype=np.int64)
    for name, cells in zip(names, table.columns, strict=True):
        kind = kinds.get(name, default)
        if kind is None:
            continue
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        if cells.type in (pa.string(), pa.large_string(), pa.null()):
            cells = cells.cast(pa.large_string())
            yield text_column(name, cells, kind, label=data, unit="row", places=places)
        else:
            yield _typed_column(data, name, cells, kind)


def _typed_column(data: str, name: str, cells: Any, kind: Kind) -> Column:
    """A Parquet column that is no text: numbers, or truth values (texts where they are labels)."""
    types = pa.types
    if types.is_boolean(cells.type):
        codes = np.asarray(cells.cast(pa.int8()).fill_null(-1), dtype=np.int32)
        if kind in ("label", "target", "text"):
            return TextColumn(name, codes, ("False", "True"))
        return NumberColumn(name, np.where(codes < 0, np.nan, codes.astype(np.float64)))
    if not (types.is_integer(cells.type) or types.is_floating(cells.type) or types.is_decimal(cells.type)):
        raise DataError(
            f"{data}, column {quoted(name)}: values of type {cells.type} cannot be learned from. "
            "Convert the column to numbers or text, or remove it."
        )
    values = np.array(cells.cast(pa.float64(), safe=False).fill_null(np.nan), dtype=np.float64)
    if kind == "text":
        raise DataError(f"{data}, column {quoted(name)} holds numbers, but text is expected there. Correct it.")
    is_wrong = np.abs(values) > LARGEST
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise DataError(
            f"{data} row {row + 1}, column {quoted(name)}: {values[row]} is not a finite 32-bit number. "
            "Correct the value or remove the row."
        )
    return NumberColumn(name, values)


def _check_names(data: str, names: list[str]) -> None:
    if not names:
        raise DataError(f"{data} is empty. Give a file with a header line and rows below it.")
    if "" in names:
        raise DataError(
            f"{data}: column {names.index('') + 1} has no name. Name it in the header, or remove it "
            "(pandas writes such a column unless told index=False)."
        )
    repeated = [quoted(name) for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(f"{data} has more than one column named {listed(repeated)}. Rename or remove them.")


def _reason(error: BaseException) -> str:
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
    return str(text).rstrip(".")
