"""From what the user calls DATA to a data set: read, split, encode."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nas.data.arrays import read_new_rows, read_npz
from nas.data.builtin import BUILTINS, SEQUENCE_BUILTINS, TARGET, read_builtin
from nas.data.columns import Kind
from nas.data.dataset import Dataset, HeldOut
from nas.data.encoding import Encoding, NumberCode
from nas.data.fit import QuantileCopies, fit_inputs
from nas.data.idx import read_idx_folder, read_new_images
from nas.data.source import (
    Column,
    Features,
    NumberColumn,
    Source,
    content_digest,
    missing_counts,
    n_rows_of,
    refuse_missing,
    take_rows,
)
from nas.data.split import Split, quantile_bins, split_rows
from nas.data.table import PARQUET_SUFFIXES, TEXT_SUFFIXES, read_table
from nas.data.target import (
    MIN_REGRESSION_ROWS,
    TargetCode,
    Task,
    check_class_sizes,
    check_targets_vary,
    class_names,
    decide_task,
    encode_test,
    regression_code,
)
from nas.errors import DataError, counted, listed, quoted

TABLE_SUFFIXES = (*TEXT_SUFFIXES, *PARQUET_SUFFIXES)
FINGERPRINT_VERSION = 2  # raise it when the same source and options give other arrays

Place = Literal["table", "arrays", "folder", "builtin"]


def load_source(data: str, *, target: str | None, task: Task | None = None) -> Source:
    """Features and target of a source, as read.

    Args:
        data: A .csv or .tsv file (also .gz), a .parquet or .pq file, a .npz file, a folder of IDX files, or
            the name of a built-in data set. A file or folder wins over a built-in of the same name.
        target: The column to predict. Tables need it, built-ins have "target", arrays take none.
        task: What the target is; None leaves it open, so that a mostly numeric target is read as numbers.

    Raises:
        DataError: The source cannot be read, or has no such target.
    """
    place = _place(data)
    if place in ("arrays", "folder"):
        if target is not None:
            raise DataError(f"{data} holds arrays, which have no column {quoted(target)}. Leave --target out.")
        return read_npz(data) if place == "arrays" else read_idx_folder(data)
    if place == "builtin":
        return _with_target(data, read_builtin(data), TARGET if target is None else target)
    kind: Kind = "label" if task == "classification" else "target"
    return _with_target(data, read_table(data, {} if target is None else {target: kind}), target)


def prepare(
    data: str,
    *,
    target: str | None = None,
    task: Task | None = None,
    missing: Literal["refuse", "impute"] = "refuse",
    quantile_copies: QuantileCopies = "auto",
    seed: int,
) -> Dataset:
    """Read a source, split its rows, and encode them; the same source and options give the same data set.

    Only training rows shape the encoding. A source without test rows gives 20 % of its rows for the test and
    16 % for validation; one with test rows gives 20 % of the others for validation. There are at most 10,000
    validation rows, unless there are more classes.

    Args:
        data: As for ``load_source``.
        target: As for ``load_source``.
        task: Classification or regression; None tells it by the target.
        missing: Refuse a table with missing values, or impute them: a number by the median of the training
            rows, a text as a category of its own.
        quantile_copies: Which columns of numbers give their normal quantile as a second input: those with heavy tails
            ("auto"), all, or none. Images never do.
        seed: Seed of the run, at least 0.

    Raises:
        DataError: The source cannot be read or cannot be learned from; the message says what to change.
    """
    source = load_source(data, target=target, task=task)
    label, has_test = source.label, source.test_target is not None
    if missing == "refuse":
        refuse_missing(label, source.features, "Fill them in, or pass --missing impute")
    task = decide_task(label, source.target, task)
    split, code = split_and_code(label, source.target, task, seed=seed, has_test=has_test)
    inputs, notes = fit_inputs(label, source.features, split.train, quantile_copies)
    encoding = Encoding(inputs, code, imputes=missing == "impute")

    y = code.encode(label, source.target)
    held_out = _held_out(source, split, code, y)
    if task == "regression":
        check_targets_vary(label, validation=y[split.validation], test=held_out.y)
    development = np.concatenate([split.train, split.validation])
    options = {
        "target": target,
        "task": task,
        "missing": missing,
        "quantile_copies": quantile_copies,
        "seed": seed,
        "version": FINGERPRINT_VERSION,
    }
    stored = encoding.store(label, source.features, development)
    return Dataset(
        x=stored.x,
        scale=stored.scale,
        shift=stored.shift,
        y=y[development],
        n_train=len(split.train),
        encoding=encoding,
        fingerprint=hashlib.sha256((content_digest(source) + json.dumps(options)).encode()).hexdigest(),
        notes=(*notes, *_imputed(source.features)),
        _held_out=held_out,
    )


def split_and_code(label: str, column: Column, task: Task, *, seed: int, has_test: bool) -> tuple[Split, TargetCode]:
    """The split of rows, stratified by class or by the size of their target, and the target's code.

    Raises:
        DataError: There are too few rows, in all or of a class, or they cannot be told apart.
    """
    if task == "regression":
        assert isinstance(column, NumberColumn)  # decide_task saw to it
        if len(column.values) < MIN_REGRESSION_ROWS:
            raise DataError(f"{label} has {len(column.values)} rows; regression needs at least {MIN_REGRESSION_ROWS}.")
        split = split_rows(quantile_bins(column.values), seed=seed, has_test=has_test)
        return split, regression_code(label, column, split.train)
    code = TargetCode(column.name, class_names(label, column))
    y = code.class_numbers(label, column)
    check_class_sizes(label, code.classes, y, at_least=2 if has_test else 3)
    return split_rows(y, seed=seed, has_test=has_test), code


def encode_new(data: str, encoding: Encoding) -> tuple[NDArray[np.float32], int]:
    """Inputs of new rows, of shape (n_inputs, n_rows), and the number of rows.

    A table may come with or without the target column; columns that the network was not trained on are
    ignored, and a text that the training rows did not have gives zeros. An NPZ file keeps its rows in ``x``,
    or else in ``x_test`` or ``x_train``. Of a built-in data set all rows are taken.

    Raises:
        DataError: The source cannot be read, lacks a column, or holds a value that cannot be encoded.
    """
    features = _read_new(data, encoding)
    return encoding.transform(data, features), n_rows_of(features)


def _read_new(data: str, encoding: Encoding) -> Features:
    place = _place(data)
    if place == "arrays":
        return read_new_rows(data)
    if place == "folder":
        return read_new_images(data)
    if place == "builtin":
        return read_builtin(data)
    return read_table(data, _kinds(encoding), default=None)


def _kinds(encoding: Encoding) -> Mapping[str, Kind]:
    """How to read the columns that give inputs."""
    codes = encoding.inputs if isinstance(encoding.inputs, tuple) else ()
    return {c.name: "number" if isinstance(c, NumberCode) else "text" for c in codes if c.n_inputs}


def _place(data: str) -> Place:
    """Where DATA is to be read from."""
    if os.path.isdir(data):
        return "folder"
    if os.path.exists(data):
        if data.lower().endswith(TABLE_SUFFIXES):
            return "table"
        if data.lower().endswith(".npz"):
            return "arrays"
        raise DataError(f"{data} has an unknown suffix. Give a {', '.join(TABLE_SUFFIXES)} or .npz file.")
    if data in BUILTINS:
        return "builtin"
    if data in SEQUENCE_BUILTINS:
        raise DataError(f"{data} holds sequences, not rows of a table. Search recurrent networks for it: --space rnn.")
    raise DataError(
        f"There is no file or folder {quoted(data)}, and it is none of the built-in sequences "
        f"({', '.join(SEQUENCE_BUILTINS)}) or tables ({', '.join(BUILTINS)})."
        f"{_did_you_mean(data, (*BUILTINS, *SEQUENCE_BUILTINS))}"
    )


def _with_target(label: str, columns: tuple[Column, ...], target: str | None) -> Source:
    names = [column.name for column in columns]
    choice = f"Columns: {listed([quoted(name) for name in names])}."
    if target is None:
        raise DataError(f"{label}: name the column to predict with --target. {choice}")
    if target not in names:
        hint = _did_you_mean(target, names) or f" {choice}"
        raise DataError(f"{label} has no column {quoted(target)}.{hint}")
    if len(columns) == 1:
        raise DataError(
            f"{label} has no column but the target {quoted(target)}. Add features, and check that a .csv "
            "file separates by commas and a .tsv file by tabs."
        )
    features = tuple(column for column in columns if column.name != target)
    return Source(label, features, columns[names.index(target)])


def _did_you_mean(name: str, names: list[str] | tuple[str, ...]) -> str:
    by_lower = {known.lower(): known for known in reversed(names)}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {quoted(by_lower[near[0]])}?" if near else ""


def _held_out(source: Source, split: Split, code: TargetCode, y: NDArray[np.int32] | NDArray[np.float32]) -> HeldOut:
    if source.test_features is None or source.test_target is None:
        return HeldOut(source.label, take_rows(source.features, split.test), y[split.test])
    return HeldOut(source.label, source.test_features, encode_test(source.label, source.test_target, code))


def _imputed(features: Features) -> list[str]:
    counts = missing_counts(features)
    columns = [f"{quoted(name)} ({count})" for name, count in counts.items()]
    return [f"Imputed {counted(sum(counts.values()), 'missing value')}: {listed(columns)}."] if columns else []
