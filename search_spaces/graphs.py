"""Random graphs, generated in arrays.

Each generator returns the edges of a graph on vertices 0..n_neurons-1 as int64 of shape (n_edges, 2), the
lower vertex first and no edge twice. Undirected graphs are connected: components are joined by one edge each.
The same arguments and generator state give the same graph.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from search_spaces.components import join_components
from search_spaces.edge_codes import (
    DRAW_ROUNDS,
    Int64Array,
    contains,
    decode,
    encode,
    n_pairs,
    pair_codes,
    repeats,
)
from search_spaces.parameters import Parameter, check_neurons

NEIGHBOURS = Parameter("neighbours", int, (2, 20), lambda n: (2, (n - 1) // 2 * 2), step=lambda n: 2)
REWIRING = Parameter("rewiring", float, (0.0, 1.0), lambda n: (0.0, 1.0), is_logarithmic=False)
ATTACHMENTS = Parameter("attachments", int, (1, 10), lambda n: (1, n - 1))
MEAN_DEGREE = Parameter("mean_degree", float, (1.0, 20.0), lambda n: (0.0, float(n - 1)), is_positive=True)
# An odd degree needs an even number of vertices: the degrees add up to twice the number of edges.
DEGREE = Parameter("degree", int, (2, 20), lambda n: (1 + n % 2, n - 1), step=lambda n: 1 + n % 2)
LAYERS = Parameter("layers", int, (1, 6), lambda n: (1, n))
DENSITY = Parameter("density", float, (0.02, 1.0), lambda n: (0.0, 1.0), is_positive=True)


def watts_strogatz(n_neurons: int, rng: np.random.Generator, *, neighbours: int, rewiring: float) -> Int64Array:
    """Small-world graph: a ring of near neighbours, some of which are replaced with random vertices.

    Watts and Strogatz, Collective dynamics of small-world networks, Nature 393 (1998).

    Args:
        n_neurons: Number of vertices, at least 3.
        rng: Source of randomness.
        neighbours: Mean degree: even, 2..n_neurons-1.
        rewiring: Probability, in [0, 1], that an edge's far end moves.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons("watts-strogatz", n_neurons, 3)
    NEIGHBOURS.check("watts-strogatz", n_neurons, neighbours)
    REWIRING.check("watts-strogatz", n_neurons, rewiring)
    near = np.tile(np.arange(n_neurons), neighbours // 2)
    far = (near + np.repeat(np.arange(1, neighbours // 2 + 1), n_neurons)) % n_neurons
    moves = rng.random(len(near)) < rewiring
    kept = np.sort(encode(near[~moves], far[~moves], n_neurons))
    return _connected(_with_edges_of(near[moves], kept, n_neurons, rng), n_neurons)


def barabasi_albert(n_neurons: int, rng: np.random.Generator, *, attachments: int) -> Int64Array:
    """Scale-free graph: each new vertex attaches to earlier ones in proportion to their degree.

    Starts from `attachments` vertices without edges. Barabasi and Albert, Science 286 (1999); drawn from
    the list of edge ends as in Batagelj and Brandes, Physical Review E 71 (2005), algorithm 5.

    Args:
        n_neurons: Number of vertices, at least 2.
        rng: Source of randomness.
        attachments: Edges that each new vertex brings, 1..n_neurons-1.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons("barabasi-albert", n_neurons, 2)
    ATTACHMENTS.check("barabasi-albert", n_neurons, attachments)
    m, n_new = attachments, n_neurons - attachments
    degrees = np.ones(n_neurons)
    degrees[m] = m
    targets = list(range(m))  # the first new vertex takes all there are
    ends = targets + [m] * m
    # Which end each edge picks is drawn for all at once: before vertex m + i there are 2 * m * i ends.
    picks = (rng.random((n_new, m)) * (2 * m * np.arange(n_new)[:, None])).astype(np.int64).tolist()
    for vertex, picked in enumerate(picks[1:], start=m + 1):
        if vertex <= 2 * m:
            chosen = _weighted_choice(degrees[:vertex], m, rng)
            degrees[chosen] += 1
            degrees[vertex] = m
        else:
            chosen = list(dict.fromkeys(map(ends.__getitem__, picked)))  # distinct, in the order picked
            while len(chosen) < m:
                other = ends[int(rng.random() * len(ends))]
                if other not in chosen:
                    chosen.append(other)
        targets += chosen
        ends += chosen
        ends += [vertex] * m
    return np.column_stack([np.array(targets), np.repeat(np.arange(m, n_neurons), m)])


def erdos_renyi(n_neurons: int, rng: np.random.Generator, *, mean_degree: float) -> Int64Array:
    """Uniform random graph: each pair is an edge with the same probability.

    Gilbert, Random graphs (1959): the probability is mean_degree / (n_neurons - 1).

    Args:
        n_neurons: Number of vertices, at least 2.
        rng: Source of randomness.
        mean_degree: Expected degree before components are joined: above 0, at most n_neurons-1.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons("erdos-renyi", n_neurons, 2)
    MEAN_DEGREE.check("erdos-renyi", n_neurons, mean_degree)
    n_edges = rng.binomial(n_pairs(n_neurons), mean_degree / (n_neurons - 1))
    pairs = rng.choice(n_pairs(n_neurons), n_edges, replace=False, shuffle=False)
    return _connected(pair_codes(pairs, n_neurons), n_neurons)


def random_regular(n_neurons: int, rng: np.random.Generator, *, degree: int) -> Int64Array:
    """Random graph in which every vertex has the same degree, but for the ends of joining edges.

    Pairs the ends at random and swaps ends until no pair is a loop or occurs twice: McKay and Wormald,
    Uniform generation of random regular graphs of moderate degree, Journal of Algorithms 11 (1990).

    Args:
        n_neurons: Number of vertices, at least 2.
        rng: Source of randomness.
        degree: 1..n_neurons-1, even if n_neurons is odd.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons("random-regular", n_neurons, 2)
    DEGREE.check("random-regular", n_neurons, degree)
    is_dense = 2 * degree > n_neurons - 1
    codes = _regular_codes(n_neurons, n_neurons - 1 - degree if is_dense else degree, rng)
    if is_dense:  # the absent edges are the sparse regular graph
        codes = np.setdiff1d(pair_codes(np.arange(n_pairs(n_neurons)), n_neurons), codes, assume_unique=True)
    return _connected(codes, n_neurons)


def layered(n_neurons: int, rng: np.random.Generator, *, layers: int, density: float) -> Int64Array:
    """Sparse feed-forward layers of equal size: directed edges between consecutive layers only.

    Each neuron has a source in the layer before and a target in the layer behind.

    Args:
        n_neurons: Number of neurons, at least 1; the first layers have one more where it does not divide.
        rng: Source of randomness.
        layers: Number of layers, 1..n_neurons.
        density: Share of the pairs of consecutive layers that are edges: above 0, at most 1.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons("layered", n_neurons, 1)
    LAYERS.check("layered", n_neurons, layers)
    DENSITY.check("layered", n_neurons, density)
    sizes = np.full(layers, n_neurons // layers) + (np.arange(layers) < n_neurons % layers)
    starts = np.cumsum(sizes) - sizes
    pairs_before = np.concatenate([[0], np.cumsum(sizes[:-1] * sizes[1:])])
    n_edges = round(density * int(pairs_before[-1]))
    pairs = rng.choice(pairs_before[-1], n_edges, replace=False, shuffle=False) if n_edges else pairs_before[:0]
    layer = np.searchsorted(pairs_before, pairs, side="right") - 1
    place = pairs - pairs_before[layer]
    sources = starts[layer] + place // sizes[layer + 1] if n_edges else pairs
    targets = starts[layer + 1] + place % sizes[layer + 1] if n_edges else pairs
    layer_of = np.repeat(np.arange(layers), sizes)

    def partners(vertices: Int64Array, distance: int) -> Int64Array:
        other = layer_of[vertices] + distance
        place = (rng.random(len(vertices)) * sizes[other]).astype(np.int64)
        return np.asarray(starts[other] + place)

    lonely = np.setdiff1d(np.arange(sizes[0], n_neurons), targets)
    sources, targets = np.concatenate([sources, partners(lonely, -1)]), np.concatenate([targets, lonely])
    lonely = np.setdiff1d(np.arange(n_neurons - sizes[-1]), sources)
    sources, targets = np.concatenate([sources, lonely]), np.concatenate([targets, partners(lonely, 1)])
    return np.column_stack([sources, targets])


def _connected(codes: Int64Array, n_vertices: int) -> Int64Array:
    return join_components(np.column_stack(decode(codes, n_vertices)), n_vertices)


def _with_edges_of(vertices: Int64Array, codes: Int64Array, n_vertices: int, rng: np.random.Generator) -> Int64Array:
    """Sorted codes and one new edge from each of `vertices` to a random vertex."""
    for _ in range(DRAW_ROUNDS):
        others = rng.integers(n_vertices, size=len(vertices))
        drawn, owners = np.unique(encode(vertices, others, n_vertices), return_index=True)
        is_new = (vertices[owners] != others[owners]) & ~contains(codes, drawn)
        codes = np.sort(np.concatenate([codes, drawn[is_new]]))
        vertices = np.delete(vertices, owners[is_new])
        if not len(vertices):
            return codes
    # Those left know nearly every vertex, so the graph is dense and the pairs can be listed.
    free = np.setdiff1d(pair_codes(np.arange(n_pairs(n_vertices)), n_vertices), codes, assume_unique=True)
    return np.concatenate([codes, rng.choice(free, len(vertices), replace=False)])


def _weighted_choice(weights: npt.NDArray[np.float64], n_chosen: int, rng: np.random.Generator) -> list[int]:
    """Distinct indices, drawn one after the other in proportion to their weights; ascending.

    The smallest of exponential variables, each divided by its weight: Efraimidis and Spirakis, Weighted random
    sampling with a reservoir, Information Processing Letters 97 (2006). Fast where nearly all are chosen.
    """
    keys = rng.standard_exponential(len(weights)) / weights
    chosen: list[int] = np.sort(np.argpartition(keys, n_chosen - 1)[:n_chosen]).tolist()
    return chosen


def _regular_codes(n_vertices: int, degree: int, rng: np.random.Generator) -> Int64Array:
    while True:
        ends = rng.permutation(np.repeat(np.arange(n_vertices), degree)).reshape(-1, 2)
        if _untangle(ends, n_vertices, rng):
            return encode(ends[:, 0], ends[:, 1], n_vertices)


def _untangle(ends: Int64Array, n_vertices: int, rng: np.random.Generator) -> bool:
    """Swaps ends of loops and repeats with random other pairs, in place; whether none is left."""
    codes = encode(ends[:, 0], ends[:, 1], n_vertices)
    is_tangled = repeats(codes) | (ends[:, 0] == ends[:, 1])
    seen = np.sort(codes)
    for _ in range(100):
        tangled = np.flatnonzero(is_tangled)
        if not len(tangled):
            return True
        others, owners = np.unique(rng.integers(len(ends), size=len(tangled)), return_index=True)
        is_other = ~is_tangled[others]
        others, tangled = others[is_other], tangled[owners[is_other]]
        swapped = np.stack([ends[tangled], ends[others]])  # (2, n_swaps, 2)
        swapped[0, :, 1], swapped[1, :, 1] = ends[others, 1], ends[tangled, 1]
        new = encode(swapped[..., 0], swapped[..., 1], n_vertices)  # (2, n_swaps)
        is_bad = repeats(new.ravel()) | contains(seen, new.ravel()) | (swapped[..., 0] == swapped[..., 1]).ravel()
        is_good = ~is_bad.reshape(new.shape).any(axis=0)
        ends[tangled[is_good]], ends[others[is_good]] = swapped[0, is_good], swapped[1, is_good]
        is_tangled[tangled[is_good]] = False
        seen = np.sort(np.concatenate([seen, new[:, is_good].ravel()]))
    return False
