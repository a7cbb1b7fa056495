"""What is predicted: classes or a quantity, told apart and encoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from nas.data.columns import parse_number
from nas.data.source import Column, NumberColumn, Rows, TextColumn
from nas.errors import DataError, counted, listed, quoted

Task: TypeAlias = Literal["classification", "regression"]

MAX_CLASSES = 10_000
FEW_VALUES = 20
FEW_VALUES_SHARE, FEW_VALUES_LIMIT = 0.05, 100
LARGEST_EXACT = 2.0**53  # beyond it two whole numbers can be one float64
MIN_REGRESSION_ROWS = 10
LARGEST_TARGET = 1e6  # no training row comes near; keeps float32 finite


@dataclass(frozen=True)
class TargetCode:
    """How targets become what a network is trained on, and back.

    Attributes:
        name: The target column's name.
        classes: Class names in the order of their numbers; empty for regression.
        mean: Mean of a regression target over the training rows, in its own units; 0 for classification.
        std: Its standard deviation; 1 for classification.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    name: str
    classes: tuple[str, ...]
    mean: float = 0.0
    std: float = 1.0

    @property
    def task(self) -> Task:
        """What kind of problem it is."""
        return "classification" if self.classes else "regression"

    @property
    def n_outputs(self) -> int:
        """Outputs that a network needs: one a class, or one for regression."""
        return len(self.classes) or 1

    def encode(self, label: str, column: Column) -> NDArray[np.int32] | NDArray[np.float32]:
        """Class numbers (int32) or the standardised target (float32), of shape (n_rows,).

        Raises:
            DataError: The column has other classes, or is text where numbers are needed.
        """
        return self.class_numbers(label, column) if self.classes else self.standardised(label, column)

    def standardised(self, label: str, column: Column) -> NDArray[np.float32]:
        """A regression target in the scale of the training rows, clipped at a million standard deviations.

        Raises:
            DataError: The column is text.
        """
        if isinstance(column, TextColumn):
            raise DataError(f"{label}: the test target is text, the training target numbers. Store both alike.")
        scaled = (column.values - self.mean) / self.std
        return np.clip(scaled, -LARGEST_TARGET, LARGEST_TARGET).astype(np.float32)

    def class_numbers(self, label: str, column: Column) -> NDArray[np.int32]:
        """Position of each row's class in ``classes``, int32 of shape (n_rows,).

        Raises:
            DataError: A class is not among ``classes``.
        """
        names, codes = _distinct(column)
        number_of = {name: number for number, name in enumerate(self.classes)}
        unknown = [quoted(name) for name in names if name not in number_of]
        if unknown:
            raise DataError(
                f"{label}: no training row has the class of some test rows: {listed(unknown)}. "
                "Remove these test rows or add such training rows."
            )
        return np.array([number_of[name] for name in names], dtype=np.int32)[codes]

    def decode(self, y: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.str_] | NDArray[np.float64]:
        """Class names of class numbers, or a standardised target in its own units, of shape (n_rows,)."""
        if self.classes:
            return np.array(self.classes)[y]
        return np.asarray(y, dtype=np.float64) * self.std + self.mean


def decide_task(label: str, column: Column, task: Task | None) -> Task:
    """Tell the task by the target, or check that the one asked for is possible.

    Text, and whole numbers with few distinct values (at most 20, or at most 5 % of the rows and fewer than
    100), are classes. Other numbers are a regression target.

    Raises:
        DataError: Targets are missing, or regression is asked for on text, or classification on fractions.
    """
    n_missing = int(column.is_missing.sum())
    if n_missing:
        raise DataError(
            f"{label}: {n_missing} of {len(column.is_missing)} rows have no target in {quoted(column.name)}. "
            "Remove these rows."
        )
    if isinstance(column, TextColumn):
        if task == "regression":
            raise DataError(
                f"{label}: the target {quoted(column.name)} is text (such as {quoted(column.texts[0])}). "
                "Leave --task regression out, or give a column of numbers."
            )
        return "classification"
    is_fraction = column.values != np.rint(column.values)
    if task is None:
        return "regression" if is_fraction.any() or not _are_few(column.values) else "classification"
    if task == "classification" and is_fraction.any():
        raise DataError(
            f"{label}: the target {quoted(column.name)} has fractions (such as "
            f"{column.values[is_fraction][0]:g}). Leave --task classification out, or give classes."
        )
    return task


