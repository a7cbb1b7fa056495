"""How rows of a source become a network's inputs: everything fitted on the training rows, as plain values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter

from nas.data.quantile_transform import QuantileTransform
from nas.data.source import Column, Features, NumberColumn, Rows, TextColumn, n_rows_of, refuse_missing
from nas.data.target import TargetCode
from nas.errors import CheckpointError, DataError, quoted

FORMAT = 2
MISSING_CATEGORY = "missing"
ROWS_AT_ONCE = 2048
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
LARGEST_INPUT = 1e6  # no training row comes near; keeps one wild new value from overflowing a network

T = TypeVar("T")


@dataclass(frozen=True)
class NumberCode:
    """A column of numbers as an input, ``(value - mean) / std``; a missing value counts as ``median``.

    A column that is constant over the training rows has ``std`` 0 and gives no input. One that has a ``quantile_copy``
    gives a second input, the normal quantile of the value.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    median: float
    mean: float
    std: float
    quantile_copy: QuantileTransform | None = None

    def __post_init__(self) -> None:
        if self.std < 0:
            raise ValueError(f"the standard deviation of {self.name} is {self.std}, below 0")
        if self.std == 0 and self.quantile_copy is not None:
            raise ValueError(f"{self.name} is constant, but has quantiles")

    @property
    def n_inputs(self) -> int:
        if self.std == 0:
            return 0
        return 1 if self.quantile_copy is None else 2

    def write(self, column: Column, rows: Rows, x: NDArray[np.float32]) -> None:
        """Fill ``x`` of shape (n_inputs, len(rows)), which holds zeros."""
        assert isinstance(column, NumberColumn)  # transform saw to it
        values = column.values[rows]
        values = np.where(np.isnan(values), self.median, values)
        x[0] = _standardised(values, self.mean, self.std)
        if self.quantile_copy is not None:
            x[1] = self.quantile_copy.apply(values)


@dataclass(frozen=True)
class TextCode:
    """A column of text as one input a category, 1 where a row has it; an unknown text gives zeros.

    Categories are sorted. A missing value is the category "missing". A single category gives no input.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    categories: tuple[str, ...]

    @property
    def n_inputs(self) -> int:
        return len(self.categories) if len(self.categories) > 1 else 0

    def write(self, column: Column, rows: Rows, x: NDArray[np.float32]) -> None:
        """Fill ``x`` of shape (n_inputs, len(rows)), which holds zeros."""
        assert isinstance(column, TextColumn)  # transform saw to it
        position_of = {category: position for position, category in enumerate(self.categories)}
        texts = (*column.texts, MISSING_CATEGORY)  # code -1 finds the last
        positions = np.array([position_of.get(text, -1) for text in texts])[column.codes[rows]]
        known = np.flatnonzero(positions >= 0)
        x[positions[known], known] = 1


@dataclass(frozen=True)
class ArrayCode:
    """An array's rows as one input for each value that varies, then the normal quantiles of some of them.

    Attributes:
        is_image: Rows are uint8 images, with one mean and standard deviation for all pixels.
        n_values: Values of a row, flattened.
        kept: Positions of the values that vary over the training rows, ascending.
        means: Mean of each kept value; one mean if ``is_image``.
        stds: Standard deviation, in the same way.
        quantile_copies: For each kept value the map to its quantile, or None; empty if none has any, as in images.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    is_image: bool
    n_values: int
    kept: tuple[int, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]
    quantile_copies: tuple[QuantileTransform | None, ...] = ()

    def __post_init__(self) -> None:
        ascends = list(self.kept) == sorted(set(self.kept))
        if not self.kept or not ascends or self.kept[0] < 0 or self.kept[-1] >= self.n_values:
            raise ValueError("kept positions do not ascend within a row")
        n_scales = 1 if self.is_image else len(self.kept)
        if len(self.means) != n_scales or len(self.stds) != n_scales or min(self.stds) <= 0:
            raise ValueError("scales do not fit the kept positions")
        if self.quantile_copies and (self.is_image or len(self.quantile_copies) != len(self.kept)):
            raise ValueError("quantiles do not fit the kept positions")

    @property
    def n_inputs(self) -> int:
        return len(self.kept) + len(self._copied())

    def write(self, array: NDArray[Any], rows: Rows, x: NDArray[np.float32]) -> None:
        """Fill ``x`` of shape (n_inputs, len(rows)), a few rows at a time so that no large copy is made."""
        kept, mean, std = np.array(self.kept), np.array(self.means)[:, None], np.array(self.stds)[:, None]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            values = array[rows[start : start + ROWS_AT_ONCE]].T[kept]  # (n_kept, at most ROWS_AT_ONCE)
            block = x[:, start : start + ROWS_AT_ONCE]
            block[: len(kept)] = _standardised(values, mean, std)
            for row, (number, transform) in enumerate(self._copied(), start=len(kept)):
                block[row] = transform.apply(values[number].astype(np.float64))

    def _copied(self) -> list[tuple[int, QuantileTransform]]:
        """Numbers of the kept values that have a copy, and the transforms."""
        return [(number, copy) for number, copy in enumerate(self.quantile_copies) if copy is not None]


class Stored(NamedTuple):
    """Inputs as they are kept: the value v of input i stands for ``scale[i] * v + shift[i]``.

    Attributes:
        x: (n_inputs, n_rows), C-contiguous: uint8 of images, else float32.
        scale: float32 (n_inputs,); ``shift`` likewise.
    """

    x: NDArray[np.uint8] | NDArray[np.float32]
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]


Inputs: TypeAlias = tuple[NumberCode | TextCode, ...] | ArrayCode


