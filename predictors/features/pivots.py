"""Brandes' traversal from a few pivot vertices at once, vectorised over pivots and vertices.

A pair (pivot i, vertex v) is the number i * n + v, and one round of the loops below advances the search of
every pivot by one level. The work is proportional to pivots times edges whatever the diameter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_PIVOTS = 64
FEWEST_PIVOTS = 4
WORK_LIMIT = 10_000_000
"""Edge ends visited, over all pivots, that the number of pivots aims at: 0.2 s or less."""

CHUNK_WORK = 1_000_000  # edge ends visited at a time; bounds the memory to some tens of megabytes
# Path counts grow up to 3^(n / 3). Beyond this they are taken to be equal, which keeps all shares finite.
MOST_PATHS = 1e290


def choose_pivots(n: int, n_edges: int) -> NDArray[np.int64]:
    """Vertices to start from: evenly spaced, between 4 and 64 of them, as `WORK_LIMIT` allows.

    Returns:
        Distinct vertices, ascending, shape (k,). The same for the same counts.
    """
    n_pivots = min(max(WORK_LIMIT // (2 * n_edges + n), FEWEST_PIVOTS), MOST_PIVOTS, n)
    return np.arange(n_pivots, dtype=np.int64) * n // n_pivots


def traverse(
    n: int, sources: NDArray[np.int64], targets: NDArray[np.int64], pivots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Distances from the pivots, and how much their shortest paths depend on each vertex and edge.

    The dependency on a vertex (or the middle of an edge) x adds up, over the pivots s and the vertices t that
    s reaches through x, the share of their shortest paths that contain x, times d(s, x) / d(s, t). Ends of
    paths do not count. From s to t and from t to s together that is the share, so from all vertices it is
    betweenness; the factor keeps what lies next to a pivot from looking more central than it is (Geisberger,
    Sanders and Schultes, "Better approximation of betweenness centrality", 2008, linear scaling). With
    h(v) = dependency / d(s, v), Brandes' recursion (2001, theorem 6) becomes

        h(v) = sum of n_paths(v) / n_paths(w) * (1 / d(s, w) + h(w)) over the next vertices w

    Args:
        n: Number of vertices.
        sources: One end of each undirected edge, shape (E,).
        targets: The other end, shape (E,).
        pivots: Vertices to start from, shape (k,).

    Returns:
        Distances, -1 where there is no path, int64, shape (k, n); dependencies on the vertices, shape (n,),
        and on the edges, shape (E,), finite and not negative.
    """
    n_edges = len(sources)
    ends = np.concatenate([sources, targets])
    order = np.argsort(ends, kind="stable")
    neighbours = np.concatenate([targets, sources])[order]  # (2 E,) grouped by vertex
    edge_of = np.tile(np.arange(n_edges), 2)[order]  # (2 E,)
    starts = np.searchsorted(ends[order], np.arange(n + 1))  # (n + 1,)

    distances = np.empty((len(pivots), n), dtype=np.int64)
    node_dependency = np.zeros(n)
    edge_dependency = np.zeros(n_edges)
    chunk = max(CHUNK_WORK // (2 * n_edges + n), 1)
    for first in range(0, len(pivots), chunk):
        here = pivots[first : first + chunk]
        distances[first : first + chunk], steps = _search(n, starts, neighbours, here)
        per_distance = _accumulate(n * len(here), steps, edge_of, edge_dependency)
        node_dependency += (distances[first : first + chunk] * per_distance.reshape(-1, n)).sum(axis=0)
    return distances, node_dependency, edge_dependency


Step = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""The edges by which one level of pairs reaches the next: the nearer pair, the further pair, the position
of the edge among the neighbours, and the share of the further pair's paths that take it."""


def _search(
    n: int, starts: NDArray[np.int64], neighbours: NDArray[np.int64], pivots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[Step]]:
    """Breadth-first search from every pivot: distances of shape (k, n) and the steps, nearest first."""
    distance = np.full(len(pivots) * n, -1, dtype=np.int64)
    n_paths = np.zeros(len(pivots) * n)
    a_reach = np.empty(len(pivots) * n, dtype=np.int64)  # for each pair, one of the edges that reached it
    frontier = np.arange(len(pivots)) * n + pivots
    distance[frontier] = 0
    n_paths[frontier] = 1.0
    steps: list[Step] = []
    while frontier.size:
        vertex = frontier % n
        degree = starts[vertex + 1] - starts[vertex]
        before = np.cumsum(degree) - degree
        position = np.arange(int(degree.sum())) + np.repeat(starts[vertex] - before, degree)
        further = neighbours[position] + np.repeat(frontier - vertex, degree)
        unseen = np.flatnonzero(distance[further] < 0)
        further, position = further[unseen], position[unseen]
        nearer = np.repeat(frontier, degree)[unseen]

        distance[further] = len(steps) + 1
        np.add.at(n_paths, further, n_paths[nearer])
        steps.append((nearer, further, position, n_paths[nearer] / n_paths[further]))
        n_paths[further] = np.minimum(n_paths[further], MOST_PATHS)
        a_reach[further] = np.arange(further.size)
        frontier = further[a_reach[further] == np.arange(further.size)]  # each pair once
    return distance.reshape(len(pivots), n), steps


def _accumulate(
    n_pairs: int, steps: list[Step], edge_of: NDArray[np.int64], edge_dependency: NDArray[np.float64]
) -> NDArray[np.float64]:
    """h of `traverse` for every pair, shape (n_pairs,); the dependencies on the edges are added in place."""
    per_distance = np.zeros(n_pairs)
    for distance, (nearer, further, position, share) in reversed(list(enumerate(steps))):
        flow = share * (1.0 / (distance + 1) + per_distance[further])
        np.add.at(per_distance, nearer, flow)
        np.add.at(edge_dependency, edge_of[position], flow * (distance + 0.5))
    return per_distance
