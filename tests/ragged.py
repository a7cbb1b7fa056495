"""Sequences of different lengths for tests."""

from __future__ import annotations

import numpy as np

from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences, View


def random_sequences(seed: int, n: int, n_channels: int = 3, longest: int = 6) -> Sequences:
    """So many sequences of normal numbers, of 1..longest steps; one is of ``longest``."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n)
    lengths[rng.integers(n)] = longest
    values = rng.standard_normal((n_channels, lengths.sum())).astype(np.float32)
    return Sequences(Inputs.plain(values), np.concatenate([[0], np.cumsum(lengths)]))


def chosen_sequences(sequences: Sequences, rows: np.ndarray) -> Sequences:
    """Some of them, in this order."""
    offsets, values = sequences.offsets, sequences.inputs.values
    parts = [values[offsets[row] : offsets[row + 1]] for row in rows]
    lengths = [len(part) for part in parts]
    return Sequences(sequences.inputs._replace(values=np.concatenate(parts)), np.concatenate([[0], np.cumsum(lengths)]))


def padded_batch(sequences: Sequences, rows: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Windows of sequences, float64 (most windows, n_directions * n_inputs, batch), then zeros; and their numbers."""
    (values, scale, shift), offsets = sequences.inputs, sequences.offsets
    n_windows = np.ceil((offsets[rows + 1] - offsets[rows]) / view.stride).astype(int)
    batch = np.zeros((n_windows.max(), view.n_directions * view.n_inputs, len(rows)))
    for k, row in enumerate(rows):
        steps = (scale * values[offsets[row] : offsets[row + 1]].astype(np.float64) + shift)[:, : view.n_channels]
        for direction, ordered in zip(range(view.n_directions), (steps, steps[::-1]), strict=False):
            filled = np.concatenate([np.zeros((view.window, view.n_channels)), ordered])
            for t in range(n_windows[k]):
                end = len(filled) - (n_windows[k] - 1 - t) * view.stride
                place = slice(direction * view.n_inputs, (direction + 1) * view.n_inputs)
                batch[t, place, k] = filled[end - view.window : end].ravel()
    return batch, n_windows
