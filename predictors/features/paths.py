"""How far apart the vertices are, how many shortest paths pass through them, and how many paths cross the graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.dag_paths import log_paths_and_length
from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.moments import distribution, distribution_names
from predictors.features.shortest_paths import ShortestPaths

DISTANCE_NAMES = (
    "diameter",
    "average_shortest_path_length",
    "shortest_path_length_deviation",
    "efficiency",
    "unreachable_share",
    *distribution_names("eccentricity"),
    *distribution_names("closeness_centrality"),
    *distribution_names("node_betweenness"),
    *distribution_names("edge_betweenness"),
)
LEVEL_NAMES = ("layers", "mean_level", "log_paths", "mean_path_length")
PATH_NAMES = (*LEVEL_NAMES, *DISTANCE_NAMES)


def path_features(graph: Graph) -> NDArray[np.float64]:
    """Depth, number of paths, distances and betweenness, in the order of `PATH_NAMES`.

    Those of `LEVEL_NAMES` are as in `level_features`.

    In the undirected graph, which need not be connected: a distance d(u, v) exists where v is reachable from u, and
    there are n - 1 vertices beside u, r of them reachable.

    - ``eccentricity`` of u: the largest d(u, v), so within its component; ``diameter``: the largest of all.
    - ``average_shortest_path_length``: mean of d(u, v) over the ordered pairs u != v that have one, or 0;
      ``shortest_path_length_deviation``: their standard deviation (divisor: number of pairs).
    - ``efficiency``: mean of 1 / d(u, v) over all ordered pairs, 0 where there is no path (Latora and Marchiori 2001).
    - ``unreachable_share``: share of the ordered pairs u != v without a path.
    - ``closeness_centrality`` of u: r / (sum of d(u, v)) * r / (n - 1), or 0 if r = 0 (Wasserman and
      Faust 1994, as in networkx).
    - ``node_betweenness``, ``edge_betweenness``: as in `shortest_paths`, normalised.

    Of the measures the distribution is taken over the vertices or the edges. For graphs beyond
    `shortest_paths.EXACT_LIMIT`, distances are those from the pivots, and betweenness is an estimate.

    Source: Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019).

    Returns:
        Finite values, shape (len(PATH_NAMES),).
    """
    return np.concatenate([level_features(graph), distance_features(graph.shortest_paths)])


def level_features(graph: Graph) -> NDArray[np.float64]:
    """Depth and number of paths of the directed acyclic graph of `Graph.dag_edges`, in the order of `LEVEL_NAMES`.

    - ``layers``: number of vertices on the longest path; ``mean_level``: mean of `Graph.levels` / (layers - 1),
      in [0, 1]; 0 for one layer.
    - ``log_paths``, ``mean_path_length``: as in `log_paths_and_length`.

    Unlike distances, they take time in proportion to the edges.

    Returns:
        Finite values, shape (4,).
    """
    levels = graph.levels
    last = int(levels.max())
    return np.array([last + 1.0, float(levels.mean()) / max(last, 1), *log_paths_and_length(graph)])


def distance_features(paths: ShortestPaths) -> NDArray[np.float64]:
    """The values of `path_features` that `DISTANCE_NAMES` names, for given distances and betweenness."""
    n_starts, n = paths.distances.shape
    pairs_at = np.bincount((paths.distances + 1).ravel(), minlength=2)[2:]  # at distances 1, 2, ...
    n_pairs = max(n_starts * (n - 1), 1)
    lengths = np.arange(1, len(pairs_at) + 1, dtype=np.float64)
    n_joined = max(int(pairs_at.sum()), 1)
    mean_length = float(pairs_at @ lengths) / n_joined

    n_reached = np.count_nonzero(paths.distances > 0, axis=1)
    total = paths.distances.sum(axis=1) + (n - 1 - n_reached)  # without the -1 of each that is not reached
    closeness = n_reached**2 / (np.maximum(total, 1) * max(n - 1, 1))
    return np.array(
        [
            len(pairs_at),
            mean_length,
            (float(pairs_at @ (lengths - mean_length) ** 2) / n_joined) ** 0.5,
            float(pairs_at @ (1 / lengths)) / n_pairs,
            1.0 - pairs_at.sum() / n_pairs if n > 1 else 0.0,
            *distribution(paths.distances.max(axis=1).astype(np.float64)),
            *distribution(closeness),
            *distribution(paths.node_betweenness),
            *distribution(paths.edge_betweenness),
        ],
        dtype=np.float64,
    )


PATHS = Family("paths", 1, PATH_NAMES, path_features)
