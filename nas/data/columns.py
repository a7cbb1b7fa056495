"""Texts of a file into columns of numbers or of text."""

from __future__ import annotations

import math
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nas.data.source import LARGEST, Column, NumberColumn, TextColumn
from nas.errors import DataError, quoted

MISSING_TEXTS = frozenset({"", "?", "na", "n/a", "nan", "null"})  # compared in lower case
NUMERIC_SHARE = 0.95

Kind: TypeAlias = Literal["guess", "number", "text", "target", "label"]


def text_column(name: str, cells: Any, kind: Kind, *, label: str, unit: str, places: NDArray[np.int64]) -> Column:
    """Read the cells of one column as numbers or as text.

    Args:
        name: The column's name.
        cells: pyarrow (chunked) array of strings; nulls, blanks and ``MISSING_TEXTS`` count as missing.
        kind: "guess" and "target" take numbers when at least 95 % of the values there are numbers; "label"
            only when all are; "number" and "text" ask for one or the other.
        label: The file, for messages.
        unit: What a place is called in messages, "line" or "row".
        places: The line or row of the file in which each row starts, of shape (n_rows,).

    Raises:
        DataError: A number column holds text, an infinity, or a number too large for float32.
    """
    if cells.null_count:  # only then, since filling loads pandas, which takes half a second
        cells = pc.fill_null(cells, "")
    encoded = pc.utf8_trim_whitespace(cells).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    codes = _plain(encoded.indices)
    texts: list[str] = encoded.dictionary.to_pylist()
    counts = np.bincount(codes, minlength=len(texts))  # rows that hold each text

    is_missing = np.array([text.lower() in MISSING_TEXTS for text in texts], dtype=bool)
    numbers = np.array([math.nan if gone else parse_number(t) for t, gone in zip(texts, is_missing, strict=True)])
    is_stray = np.isnan(numbers) & ~is_missing
    if not _holds_numbers(kind, n_values=int(counts[~is_missing].sum()), n_stray=int(counts[is_stray].sum())):
        return TextColumn(name, *_without(codes, texts, is_missing))

    is_wrong = is_stray | (np.abs(numbers) > LARGEST)
    if is_wrong.any():
        row = int(np.argmax(is_wrong[codes]))
        text = texts[codes[row]]
        _refuse(f"{label} {unit} {places[row]}, column {quoted(name)}", text, bool(is_stray[codes[row]]))
    return NumberColumn(name, numbers[codes])


def _plain(indices: pa.Int32Array) -> NDArray[np.int32]:
    """Indices without missing ones as an array; Arrow's own way there loads pandas."""
    return np.frombuffer(indices.buffers()[1], np.int32, len(indices), 4 * indices.offset).copy()


def parse_number(text: str) -> float:
    """The number that a text writes, infinities included, or NaN if it writes none."""
    try:
        return math.nan if "_" in text else float(text)  # Python alone reads 1_000 as a number
    except ValueError:
        return math.nan


def _holds_numbers(kind: Kind, *, n_values: int, n_stray: int) -> bool:
    if kind in ("guess", "target"):
        return n_values - n_stray >= NUMERIC_SHARE * n_values
    return kind == "number" or (kind == "label" and n_stray == 0)


def _without(
    codes: NDArray[np.int32], texts: list[str], is_missing: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Codes and texts with -1 for the missing ones."""
    renumbered = np.where(is_missing, -1, np.cumsum(~is_missing) - 1).astype(np.int32)
    return renumbered[codes], tuple(t for t, gone in zip(texts, is_missing, strict=True) if not gone)


def _refuse(where: str, text: str, is_stray: bool) -> NoReturn:
    what = "is not a number" if is_stray else "is not a finite 32-bit number"
    raise DataError(f"{where}: {quoted(text)} {what}. Correct the value or remove the row.")
