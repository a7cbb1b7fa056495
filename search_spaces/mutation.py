"""Mutation: one or two genes of a genotype changed at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from search_spaces.any_genotype import GenotypeT
from search_spaces.genes import GeneRanges, log_uniform, new_activation, new_seed, new_share, resized, whole_segment
from search_spaces.genotype import MAX_EDITS, MAX_NEURONS, Edit, EditKind, Genotype, GraphGenotype, Segment
from search_spaces.priors import find_prior
from search_spaces.sparse_training_draws import varied_sparse_training

SIZE_CHANGE = 0.3  # standard deviation of the logarithm of a factor
RATE_CHANGE = 0.5
EDIT_SHARES = (0.01, 0.3)
LEAST_READOUT_SHARE = 1e-4
REDRAWN_SHARE = 0.5  # of changes of dropout and label smoothing

NEURONS_POWER = 0.7  # of a factor of weights, by which neurons grow: edges from inputs by 1, between layers by 1/2

MUTATION_TRIES = 20

RangesT = TypeVar("RangesT", bound=GeneRanges)
Mutation = Callable[[GenotypeT, RangesT, np.random.Generator], GenotypeT]


def mutated(genotype: Genotype, ranges: GeneRanges, rng: np.random.Generator) -> Genotype:
    """The genotype with one or two kinds of genes changed; now and then a change leaves all as it was."""
    return with_changes(genotype, ranges, rng, TEMPLATE_MUTATIONS if genotype.is_template else MUTATIONS)


def with_changes(
    genotype: GenotypeT,
    ranges: RangesT,
    rng: np.random.Generator,
    mutations: Sequence[Mutation[GenotypeT, RangesT]],
) -> GenotypeT:
    """The genotype after one or two of the mutations."""
    for choice in rng.permutation(len(mutations))[: rng.integers(1, 3)]:
        genotype = mutations[choice](genotype, ranges, rng)
    return genotype


def another(genotype: GenotypeT, draw: Callable[[], GenotypeT], last_resort: Callable[[], GenotypeT]) -> GenotypeT:
    """What `draw` gives first that is not this genotype, within a number of tries; then the last resort."""
    for _ in range(MUTATION_TRIES):
        child = draw()
        if child != genotype:
            return child
    return last_resort()


def change_parameter(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Varies one parameter of one segment's graph prior."""
    place, segment = _random_segment(genotype, rng)
    parameters = find_prior(segment.prior).parameters
    chosen = parameters[rng.integers(len(parameters))]
    values = dict(segment.parameters)
    values[chosen.name] = chosen.vary(segment.n_neurons, values[chosen.name], rng)
    return _with_segment(genotype, place, replace(segment, parameters=tuple(sorted(values.items()))))


