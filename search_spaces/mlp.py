"""The space of sparse multilayer perceptrons: feed-forward networks of any wiring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypedDict

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.attachment import wire
from search_spaces.crossover import crossed
from search_spaces.fit import MOST_DRAWN, fit
from search_spaces.genes import (
    GeneRanges,
    bounded,
    log_uniform,
    new_activation,
    new_input_choice,
    new_share,
    whole_segment,
)
from search_spaces.genotype import ORIENTATIONS, READOUTS, Activation, Genotype
from search_spaces.input_choice import INPUT_CHOICES, InputChoice, Plane
from search_spaces.limits import Limits, SpaceError
from search_spaces.mutation import another, change_seed, mutated, scaled
from search_spaces.priors import PRIORS, find_prior
from search_spaces.sparse_training import METHODS, STATIC, Method, SparseTraining
from search_spaces.sparse_training_draws import (
    draw_sparse_training,
    in_one_training,
    most_pruned,
    pruned_further,
)
from search_spaces.template_draws import TemplateDraw, draw_template, plain_templates
from search_spaces.templates import MAX_LAYERS
from search_spaces.wiring import Wiring

TEMPLATE_SHARE = 0.5  # of the candidates drawn afresh
SMALLEST_SHARE = 0.05  # of max_weights, for candidates drawn afresh; evolution may go below
SMALLEST_NEURON = 10  # weights: no candidate is drawn with more neurons than its weights give so many each
PLAIN_SHARES = (0.95, 0.475, 0.24, 0.12)  # of max_weights, for networks as set by hand
PLAIN_PRUNED = 0.5  # of the most times the weights, that a pruned one begins with
PLAIN_PRUNING = SparseTraining("pruned", "all", 0.5, 40, 0.4)
PLAIN_PRUNED_RATES = (0.007, 0.02)  # of those that are pruned: MNIST prefers the first, letter the second
PLAIN_RATES = (0.03, 0.015)  # learning rates of these, in turn: letter and magic prefer the first, MNIST the second


class ScalarGenes(TypedDict):
    """Genes that are drawn alike for every hidden graph, as `Genotype` takes them."""

    input_choice: InputChoice
    activation: Activation
    learning_rate: float
    dropout: float
    label_smoothing: float


@dataclass(frozen=True)
class MLPSpace(Limits):
    """Sparse feed-forward networks with at most `max_weights` weights, at least n_outputs + 1.

    Attributes, beside those of `Limits`:
        plane: Where the inputs lie in an image; None for other inputs.
        methods: Of sparse training, at least one.
    """

    name: ClassVar[str] = "mlp"
    plane: Plane | None = None
    methods: tuple[Method, ...] = METHODS

    @property
    def ranges(self) -> GeneRanges:
        """The ranges of the genes."""
        return GeneRanges(
            priors=self.priors or tuple(PRIORS),
            inputs_per_neuron=(0, self.n_inputs),
            neurons=self.neurons,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            input_choices=INPUT_CHOICES if self.plane else ("random",),
            methods=self.methods,
            most_pruned=most_pruned(self.n_inputs),
        )

    def sample(self, rng: np.random.Generator) -> Genotype:
        """A random genotype; the same generator state gives the same one.

        Half of the draws are layered templates, where the space has them beside other priors. The size is log-uniform
        in weights. That of random graphs is log-uniform in neurons too, and the division of their weights among hidden
        edges, inputs and outputs uniform.
        """
        ranges = self.ranges
        fewest_useful = self.n_inputs // 4 + 3 * self.n_outputs + 20
        smallest = min(max(fewest_useful, round(SMALLEST_SHARE * self.max_weights)), self.max_weights)
        training = draw_sparse_training(self.methods, ranges.most_pruned, rng)
        n_weights = log_uniform(smallest, self.max_weights, rng) / training.kept_share
        n_weights = min(n_weights, max(MOST_DRAWN, self.max_weights))
        templates = [prior for prior in ranges.priors if find_prior(prior).is_template]
        graphs = [prior for prior in ranges.priors if prior not in templates]
        if templates and (not graphs or rng.random() < TEMPLATE_SHARE):
            drawn = self._template(n_weights, rng)
        else:
            drawn = self._graph(graphs[rng.integers(len(graphs))], n_weights, rng)
        return self._fitted(replace(drawn, sparse_training=training))

    def plain(self, rng: np.random.Generator) -> list[Genotype]:
        """Layered templates of two layers, each size with half the weights of the one before.

        Of each size there are a dense one, a sparse one, and one that is pruned from a dense one of several times the
        size, as far as the space has their methods. There are none in a space without templates.
        """
        if not any(find_prior(prior).is_template for prior in self.ranges.priors):
            return []
        plain = []
        for place, share in enumerate(PLAIN_SHARES):
            n_weights = share * self.max_weights
            if "static" in self.methods:
                for turn, draw in enumerate(
                    plain_templates(n_weights, self.n_inputs, self.n_outputs, rng), start=place
                ):
                    plain.append(self._plain(draw, turn, STATIC))
            if "pruned" in self.methods:
                n_drawn = min(PLAIN_PRUNED * most_pruned(self.n_inputs) * n_weights, max(MOST_DRAWN, self.max_weights))
                training = replace(PLAIN_PRUNING, share=min(1.0, n_weights / n_drawn))
                dense = plain_templates(n_drawn, self.n_inputs, self.n_outputs, rng, all_inputs=True)[0]
                plain.append(self._plain(dense, place, training, PLAIN_PRUNED_RATES))
        return plain

    def _plain(
        self, draw: TemplateDraw, turn: int, training: SparseTraining, rates: Sequence[float] = PLAIN_RATES
    ) -> Genotype:
        slowest, fastest = self.learning_rate
        genes = ScalarGenes(
            input_choice="patch" if self.plane else "random",
            activation="silu",
            learning_rate=min(max(rates[turn % len(rates)], slowest), fastest),
            dropout=0.0,
            label_smoothing=0.0,
        )
        return self._fitted(replace(self._with_template(draw, genes), sparse_training=training))

    def _template(self, n_weights: float, rng: np.random.Generator) -> Genotype:
        draw = draw_template(n_weights, self.n_inputs, self.n_outputs, rng)
        return self._with_template(draw, self._scalar_genes(rng))

    def _with_template(self, draw: TemplateDraw, genes: ScalarGenes) -> Genotype:
        return Genotype(
            space=self.name,
            segments=(draw.segment,),
            orientation="index",
            max_depth=MAX_LAYERS,
            edits=(),
            inputs_per_neuron=draw.inputs_per_neuron,
            readout="sinks",
            readout_share=draw.readout_share,
            **genes,
        )

    def _graph(self, prior: str, n_weights: float, rng: np.random.Generator) -> Genotype:
        ranges = self.ranges
        fewest, most = ranges.neurons
        n_neurons = round(log_uniform(fewest, min(max(n_weights / SMALLEST_NEURON, fewest), most), rng))
        for_edges, for_inputs, for_outputs = (n_weights * rng.dirichlet((1.0, 1.0, 1.0))).tolist()
        share = for_outputs / (n_neurons * self.n_outputs)
        return Genotype(
            space=self.name,
            segments=(whole_segment(prior, n_neurons, 2 * for_edges / n_neurons, rng),),
            orientation=ORIENTATIONS[rng.integers(len(ORIENTATIONS))],
            max_depth=round(log_uniform(*ranges.max_depth, rng)),
            edits=(),
            inputs_per_neuron=min(round(for_inputs / n_neurons), self.n_inputs),
            readout=READOUTS[rng.integers(len(READOUTS))],
            readout_share=min(max(share, 1 / n_neurons), 1.0),
            **self._scalar_genes(rng),
        )

    def _scalar_genes(self, rng: np.random.Generator) -> ScalarGenes:
        return ScalarGenes(
            input_choice=new_input_choice(self.ranges.input_choices, rng),
            activation=new_activation(rng),
            learning_rate=log_uniform(*self.learning_rate, rng),
            dropout=new_share(self.dropout, rng),
            label_smoothing=new_share(self.label_smoothing, rng),
        )

    def mutate(self, genotype: AnyGenotype, rng: np.random.Generator) -> Genotype:
        """A genotype with one or two kinds of genes changed; never equal to the one given.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        own = self._in_one_training(self._own(genotype))
        return another(
            own,
            lambda: self._fitted(mutated(own, self.ranges, rng)),
            lambda: self._fitted(change_seed(own, self.ranges, rng)),
        )

    def cross(self, first: AnyGenotype, second: AnyGenotype, rng: np.random.Generator) -> Genotype:
        """One child: the front of the first hidden graph, the back of the second, and other genes mixed.

        Raises:
            SpaceError: A genotype belongs to another space.
        """
        one, other = (self._in_one_training(self._own(genotype)) for genotype in (first, second))
        return self._fitted(crossed(one, other, rng))

    def prune(self, genotype: AnyGenotype, rng: np.random.Generator) -> Genotype | None:
        """The genotype, whose network is pruned once more after its training.

        None if the space has no pruning, or the network has been pruned often enough.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        own = self._own(genotype)
        further = pruned_further(own.sparse_training, rng) if "pruned" in self.methods else None
        return None if further is None else replace(own, sparse_training=further)

    def wire(self, genotype: AnyGenotype) -> Wiring:
        """The wiring of the genotype: the same arrays each time.

        Raises:
            SpaceError: The genotype belongs to another space.
        """
        return wire(self._own(genotype), self.n_inputs, self.n_outputs, self.plane)

    def _fitted(self, genotype: Genotype) -> Genotype:
        segments = tuple(bounded(segment, self.bounds) for segment in genotype.segments)
        return fit(replace(genotype, segments=segments), self.n_inputs, self.n_outputs, self.max_weights, self.plane)

    def _in_one_training(self, genotype: Genotype) -> Genotype:
        """A genotype of about as many weights whose training nothing follows."""
        if not genotype.sparse_training.further:
            return genotype
        ranges, training = self.ranges, in_one_training(genotype.sparse_training)
        share = max(training.share, 1.0 / ranges.most_pruned)
        alone = replace(genotype, sparse_training=replace(training, share=share))
        return scaled(alone, training.share / share, ranges) if share > training.share else alone

    def _own(self, genotype: AnyGenotype) -> Genotype:
        if not isinstance(genotype, Genotype) or genotype.space != self.name:
            raise SpaceError(f'MLPSpace: the genotype is of space "{genotype.space}"; it must be "{self.name}".')
        return genotype
