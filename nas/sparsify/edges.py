"""Edges of a network dropped and grown; weights and the moments of the optimiser go with their edges."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.layout import Float32, Network, lay_out_edges
from nas.engine.state import TrainingState
from search_spaces.edge_codes import contains

Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Ends(NamedTuple):
    """Edges by their ends, int64 (n_edges,) each."""

    sources: Int64  # 0..n_inputs-1 are inputs, then come hidden neurons
    targets: Int64  # 0..n_hidden-1 are hidden neurons, then come outputs


def ends_of(network: Network) -> Ends:
    """All edges, in the order of their weights."""
    targets = np.repeat(np.arange(len(network.indptr) - 1, dtype=np.int64), np.diff(network.indptr))
    return Ends(network.indices.astype(np.int64), targets)


def codes_of(network: Network, ends: Ends) -> Int64:
    """A number for each edge; the edges of a network have ascending ones. int64 (n_edges,)."""
    return ends.targets * np.int64(network.n_inputs + network.n_hidden) + ends.sources


def changed(
    network: Network, state: TrainingState, is_kept: Mask, grown: Ends, grown_weights: Float32
) -> tuple[Network, TrainingState]:
    """A network and the state of its one set of weights after some edges are dropped and others grown.

    Args:
        network, state: As they are.
        is_kept: bool (n_edges,).
        grown: New edges that do not exist yet; the moments of their weights are 0.
        grown_weights: float32 (n_grown,).
    """
    n_edges, n_neurons, width = len(network.indices), len(network.middle), network.n_inputs + network.n_hidden
    ends = ends_of(network)
    order: Int64 | slice = slice(None)
    sources, targets = ends.sources[is_kept], ends.targets[is_kept]
    if len(grown.sources):
        sources, targets = np.concatenate([sources, grown.sources]), np.concatenate([targets, grown.targets])
        order = np.argsort(targets * np.int64(width) + sources, kind="stable")
    indptr = np.zeros(n_neurons + 1, np.int32)
    np.cumsum(np.bincount(targets, minlength=n_neurons), out=indptr[1:])
    indices = sources[order].astype(np.int32)
    moment = np.zeros(len(grown_weights), np.float32)

    def moved(values: Float32, of_grown: Float32) -> Float32:
        (row,) = values
        weights = np.concatenate([row[:n_edges][is_kept], of_grown])[order]
        return np.concatenate([weights, row[n_edges:]])[None].astype(np.float32)

    return lay_out_edges(network.n_inputs, network.n_hidden, indptr, indices, network.activation), replace(
        state,
        parameters=moved(state.parameters, grown_weights),
        first_moment=moved(state.first_moment, moment),
        second_moment=moved(state.second_moment, moment),
        indptr=indptr[None],
        indices=indices[None],
    )


NONE_GROWN = Ends(np.empty(0, np.int64), np.empty(0, np.int64))


def without(network: Network, state: TrainingState, is_kept: Mask) -> tuple[Network, TrainingState]:
    """`changed`, with edges dropped only."""
    return changed(network, state, is_kept, NONE_GROWN, np.empty(0, np.float32))


def lie_on_paths(network: Network, ends: Ends) -> Mask:
    """Whether each edge lies on a path from an input to an output that these edges form: bool (n_edges,).

    Args:
        network: Says which vertices are inputs, hidden neurons and outputs.
        ends: The edges.
    """
    n_inputs, n_hidden, n_neurons = network.n_inputs, network.n_hidden, len(network.middle)
    is_fed = np.ones(n_inputs + n_hidden, bool)  # as a source
    is_read = np.ones(n_neurons, bool)  # as a target
    while True:
        counts = is_fed[ends.sources] & is_read[ends.targets]
        fed = np.bincount(ends.targets[counts], minlength=n_neurons)[:n_hidden] > 0
        read = np.bincount(ends.sources[counts], minlength=n_inputs + n_hidden)[n_inputs:] > 0
        if (fed == is_fed[n_inputs:]).all() and (read == is_read[:n_hidden]).all():
            return np.asarray(counts)
        is_fed[n_inputs:], is_read[:n_hidden] = fed, read


def absent(network: Network, ends: Ends, codes: Int64) -> Mask:
    """Whether each of some edges is not among those of a network, whose codes are given: bool (n_edges,)."""
    return ~contains(codes, codes_of(network, ends))
