"""How far apart the hidden neurons are, and how many shortest paths pass through them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.moments import moment_names, moments
from predictors.features.shortest_paths import ShortestPaths, shortest_paths
from search_spaces.wiring import Wiring

PATH_NAMES = (
    "diameter",
    "average_shortest_path_length",
    *moment_names("eccentricity"),
    *moment_names("closeness_centrality"),
    *moment_names("node_betweenness"),
    *moment_names("edge_betweenness"),
)


def path_features(wiring: Wiring) -> NDArray[np.float64]:
    """Distances and betweenness in the undirected hidden graph, in the order of `PATH_NAMES`.

    The graph need not be connected: a distance d(u, v) exists where v is reachable from u, and there are
    n - 1 vertices beside u, r of them reachable.

    - ``eccentricity`` of u: the largest d(u, v), so within its component; ``diameter``: the largest of all.
    - ``average_shortest_path_length``: mean of d(u, v) over the ordered pairs u != v that have one, or 0.
    - ``closeness_centrality`` of u: r / (sum of d(u, v)) * r / (n - 1), or 0 if r = 0 (Wasserman and
      Faust 1994, as in networkx).
    - ``node_betweenness``, ``edge_betweenness``: as in `shortest_paths`, normalised.

    Of the measures the moments are taken over the vertices or the edges. For graphs beyond
    `shortest_paths.EXACT_LIMIT`, distances are those from the pivots, and betweenness is an estimate.

    Source: the features of Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019).

    Returns:
        Finite values, shape (len(PATH_NAMES),).
    """
    sources, targets = wiring.hidden_edges()
    return summary(shortest_paths(wiring.n_hidden, sources, targets))


def summary(paths: ShortestPaths) -> NDArray[np.float64]:
    """The values of `path_features` for given distances and betweenness."""
    reached = paths.distances > 0
    n_reached = np.count_nonzero(reached, axis=1)
    total = np.sum(paths.distances, axis=1, where=reached)
    eccentricity = paths.distances.max(axis=1)
    n_others = max(paths.distances.shape[1] - 1, 1)
    closeness = n_reached**2 / (np.maximum(total, 1) * n_others)
    return np.array(
        [
            eccentricity.max(),
            total.sum() / max(n_reached.sum(), 1),
            *moments(eccentricity.astype(np.float64)),
            *moments(closeness),
            *moments(paths.node_betweenness),
            *moments(paths.edge_betweenness),
        ],
        dtype=np.float64,
    )
