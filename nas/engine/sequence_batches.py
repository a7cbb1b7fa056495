"""Batches of sequences of different lengths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.compiler import compiled
from nas.engine.gather import Inputs
from nas.engine.layout import Int32

_f32 = np.float32


class Sequences(NamedTuple):
    """Sequences one after the other, without padding."""

    inputs: Inputs  # (n_steps of all, n_channels)
    offsets: NDArray[np.int64]  # (n + 1,) where each sequence starts

    def lengths(self) -> NDArray[np.int64]:
        """Steps of each sequence, int64 (n,)."""
        return np.diff(self.offsets)

    def longest(self) -> int:
        """Steps of the longest."""
        return int(self.lengths().max())


def longest_first(sequences: Sequences, rows: Int32) -> tuple[Int32, Int32]:
    """Some sequences in the order in which kernels want them.

    Args:
        sequences: All of them.
        rows: int32 (batch,), the numbers of those chosen.

    Returns:
        ``rows``, longest first, and of equal length in the order given; and int32 (longest + 1,): how many of them have
        a step t, and 0 at the end.
    """
    lengths = sequences.offsets[rows + 1] - sequences.offsets[rows]
    order = np.argsort(-lengths, kind="stable")
    steps = np.arange(int(lengths.max()) + 1)
    n_active = np.searchsorted(np.sort(lengths), steps, side="right")
    return rows[order], (len(rows) - n_active).astype(np.int32)


@compiled
def gather_sequences(sequences: Sequences, rows: Any, n_active: Any, out: Any) -> None:
    """Copy sequences into a batch.

    Args:
        sequences: All of them.
        rows: int32 (batch,), the numbers of those to copy, longest first.
        n_active: int32 (n_steps + 1,), how many of them have a step t.
        out: float32 (at least n_steps, n_channels, padded batch), filled for n_steps; zeros where a sequence has ended.
    """
    values, scale, shift = sequences.inputs.values, sequences.inputs.scale, sequences.inputs.shift
    n_channels, length = values.shape[1], out.shape[2]
    for t in range(n_active.shape[0] - 1):
        for c in range(n_channels):
            for k in range(length):
                out[t, c, k] = _f32(0)
    for k in range(rows.shape[0]):
        first, last = sequences.offsets[rows[k]], sequences.offsets[rows[k] + 1]
        for t in range(last - first):
            for c in range(n_channels):
                out[t, c, k] = scale[c] * _f32(values[first + t, c]) + shift[c]
