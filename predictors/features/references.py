"""Graphs to compare a graph with: equal degrees, and either as random or as local as can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.edge_sets import are_among, pair_codes
from predictors.features.graph import Graph

Int64Array = NDArray[np.int64]

RANDOM_ROUNDS = 10
LATTICE_ROUNDS = 30


def random_reference(graph: Graph, rng: np.random.Generator) -> Graph:
    """A random undirected graph in which every vertex has as many edges as before.

    In each of `RANDOM_ROUNDS` the edges are paired at random, and a pair a-b, c-d becomes a-d, c-b unless that makes a
    loop or a double edge (Maslov and Sneppen, "Specificity and stability in topology of protein networks", 2002).
    """
    n, (starts, ends) = graph.n_vertices, graph.undirected_edges
    for _ in range(RANDOM_ROUNDS):
        starts, ends = _turned(starts, ends, rng)
        pairs = rng.permutation(len(starts))[: len(starts) // 2 * 2].reshape(2, -1)
        ends = _exchanged(n, starts, ends, pairs, np.ones(pairs.shape[1], dtype=bool))
    return Graph(n, starts, ends, is_directed=False)


def lattice_reference(graph: Graph, rng: np.random.Generator) -> Graph:
    """An undirected graph of short edges on a ring, in which every vertex has as many edges as before.

    The vertices stand on a ring in the order of their numbers. As in `random_reference`, but edges are paired that
    start near each other, a-b, c-d becomes a-c, b-d, and only where that makes the edges shorter on the ring (Sporns
    and Zwi, "The small world of the cerebral cortex", 2004).
    """
    n, (starts, ends) = graph.n_vertices, graph.undirected_edges
    blur = len(starts) / (2 * n)  # how far from each other paired edges start: a quarter of the mean degree
    for _ in range(LATTICE_ROUNDS):
        starts, ends = _turned(starts, ends, rng)
        order = np.argsort(starts + blur * rng.standard_normal(len(starts)), kind="stable")
        pairs = order[: len(order) // 2 * 2].reshape(-1, 2).T
        here, there = pairs
        starts[there], ends[there] = ends[there], starts[there]
        before = _ring_distance(n, starts[here], ends[here]) + _ring_distance(n, starts[there], ends[there])
        after = _ring_distance(n, starts[here], ends[there]) + _ring_distance(n, starts[there], ends[here])
        ends = _exchanged(n, starts, ends, pairs, after < before)
    return Graph(n, starts, ends, is_directed=False)


def _turned(starts: Int64Array, ends: Int64Array, rng: np.random.Generator) -> tuple[Int64Array, Int64Array]:
    """The edges, each in a random direction."""
    turns = rng.random(len(starts)) < 0.5
    return np.where(turns, ends, starts), np.where(turns, starts, ends)


def _exchanged(
    n: int, starts: Int64Array, ends: Int64Array, pairs: Int64Array, is_wanted: NDArray[np.bool_]
) -> Int64Array:
    """New ends of the edges: those of each wanted pair of edges are exchanged, where that keeps the graph simple.

    Args:
        n: Number of vertices.
        starts: Where the edges start, shape (n_edges,).
        ends: Where they end, shape (n_edges,).
        pairs: Numbers of edges, each at most once, shape (2, n_pairs).
        is_wanted: Shape (n_pairs,).
    """
    new = pair_codes(n, starts[pairs], ends[pairs[::-1]])  # (2, n_pairs)
    is_there = are_among(n, new, pair_codes(n, starts, ends))
    is_loop = starts[pairs] == ends[pairs[::-1]]
    chosen = np.flatnonzero(is_wanted & ~(is_there | is_loop).any(axis=0))
    # Of pairs that would make the same edge the first one does, unless its other edge is taken: then none.
    codes = new[:, chosen].ravel()
    is_first = np.zeros(len(codes), dtype=bool)
    is_first[np.unique(codes, return_index=True)[1]] = True
    done = pairs[:, chosen[is_first.reshape(2, -1).all(axis=0)]]
    result = ends.copy()
    result[done] = ends[done[::-1]]
    return result


def _ring_distance(n: int, one: Int64Array, other: Int64Array) -> Int64Array:
    apart: Int64Array = np.abs(one - other)
    return np.minimum(apart, n - apart)
