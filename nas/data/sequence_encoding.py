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

    def write(self, values: NDArray[Any], steps: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Channels (n_channels, len(steps)) of these steps of code points."""
        points = np.array([ord(symbol) for symbol in self.symbols], dtype=np.uint32)
        taken = values[steps]
        channels = np.minimum(np.searchsorted(points, taken), len(points) - 1)
        known = np.flatnonzero(points[channels] == taken)
        x = np.zeros((len(points), len(steps)), dtype=np.uint8)
        x[channels[known], known] = 1
        return x


@dataclass(frozen=True)
class ChannelCode:
    """An array's channels, ``(value - mean) / std`` each; a channel that is constant in training has ``std`` 0.

    A constant channel is kept and gives zeros, so that inputs are the channels of the file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    means: tuple[float, ...]
    stds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.means or len(self.means) != len(self.stds) or min(self.stds) < 0:
            raise ValueError("means and standard deviations do not fit")

    @property
    def n_channels(self) -> int:
        return len(self.means)

    def write(self, values: NDArray[Any], steps: NDArray[np.int64]) -> NDArray[np.float32]:
        """Channels (n_channels, len(steps)) of these steps of numbers."""
        x = np.zeros((len(self.means), len(steps)), dtype=np.float32)
        for channel, (mean, std) in enumerate(zip(self.means, self.stds, strict=True)):
            if std > 0:
                scaled = (values[steps, channel].astype(np.float64) - mean) / std
                x[channel] = np.clip(scaled, -LARGEST_INPUT, LARGEST_INPUT)
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
        """Channels that a network gets at each step."""
        return self.inputs.n_channels

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
            Inputs of shape (n_inputs, n_steps), C-contiguous, all finite: uint8 for strings, float32 for arrays. And
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
        return self.inputs.write(sequences.values, steps), offsets


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
    """The code of arrays, with mean and deviation of each channel, and a sentence for the user about constant ones.

    Args:
        label: The source, for messages.
        sequences: Arrays.
        train: Numbers of the training sequences; every step of them counts alike.

    Raises:
        DataError: Every channel is constant over the training sequences.
    """
    steps, _ = sequences.steps(train)
    means, stds = [], []
    for channel in range(sequences.values.shape[1]):
        values = sequences.values[steps, channel].astype(np.float64)
        means.append(float(values.mean()))
        stds.append(0.0 if values.min() == values.max() else float(values.std()))
    n_constant = stds.count(0.0)
    if n_constant == len(stds):
        raise DataError(f"{label}: every channel is constant over the training sequences. Give channels that vary.")
    if not n_constant:
        return ChannelCode(tuple(means), tuple(stds)), []
    note = f"Set {n_constant} of {len(stds)} channels to zero: constant over the training sequences."
    return ChannelCode(tuple(means), tuple(stds)), [note]
