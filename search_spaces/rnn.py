"""The space of sparse recurrent networks: tanh, ReLU, LSTM and GRU units in any wiring."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.crossover import RECURRENT_SCALAR_GENES, crossed
from search_spaces.genes import bounded, log_uniform, new_share, whole_segment
from search_spaces.genotype import ORIENTATIONS, READOUTS
from search_spaces.limits import Limits, SpaceError
from search_spaces.mutation import another, change_seed
from search_spaces.priors import PRIORS
from search_spaces.readings import read_graph
from search_spaces.recurrent_fit import fit_recurrent
from search_spaces.recurrent_genotype import READINGS, Reading, RecurrentGenotype
from search_spaces.recurrent_mutation import RecurrentRanges, mutated_recurrent
from search_spaces.recurrent_wiring import CELLS, GATES, Cell, RecurrentWiring

SMALLEST_SHARE = 0.02  # of max_weights, for candidates drawn afresh; evolution may go below
SPARE_WEIGHTS = 30  # and those have at least so many more than the smallest network
LAYERED_SHARE = (0.5, 1.0)  # of the vertices that a size allows
FEWEST_UNIT_EDGES = 4  # no single layer is drawn with more vertices than give each so many
MEAN_DEGREE = (1.5, 12.0)
READOUT_SHARE = (0.2, 1.0)


@dataclass(frozen=True)
class RNNSpace(Limits):
    """Sparse recurrent networks with at most `max_weights` weights.

    `n_inputs` counts the channels of a step, one a symbol for strings; "hidden neurons" are the vertices of the
    hidden graph. The smallest network has n_inputs + n_outputs + twice the gates of the largest cell weights.

    Attributes, beside those of `Limits`:
        cells: Kinds of recurrent units to draw from.
        embedding: Fewest and most values that a step is embedded into, from 0 up; 0 takes as many as the hidden
            graph has sources.

    Raises:
        SpaceError: A number is out of range, or a cell is unknown.
        PriorError: A prior is unknown, or the bounds of a parameter are out of its range.
    """

    neurons: tuple[int, int] = (5, 100)
    max_depth: tuple[int, int] = (2, 16)
    learning_rate: tuple[float, float] = (1e-3, 3e-2)
    cells: tuple[Cell, ...] = CELLS
    embedding: tuple[int, int] = (1, 32)
    name: ClassVar[str] = "rnn"

    def __post_init__(self) -> None:
        if not self.cells or any(cell not in CELLS for cell in self.cells):
            raise SpaceError(f"RNNSpace: cells is {self.cells!r}; give some of {', '.join(CELLS)}.")
        super().__post_init__()
        self._check_span("embedding", self.embedding, 0)

    @property
    def ranges(self) -> RecurrentRanges:
        """The ranges of the genes."""
        return RecurrentRanges(
            priors=self.priors or tuple(name for name, prior in PRIORS.items() if not prior.is_template),
            inputs_per_neuron=(1, max(self.embedding[1], 1)),
            neurons=self.neurons,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            cells=self.cells,
            embedding=self.embedding,
        )

    def sample(self, rng: np.random.Generator) -> RecurrentGenotype:
        """A random genotype; the same generator state gives the same one.

        Its size is about log-uniform in weights, and log-uniform in embedded values as far as that size allows;
        cells, readings and priors are equally likely. A single recurrent layer is also log-uniform in vertices, and
        the division of its weights among inputs and recurrence is uniform.
        """
        ranges = self.ranges
        cell = self.cells[rng.integers(len(self.cells))]
        reading = READINGS[rng.integers(len(READINGS))]
        smallest = max(self._fewest_weights() + SPARE_WEIGHTS, round(SMALLEST_SHARE * self.max_weights))
        n_weights = round(log_uniform(min(smallest, self.max_weights), self.max_weights, rng))
        low, high = self.embedding
        n_embedded = round(log_uniform(low + 1, min(max(n_weights / (2 * self.n_inputs), low), high) + 1, rng)) - 1
        n_edges = max(n_weights - self.n_inputs * max(n_embedded, 1), 0) / GATES[cell]  # into units
        n_neurons, n_read, mean_degree = self._division(reading, n_edges, n_embedded, rng)
        prior = ranges.priors[rng.integers(len(ranges.priors))]
        genotype = RecurrentGenotype(
            space=self.name,
            segments=(whole_segment(prior, n_neurons, mean_degree, rng),),
            orientation=ORIENTATIONS[rng.integers(len(ORIENTATIONS))],
            max_depth=round(log_uniform(*self.max_depth, rng)),
            edits=(),
            inputs_per_neuron=n_read,
            readout=READOUTS[rng.integers(len(READOUTS))],
            readout_share=log_uniform(*READOUT_SHARE, rng),
            reading=reading,
            cell=cell,
            embedding=n_embedded,
            learning_rate=log_uniform(*self.learning_rate, rng),
            dropout=new_share(self.dropout, rng),
            label_smoothing=new_share(self.label_smoothing, rng),
        )
        return self._fitted(genotype, n_weights)

    def mutate(self, genotype: AnyGenotype, rng: np.random.Generator) -> RecurrentGenotype:
        """A genotype with one or two kinds of genes changed; never equal to the one given.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        own = self._own(genotype)
        return another(
            own,
            lambda: self._fitted(mutated_recurrent(own, self.ranges, rng), self.max_weights),
            lambda: self._fitted(change_seed(own, self.ranges, rng), self.max_weights),
        )

    def cross(self, first: AnyGenotype, second: AnyGenotype, rng: np.random.Generator) -> RecurrentGenotype:
        """One child: the front of the first hidden graph, the back of the second, and other genes mixed.

        Raises:
            SpaceError: A genotype belongs to another space.
        """
        child = crossed(self._own(first), self._own(second), rng, RECURRENT_SCALAR_GENES)
        return self._fitted(child, self.max_weights)

    def wire(self, genotype: AnyGenotype) -> RecurrentWiring:
        """The wiring of the genotype: the same arrays each time.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        return read_graph(self._own(genotype), self.n_inputs, self.n_outputs)

    def _division(
        self, reading: Reading, n_edges: float, n_embedded: int, rng: np.random.Generator
    ) -> tuple[int, int, float]:
        """(vertices, embedded values that each reads, mean degree) for about `n_edges` edges into units."""
        fewest, most = self.neurons
        if reading == "layered":
            # Between layers and within them, about half of the pairs of vertices are edges of blocks.
            n_drawn = math.sqrt(2 * n_edges) * log_uniform(*LAYERED_SHARE, rng)
            n_read = round(log_uniform(1, max(n_embedded, 1), rng))  # used after a change of the reading
            return round(min(max(n_drawn, fewest), most)), n_read, log_uniform(*MEAN_DEGREE, rng)
        n_allowed = min(max(n_edges / FEWEST_UNIT_EDGES, fewest), most)
        n_neurons = round(log_uniform(fewest, n_allowed, rng))
        n_read = min(max(round(rng.random() * n_edges / n_neurons), 1), max(n_embedded, 1))
        return n_neurons, n_read, max(n_edges / n_neurons - n_read - 1, 1.0)

    def _fewest_weights(self) -> int:
        return self.n_inputs + self.n_outputs + 2 * max(GATES[cell] for cell in self.cells)

    def _fitted(self, genotype: RecurrentGenotype, max_weights: int) -> RecurrentGenotype:
        segments = tuple(bounded(segment, self.bounds) for segment in genotype.segments)
        cell = genotype.cell if genotype.cell in self.cells else self.cells[0]
        return fit_recurrent(
            replace(genotype, segments=segments, cell=cell), self.n_inputs, self.n_outputs, max_weights
        )

    def _own(self, genotype: AnyGenotype) -> RecurrentGenotype:
        if not isinstance(genotype, RecurrentGenotype) or genotype.space != self.name:
            kind = type(genotype).__name__
            raise SpaceError(
                f'RNNSpace: a {kind} of space "{genotype.space}" was given; it must be a RecurrentGenotype of '
                f'space "{self.name}".'
            )
        return genotype
