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


class View(NamedTuple):
    """How a network reads a sequence: at each of its own steps a window of the sequence's.

    The last window ends with the last step of the sequence, the one before it ``stride`` steps earlier, and so on: a
    sequence of n steps has ceil(n / stride) windows. What a window has before the first step is zero. Backwards, it is
    the same with the steps in the reverse order.
    """

    n_channels: int  # read of each step, the first ones
    window: int  # steps
    stride: int  # steps, at most window
    n_directions: int  # 1, or 2: forwards, then backwards

    @property
    def n_inputs(self) -> int:
        """Values of a window in one direction: step by step, and channel by channel."""
        return self.window * self.n_channels


def longest_first(sequences: Sequences, rows: Int32) -> Int32:
    """Some sequences in the order in which kernels want them.

    Args:
        sequences: All of them.
        rows: int32 (batch,), the numbers of those chosen.

    Returns:
        ``rows``, longest first, and of equal length in the order given.
    """
    lengths = sequences.offsets[rows + 1] - sequences.offsets[rows]
    return rows[np.argsort(-lengths, kind="stable")]


def active_counts(sequences: Sequences, rows: Int32, stride: int) -> Int32:
    """How many of some sequences have a window t, with 0 at the end: int32 (most windows + 1,).

    Args:
        sequences: All of them.
        rows: int32 (batch,), the numbers of those chosen, longest first.
        stride: Steps from one window to the next.
    """
    n_windows = -((sequences.offsets[rows] - sequences.offsets[rows + 1]) // stride)
    n_ended = np.searchsorted(n_windows[::-1], np.arange(int(n_windows[0]) + 1), side="right")
    return (len(rows) - n_ended).astype(np.int32)


@compiled
def gather_sequences(sequences: Sequences, rows: Any, n_active: Any, view: View, out: Any) -> None:
    """Copy the windows of sequences into a batch.

    Args:
        sequences: All of them.
        rows: int32 (batch,), the numbers of those to copy, longest first.
        n_active: Of `active_counts`.
        view: How they are read.
        out: float32 (at least n_windows, n_directions * n_inputs, padded batch), filled for n_windows; zeros where a
            sequence has ended, and before it begins.
    """
    values, scale, shift = sequences.inputs.values, sequences.inputs.scale, sequences.inputs.shift
    n_channels, n_inputs = view.n_channels, view.n_channels * view.window
    for t in range(n_active.shape[0] - 1):
        for i in range(view.n_directions * n_inputs):
            for k in range(out.shape[2]):
                out[t, i, k] = _f32(0)
    for k in range(rows.shape[0]):
        first, end = sequences.offsets[rows[k]], sequences.offsets[rows[k] + 1]
        n_windows = (end - first + view.stride - 1) // view.stride
        for t in range(n_windows):
            after = (n_windows - 1 - t) * view.stride  # steps behind the window
            begin = view.window - min(end - first - after, view.window)
            for w in range(begin, view.window):
                behind = after + view.window - 1 - w  # steps behind this one
                for c in range(n_channels):
                    i = w * n_channels + c
                    out[t, i, k] = scale[c] * _f32(values[end - 1 - behind, c]) + shift[c]
                    if view.n_directions == 2:
                        out[t, n_inputs + i, k] = scale[c] * _f32(values[first + behind, c]) + shift[c]
