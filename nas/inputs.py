"""From prepared data to what the engine takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.data import AnyDataset, Dataset
from nas.data.shared import Rows, SharedRows
from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences


def write_rows(folder: Path, dataset: AnyDataset, order: NDArray[np.int64] | None = None) -> SharedRows:
    """Write the development rows or sequences of a data set where workers find them.

    Args:
        folder: Made if need be.
        dataset: The data set.
        order: Numbers of all its rows in another order than theirs.
    """
    if isinstance(dataset, Dataset):
        x, y = (dataset.x, dataset.y) if order is None else (dataset.x[:, order], dataset.y[order])
        return SharedRows.write(folder, np.ascontiguousarray(x.T), y, None, dataset.scale, dataset.shift)
    if order is None:
        return SharedRows.write(folder, np.ascontiguousarray(dataset.x.T), dataset.y, dataset.offsets)
    steps: list[NDArray[np.int64]] = [np.arange(dataset.offsets[row], dataset.offsets[row + 1]) for row in order]
    offsets = np.concatenate([[0], np.cumsum(np.diff(dataset.offsets)[order])]).astype(np.int64)
    of_steps = np.ascontiguousarray(dataset.x[:, np.concatenate(steps)].T)
    return SharedRows.write(folder, of_steps, dataset.y[order], offsets)


def write_test_rows(folder: Path, dataset: AnyDataset) -> SharedRows:
    """Write the test rows or sequences where workers find them; to be read when nothing is chosen any more."""
    if isinstance(dataset, Dataset):
        x, y = dataset.read_test()
        return SharedRows.write(folder, np.ascontiguousarray(x.T), y)
    values, offsets, y = dataset.read_test()
    return SharedRows.write(folder, np.ascontiguousarray(values.T), y, offsets)


def engine_rows(rows: Rows) -> Inputs | Sequences:
    """Rows or sequences as the engine takes them."""
    inputs = Inputs(rows.x, rows.scale, rows.shift)
    return inputs if rows.offsets is None else Sequences(inputs, rows.offsets)


def read_test(dataset: AnyDataset) -> tuple[Inputs | Sequences, NDArray[np.float32]]:
    """The test rows or sequences, and their targets (n,); to be read once, when the search is over."""
    if isinstance(dataset, Dataset):
        x, y = dataset.read_test()
        return Inputs.plain(x), y.astype(np.float32)
    values, offsets, y = dataset.read_test()
    return sequences_of(values, offsets), y.astype(np.float32)


def sequences_of(values: NDArray[np.uint8] | NDArray[np.float32], offsets: NDArray[np.int64]) -> Sequences:
    """Encoded sequences, whose channels are rows of ``values``, as the engine takes them."""
    n_channels = len(values)
    return Sequences(Inputs.of(values, np.ones(n_channels, np.float32), np.zeros(n_channels, np.float32)), offsets)


def mean_square(rows: Inputs | Sequences) -> float:
    """Of the channels of a step: of symbols, which are bytes, one in so many is 1; others are standardised."""
    if isinstance(rows, Sequences) and rows.inputs.values.dtype == np.uint8:
        return 1.0 / rows.inputs.n_inputs
    return 1.0
