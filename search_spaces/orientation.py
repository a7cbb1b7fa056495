"""From an undirected graph to a DAG in topological order, and limiting its depth."""

from __future__ import annotations

import numpy as np

from search_spaces.edge_codes import Int64Array, decode, encode
from search_spaces.genotype import Orientation
from search_spaces.wiring import longest_path_levels


def orient(edges: Int64Array, n_vertices: int, orientation: Orientation, rng: np.random.Generator) -> Int64Array:
    """Directs every edge from the earlier vertex of a topological order to the later one.

    "index" takes the vertex numbers for the order, "random" a random permutation of them.

    Args:
        edges: int64, shape (n_edges, 2), undirected.
        n_vertices: Number of vertices.
        orientation: "index" or "random".
        rng: Source of randomness.

    Returns:
        Edge codes, sorted: int64, shape (n_edges,). Vertices are renumbered along the order.
    """
    order = rng.permutation(n_vertices) if orientation == "random" else np.arange(n_vertices)
    return np.sort(encode(order[edges[:, 0]], order[edges[:, 1]], n_vertices))


def cut_to_depth(codes: Int64Array, n_neurons: int, max_depth: int) -> Int64Array:
    """Drops edges such that no path has more than `max_depth` neurons; changes no graph that has none.

    There are two ways, and the one that keeps more edges is taken. The levels are cut into bands of
    `max_depth`, and edges from band to band dropped: the bands become parallel, which suits short edges.
    Or levels are merged into `max_depth` layers, and edges within a layer dropped: this suits long ones.

    Args:
        codes: Edge codes of a topologically ordered DAG, sorted.
        n_neurons: Number of neurons.
        max_depth: Most neurons on a path, at least 1.

    Returns:
        Edge codes, sorted.
    """
    sources, targets = decode(codes, n_neurons)
    levels = longest_path_levels(sources, targets, n_neurons)
    depth = int(levels.max()) + 1
    if depth <= max_depth:
        return codes
    bands, layers = levels // max_depth, levels * max_depth // depth
    in_band, between_layers = bands[sources] == bands[targets], layers[sources] != layers[targets]
    kept = in_band if in_band.sum() >= between_layers.sum() else between_layers
    return np.asarray(codes[kept])
