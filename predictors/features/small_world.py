"""How much of a small world a graph is: as clustered as a lattice, and as short of paths as a random graph."""

from __future__ import annotations

import numpy as np
import rustworkx
from numpy.typing import NDArray

from predictors.features.clustering import transitivity_and_clustering
from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.pivots import choose_pivots
from predictors.features.references import lattice_reference, random_reference
from predictors.features.shortest_paths import EXACT_LIMIT, NEVER

SMALL_WORLD_NAMES = (
    "small_world_sigma",
    "small_world_omega",
    "small_world_propensity",
    "relative_clustering",
    "relative_length",
)

N_RANDOM = 3
SEED = 20160224
"""Of the generator that draws the references, so that the same graph has the same features everywhere."""


def small_world_features(graph: Graph) -> NDArray[np.float64]:
    """The undirected graph compared with references of the same degrees, in the order of `SMALL_WORLD_NAMES`.

    C is the mean local clustering, T the transitivity, L the mean distance of the pairs of vertices that have one. The
    mean over `N_RANDOM` graphs of `random_reference` has the index r, the graph of `lattice_reference` the index l.

    - ``small_world_sigma``: (T / T_r) / (L / L_r) (Humphries and Gurney 2008). T_r counts as one triangle at least.
    - ``small_world_omega``: L_r / L - C / C_l (Telesford et al. 2011).
    - ``small_world_propensity``: 1 - sqrt((D_C^2 + D_L^2) / 2) with D_C = (C_l - C) / (C_l - C_r) and
      D_L = (L - L_r) / (L_l - L_r), both within [0, 1] (Muldoon, Bridgeford and Bassett 2016).
    - ``relative_clustering``: C - C_r; ``relative_length``: ln(L / L_r).

    A quotient with the denominator 0 is 0. The references are drawn with a fixed seed, and the lattice is along the
    numbers of the vertices, so that these values depend a little on the numbering.

    Returns:
        Finite values, shape (len(SMALL_WORLD_NAMES),).
    """
    if graph.n_edges == 0:
        return np.zeros(len(SMALL_WORLD_NAMES))
    rng = np.random.default_rng(SEED)
    lattice = measured(lattice_reference(graph, rng))
    draws = np.array([measured(random_reference(graph, rng)) for _ in range(N_RANDOM)])
    own = np.array(measured(graph))
    n_wedges = float(np.sum(graph.degrees * (graph.degrees - 1) / 2))
    return compared(own, draws.mean(axis=0), np.array(lattice), fewest=3 / max(n_wedges, 3.0))


def compared(
    own: NDArray[np.float64], random: NDArray[np.float64], lattice: NDArray[np.float64], fewest: float
) -> NDArray[np.float64]:
    """The values of `small_world_features` for transitivity, mean clustering and mean distance of the three.

    Args:
        own: Of the graph, shape (3,), as `measured` gives them.
        random: Of the random references, shape (3,).
        lattice: Of the lattice, shape (3,).
        fewest: What the transitivity of the random references counts as at least.
    """
    transitivity, clustering, length = own.tolist()
    short = _quotient(length, random[2])
    excess_clustering = _within(_quotient(lattice[1] - clustering, lattice[1] - random[1]))
    excess_length = _within(_quotient(length - random[2], lattice[2] - random[2]))
    return np.array(
        [
            _quotient(transitivity / max(random[0], fewest), short),
            _quotient(random[2], length) - _quotient(clustering, lattice[1]),
            1 - ((excess_clustering**2 + excess_length**2) / 2) ** 0.5,
            clustering - random[1],
            np.log(short) if short > 0 else 0.0,
        ]
    )


def measured(graph: Graph) -> tuple[float, float, float]:
    """Transitivity, mean local clustering, and mean distance of the pairs of vertices that have one."""
    return *transitivity_and_clustering(graph), mean_distance(graph)


def mean_distance(graph: Graph) -> float:
    """Mean distance of all pairs of vertices that a path joins, 0 if there are none.

    From the pivots of `choose_pivots` only, where `shortest_paths` does so.
    """
    n = graph.n_vertices
    low, high = graph.undirected_edges
    if n * (n + len(low)) <= EXACT_LIMIT:
        peer: rustworkx.PyGraph[None, None] = rustworkx.PyGraph()
        peer.add_nodes_from([None] * n)
        peer.add_edges_from_no_data(list(zip(low.tolist(), high.tolist(), strict=True)))
        distances = rustworkx.graph_distance_matrix(peer, parallel_threshold=NEVER)  # 0 where there is no path
        return float(distances.sum() / max(np.count_nonzero(distances), 1))
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    matrix = csr_array((np.ones(len(low)), (low, high)), shape=(n, n))
    from_pivots = dijkstra(matrix, directed=False, indices=choose_pivots(n, len(low)), unweighted=True)
    joined = from_pivots[np.isfinite(from_pivots) & (from_pivots > 0)]
    return float(joined.mean()) if len(joined) else 0.0


def _quotient(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else 0.0


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)


SMALL_WORLD = Family("small_world", 1, SMALL_WORLD_NAMES, small_world_features)
