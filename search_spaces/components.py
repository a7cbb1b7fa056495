"""Connected components of an undirected graph, and joining them."""

from __future__ import annotations

import numpy as np

from search_spaces.edge_codes import Int64Array


def component_labels(edges: Int64Array, n_vertices: int) -> Int64Array:
    """The smallest vertex of each vertex's component.

    Args:
        edges: int64, shape (n_edges, 2).
        n_vertices: Number of vertices.

    Returns:
        int64, shape (n_vertices,).
    """
    labels = np.arange(n_vertices)
    while True:
        first, second = labels[edges[:, 0]], labels[edges[:, 1]]
        is_between = first != second
        if not is_between.any():
            return labels
        # Each root hooks to the smallest root next to it: a round takes at least half of those with any.
        edges, first, second = edges[is_between], first[is_between], second[is_between]
        np.minimum.at(labels, np.maximum(first, second), np.minimum(first, second))
        while True:
            jumped = labels[labels]
            if np.array_equal(jumped, labels):
                break
            labels = jumped


def join_components(edges: Int64Array, n_vertices: int) -> Int64Array:
    """The edges, and one more for each component beyond the first, so that the graph is connected.

    The smallest vertex v of a component is joined to v - 1, which belongs to a component with a smaller one.

    Args:
        edges: int64, shape (n_edges, 2).
        n_vertices: Number of vertices.

    Returns:
        int64, shape (n_edges + n_components - 1, 2). The same edges give the same result.
    """
    labels = component_labels(edges, n_vertices)
    smallest = np.flatnonzero(labels == np.arange(n_vertices))[1:]
    return np.concatenate([edges, np.column_stack([smallest - 1, smallest])])
