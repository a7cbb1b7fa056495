"""Crossover: the topological front of one hidden graph joined to the back of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from search_spaces.any_genotype import GenotypeT
from search_spaces.genotype import MAX_EDITS, MAX_SEGMENTS, Genotype, GraphGenotype, Segment
from search_spaces.priors import find_prior

CUTS = (0.25, 0.75)
SCALAR_GENES = (
    "orientation",
    "max_depth",
    "inputs_per_neuron",
    "readout",
    "readout_share",
    "input_choice",
    "activation",
    "learning_rate",
    "dropout",
    "label_smoothing",
)
ATTACHMENT_GENES = ("orientation", "max_depth", "inputs_per_neuron", "input_choice", "readout", "readout_share")
RECURRENT_SCALAR_GENES = (
    "orientation",
    "max_depth",
    "reading",
    "cell",
    "embedding",
    "differences",
    "bidirectional",
    "pooling",
    "inputs_per_neuron",
    "readout",
    "readout_share",
    "learning_rate",
    "dropout",
    "label_smoothing",
)


def crossed(
    first: GenotypeT, second: GenotypeT, rng: np.random.Generator, scalar_genes: Sequence[str] = SCALAR_GENES
) -> GenotypeT:
    """One child of two genotypes of the same space.

    Segments come from the first parent up to a random cut and from the second behind it; each other gene and
    each edit comes from either parent. A layered template is never cut: see `_crossed_templates`.
    """
    if first.is_template or second.is_template:
        return _crossed_templates(first, second, rng, scalar_genes)
    cut = rng.uniform(*CUTS)
    front_size = max(1, round(cut * _n_neurons(first)))
    back_start = min(round(cut * _n_neurons(second)), _n_neurons(second) - 1)
    front = _slice(first.segments, 0, front_size)
    back = _slice(second.segments, back_start, _n_neurons(second))
    from_second = {name: getattr(second, name) for name in scalar_genes if rng.integers(2)}
    edits = [edit for edit in first.edits + second.edits if rng.integers(2)]
    segments = tuple(_at_most(MAX_SEGMENTS, _merged(front + back)))
    return replace(first, segments=segments, edits=tuple(edits[-MAX_EDITS:]), **from_second)


def _crossed_templates(
    first: GenotypeT, second: GenotypeT, rng: np.random.Generator, scalar_genes: Sequence[str]
) -> GenotypeT:
    """One child of two genotypes; at least one of them is a template.

    Of two templates it has the number of neurons, each parameter, the seed and each other gene from either. Of a
    template and another graph it has the graph and how that is attached from either parent, and each other gene from
    either.
    """
    if rng.integers(2):
        first, second = second, first
    own = () if first.is_template and second.is_template else ATTACHMENT_GENES
    mixed = [name for name in scalar_genes if name not in own]
    from_second = {name: getattr(second, name) for name in mixed if rng.integers(2)}
    if own:
        unlike = [name for name in mixed if getattr(first, name) != getattr(second, name)]
        if unlike and not from_second.keys() & unlike:  # else it would be the first
            name = unlike[rng.integers(len(unlike))]
            from_second[name] = getattr(second, name)
        return replace(first, **from_second)
    one, other = first.segments[0], second.segments[0]
    sized, seed = (first, second)[rng.integers(2)], (one, other)[rng.integers(2)].seed
    n_neurons = sized.segments[0].n_neurons
    values = dict(one.parameters) | {name: value for name, value in other.parameters if rng.integers(2)}
    parameters = tuple(sorted(find_prior(one.prior).nearest(n_neurons, values).items()))
    if isinstance(sized, Genotype):  # how much is pruned goes with how large the network is before
        from_second["sparse_training"] = sized.sparse_training
    return replace(first, segments=(Segment(one.prior, parameters, n_neurons, seed, 0, n_neurons),), **from_second)


def _n_neurons(genotype: GraphGenotype) -> int:
    return sum(segment.size for segment in genotype.segments)


def _slice(segments: Sequence[Segment], start: int, stop: int) -> list[Segment]:
    """The neurons start..stop-1 of the segments, which are numbered from 0 through all of them."""
    parts, offset = [], 0
    for segment in segments:
        first, last = max(start - offset, 0), min(stop - offset, segment.size)
        if first < last:
            parts.append(replace(segment, start=segment.start + first, stop=segment.start + last))
        offset += segment.size
    return parts


def _merged(segments: Sequence[Segment]) -> list[Segment]:
    """The segments, consecutive slices of the same graph made one."""
    merged = [segments[0]]
    for segment in segments[1:]:
        before = merged[-1]
        is_same_graph = replace(before, start=0, stop=1) == replace(segment, start=0, stop=1)
        if is_same_graph and before.stop == segment.start:
            merged[-1] = replace(before, stop=segment.stop)
        else:
            merged.append(segment)
    return merged


def _at_most(n_segments: int, segments: Sequence[Segment]) -> list[Segment]:
    """The largest segments in their order; of equal ones the earlier."""
    largest = sorted(range(len(segments)), key=lambda place: -segments[place].size)[:n_segments]
    return [segments[place] for place in sorted(largest)]
