"""RecurrentGenotype: a point of the space of recurrent networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from search_spaces.gene_checks import check_choice, check_flag, check_integer
from search_spaces.genotype import MAX_NEURONS, GraphGenotype
from search_spaces.recurrent_wiring import CELLS, Cell

Reading = Literal["layered", "recurrent"]

Pooling = Literal["last", "mean", "max", "all"]

READINGS: tuple[Reading, ...] = get_args(Reading)
POOLINGS: dict[Pooling, tuple[int, ...]] = {"last": (0,), "mean": (1,), "max": (2,), "all": (0, 1, 2)}
"""Places in `SUMMARIES` of what outputs may read of a vertex."""
MAX_WINDOW = 10_000


@dataclass(frozen=True)
class RecurrentGenotype(GraphGenotype):
    """One candidate recurrent network before its wiring is drawn.

    The vertices of the hidden graph take the place of hidden neurons. Each reading leaves one gene unused:
    "layered" reads all embedded values whatever `inputs_per_neuron`, "recurrent" has one layer whatever
    `max_depth`.

    Attributes, beside those of `GraphGenotype`:
        reading: What the hidden graph is taken for: recurrent layers one above the other, or the
            hidden-to-hidden connections of one recurrent layer (`search_spaces.readings`).
        cell: Kind of the recurrent units.
        embedding: Values that a window is embedded into, in each direction; 0 for as many as the hidden graph has
            sources.
        window: Steps of the sequence that the network reads at once, at least 1.
        stride: Steps of the sequence from one window to the next, in 1..window.
        differences: Whether the channels' differences from the step before are read too.
        bidirectional: Whether the sequence is read backwards too, by a second copy of the hidden graph.
        pooling: What outputs read of a vertex over time: its value at the last step, the mean or the maximum over all
            steps, or all three.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
    """

    reading: Reading
    cell: Cell
    embedding: int
    window: int
    stride: int
    differences: bool
    bidirectional: bool
    pooling: Pooling

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("RecurrentGenotype", "reading", self.reading, READINGS)
        check_choice("RecurrentGenotype", "cell", self.cell, CELLS)
        check_integer("RecurrentGenotype", "embedding", self.embedding, 0, MAX_NEURONS)
        check_integer("RecurrentGenotype", "window", self.window, 1, MAX_WINDOW)
        check_integer("RecurrentGenotype", "stride", self.stride, 1, self.window)
        check_flag("RecurrentGenotype", "differences", self.differences)
        check_flag("RecurrentGenotype", "bidirectional", self.bidirectional)
        check_choice("RecurrentGenotype", "pooling", self.pooling, tuple(POOLINGS))
