"""How sequences become a recurrent network's inputs: everything fitted on the training sequences, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from nas.data.encoding import LARGEST_INPUT, STRICT, from_plain_values, plain_values
from nas.data.sequences import Sequences
from nas.data.source import Rows
from nas.data.target import TargetCode
from nas.errors import DataError, counted

MAX_SYMBOLS = 256

SequenceInputs: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True)
class SymbolCode:
    """A string's characters as one channel a symbol, 1 where a step has it; an unknown character gives zeros.

    Attributes:
        name: The column that holds the strings.
        symbols: Characters of the training strings, ascending.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: str
    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        ascends = list(self.symbols) == sorted(set(self.symbols))
        if not self.symbols or not ascends or any(len(symbol) != 1 for symbol in self.symbols):
            raise ValueError("symbols are not ascending characters")

    @property
    def n_channels(self) -> int:
        return len(self.symbols)

    @property
    def n_rows(self) -> int:
        return len(self.symbols)

    def write(self, values: NDArray[Any], steps: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Rows (n_rows, len(steps)) of these steps of code points; where sequences start does not matter."""
        points = np.array([ord(symbol) for symbol in self.symbols], dtype=np.uint32)
        taken = values[steps]
        channels = np.minimum(np.searchsorted(points, taken), len(points) - 1)
        known = np.flatnonzero(points[channels] == taken)
        x = np.zeros((len(points), len(steps)), dtype=np.uint8)
        x[channels[known], known] = 1
        return x


@dataclass(frozen=True)
class ChannelCode:
    """An array's channels, ``(value - mean) / std`` each, then their differences from the step before, ``/ std`` each.

    The first step of a sequence has differences of zero. What is constant in training has a standard deviation of 0; it
    is kept and gives zeros, so that inputs are the channels of the file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    means: tuple[float, ...]
    stds: tuple[float, ...]
    difference_stds: tuple[float, ...]

    def __post_init__(self) -> None:
        stds = (*self.stds, *self.difference_stds)
        if not self.means or 2 * len(self.means) != len(stds) or len(self.means) != len(self.stds) or min(stds) < 0:
            raise ValueError("means and standard deviations do not fit")

    @property
    def n_channels(self) -> int:
        return len(self.means)

    @property
    def n_rows(self) -> int:
        return 2 * len(self.means)

    def write(self, values: NDArray[Any], steps: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows (n_rows, len(steps)) of these steps of numbers; sequences start at these offsets, int64 (n + 1,)."""
        x = np.zeros((self.n_rows, len(steps)), dtype=np.float32)
        for channel, (mean, std) in enumerate(zip(self.means, self.stds, strict=True)):
            own = values[steps, channel].astype(np.float64)
            if std > 0:
                x[channel] = np.clip((own - mean) / std, -LARGEST_INPUT, LARGEST_INPUT)
            if (std := self.difference_stds[channel]) > 0:
                changes = np.clip(_differences(own, offsets) / std, -LARGEST_INPUT, LARGEST_INPUT)
                x[self.n_channels + channel] = changes
        return x


@dataclass(frozen=True)
class SequenceEncoding:
    """Turns sequences into inputs and outputs into answers; equal encodings do it alike.

    Attributes:
        inputs: The code of strings, or of arrays.
        target: The target's code.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    inputs: SymbolCode | ChannelCode
    target: TargetCode

    @property
    def n_inputs(self) -> int:
        """Channels of a step: of the file, or one a symbol."""
        return self.inputs.n_channels

    @property
    def n_rows(self) -> int:
        """Rows of the inputs: the channels, and behind them the differences of those of arrays."""
        return self.inputs.n_rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which ``from_dict`` makes an equal encoding."""
        return plain_values(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SequenceEncoding:
        """The encoding that ``to_dict`` wrote.

        Raises:
            CheckpointError: A key is unknown or missing, or a value is not what ``to_dict`` writes.
        """
        return from_plain_values(cls, values)

    def transform(
        self, label: str, sequences: Sequences, rows: Rows | None = None
    ) -> tuple[SequenceInputs, NDArray[np.int64]]:
        """Inputs of these sequences (all by default), one after the other, and where each starts.

        Args:
            label: The source, for messages.
            sequences: Of the kind, and with the channels, that the encoding was fitted on.
            rows: Numbers of sequences, in any order.

        Returns:
            Inputs of shape (n_rows, n_steps), C-contiguous, all finite: uint8 for strings, float32 for arrays. And
            offsets, int64 of shape (n + 1,).

        Raises:
            DataError: The sequences are of another kind, or have other channels.
        """
        if sequences.are_strings != isinstance(self.inputs, SymbolCode):
            has, needed = ("strings", "arrays") if sequences.are_strings else ("arrays", "strings")
            raise DataError(f"{label} holds {has}, but the network was trained on {needed}. Give the same kind.")
        if not sequences.are_strings and sequences.values.shape[1] != self.n_inputs:
            raise DataError(
                f"{label}: a sequence has {counted(sequences.values.shape[1], 'channel')}, but the network was "
                f"trained on {self.n_inputs}. Give the same channels."
            )
        if rows is None:
            rows = np.arange(len(sequences), dtype=np.int64)
        steps, offsets = sequences.steps(rows)
        return self.inputs.write(sequences.values, steps, offsets), offsets


def fit_symbols(label: str, name: str, sequences: Sequences, train: Rows) -> SymbolCode:
    """The code of strings, with the symbols of the training strings.

    Args:
        label: The source, for messages.
        name: The column that holds the strings.
        sequences: Strings.
        train: Numbers of the training strings.

    Raises:
        DataError: There are more than 256 symbols.
    """
    points = np.unique(sequences.values[sequences.steps(train)[0]]).tolist()
    if len(points) > MAX_SYMBOLS:
        raise DataError(
            f"{label}: the training strings have {len(points)} different characters, more than {MAX_SYMBOLS}. "
            "Write them in a smaller alphabet."
        )
    return SymbolCode(name, tuple(map(chr, points)))


def fit_channels(label: str, sequences: Sequences, train: Rows) -> tuple[ChannelCode, list[str]]:
    """The code of arrays, with means and deviations over training, and a sentence for the user about constant channels.

    Args:
        label: The source, for messages.
        sequences: Arrays.
        train: Numbers of the training sequences; every step of them counts alike.

    Raises:
        DataError: Every channel is constant over the training sequences.
    """
    steps, offsets = sequences.steps(train)
    means, stds, difference_stds = [], [], []
    for channel in range(sequences.values.shape[1]):
        values = sequences.values[steps, channel].astype(np.float64)
        means.append(float(values.mean()))
        stds.append(_deviation(values))
        difference_stds.append(_deviation(np.delete(_differences(values, offsets), offsets[:-1])))
    code = ChannelCode(tuple(means), tuple(stds), tuple(difference_stds))
    n_constant = stds.count(0.0)
    if n_constant == len(stds):
        raise DataError(f"{label}: every channel is constant over the training sequences. Give channels that vary.")
    notes = [f"Set {n_constant} of {len(stds)} channels to zero: constant over the training sequences."]
    return code, notes if n_constant else []


def _differences(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values minus those of the step before, (n_steps,); 0 where a sequence starts."""
    changes = np.diff(values, prepend=values[:1])
    changes[offsets[:-1]] = 0.0
    return changes


def _deviation(values: NDArray[np.float64]) -> float:
    """The standard deviation; exactly 0 for values that are all alike, and for none."""
    return 0.0 if not len(values) or values.min() == values.max() else float(values.std())