def class_names(label: str, column: Column) -> tuple[str, ...]:
    """Distinct classes, sorted: by value if all are numbers, else by text.

    Raises:
        DataError: There is one class only, there are more than 10,000, or numbers too large to tell apart.
    """
    if isinstance(column, NumberColumn) and (np.abs(column.values) >= LARGEST_EXACT).any():
        raise DataError(f"{label}: class numbers of 2**53 or more cannot be told apart. Write shorter class names.")
    names, codes = _distinct(column)
    names = [name for name, count in zip(names, np.bincount(codes, minlength=len(names)), strict=True) if count]
    if len(names) == 1:
        raise DataError(
            f"{label}: all {len(codes)} rows have the class {quoted(names[0])}. Give rows of at least two classes."
        )
    if len(names) > MAX_CLASSES:
        raise DataError(
            f"{label}: the target {quoted(column.name)} has {len(names)} classes, more than {MAX_CLASSES}. "
            "If it is a quantity, pass --task regression."
        )
    return tuple(sorted(names, key=_by_value if all(_is_number(name) for name in names) else None))


def check_class_sizes(label: str, classes: tuple[str, ...], y: NDArray[np.int32], *, at_least: int) -> None:
    """Raise DataError with the class and its count if any class has fewer than ``at_least`` rows."""
    sizes = np.bincount(y, minlength=len(classes))
    small = [f"{quoted(classes[c])} has {sizes[c]}" for c in np.flatnonzero(sizes < at_least)]
    if small:
        raise DataError(
            f"{label}: class {listed(small)}, but each needs at least {at_least} rows, one for each split. "
            "Add rows, or remove or merge the class."
        )


def check_targets_vary(label: str, **parts: NDArray[Any]) -> None:
    """Raise DataError if all rows of a part have the same regression target, so that it has no score."""
    for part, values in parts.items():
        if values.min() == values.max():
            raise DataError(f"{label}: all {len(values)} {part} rows have the same target. Add rows that vary.")


def encode_test(label: str, column: Column, code: TargetCode) -> NDArray[np.int32] | NDArray[np.float32]:
    """The encoded target of test rows that the source itself sets apart, of shape (n_rows,).

    Raises:
        DataError: A target is missing, or is not of the kind or the classes of the training rows.
    """
    n_missing = int(column.is_missing.sum())
    if n_missing:
        raise DataError(f"{label}: {counted(n_missing, 'test row')} without a target. Remove these rows.")
    return code.encode(label, column)


def regression_code(label: str, column: NumberColumn, train: Rows) -> TargetCode:
    """The code of a regression target, its scale taken from the training rows.

    Raises:
        DataError: The target is the same in all training rows.
    """
    values = column.values[train]
    mean, std = float(values.mean()), float(values.std())
    if values.min() == values.max() or std == 0:
        raise DataError(
            f"{label}: the target {quoted(column.name)} is {values[0]:g} in all training rows. "
            "Give a target that varies."
        )
    return TargetCode(column.name, (), mean, std)


def _are_few(values: NDArray[np.float64]) -> bool:
    n_distinct = len(np.unique(values))
    return n_distinct <= FEW_VALUES or n_distinct <= min(FEW_VALUES_SHARE * len(values), FEW_VALUES_LIMIT - 1)


def _distinct(column: Column) -> tuple[list[str], NDArray[np.int_]]:
    """Names of the distinct values, and the position of each row's name."""
    if isinstance(column, TextColumn):
        return list(column.texts), column.codes.astype(np.int64)
    values, codes = np.unique(column.values, return_inverse=True)
    return [str(int(v)) if v == int(v) else repr(float(v)) for v in values], codes


def _is_number(name: str) -> bool:
    return math.isfinite(parse_number(name))


def _by_value(name: str) -> tuple[float, str]:
    return parse_number(name), name
