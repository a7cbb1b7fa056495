"""Which edges are dropped: those of the lowest saliency, such that every output is still reached."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.engine.layout import Network
from nas.sparsify.edges import Ends, Mask, ends_of, lie_on_paths

ROUNDS = 10
Saliency = NDArray[np.floating]


def kept_edges(network: Network, saliency: Saliency, may_be_dropped: Mask, n_dropped: int) -> Mask:
    """The edges that are left when so many are dropped: bool (n_edges,).

    Edges on no path from an input to an output go first, whether they lay on none before or lose theirs now. The edges
    of one path of high saliency to each output stay.

    Args:
        network: The network.
        saliency: Of each edge, (n_edges,): the lowest are dropped.
        may_be_dropped: bool (n_edges,).
        n_dropped: How many; fewer where not so many may be dropped.
    """
    ends = ends_of(network)
    key = np.where(may_be_dropped & ~lifelines(network, ends, saliency), saliency, np.inf)
    n_dropped = min(n_dropped, int(np.isfinite(key).sum()))
    is_kept = np.ones(len(key), bool)
    useless = may_be_dropped & ~lie_on_paths(network, ends)
    for _ in range(ROUNDS):
        key = np.where(useless & np.isfinite(key), -np.inf, key)
        is_kept = ~lowest(key, n_dropped)
        on_path = np.zeros(len(key), bool)
        on_path[is_kept] = lie_on_paths(network, Ends(ends.sources[is_kept], ends.targets[is_kept]))
        more = is_kept & ~on_path & np.isfinite(key)
        if not more.any():
            break
        useless = more
    return is_kept


def lifelines(network: Network, ends: Ends, saliency: Saliency) -> Mask:
    """The edges of one path to each output, from source to source the edge of the highest saliency: bool (n_edges,).

    Sources that no input reaches are not on it.
    """
    n_inputs, indptr = network.n_inputs, network.indptr
    strength = np.where(lie_on_paths(network, ends), saliency, -np.inf)
    is_line = np.zeros(len(strength), bool)
    neurons = set(range(network.n_hidden, len(network.middle)))
    while neurons:
        sources = set()
        for neuron in neurons:
            row = strength[indptr[neuron] : indptr[neuron + 1]]
            if len(row) and np.isfinite(row[best := int(np.argmax(row))]):
                is_line[indptr[neuron] + best] = True
                sources.add(int(network.indices[indptr[neuron] + best]))
        neurons = {source - n_inputs for source in sources if source >= n_inputs}
    return is_line


def lowest(key: Saliency, n: int) -> Mask:
    """The n lowest of some numbers, of equal ones the first: bool, shape of `key`."""
    if n == 0:
        return np.zeros(len(key), bool)
    bound = np.partition(key, n - 1)[n - 1]
    is_lowest = key < bound
    ties = np.flatnonzero(key == bound)
    is_lowest[ties[: n - int(is_lowest.sum())]] = True
    return np.asarray(is_lowest)
