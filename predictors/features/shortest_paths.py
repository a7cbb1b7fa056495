"""Distances and betweenness of an undirected graph: exact while that is cheap, estimated from pivots beyond.

Betweenness counts shortest paths: for a vertex those that pass through it, for an edge those that use it,
each pair of end points sharing one unit over all its shortest paths (Freeman 1977, Girvan and Newman 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rustworkx
from numpy.typing import NDArray

from predictors.features.all_pairs import Pairs, pairs_by_matrices
from predictors.features.pivots import choose_pivots, traverse

EXACT_LIMIT = 1_000_000
"""Graphs with n (n + E) up to this (say 400 vertices and 2,000 edges: 30 ms) are computed exactly."""

NEVER = 2**62  # rustworkx starts threads above this many vertices; their sums would depend on their timing


@dataclass(frozen=True, eq=False)
class ShortestPaths:
    """Distances from some or all vertices, and the betweenness of every vertex and edge.

    Attributes:
        starts: Vertices the distances are counted from, ascending, shape (k,); all n of them when exact.
        distances: Edges on a shortest path from ``starts[i]`` to vertex j, -1 where there is none, int64,
            shape (k, n).
        node_betweenness: Share of the (n - 1)(n - 2) / 2 other pairs whose shortest paths pass through the
            vertex, in [0, 1] when exact, shape (n,).
        edge_betweenness: Share of the n (n - 1) / 2 pairs whose shortest paths use the edge, in [0, 1] when
            exact, shape (E,).
    """

    starts: NDArray[np.int64]
    distances: NDArray[np.int64]
    node_betweenness: NDArray[np.float64]
    edge_betweenness: NDArray[np.float64]


def shortest_paths(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> ShortestPaths:
    """Distances and betweenness of the undirected graph with n vertices and an edge per (source, target).

    Graphs within `EXACT_LIMIT` are computed exactly, larger ones by `estimated_paths`. Same in, same out.

    Args:
        n: Number of vertices, at least 1.
        sources: One end of each edge, shape (E,). No loops, no edge twice (in either direction).
        targets: The other end, shape (E,).
    """
    if n * (n + len(sources)) <= EXACT_LIMIT:
        return exact_paths(n, sources, targets)
    return estimated_paths(n, sources, targets, choose_pivots(n, len(sources)))


def exact_paths(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> ShortestPaths:
    """What `shortest_paths` gives, from every vertex: Brandes 2001, in whichever way is faster."""
    pairs = pairs_by_matrices(n, sources, targets)
    return _normalised(np.arange(n), *(pairs_by_searches(n, sources, targets) if pairs is None else pairs))


def pairs_by_searches(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> Pairs:
    """What `all_pairs.pairs_by_matrices` gives, whatever the distances, as implemented in rustworkx.

    Only edge betweenness is computed by traversal, which saves the time of another. Summed over the edges of
    a vertex v it counts paths through v twice and paths that end in v once, so with r reachable vertices

        node(v) = (sum of edge(e) over the edges e of v - r) / 2
    """
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from_no_data(list(zip(sources.tolist(), targets.tolist(), strict=True)))
    distances = rustworkx.distance_matrix(graph, parallel_threshold=NEVER, null_value=-1.0).astype(np.int64)
    by_edge = rustworkx.edge_betweenness_centrality(graph, normalized=False, parallel_threshold=NEVER)
    edge_pairs = np.array([by_edge[edge] for edge in range(len(sources))], dtype=np.float64)

    at_vertex = np.bincount(sources, edge_pairs, n) + np.bincount(targets, edge_pairs, n)
    n_reachable = np.count_nonzero(distances > 0, axis=1)
    return distances, np.maximum((at_vertex - n_reachable) / 2, 0.0), edge_pairs


def estimated_paths(
    n: int, sources: NDArray[np.int64], targets: NDArray[np.int64], pivots: NDArray[np.int64]
) -> ShortestPaths:
    """What `shortest_paths` gives, from the pivots only; equal to `exact_paths` when every vertex is one.

    The dependencies of k pivots, times n / k, estimate those of all vertices (Brandes and Pich, "Centrality
    estimation in large networks", 2007). The distances are exact, but there are only those of the pivots.

    Args:
        n: Number of vertices.
        sources: One end of each edge, shape (E,).
        targets: The other end, shape (E,).
        pivots: Distinct vertices, ascending, shape (k,), k >= 1.
    """
    distances, node_dependency, edge_dependency = traverse(n, sources, targets, pivots)
    scale = n / len(pivots)
    return _normalised(pivots, distances, node_dependency * scale, edge_dependency * scale)


def _normalised(
    starts: NDArray[np.int64],
    distances: NDArray[np.int64],
    node_pairs: NDArray[np.float64],
    edge_pairs: NDArray[np.float64],
) -> ShortestPaths:
    """Divide numbers of pairs by the number of possible pairs, where there are any."""
    n = len(node_pairs)
    return ShortestPaths(
        starts,
        distances,
        node_pairs / max((n - 1) * (n - 2) / 2, 1),
        edge_pairs / max(n * (n - 1) / 2, 1),
    )
