"""From prepared data to what the engine takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.data import AnyDataset, Dataset
from nas.data.shared import Rows, SharedRows
from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences


def share(folder_of: SharedRows, dataset: AnyDataset) -> None:
    """Write the development rows or sequences of a data set where workers find them."""
    if isinstance(dataset, Dataset):
        SharedRows.write(folder_of.folder, dataset.x, dataset.y, None, dataset.scale, dataset.shift)
    else:
        SharedRows.write(folder_of.folder, dataset.x, dataset.y, dataset.offsets)


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
    """Encoded sequences as the engine takes them."""
    n_channels = len(values)
    return Sequences(Inputs(values, np.ones(n_channels, np.float32), np.zeros(n_channels, np.float32)), offsets)


def input_power(rows: Inputs | Sequences) -> float:
    """Mean sum of squares of the inputs of a step: 1 for symbols, which are bytes, else the number of channels."""
    if isinstance(rows, Sequences) and rows.inputs.values.dtype != np.uint8:
        return float(len(rows.inputs.values))
    return 1.0
