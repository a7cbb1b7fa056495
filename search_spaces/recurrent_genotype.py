"""RecurrentGenotype: a point of the space of recurrent networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from search_spaces.gene_checks import check_choice, check_integer
from search_spaces.genotype import MAX_NEURONS, GraphGenotype
from search_spaces.recurrent_wiring import CELLS, Cell

Reading = Literal["layered", "recurrent"]

READINGS: tuple[Reading, ...] = get_args(Reading)


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
        embedding: Values that the channels of a step are embedded into; 0 for as many as the hidden graph has
            sources.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
    """

    reading: Reading
    cell: Cell
    embedding: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("RecurrentGenotype", "reading", self.reading, READINGS)
        check_choice("RecurrentGenotype", "cell", self.cell, CELLS)
        check_integer("RecurrentGenotype", "embedding", self.embedding, 0, MAX_NEURONS)