@dataclass(frozen=True)
class Encoding:
    """Turns rows into inputs and outputs into answers; equal encodings do it alike.

    Attributes:
        inputs: One code for each feature column of a table, in order, or the code of an array.
        target: The target's code.
        imputes: Missing values of a table are filled in; otherwise they are refused.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    inputs: Inputs
    target: TargetCode
    imputes: bool

    @property
    def n_inputs(self) -> int:
        """Inputs that a network gets for each row."""
        codes = (self.inputs,) if isinstance(self.inputs, ArrayCode) else self.inputs
        return sum(code.n_inputs for code in codes)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which ``from_dict`` makes an equal encoding."""
        return plain_values(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Encoding:
        """The encoding that ``to_dict`` wrote.

        Raises:
            CheckpointError: A key is unknown or missing, or a value is not what ``to_dict`` writes.
        """
        return from_plain_values(cls, values)

    def transform(self, label: str, features: Features, rows: Rows | None = None) -> NDArray[np.float32]:
        """Inputs of these rows (all by default), of shape (n_inputs, n_rows), C-contiguous, all finite.

        Args:
            label: The source, for messages.
            features: Columns that include, by name and kind, every column that gives inputs; or an array.
            rows: Row numbers, in any order.

        Raises:
            DataError: A column is missing, an array's rows are of another size or kind, or a value is
                missing and the encoding does not impute.
        """
        if rows is None:
            rows = np.arange(n_rows_of(features), dtype=np.int64)
        x = np.zeros((self.n_inputs, len(rows)), dtype=np.float32)
        if isinstance(self.inputs, ArrayCode):
            self.inputs.write(_checked_array(label, features, self.inputs), rows, x)
            return x
        columns = _checked_columns(label, features, self.inputs)
        if not self.imputes:
            refuse_missing(label, columns, "Fill them in; the network was trained without --missing impute")
        start = 0
        for code, column in zip((code for code in self.inputs if code.n_inputs), columns, strict=True):
            code.write(column, rows, x[start : start + code.n_inputs])
            start += code.n_inputs
        return x

    def store(self, label: str, features: Features, rows: Rows) -> Stored:
        """Inputs of these rows as `transform` gives them, but of images the bytes, and what they stand for.

        Raises:
            DataError: As for ``transform``.
        """
        code = self.inputs
        if not isinstance(code, ArrayCode) or not code.is_image:
            x = self.transform(label, features, rows)
            return Stored(x, np.ones(len(x), np.float32), np.zeros(len(x), np.float32))
        array, kept = _checked_array(label, features, code), np.array(code.kept)
        pixels = np.empty((len(kept), len(rows)), np.uint8)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            pixels[:, start : start + ROWS_AT_ONCE] = array[rows[start : start + ROWS_AT_ONCE]].T[kept]
        scale = np.full(len(kept), 1.0 / code.stds[0], np.float32)
        return Stored(pixels, scale, np.full(len(kept), -code.means[0] / code.stds[0], np.float32))


def plain_values(encoding: Any) -> dict[str, Any]:
    """The fields of an encoding, a dataclass, as JSON values."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(encoding), allow_nan=False))
    return {"format": FORMAT, **values}


def from_plain_values(kind: type[T], values: Mapping[str, Any]) -> T:
    """The encoding of this kind that ``plain_values`` wrote.

    Raises:
        CheckpointError: A key is unknown or missing, or a value is not what ``plain_values`` writes.
    """
    fields = dict(values)
    if fields.pop("format", None) != FORMAT:
        raise CheckpointError(f"The encoding has format {values.get('format')!r}, this version reads {FORMAT}.")
    try:
        return TypeAdapter(kind).validate_json(json.dumps(fields, allow_nan=False))
    except (TypeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        reason = "; ".join(str(error).splitlines()[1:3]) or str(error)
        raise CheckpointError(f"The encoding is damaged: {reason}.") from None


def _standardised(values: NDArray[Any], mean: Any, std: Any) -> NDArray[np.float64]:
    """Values in the scale of the training rows, in one float64 copy."""
    scaled = values.astype(np.float64)
    scaled -= mean
    scaled /= std
    return np.clip(scaled, -LARGEST_INPUT, LARGEST_INPUT, out=scaled)


def _checked_array(label: str, features: Features, code: ArrayCode) -> NDArray[Any]:
    if not isinstance(features, np.ndarray):
        raise DataError(f"{label} is a table, but the network was trained on arrays. Give an NPZ file.")
    if features.shape[1] != code.n_values or (features.dtype == np.uint8) != code.is_image:
        needed = "uint8" if code.is_image else "other than uint8"
        raise DataError(
            f"{label}: a row is {features.shape[1]} values of {features.dtype}, but the network was trained "
            f"on {code.n_values} values, {needed}. Give rows of the same kind."
        )
    return features


def _checked_columns(label: str, features: Features, codes: tuple[NumberCode | TextCode, ...]) -> tuple[Column, ...]:
    """The columns that give inputs, in the order of their codes."""
    if isinstance(features, np.ndarray):
        raise DataError(f"{label} holds arrays, but the network was trained on a table. Give a table.")
    by_name = {column.name: column for column in features}
    needed = [code for code in codes if code.n_inputs]
    for code in needed:
        if code.name not in by_name:
            raise DataError(f"{label} has no column {quoted(code.name)}, on which the network was trained. Add it.")
        is_number = isinstance(code, NumberCode)
        if isinstance(by_name[code.name], NumberColumn) != is_number:
            raise DataError(
                f"{label}, column {quoted(code.name)}: the network was trained on "
                f"{'numbers' if is_number else 'text'} there. Give the same kind of values."
            )
    return tuple(by_name[code.name] for code in needed)
