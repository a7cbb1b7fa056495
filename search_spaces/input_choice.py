"""Which inputs a neuron reads: random ones, or of an image those of a patch or of neighbouring rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from search_spaces.edge_codes import Int64Array
from search_spaces.shuffle import KeyArray, sample_rows

InputChoice = Literal["random", "patch", "rows"]
INPUT_CHOICES: tuple[InputChoice, ...] = get_args(InputChoice)


@dataclass(frozen=True)
class Plane:
    """Where the inputs lie in an image.

    Attributes:
        rows: Row of the pixel of each input, from 0.
        columns: Its column, from 0.

    Raises:
        ValueError: There are not as many rows as columns.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.columns):
            raise ValueError(
                f"Plane: {len(self.rows)} rows and {len(self.columns)} columns; give one of each an input."
            )


def chosen_inputs(
    choice: InputChoice, counts: Int64Array, n_inputs: int, neuron_keys: KeyArray, plane: Plane | None
) -> tuple[Int64Array, Int64Array]:
    """The inputs that each neuron reads.

    - "random": distinct random inputs.
    - "patch": the nearest to a random pixel, which make a disc.
    - "rows": those of the nearest rows to a random pixel, and in a row the nearest.

    Without a plane all are random. A neuron that reads more inputs reads those that it read with fewer, too.

    Args:
        choice: How.
        counts: How many inputs each neuron reads, int64 (n_neurons,), in 0..n_inputs.
        n_inputs: Number of inputs.
        neuron_keys: What is drawn for each neuron, uint64 (n_neurons,).
        plane: Where the inputs lie.

    Returns:
        (neurons, inputs), each int64 (counts.sum(),), ordered by neuron.
    """
    if choice == "random" or plane is None:
        return sample_rows(counts, n_inputs, neuron_keys)
    readers = np.flatnonzero(counts)
    _, centres = sample_rows(np.ones(len(readers), np.int64), n_inputs, neuron_keys[readers])
    rows, columns = np.array(plane.rows), np.array(plane.columns)
    by_row, by_column = (abs(of[None, :] - of[centres, None]) for of in (rows, columns))  # (n_readers, n_inputs)
    widest = int(columns.max() - columns.min()) + 1
    distances = by_row**2 + by_column**2 if choice == "patch" else by_row * widest + by_column
    nearest = np.argsort(distances, axis=1, kind="stable")
    is_read = np.arange(n_inputs) < counts[readers, None]
    return np.repeat(readers, counts[readers]), nearest[is_read]
