"""Sequences of unequal lengths, one after the other and without padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.source import LARGEST, Rows
from nas.errors import DataError, counted


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences as they were read, each of at least one step.

    Attributes:
        values: Strings: uint32 code points of shape (n_steps,). Arrays: finite real numbers of shape
            (n_steps, n_channels) in the dtype of their file.
        offsets: int64 of shape (n + 1,): sequence i is the steps from ``offsets[i]`` to ``offsets[i + 1]``.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def are_strings(self) -> bool:
        """Whether a step is a symbol rather than numbers."""
        return self.values.ndim == 1

    def steps(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions in ``values`` of all steps of these sequences, in this order, and their new offsets."""
        lengths = np.diff(self.offsets)[rows]
        offsets = offsets_of(lengths)
        return np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1]), offsets

    def take(self, rows: Rows) -> Sequences:
        """A copy of these sequences, in this order."""
        steps, offsets = self.steps(rows)
        return Sequences(self.values[steps], offsets)


def offsets_of(lengths: NDArray[Any]) -> NDArray[np.int64]:
    """Where each sequence starts, and where the last ends: int64 of shape (n + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def sequences_of_strings(label: str, strings: Sequence[str]) -> Sequences:
    """Strings as sequences of symbols; every character counts, a space too.

    Args:
        label: The source, for messages.
        strings: At least one string.

    Raises:
        DataError: A string is empty.
    """
    lengths = np.array([len(string) for string in strings], dtype=np.int64)
    if (lengths == 0).any():
        raise DataError(
            f"{label}: {counted(int((lengths == 0).sum()), 'string')} without a character, the first in row "
            f"{int(np.argmin(lengths)) + 1}. Remove these rows."
        )
    values = np.frombuffer("".join(strings).encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    return Sequences(values, offsets_of(lengths))


def sequences_of_array(label: str, keys: tuple[str, str], x: NDArray[Any], lengths: NDArray[Any]) -> Sequences:
    """The true steps of a padded array; what stands behind a sequence's length is not looked at.

    Args:
        label: The file, for messages.
        keys: What the two arrays are called there.
        x: Real numbers of shape (n, time, channels), or (n, time) for one channel.
        lengths: Integers of shape (n,), from 1 to time.

    Raises:
        DataError: Shapes or dtypes do not fit, a length is out of range, or a step holds NaN, an infinity or a number
            beyond float32.
    """
    key = keys[0]
    if x.ndim not in (2, 3) or x.size == 0:
        raise DataError(
            f"{label}: the array {key} has shape {x.shape}. Store sequences as (n, time, channels), none of them 0."
        )
    if x.dtype.kind not in "buif":
        raise DataError(f"{label}: the array {key} has dtype {x.dtype}. Store real numbers.")
    _check_lengths(label, keys, x.shape[:2], lengths)
    is_step = np.arange(x.shape[1]) < lengths[:, None]  # (n, time)
    values = x.reshape(*x.shape[:2], -1)[is_step]  # (n_steps, channels)
    sequences = Sequences(values, offsets_of(lengths))
    if x.dtype.kind == "f":
        _refuse_not_finite(label, key, sequences)
    return sequences


def _check_lengths(label: str, keys: tuple[str, str], shape: tuple[int, ...], lengths: NDArray[Any]) -> None:
    (key, lengths_key), (n, n_steps) = keys, shape
    if lengths.shape != (n,) or lengths.dtype.kind not in "iu":
        raise DataError(
            f"{label}: the array {lengths_key} is {lengths.dtype} of shape {lengths.shape}, but {key} has {n} "
            "sequences. Store one integer for each."
        )
    is_wrong = (lengths < 1) | (lengths > n_steps)
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise DataError(
            f"{label}: {lengths_key} is {lengths[row]} in row {row}, but {key} holds {counted(n_steps, 'step')}. "
            f"Store lengths from 1 to {n_steps}."
        )


def _refuse_not_finite(label: str, key: str, sequences: Sequences) -> None:
    is_wrong = ~(np.abs(sequences.values) <= LARGEST)  # NaN compares false
    if is_wrong.any():
        step, channel = (int(index) for index in np.argwhere(is_wrong)[0])
        row = int(np.searchsorted(sequences.offsets, step, side="right")) - 1
        raise DataError(
            f"{label}: the array {key} has {counted(int(is_wrong.sum()), 'value')} beyond float32, NaN or infinite, "
            f"the first in row {row} at step {step - int(sequences.offsets[row])}, channel {channel}. "
            "Correct the values or remove their rows."
        )
