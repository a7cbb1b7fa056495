"""Sequences of different lengths for tests."""

from __future__ import annotations

import numpy as np

from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences


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


def padded_batch(sequences: Sequences, rows: np.ndarray, filling: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Chosen sequences as float64 (n_steps, n_channels, batch), filled up with a number; and their lengths."""
    (values, scale, shift), offsets = sequences.inputs, sequences.offsets
    lengths = offsets[rows + 1] - offsets[rows]
    batch = np.full((lengths.max(), values.shape[1], len(rows)), filling)
    for k, row in enumerate(rows):
        steps = values[offsets[row] : offsets[row + 1]].astype(np.float64)
        batch[: lengths[k], :, k] = scale * steps + shift
    return batch, lengths
