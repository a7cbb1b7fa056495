"""How large a graph is. This family alone is the size-only baseline that a predictor of graphs has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.family import Family
from predictors.features.graph import Graph

GRAPH_SIZE_NAMES = (
    "nodes",
    "edges",
    "log_nodes",
    "log_edges",
    "density",
    "mean_degree",
    "source_nodes",
    "sink_nodes",
)


def graph_size_features(graph: Graph) -> NDArray[np.float64]:
    """Counts of vertices and edges, in the order of `GRAPH_SIZE_NAMES`.

    - ``nodes``: n; ``edges``: E; ``log_nodes``: ln n; ``log_edges``: ln(1 + E).
    - ``density``: E / (n (n - 1)), 0 for one vertex; ``mean_degree``: 2 E / n.
    - ``source_nodes``, ``sink_nodes``: vertices in the first and in the last of the layers, that are the levels of
      `Graph.levels`. They tell how many inputs and outputs an undirected graph has, read from lower to higher numbers.

    Source: plain counts; layers after Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019).

    Returns:
        Finite values, shape (len(GRAPH_SIZE_NAMES),).
    """
    n, n_edges = graph.n_vertices, graph.n_edges
    levels = graph.levels
    return np.array(
        [
            n,
            n_edges,
            np.log(n),
            np.log1p(n_edges),
            n_edges / (n * (n - 1)) if n > 1 else 0.0,
            2 * n_edges / n,
            np.count_nonzero(levels == 0),
            np.count_nonzero(levels == levels.max()),
        ],
        dtype=np.float64,
    )


GRAPH_SIZE = Family("size", 1, GRAPH_SIZE_NAMES, graph_size_features)
