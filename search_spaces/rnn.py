"""The space of sparse recurrent networks: tanh, ReLU, LSTM and GRU units in any wiring."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.crossover import RECURRENT_SCALAR_GENES, crossed
from search_spaces.genes import bounded, log_uniform, new_share, whole_segment
from search_spaces.genotype import ORIENTATIONS, READOUTS
from search_spaces.limits import Limits, SpaceError
from search_spaces.mutation import another, change_seed
from search_spaces.priors import PRIORS, find_prior
from search_spaces.readings import read_graph
from search_spaces.recurrent_fit import fit_recurrent
from search_spaces.recurrent_genotype import MAX_WINDOW, POOLINGS, READINGS, Pooling, Reading, RecurrentGenotype
from search_spaces.recurrent_mutation import RecurrentRanges, mutated_recurrent
from search_spaces.recurrent_wiring import CELLS, GATES, Cell, RecurrentWiring

SMALLEST_SHARE = 0.04  # of max_weights, for candidates drawn afresh; evolution may go below
SPARE_WEIGHTS = 30  # and those have at least so many more than the smallest network
TEMPLATE_SHARE = 0.5  # of the candidates drawn afresh
TEMPLATE_PRIOR, LEAST_TEMPLATE_DENSITY = "erdos-renyi", 0.5  # of which the mutants may be any graph
LAYERED_SHARE = (0.5, 1.0)  # of the vertices that a size allows
FEWEST_UNIT_EDGES = 4  # no single layer is drawn with more vertices than give each so many
MEAN_DEGREE = (1.5, 12.0)
READOUT_SHARE = (0.2, 1.0)
DIFFERENCES_SHARE, BIDIRECTIONAL_SHARE = 0.15, 0.35
POOLING_WEIGHTS: dict[Pooling, float] = {"last": 0.1, "mean": 0.2, "max": 0.2, "all": 0.5}
EMBEDDING_SHARE = (0.1, 0.6)  # of the weights
STEPS_TAKEN = (12, 80)  # by networks that are drawn afresh, as far as sequences have so many
FEWEST_STEPS = 4  # that any network takes
OVERLAP = (1.0, 3.0)  # length of a window in strides
LONGEST_OVERLAP = 4
# Networks as set by hand.
PLAIN_SHARES, PLAIN_EMBEDDING_SHARE = (0.95, 0.475, 0.24, 0.12), 0.3  # of max_weights, and of these of the embedding
PLAIN_CELL: Cell = "gru"
PLAIN_POOLING: Pooling = "all"
PLAIN_RATE = 0.01


@dataclass(frozen=True)
class RNNSpace(Limits):
    """Sparse recurrent networks with at most `max_weights` weights.

    `n_inputs` counts the channels of a step, one a symbol for strings; "hidden neurons" are the vertices of the
    hidden graph. The smallest network has n_inputs + n_outputs + twice the gates of the largest cell weights. The
    prior "shallow" stands for one dense or nearly dense recurrent layer.

    Attributes, beside those of `Limits`:
        cells: Kinds of recurrent units to draw from.
        embedding: Fewest and most values that a window is embedded into, from 0 up; 0 takes as many as the hidden
            graph has sources.
        n_steps: Steps of a typical sequence; windows are drawn such that networks take fewer where these are many.
        has_differences: Whether the channels' differences from the step before can be read too.

    Raises:
        SpaceError: A number is out of range, or a cell is unknown.
        PriorError: A prior is unknown, or the bounds of a parameter are out of its range.
    """

    neurons: tuple[int, int] = (4, 200)
    max_depth: tuple[int, int] = (2, 16)
    learning_rate: tuple[float, float] = (3e-3, 3e-2)
    cells: tuple[Cell, ...] = CELLS
    embedding: tuple[int, int] = (1, 64)
    n_steps: int = 1
    has_differences: bool = False
    name: ClassVar[str] = "rnn"

    def __post_init__(self) -> None:
        if not self.cells or any(cell not in CELLS for cell in self.cells):
            raise SpaceError(f"RNNSpace: cells is {self.cells!r}; give some of {', '.join(CELLS)}.")
        super().__post_init__()
        self._check_span("embedding", self.embedding, 0)
        self._check_count("n_steps", 1)

    @property
    def ranges(self) -> RecurrentRanges:
        """The ranges of the genes."""
        most = max(self.n_steps // FEWEST_STEPS, 1)
        return RecurrentRanges(
            priors=self._graph_priors or (TEMPLATE_PRIOR,),
            inputs_per_neuron=(1, max(self.embedding[1], 1)),
            neurons=self.neurons,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            input_choices=("random",),
            methods=("static",),
            most_pruned=2.0,
            cells=self.cells,
            embedding=self.embedding,
            stride=(1, most),
            window=(1, min(LONGEST_OVERLAP * most, self.n_steps, MAX_WINDOW)),
            has_differences=self.has_differences,
        )

    def sample(self, rng: np.random.Generator) -> RecurrentGenotype:
        """A random genotype; the same generator state gives the same one.

        Its size is about log-uniform in weights, and log-uniform in embedded values as far as that size allows;
        cells are equally likely. It takes a log-uniform number of steps. Half of the genotypes are one dense or nearly
        dense layer, where the space has the prior "shallow" beside others. Of the others, readings and priors are
        equally likely; a single recurrent layer is also log-uniform in vertices, and the division of its weights among
        inputs and recurrence is uniform.
        """
        cell = self.cells[rng.integers(len(self.cells))]
        stride, window = self._stride_and_window(rng)
        differences = self.has_differences and rng.random() < DIFFERENCES_SHARE
        bidirectional = rng.random() < BIDIRECTIONAL_SHARE
        n_directions = 2 if bidirectional else 1
        smallest = max(self._fewest_weights() + SPARE_WEIGHTS, round(SMALLEST_SHARE * self.max_weights))
        n_weights = round(log_uniform(min(smallest, self.max_weights), self.max_weights, rng))
        n_read = self.n_inputs * window * (2 if differences else 1)  # by each embedded value
        n_embedded = self._embedded(n_read, n_weights / n_directions, rng)
        # Edges into units in each direction.
        n_edges = max(n_weights / n_directions - n_read * max(n_embedded, 1), 0) / GATES[cell]
        pooling = tuple(POOLING_WEIGHTS)[rng.choice(len(POOLING_WEIGHTS), p=list(POOLING_WEIGHTS.values()))]
        if self._draws_template(rng):
            n_read_by_outputs = self.n_outputs * len(POOLINGS[pooling]) / GATES[cell]
            density = LEAST_TEMPLATE_DENSITY + (1 - LEAST_TEMPLATE_DENSITY) * rng.random()
            density = 1.0 if rng.integers(2) else density
            graph = self._dense_layer(n_edges, n_embedded, n_read_by_outputs, density, rng)
        else:
            graph = self._random_graph(n_edges, n_embedded, rng)
        genotype = RecurrentGenotype(
            space=self.name,
            orientation=ORIENTATIONS[rng.integers(len(ORIENTATIONS))],
            max_depth=round(log_uniform(*self.max_depth, rng)),
            edits=(),
            cell=cell,
            embedding=n_embedded,
            window=window,
            stride=stride,
            differences=differences,
            bidirectional=bidirectional,
            pooling=pooling,
            learning_rate=log_uniform(*self.learning_rate, rng),
            dropout=new_share(self.dropout, rng),
            label_smoothing=new_share(self.label_smoothing, rng),
            **graph,
        )
        return self._fitted(genotype, n_weights)

    def plain(self, rng: np.random.Generator) -> list[RecurrentGenotype]:
        """One dense layer of GRU or other units that reads windows, each with half the weights of the one before."""
        cell = PLAIN_CELL if PLAIN_CELL in self.cells else self.cells[0]
        fewest, most = (min(n, self.n_steps) for n in STEPS_TAKEN)
        stride = max(min(round(self.n_steps / math.sqrt(fewest * most)), self.ranges.stride[1]), 1)
        window = max(min(round(stride * math.sqrt(math.prod(OVERLAP))), self.ranges.window[1]), stride)
        n_read = self.n_inputs * window
        plain: list[RecurrentGenotype] = []
        for share in PLAIN_SHARES:
            n_weights = share * self.max_weights
            low, high = self.embedding
            n_embedded = min(max(round(PLAIN_EMBEDDING_SHARE * n_weights / n_read), low, 1), n_read, max(high, 1))
            n_edges = max(n_weights - n_read * n_embedded, 0) / GATES[cell]
            n_outwards = self.n_outputs * len(POOLINGS[PLAIN_POOLING]) / GATES[cell]
            genotype = RecurrentGenotype(
                space=self.name,
                orientation="index",
                max_depth=self.max_depth[0],
                edits=(),
                cell=cell,
                embedding=n_embedded,
                window=window,
                stride=stride,
                differences=False,
                bidirectional=False,
                pooling=PLAIN_POOLING,
                learning_rate=min(max(PLAIN_RATE, self.learning_rate[0]), self.learning_rate[1]),
                dropout=0.0,
                label_smoothing=0.0,
                **self._dense_layer(n_edges, n_embedded, n_outwards, 1.0, rng),
            )
            plain.append(self._fitted(genotype, self.max_weights))
        return plain

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
        own = self._own(second)
        child = crossed(self._own(first), own, rng, RECURRENT_SCALAR_GENES)
        if rng.integers(2):  # together, since a stride is at most its window
            child = replace(child, window=own.window, stride=own.stride)
        return self._fitted(child, self.max_weights)

    def prune(self, genotype: AnyGenotype, rng: np.random.Generator) -> RecurrentGenotype | None:
        """None: recurrent networks are not pruned in the search."""
        return None

    def wire(self, genotype: AnyGenotype) -> RecurrentWiring:
        """The wiring of the genotype: the same arrays each time.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        return read_graph(self._own(genotype), self.n_inputs, self.n_outputs)

    def _embedded(self, n_read: int, n_weights: float, rng: np.random.Generator) -> int:
        """Embedded values of `n_read` inputs each, at most as many, in a network of about `n_weights` weights."""
        low, high = self.embedding
        n_wanted = round(rng.uniform(*EMBEDDING_SHARE) * n_weights / n_read)
        return min(max(min(n_wanted, n_read), low, 1), high)

    def _stride_and_window(self, rng: np.random.Generator) -> tuple[int, int]:
        """Both for a number of steps that is log-uniform."""
        ranges = self.ranges
        fewest, most = (min(n, self.n_steps) for n in STEPS_TAKEN)
        stride = max(min(round(self.n_steps / log_uniform(fewest, most, rng)), ranges.stride[1]), 1)
        window = round(stride * log_uniform(*OVERLAP, rng))
        return stride, max(min(window, ranges.window[1]), stride)

    @property
    def _graph_priors(self) -> tuple[str, ...]:
        return tuple(name for name in self.priors or PRIORS if not find_prior(name).is_template)

    def _draws_template(self, rng: np.random.Generator) -> bool:
        graphs = self._graph_priors
        has_template = len(graphs) < len(self.priors or PRIORS)
        return has_template and (not graphs or rng.random() < TEMPLATE_SHARE)

    def _dense_layer(
        self, n_edges: float, n_embedded: int, n_outwards: float, density: float, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Genes of one recurrent layer of about `n_edges` edges.

        Args:
            n_edges: Edges into units, and out of them as a number of those.
            n_embedded: Embedded values.
            n_outwards: Edges out of each unit, as a number of those into units.
            density: Share of the edges that there can be.
            rng: Source of randomness.
        """
        n_read = max(round(density * max(n_embedded, 1)), 1)
        # density h^2 + (n_read + density n_outwards) h = edges, for h units
        linear = n_read + density * n_outwards
        n_units = (math.sqrt(linear**2 + 4 * density * n_edges) - linear) / (2 * density)
        n_neurons = round(min(max(n_units, 1), self.neurons[1]))
        return {
            "segments": (whole_segment(TEMPLATE_PRIOR, n_neurons, density * n_neurons, rng),),
            "reading": "recurrent",
            "inputs_per_neuron": n_read,
            "readout": "all",
            "readout_share": density,
        }

    def _random_graph(self, n_edges: float, n_embedded: int, rng: np.random.Generator) -> dict[str, Any]:
        """Genes of a network of about `n_edges` edges whose hidden graph is any."""
        reading = READINGS[rng.integers(len(READINGS))]
        n_neurons, n_read, mean_degree = self._division(reading, n_edges, n_embedded, rng)
        priors = self._graph_priors
        prior = priors[rng.integers(len(priors))]
        return {
            "segments": (whole_segment(prior, n_neurons, mean_degree, rng),),
            "reading": reading,
            "inputs_per_neuron": n_read,
            "readout": READOUTS[rng.integers(len(READOUTS))],
            "readout_share": log_uniform(*READOUT_SHARE, rng),
        }

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
        differences = genotype.differences and self.has_differences
        own = replace(genotype, segments=segments, cell=cell, differences=differences)
        return fit_recurrent(own, self.n_inputs, self.n_outputs, max_weights)

    def _own(self, genotype: AnyGenotype) -> RecurrentGenotype:
        if not isinstance(genotype, RecurrentGenotype) or genotype.space != self.name:
            kind = type(genotype).__name__
            raise SpaceError(
                f'RNNSpace: a {kind} of space "{genotype.space}" was given; it must be a RecurrentGenotype of '
                f'space "{self.name}".'
            )
        return genotype
