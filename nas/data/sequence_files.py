"""Files of sequences: NPZ with ``x_train, lengths_train, y_train[, x_test, lengths_test, y_test]``, CSV of strings."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from nas.data.arrays import _load, _shown, target_column
from nas.data.columns import text_column
from nas.data.sequence_dataset import Baselines, Families
from nas.data.sequences import Sequences, sequences_of_array, sequences_of_strings
from nas.data.source import Column
from nas.data.table import _reason
from nas.errors import DataError, counted, quoted

CSV_SUFFIXES = (".csv", ".csv.gz")
STRING, LABEL = "string", "label"
TRAIN_KEYS = ("x_train", "lengths_train", "y_train")
TEST_KEYS = ("x_test", "lengths_test", "y_test")
NEW_KEYS = (("x", "lengths"), ("x_test", "lengths_test"))  # the first that are there hold the sequences to predict


@dataclass(frozen=True, eq=False)
class SequenceSource:
    """Sequences and target as read.

    Attributes:
        label: The source as the user named it, for messages.
        name: What the sequences are called: the column of strings, or "x".
        sequences: All sequences but those of the test, if the source sets them apart.
        target: What is to be predicted, one for each sequence.
        test_sequences: Test sequences that the source itself sets apart, of the same kind.
        test_target: Their target; both or neither are None.
        families: As ``SequenceDataset.test_families``.
        baselines: Computes what ``SequenceDataset.read_baselines`` gives.
    """

    label: str
    name: str
    sequences: Sequences
    target: Column
    test_sequences: Sequences | None = None
    test_target: Column | None = None
    families: Families | None = None
    baselines: Callable[[], Baselines] = tuple


def has_sequences(data: str) -> bool:
    """Whether a file is an NPZ file with the key ``lengths_train``, or a CSV file with the header ``string,label``."""
    name = data.lower()
    if name.endswith(".npz"):
        try:
            with open(data, "rb") as file, np.load(file, allow_pickle=False) as archive:
                return TRAIN_KEYS[1] in archive.files
        except Exception:  # damaged: whoever reads it says how
            return False
    try:
        return name.endswith(CSV_SUFFIXES) and _header(data) == [STRING, LABEL]
    except DataError:
        return False


def read_sequence_arrays(data: str) -> SequenceSource:
    """Sequences, target and, where the file has them, test sequences of an NPZ file.

    Raises:
        DataError: The file is damaged, has other keys, or arrays that do not fit together.
    """
    names, arrays = _load(data, {*TRAIN_KEYS, *TEST_KEYS})
    if set(arrays) not in ({*TRAIN_KEYS}, {*TRAIN_KEYS, *TEST_KEYS}):
        raise DataError(
            f"{data} has the keys {_shown(names)}. "
            "Store x_train, lengths_train and y_train, optionally with x_test, lengths_test and y_test."
        )
    sequences, target = _pair(data, *(arrays[key] for key in TRAIN_KEYS), suffix="_train")
    if len(arrays) == len(TRAIN_KEYS):
        return SequenceSource(data, "x", sequences, target)
    test_sequences, test_target = _pair(data, *(arrays[key] for key in TEST_KEYS), suffix="_test")
    n_channels, n_test_channels = sequences.values.shape[1], test_sequences.values.shape[1]
    if n_channels != n_test_channels:
        raise DataError(
            f"{data}: x_train has {counted(n_channels, 'channel')}, x_test {n_test_channels}. Store both alike."
        )
    return SequenceSource(data, "x", sequences, target, test_sequences, test_target)


def read_new_arrays(data: str) -> Sequences:
    """Sequences alone: the arrays ``x`` and ``lengths``, else ``x_test`` and ``lengths_test``.

    Raises:
        DataError: The file is damaged, has neither, or arrays that do not fit together.
    """
    names, arrays = _load(data, {key for keys in NEW_KEYS for key in keys})
    for keys in NEW_KEYS:
        if set(keys) <= set(arrays):
            return sequences_of_array(data, keys, *(arrays[key] for key in keys))
    raise DataError(f"{data} has the keys {_shown(names)}. Store the sequences to predict under x and lengths.")


def read_strings(data: str, target: str | None) -> SequenceSource:
    """Strings of a CSV file and their classes.

    Args:
        data: A .csv or .csv.gz file with two columns.
        target: The column of classes, the other one holding strings; None asks for the header ``string,label``.

    Raises:
        DataError: The file cannot be read, has other columns, or a string is empty.
    """
    names = _header(data)
    if target is None and names != [STRING, LABEL]:
        raise DataError(
            f"{data} has the header {_shown(names)}. For sequences write {STRING},{LABEL}, or name the column of "
            "labels with --target."
        )
    target = LABEL if target is None else target
    if target not in names or len(names) != 2 or names[0] == names[1]:
        raise DataError(
            f"{data} has the columns {_shown(names)}. For sequences give {quoted(target)} and one other, the strings."
        )
    name = names[1 - names.index(target)]
    columns = _read_columns(data, names)
    places = np.arange(1, len(columns[name]) + 1, dtype=np.int64)
    label = text_column(target, columns[target], "text", label=data, unit="row", places=places)
    return SequenceSource(data, name, sequences_of_strings(data, columns[name].to_pylist()), label)


def read_new_strings(data: str, name: str) -> Sequences:
    """The strings of one column of a CSV file; other columns are ignored.

    Raises:
        DataError: The file cannot be read or has no such column, or a string is empty.
    """
    names = _header(data)
    if names.count(name) != 1:
        raise DataError(f"{data} has no column {quoted(name)}, on which the network was trained. Add it.")
    return sequences_of_strings(data, _read_columns(data, names)[name].to_pylist())


def _pair(
    label: str, x: NDArray[np.generic], lengths: NDArray[np.generic], y: NDArray[np.generic], *, suffix: str
) -> tuple[Sequences, Column]:
    sequences = sequences_of_array(label, (f"x{suffix}", f"lengths{suffix}"), x, lengths)
    target = target_column(label, y)
    if len(sequences) != len(target.is_missing):
        raise DataError(
            f"{label}: x{suffix} has {counted(len(sequences), 'sequence')}, y{suffix} {len(target.is_missing)} "
            "targets. Store one target for each sequence."
        )
    return sequences, target


def _header(data: str) -> list[str]:
    """Names in the first line of a CSV file."""
    if not data.lower().endswith(CSV_SUFFIXES):
        raise DataError(f"{data} has no sequences. Give a {', '.join(CSV_SUFFIXES)} or .npz file.")
    open_file = gzip.open if data.lower().endswith(".gz") else open
    try:
        with open_file(data, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(f"{data} cannot be read: {_reason(error)}.") from None


def _read_columns(data: str, names: list[str]) -> dict[str, pa.ChunkedArray]:
    """The cells of a CSV file as they are written, below its header."""
    try:
        table = pa_csv.read_csv(
            data,
            read_options=pa_csv.ReadOptions(use_threads=False, skip_rows=1, column_names=names),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{data} cannot be read: {_reason(error)}.") from None
    if table.num_rows == 0:
        raise DataError(f"{data} has a header but no rows. Add rows below the header line.")
    return dict(zip(names, table.columns, strict=True))
