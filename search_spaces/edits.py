"""Random changes of a hidden graph: edges added, removed, rewired, neurons added, removed."""

from __future__ import annotations

import numpy as np

from search_spaces.edge_codes import Int64Array, contains, decode, distinct, encode, with_random_edges
from search_spaces.genotype import Edit
from search_spaces.segments import HiddenGraph
from search_spaces.shuffle import keys

ADDED_NEURON_KEYS = 2


def apply_edit(graph: HiddenGraph, edit: Edit) -> HiddenGraph:
    """The graph after the edit. The same graph and edit give the same result.

    At least one edge or neuron is changed where there is one; at least one neuron stays.
    """
    rng = np.random.default_rng([edit.seed])
    n_moved_edges = max(1, round(edit.share * len(graph.codes)))
    n_moved_neurons = max(1, round(edit.share * graph.n_neurons))
    match edit.kind:
        case "add_edges":
            codes = with_random_edges(graph.codes, len(graph.codes) + n_moved_edges, graph.n_neurons, rng)
            return HiddenGraph(graph.n_neurons, codes, graph.keys)
        case "remove_edges":
            kept = _all_but(n_moved_edges, len(graph.codes), rng)
            return HiddenGraph(graph.n_neurons, graph.codes[kept], graph.keys)
        case "rewire_edges":
            return _rewire_edges(graph, n_moved_edges, rng)
        case "add_neurons":
            return _add_neurons(graph, n_moved_neurons, edit.seed, rng)
        case "remove_neurons":
            kept = _all_but(min(n_moved_neurons, graph.n_neurons - 1), graph.n_neurons, rng)
            return _keep_neurons(graph, kept)


def _all_but(n_removed: int, n_items: int, rng: np.random.Generator) -> Int64Array:
    """Indices that are left, ascending, when `n_removed` random ones of n_items are gone."""
    return np.sort(rng.permutation(n_items)[n_removed:])


def _rewire_edges(graph: HiddenGraph, n_moved: int, rng: np.random.Generator) -> HiddenGraph:
    """Moves the source of random edges to a random neuron before the target."""
    kept = graph.codes[_all_but(n_moved, len(graph.codes), rng)]
    moved = graph.codes[~contains(kept, graph.codes)]
    _, targets = decode(moved, graph.n_neurons)
    sources = (rng.random(len(targets)) * targets).astype(np.int64)
    codes = distinct(np.concatenate([kept, encode(sources, targets, graph.n_neurons)]))
    # Sources drawn twice leave fewer edges: make up for them anywhere.
    codes = with_random_edges(codes, len(graph.codes), graph.n_neurons, rng)
    return HiddenGraph(graph.n_neurons, codes, graph.keys)


def _add_neurons(graph: HiddenGraph, n_added: int, seed: int, rng: np.random.Generator) -> HiddenGraph:
    """Inserts neurons at random places in the order, with the mean number of in- and out-edges."""
    n_neurons = graph.n_neurons + n_added
    is_added = np.zeros(n_neurons, dtype=bool)
    is_added[rng.permutation(n_neurons)[:n_added]] = True
    old, added = np.flatnonzero(~is_added), np.flatnonzero(is_added)
    sources, targets = decode(graph.codes, graph.n_neurons)
    degree = max(1, round(len(graph.codes) / graph.n_neurons))
    hubs = np.repeat(added, degree)
    before, behind = hubs[hubs > 0], hubs[hubs < n_neurons - 1]
    drawn_sources = (rng.random(len(before)) * before).astype(np.int64)
    drawn_targets = behind + 1 + (rng.random(len(behind)) * (n_neurons - 1 - behind)).astype(np.int64)
    codes = np.concatenate(
        [
            encode(old[sources], old[targets], n_neurons),
            encode(drawn_sources, before, n_neurons),
            encode(behind, drawn_targets, n_neurons),
        ]
    )
    neuron_keys = np.empty(n_neurons, dtype=np.uint64)
    neuron_keys[old], neuron_keys[added] = graph.keys, keys(seed, ADDED_NEURON_KEYS, n_added)
    return HiddenGraph(n_neurons, distinct(codes), neuron_keys)


def _keep_neurons(graph: HiddenGraph, kept: Int64Array) -> HiddenGraph:
    """The graph that these neurons, ascending, and the edges between them form."""
    place = np.full(graph.n_neurons, -1)
    place[kept] = np.arange(len(kept))
    sources, targets = (place[ends] for ends in decode(graph.codes, graph.n_neurons))
    stays = (sources >= 0) & (targets >= 0)
    return HiddenGraph(len(kept), encode(sources[stays], targets[stays], len(kept)), graph.keys[kept])
