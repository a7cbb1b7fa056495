"""Brandes' betweenness from all vertices at once, as one product of matrices a distance.

Entry (v, s) of an n by n matrix belongs to the vertex v and the search that starts at s. With A the adjacency
matrix, M_d marking the pairs at distance d and P counting their shortest paths, Brandes' recursion (2001, theorem 6)
divided by the counts, W = (1 + dependency) / P, reads

    P_d = M_d * (A P_(d-1))            outwards, from P_0 = 1
    W_d = M_d * (1 / P + A W_(d+1))    back, from the largest distance

so that most of the time is spent in two products a distance, of dense matrices where A is dense. Few products are
needed where all vertices are near each other, as in random graphs; in a chain they are as many as vertices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_LEVELS = 20
"""Largest distance up to which this is faster than a search from each vertex."""

SPARSE_SHARE = 1 / 16  # of the entries of A that are not zero; below it, sparse products are faster

Pairs = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def pairs_by_matrices(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> Pairs | None:
    """Distances in an undirected graph, and in how many pairs of vertices each vertex and edge takes part.

    A pair is shared equally by its shortest paths.

    Args:
        n: Number of vertices, at least 1. Path counts must be in the range of float64: up to 1,900 vertices they are.
        sources: One end of each edge, shape (E,).
        targets: The other end, shape (E,).

    Returns:
        Distance of every two vertices, -1 where there is no path, int64, shape (n, n); number of pairs of other
        vertices by way of each vertex, shape (n,), and of any vertices by way of each edge, shape (E,), not negative.
        None if there are distances above `MOST_LEVELS`.
    """
    is_sparse = 2 * len(sources) < n * n * SPARSE_SHARE
    adjacency = _adjacency(n, sources, targets, is_sparse)

    # Few matrices are alive at a time: memory that is fresh costs more than what is computed in it.
    near = np.full((n, n), -1, dtype=np.int16)
    np.fill_diagonal(near, 0)
    outermost = np.eye(n)
    n_paths = outermost.copy()
    furthest = 0
    while True:
        outermost = adjacency @ outermost
        outermost *= near < 0
        reached = outermost > 0
        if not reached.any():
            break
        furthest += 1
        if furthest > MOST_LEVELS:
            return None
        near += reached * np.int16(furthest + 1)
        n_paths += outermost

    inverse = 1.0 / np.maximum(n_paths, 1.0)
    innermost = np.zeros((n, n))
    shares = np.zeros((n, n))
    for distance in range(furthest, 0, -1):
        innermost = adjacency @ innermost
        innermost += inverse
        innermost *= near == distance
        shares += innermost

    by_vertex = np.einsum("vs,vs->v", n_paths, shares) - np.count_nonzero(near > 0, axis=1)
    by_edge = (_along_edges if is_sparse else _between_all)(sources, targets, near, n_paths, shares)
    return near.astype(np.int64), np.maximum(by_vertex / 2, 0.0), by_edge


def _adjacency(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64], is_sparse: bool) -> Any:
    rows, columns = np.concatenate([sources, targets]), np.concatenate([targets, sources])
    if is_sparse:
        from scipy.sparse import csr_array

        return csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    matrix = np.zeros((n, n))
    matrix[rows, columns] = 1.0
    return matrix


# An edge u-v carries, over all starts s that are nearer to u, P(u, s) W(v, s) of the paths. Over the starts that are
# nearer to v it carries the same ones backwards, so that one direction counts every pair once.


def _along_edges(
    sources: NDArray[np.int64],
    targets: NDArray[np.int64],
    near: NDArray[np.int16],
    n_paths: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    outwards = near[targets] > near[sources]  # (E, n)
    along: NDArray[np.float64] = np.einsum("es,es,es->e", n_paths[sources], shares[targets], outwards)
    return along


def _between_all(
    sources: NDArray[np.int64],
    targets: NDArray[np.int64],
    near: NDArray[np.int16],
    n_paths: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The same by products over all starts. By its rest a distance is told from the next and from the one before."""
    rest = near % 3  # of -1 it is 2, but there are no paths
    total = np.zeros(n_paths.shape)
    for inner in range(min(int(near.max()), 3)):
        total += (n_paths * (rest == inner)) @ (shares * (rest == (inner + 1) % 3)).T
    return total[sources, targets]