def change_seed(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Draws another graph from the same prior."""
    place, segment = _random_segment(genotype, rng)
    return _with_segment(genotype, place, replace(segment, seed=new_seed(rng)))


def change_prior(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Draws a graph of another prior, of the same size and mean degree, for one segment."""
    place, segment = _random_segment(genotype, rng)
    others = [name for name in ranges.priors if name != segment.prior and not find_prior(name).is_template]
    if not others:
        return genotype
    degree = find_prior(segment.prior).mean_degree(segment.n_neurons, dict(segment.parameters))
    other = whole_segment(others[rng.integers(len(others))], segment.n_neurons, degree, rng)
    return _with_segment(genotype, place, replace(other, start=segment.start, stop=segment.stop))


def change_neurons(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Makes one segment larger or smaller at the same mean degree."""
    place, segment = _random_segment(genotype, rng)
    factor = math.exp(SIZE_CHANGE * rng.standard_normal())
    n_others = sum(other.size for other in genotype.segments) - segment.size
    low, high = (max(end - n_others, 1) / segment.size for end in ranges.neurons)
    n_neurons = round(segment.n_neurons * min(max(factor, low), high))
    return _with_segment(genotype, place, resized(segment, min(n_neurons, MAX_NEURONS)))


def edit_edges(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Adds, removes or rewires edges."""
    kinds: tuple[EditKind, ...] = ("add_edges", "remove_edges", "rewire_edges")
    return _with_edit(genotype, kinds[rng.integers(len(kinds))], rng)


def edit_neurons(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Adds or removes neurons."""
    return _with_edit(genotype, "add_neurons" if rng.integers(2) else "remove_neurons", rng)


def change_activation(genotype: Genotype, ranges: GeneRanges, rng: np.random.Generator) -> Genotype:
    """Draws an activation function."""
    return replace(genotype, activation=new_activation(rng))


def change_learning_rate(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Multiplies the learning rate by a log-normal factor."""
    low, high = ranges.learning_rate
    rate = genotype.learning_rate * math.exp(RATE_CHANGE * rng.standard_normal())
    return replace(genotype, learning_rate=min(max(rate, low), high))


def change_dropout(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Trains with another dropout, or without any."""
    return replace(genotype, dropout=varied_share(genotype.dropout, ranges.dropout, rng))


def change_label_smoothing(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Trains with another label smoothing, or without any."""
    return replace(genotype, label_smoothing=varied_share(genotype.label_smoothing, ranges.label_smoothing, rng))


def change_sparse_training(genotype: Genotype, ranges: GeneRanges, rng: np.random.Generator) -> Genotype:
    """Lets training change edges in another way, with about as many left."""
    before = genotype.sparse_training
    after = varied_sparse_training(before, ranges.methods, ranges.most_pruned, rng)
    factor = before.kept_share / after.kept_share
    return scaled(replace(genotype, sparse_training=after), factor, ranges)


def scaled(genotype: Genotype, factor: float, ranges: GeneRanges) -> Genotype:
    """The genotype with about `factor` times the weights: by the inputs of a neuron first, then by neurons."""
    fewest, most = ranges.inputs_per_neuron
    n_inputs = genotype.inputs_per_neuron
    n_scaled = min(max(round(n_inputs * factor), min(n_inputs, 1), fewest), most)
    rest = factor / (n_scaled / n_inputs) if n_inputs else factor
    segments = tuple(
        resized(segment, max(round(segment.n_neurons * rest**NEURONS_POWER), 1), degree_factor=1.0)
        for segment in genotype.segments
    )
    return replace(genotype, inputs_per_neuron=n_scaled, segments=segments)


def change_inputs_per_neuron(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Makes every neuron read more or fewer inputs."""
    n_inputs = varied_count(genotype.inputs_per_neuron, ranges.inputs_per_neuron, rng)
    return replace(genotype, inputs_per_neuron=n_inputs)


def change_input_choice(genotype: Genotype, ranges: GeneRanges, rng: np.random.Generator) -> Genotype:
    """Chooses the inputs of neurons in another way."""
    others = [choice for choice in ranges.input_choices if choice != genotype.input_choice]
    return replace(genotype, input_choice=others[rng.integers(len(others))]) if others else genotype


def change_readout(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Lets outputs read all neurons instead of sinks, or the reverse."""
    return replace(genotype, readout="sinks" if genotype.readout == "all" else "all")


def change_readout_share(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Multiplies the share of the readable neurons by a log-normal factor."""
    share = genotype.readout_share * math.exp(RATE_CHANGE * rng.standard_normal())
    return replace(genotype, readout_share=min(max(share, LEAST_READOUT_SHARE), 1.0))


def change_orientation(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Directs edges along a random order instead of the vertex numbers, or the reverse."""
    return replace(genotype, orientation="index" if genotype.orientation == "random" else "random")


def change_max_depth(genotype: GenotypeT, ranges: GeneRanges, rng: np.random.Generator) -> GenotypeT:
    """Allows more or fewer hidden levels."""
    return replace(genotype, max_depth=varied_count(genotype.max_depth, ranges.max_depth, rng))


MUTATIONS: tuple[Mutation[Genotype, GeneRanges], ...] = (
    change_parameter,
    change_seed,
    change_prior,
    change_neurons,
    edit_edges,
    edit_neurons,
    change_activation,
    change_learning_rate,
    change_dropout,
    change_label_smoothing,
    change_sparse_training,
    change_inputs_per_neuron,
    change_input_choice,
    change_readout,
    change_readout_share,
    change_orientation,
    change_max_depth,
)

_ONLY_OF_GRAPHS = (change_prior, edit_edges, edit_neurons, change_orientation, change_max_depth)
TEMPLATE_MUTATIONS = tuple(mutation for mutation in MUTATIONS if mutation not in _ONLY_OF_GRAPHS)
"""Mutations that leave a layered template one."""


def _random_segment(genotype: GraphGenotype, rng: np.random.Generator) -> tuple[int, Segment]:
    place = int(rng.integers(len(genotype.segments)))
    return place, genotype.segments[place]


def _with_segment(genotype: GenotypeT, place: int, segment: Segment) -> GenotypeT:
    segments = (*genotype.segments[:place], segment, *genotype.segments[place + 1 :])
    return replace(genotype, segments=segments)


def _with_edit(genotype: GenotypeT, kind: EditKind, rng: np.random.Generator) -> GenotypeT:
    edit = Edit(kind, log_uniform(*EDIT_SHARES, rng), new_seed(rng))
    return replace(genotype, edits=(*genotype.edits, edit)[-MAX_EDITS:])


def varied_share(share: float, ends: tuple[float, float], rng: np.random.Generator) -> float:
    """A share near `share`, by a log-normal factor, or newly drawn; what was drawn as 0 is drawn anew."""
    if share == 0.0 or rng.random() < REDRAWN_SHARE:
        return new_share(ends, rng)
    return min(max(share * math.exp(RATE_CHANGE * rng.standard_normal()), ends[0]), ends[1])


def varied_count(count: int, ends: tuple[int, int], rng: np.random.Generator) -> int:
    """A number near `count` and within the ends: by a log-normal factor, and by one at least."""
    change = RATE_CHANGE * rng.standard_normal()
    varied = round(count * math.exp(change))
    if varied == count:
        varied += 1 if change > 0 else -1
    return min(max(varied, ends[0]), ends[1])
