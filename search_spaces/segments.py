"""The hidden graph: slices of random graphs, one behind the other in topological order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search_spaces.edge_codes import Int64Array, decode, distinct, encode
from search_spaces.genotype import Orientation, Segment
from search_spaces.orientation import orient
from search_spaces.priors import find_prior
from search_spaces.shuffle import KeyArray, keys

NEURON_KEYS = 1


@dataclass(frozen=True, eq=False)
class HiddenGraph:
    """A DAG of hidden neurons in topological order.

    Attributes:
        n_neurons: Number of neurons.
        codes: Edge codes, sorted and distinct: int64, shape (n_edges,).
        keys: What each neuron's inputs are drawn from: uint64, shape (n_neurons,).
    """

    n_neurons: int
    codes: Int64Array
    keys: KeyArray


def join_segments(segments: Sequence[Segment], orientation: Orientation) -> HiddenGraph:
    """The segments one behind the other, each with its own edges.

    An edge from a neuron before the segment's slice comes from the neuron that has the same relative place
    among those of the preceding segments. The first segment drops such edges.

    Args:
        segments: At least one segment, in topological order.
        orientation: How undirected edges become directed.
    """
    n_neurons = sum(segment.size for segment in segments)
    offset, parts, key_parts = 0, [], []
    for segment in segments:
        sources, targets = _slice(segment, orientation)
        is_inside = sources >= segment.start
        places = np.where(is_inside, sources - segment.start + offset, sources * offset // max(segment.start, 1))
        if offset == 0:
            places, targets = places[is_inside], targets[is_inside]
        parts.append(encode(places, targets - segment.start + offset, n_neurons))
        key_parts.append(keys(segment.seed, NEURON_KEYS, segment.n_neurons)[segment.start : segment.stop])
        offset += segment.size
    codes = parts[0] if len(parts) == 1 else distinct(np.concatenate(parts))
    return HiddenGraph(n_neurons, codes, np.concatenate(key_parts))


def _slice(segment: Segment, orientation: Orientation) -> tuple[Int64Array, Int64Array]:
    """(sources, targets) of the edges into the neurons start..stop-1 of the segment's graph."""
    prior = find_prior(segment.prior)
    rng = np.random.default_rng([segment.seed])
    edges = prior.generate(segment.n_neurons, rng, **dict(segment.parameters))
    codes = orient(edges, segment.n_neurons, "index" if prior.is_directed else orientation, rng)
    first, last = np.searchsorted(codes, [segment.start * segment.n_neurons, segment.stop * segment.n_neurons])
    return decode(codes[first:last], segment.n_neurons)
