"""The space of sparse multilayer perceptrons: feed-forward networks of any wiring."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from search_spaces.attachment import attach, hidden_graph
from search_spaces.crossover import crossed
from search_spaces.fit import fit
from search_spaces.genes import (
    Bounds,
    GeneRanges,
    bounded,
    check_bounds,
    log_uniform,
    new_activation,
    whole_segment,
)
from search_spaces.genotype import MAX_NEURONS, ORIENTATIONS, READOUTS, Genotype
from search_spaces.mutation import change_seed, mutated
from search_spaces.priors import PRIORS, find_prior
from search_spaces.wiring import Wiring

MUTATION_TRIES = 20
SMALLEST_SHARE = 0.05  # of max_weights, for candidates drawn afresh; evolution may go below
SMALLEST_NEURON = 4  # weights: no candidate is drawn with more neurons than its weights give so many each


class SpaceError(ValueError):
    """A search space that has no networks, or a genotype of another space."""


@dataclass(frozen=True)
class MLPSpace:
    """Sparse feed-forward networks with at most `max_weights` weights.

    Attributes:
        n_inputs: Inputs of every network, at least 1.
        n_outputs: Outputs of every network, at least 1.
        max_weights: Most weights a network may have, at least n_outputs + 1.
        priors: Names of the graph priors to draw from; None for all.
        neurons: Fewest and most hidden neurons drawn; fewer where `max_weights` does not allow them.
        max_depth: Lowest and highest limit of the hidden levels.
        learning_rate: Lowest and highest learning rate.
        bounds: For priors by name, and their parameters by name, the lowest and highest value; kept to as far as
            `max_weights` allows.

    Raises:
        SpaceError: A number is out of range.
        PriorError: A prior is unknown, or the bounds of a parameter are out of its range.
    """

    n_inputs: int
    n_outputs: int
    max_weights: int
    priors: tuple[str, ...] | None = None
    neurons: tuple[int, int] = (4, 4000)
    max_depth: tuple[int, int] = (2, 32)
    learning_rate: tuple[float, float] = (5e-4, 2e-2)
    bounds: Bounds = field(default_factory=dict)
    name: ClassVar[str] = "mlp"

    def __post_init__(self) -> None:
        for name, least in (("n_inputs", 1), ("n_outputs", 1), ("max_weights", self.n_outputs + 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise SpaceError(f"MLPSpace: {name} is {value!r}; it must be an int, at least {least}.")
        if self.priors is not None and not self.priors:
            raise SpaceError(f"MLPSpace: priors is empty; give some of {', '.join(PRIORS)}.")
        for prior in self.priors or ():
            find_prior(prior)
        check_bounds(self.bounds)
        for name, (low, high) in (("neurons", self.neurons), ("max_depth", self.max_depth)):
            if type(low) is not int or type(high) is not int or not 1 <= low <= high <= MAX_NEURONS:
                raise SpaceError(f"MLPSpace: {name} is {low!r}..{high!r}; it must be two ints in 1..{MAX_NEURONS}.")
        slowest, fastest = self.learning_rate
        if not 0.0 < slowest <= fastest or not math.isfinite(fastest):
            raise SpaceError(
                f"MLPSpace: learning_rate is {slowest!r}..{fastest!r}; it must be two finite floats above 0, ascending."
            )

    @property
    def ranges(self) -> GeneRanges:
        """The ranges of the genes."""
        return GeneRanges(
            self.priors or tuple(PRIORS), (0, self.n_inputs), self.neurons, self.max_depth, self.learning_rate
        )

    def sample(self, rng: np.random.Generator) -> Genotype:
        """A random genotype; the same generator state gives the same one.

        Its size is log-uniform in weights and in neurons, the division of the weights among hidden edges,
        inputs and outputs uniform.
        """
        ranges = self.ranges
        fewest_useful = self.n_inputs // 4 + 3 * self.n_outputs + 20
        smallest = min(max(fewest_useful, round(SMALLEST_SHARE * self.max_weights)), self.max_weights)
        n_weights = log_uniform(smallest, self.max_weights, rng)
        fewest, most = ranges.neurons
        n_neurons = round(log_uniform(fewest, min(max(n_weights / SMALLEST_NEURON, fewest), most), rng))
        for_edges, for_inputs, for_outputs = (n_weights * rng.dirichlet((1.0, 1.0, 1.0))).tolist()
        prior = ranges.priors[rng.integers(len(ranges.priors))]
        share = for_outputs / (n_neurons * self.n_outputs)
        genotype = Genotype(
            space=self.name,
            segments=(whole_segment(prior, n_neurons, 2 * for_edges / n_neurons, rng),),
            orientation=ORIENTATIONS[rng.integers(len(ORIENTATIONS))],
            max_depth=round(log_uniform(*ranges.max_depth, rng)),
            edits=(),
            inputs_per_neuron=min(round(for_inputs / n_neurons), self.n_inputs),
            readout=READOUTS[rng.integers(len(READOUTS))],
            readout_share=min(max(share, 1 / n_neurons), 1.0),
            activation=new_activation(rng),
            learning_rate=log_uniform(*ranges.learning_rate, rng),
        )
        return self._fitted(genotype)

    def mutate(self, genotype: Genotype, rng: np.random.Generator) -> Genotype:
        """A genotype with one or two kinds of genes changed; never equal to the one given.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        self._check_own(genotype)
        for _ in range(MUTATION_TRIES):
            child = self._fitted(mutated(genotype, self.ranges, rng))
            if child != genotype:
                return child
        return self._fitted(change_seed(genotype, self.ranges, rng))

    def cross(self, first: Genotype, second: Genotype, rng: np.random.Generator) -> Genotype:
        """One child: the front of the first hidden graph, the back of the second, and other genes mixed.

        Raises:
            SpaceError: A genotype belongs to another space.
        """
        self._check_own(first)
        self._check_own(second)
        return self._fitted(crossed(first, second, rng))

    def wire(self, genotype: Genotype) -> Wiring:
        """The wiring of the genotype: the same arrays each time.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        self._check_own(genotype)
        return attach(hidden_graph(genotype), genotype, self.n_inputs, self.n_outputs)

    def _fitted(self, genotype: Genotype) -> Genotype:
        segments = tuple(bounded(segment, self.bounds) for segment in genotype.segments)
        return fit(replace(genotype, segments=segments), self.n_inputs, self.n_outputs, self.max_weights)

    def _check_own(self, genotype: Genotype) -> None:
        if genotype.space != self.name:
            raise SpaceError(f'MLPSpace: the genotype is of space "{genotype.space}"; it must be "{self.name}".')
