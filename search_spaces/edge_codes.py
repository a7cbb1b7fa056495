"""Edges as single integers, so that sets of edges are sorted arrays.

The code of an edge between vertices low < high of a graph with n vertices is high * n + low. Sorted codes
list a topologically ordered graph by target and then by source.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DRAW_ROUNDS = 20


def encode(first: Int64Array, second: Int64Array, n_vertices: int) -> Int64Array:
    """Codes of the edges between `first` and `second`, in either order; int64, same shape."""
    return np.maximum(first, second) * np.int64(n_vertices) + np.minimum(first, second)


def decode(codes: Int64Array, n_vertices: int) -> tuple[Int64Array, Int64Array]:
    """The (lower, higher) vertices of each code; int64, same shape."""
    high = codes // n_vertices
    return codes - high * n_vertices, high


def n_pairs(n_vertices: int) -> int:
    """Number of edges of the complete graph."""
    return n_vertices * (n_vertices - 1) // 2


def pair_codes(pairs: Int64Array, n_vertices: int) -> Int64Array:
    """Codes of the edges that have these positions, in 0..n_pairs-1, in the complete graph."""
    high = ((1.0 + np.sqrt(1.0 + 8.0 * pairs)) / 2.0).astype(np.int64)
    return np.asarray(high * n_vertices + pairs - high * (high - 1) // 2)


def contains(sorted_codes: Int64Array, codes: Int64Array) -> BoolArray:
    """Whether each of `codes` is in `sorted_codes`; bool, shape of `codes`."""
    if not len(sorted_codes):
        return np.zeros(len(codes), dtype=bool)
    places = np.searchsorted(sorted_codes, codes)
    places[places == len(sorted_codes)] = 0
    found: BoolArray = sorted_codes[places] == codes
    return found


def distinct(codes: Int64Array) -> Int64Array:
    """The codes, sorted, each once; int64. Several times faster than numpy's unique on large arrays."""
    ordered = np.sort(codes)
    is_first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def repeats(codes: Int64Array) -> BoolArray:
    """Whether each code occurred before in the array; bool, same shape."""
    order = np.argsort(codes, kind="stable")
    is_repeat = np.zeros(len(codes), dtype=bool)
    is_repeat[order[1:]] = codes[order[1:]] == codes[order[:-1]]
    return is_repeat


def with_random_edges(codes: Int64Array, n_edges: int, n_vertices: int, rng: np.random.Generator) -> Int64Array:
    """Sorted codes filled up with uniformly drawn new edges to `n_edges`, or to nearly all there can be."""
    n_edges = min(n_edges, n_pairs(n_vertices))
    for _ in range(DRAW_ROUNDS):
        n_missing = n_edges - len(codes)
        if n_missing <= 0:
            break
        drawn = distinct(pair_codes(rng.integers(n_pairs(n_vertices), size=n_missing), n_vertices))
        codes = np.sort(np.concatenate([codes, drawn[~contains(codes, drawn)]]))
    return codes
