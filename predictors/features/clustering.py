"""How often the neighbours of a vertex are neighbours, or have further neighbours in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.edge_sets import are_among, pair_codes
from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.moments import distribution, distribution_names

CLUSTERING_NAMES = (
    "transitivity",
    *distribution_names("clustering"),
    "bipartite_clustering",
    "square_clustering",
)

SPARSE_SHARE = 1 / 16  # of the pairs of vertices that are joined; below it, sparse products are faster


def clustering_features(graph: Graph) -> NDArray[np.float64]:
    """Triangles and squares of the undirected graph, in the order of `CLUSTERING_NAMES`.

    With A the adjacency matrix, k the degrees and c(u, v) = (A A)(u, v) common neighbours:

    - ``transitivity``: 3 triangles / pairs of edges with a common end; 0 if there are none.
    - ``clustering``: pairs of neighbours of a vertex that are joined / all pairs; 0 for fewer than two neighbours
      (Watts and Strogatz 1998). Its distribution over the vertices.
    - ``bipartite_clustering``: mean over the vertices u of the mean of c(u, v) / (k(u) + k(v) - c(u, v)) over the v
      that have a common neighbour with u; 0 where there is none (Latapy, Magnien and Del Vecchio 2008; equal to
      networkx in bipartite graphs). It sees the structure of layered graphs, in which there are no triangles.
    - ``square_clustering``: 4 squares / paths of three edges; 0 if there are none (Robins and Alexander 2004).

    Returns:
        Finite values, shape (len(CLUSTERING_NAMES),).
    """
    degree = graph.degrees.astype(np.float64)
    first, second, common, joined = _common_neighbours(graph)
    triangles, wedges = _triangles(graph, first, second, common, joined)

    shares = common / (degree[first] + degree[second] - common)
    n_near = np.maximum(np.bincount(first, minlength=graph.n_vertices), 1)
    overlap = np.bincount(first, shares, graph.n_vertices) / n_near

    squares = float(np.sum(common * (common - 1))) / 8  # each from two diagonals, each of them in two orders
    low, high = graph.undirected_edges
    paths = float(np.sum((degree[low] - 1) * (degree[high] - 1)) - triangles.sum())
    return np.array(
        [
            triangles.sum() / max(float(wedges.sum()), 1.0),
            *distribution(_local(triangles, wedges)),
            overlap.mean(),
            4 * squares / max(paths, 1.0),
        ],
        dtype=np.float64,
    )


def transitivity_and_clustering(graph: Graph) -> tuple[float, float]:
    """Transitivity and mean local clustering of the undirected graph, as in `clustering_features`."""
    triangles, wedges = _triangles(graph, *_common_neighbours(graph))
    return float(triangles.sum() / max(float(wedges.sum()), 1.0)), float(_local(triangles, wedges).mean())


def _triangles(
    graph: Graph,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    common: NDArray[np.float64],
    joined: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Triangles and pairs of neighbours of each vertex."""
    degree = graph.degrees.astype(np.float64)
    return np.bincount(first[joined], common[joined], graph.n_vertices) / 2, degree * (degree - 1) / 2


def _local(triangles: NDArray[np.float64], wedges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(triangles, wedges, out=np.zeros_like(wedges), where=wedges > 0)


def _common_neighbours(
    graph: Graph,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """The ordered pairs of vertices with common neighbours: both ends, how many, and whether an edge joins them."""
    n = graph.n_vertices
    low, high = graph.undirected_edges
    if 2 * len(low) >= SPARSE_SHARE * n * n:
        counts = graph.adjacency @ graph.adjacency
        np.fill_diagonal(counts, 0.0)
        first, second = np.nonzero(counts)
        return first, second, counts[first, second], graph.adjacency[first, second] > 0
    from scipy.sparse import csr_array

    ends = np.concatenate([low, high]), np.concatenate([high, low])
    adjacency = csr_array((np.ones(2 * len(low)), ends), shape=(n, n))
    product = (adjacency @ adjacency).tocoo()
    apart = product.row != product.col
    first, second = product.row[apart].astype(np.int64), product.col[apart].astype(np.int64)
    joined = are_among(n, pair_codes(n, first, second), pair_codes(n, low, high))
    return first, second, product.data[apart], joined


CLUSTERING = Family("clustering", 1, CLUSTERING_NAMES, clustering_features)
