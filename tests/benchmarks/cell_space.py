"""The cells of NAS-Bench-201 (Dong and Yang 2020) as a search space, with a table in place of training.

A cell has four vertices and an edge between any two; each edge carries one of five operations. The table is a CSV
with a row a cell: `ops`, the operations on the edges as text such as `4-2-1-0-0-3`, in the order of `EDGES`;
`cifar10_val_acc`, in percent; and training-free scores, `zc_c10_...`, missing for some cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from predictors.features import Graph
from predictors.features.operations import Operation, operations_family

EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
OPERATIONS = (
    Operation("skip", 1.0),
    Operation("none", 0.0),
    Operation("conv3x3"),
    Operation("conv1x1"),
    Operation("avgpool", 0.5),
)
CELL_FAMILY = operations_family(OPERATIONS)
KERNEL_WEIGHTS = np.array([0, 0, 9, 1, 0])
"""Weights of each operation, in weights of a 1x1 convolution."""


@dataclass(frozen=True)
class Cell:
    """A genotype: the places in `OPERATIONS` of the operations on `EDGES`."""

    operations: tuple[int, ...]

    def key(self) -> str:
        """As in the table."""
        return "-".join(map(str, self.operations))

    def to_dict(self) -> dict[str, Any]:
        """In JSON types."""
        return {"space": "cells", "operations": list(self.operations)}

    @property
    def graph(self) -> Graph:
        """The cell as the features see it."""
        return Graph.from_edges(EDGES, 4, True, tuple(OPERATIONS[place].name for place in self.operations))


@dataclass(frozen=True)
class CellSize:
    """What the search of a single objective is told of a cell: all are of one size."""

    n_weights: int = 1


@dataclass(frozen=True, eq=False)
class CellTable:
    """Cells with their outcomes, in the order of the file.

    Attributes:
        cells: Distinct, length n.
        accuracy: On the validation set of CIFAR-10, a fraction, shape (n,).
        scores: Training-free scores, signed logarithms of them, shape (n, n_scores).
    """

    cells: tuple[Cell, ...]
    accuracy: NDArray[np.float64]
    scores: NDArray[np.float64]

    @classmethod
    def read(cls, path: str) -> CellTable:
        """The cells of a file that have all training-free scores."""
        table = pd.read_csv(path)
        names = [name for name in table.columns if name.startswith("zc_c10_")]
        table = table.dropna(subset=names)
        scores = table[names].to_numpy(np.float64)
        return cls(
            tuple(Cell(tuple(map(int, ops.split("-")))) for ops in table["ops"]),
            table["cifar10_val_acc"].to_numpy(np.float64) / 100.0,
            np.sign(scores) * np.log1p(np.abs(scores)),  # some reach millions, of either sign
        )

    def features(self) -> NDArray[np.float64]:
        """Of the operations of each cell, shape (n, n_features)."""
        return np.array([CELL_FAMILY.describe(cell.graph) for cell in self.cells])

    @property
    def kernel_weights(self) -> NDArray[np.float64]:
        """How many weights each cell has, in those of a 1x1 convolution, shape (n,)."""
        return KERNEL_WEIGHTS[np.array([cell.operations for cell in self.cells])].sum(axis=1).astype(np.float64)


class CellSpace:
    """A `Space` of the given cells, which the operators never leave."""

    name = "cells"

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = tuple(cells)
        self._known = frozenset(self._cells)
        self._near = cache(self._neighbours)

    def sample(self, rng: np.random.Generator) -> Cell:
        """Any cell, with equal chances."""
        return self._cells[rng.integers(len(self._cells))]

    def mutate(self, genotype: Cell, rng: np.random.Generator) -> Cell:
        """The operation on one edge is another one; any cell if none of these is in the space."""
        near = self._near(genotype)
        if near:
            return near[rng.integers(len(near))]
        while (other := self.sample(rng)) == genotype:
            pass
        return other

    def cross(self, first: Cell, second: Cell, rng: np.random.Generator) -> Cell:
        """Each operation from either parent; a mutant of the first if that does not lead into the space."""
        for _ in range(20):
            is_first = rng.random(len(EDGES)) < 0.5
            mixed = zip(is_first, first.operations, second.operations, strict=True)
            child = Cell(tuple(one if taken else other for taken, one, other in mixed))
            if child in self._known and child not in (first, second):
                return child
        return self.mutate(first, rng)

    def wire(self, genotype: Cell) -> CellSize:
        """The same for all, so that accuracy is the only objective."""
        return CellSize()

    def _neighbours(self, cell: Cell) -> tuple[Cell, ...]:
        changed = (
            Cell((*cell.operations[:edge], operation, *cell.operations[edge + 1 :]))
            for edge in range(len(EDGES))
            for operation in range(len(OPERATIONS))
            if operation != cell.operations[edge]
        )
        return tuple(neighbour for neighbour in changed if neighbour in self._known)
