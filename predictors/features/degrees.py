"""How many edges the vertices have, and whether like joins like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.moments import SHAPE, distribution, distribution_names

DIRECTED_VALUES = ("deviation", *SHAPE)  # the mean of fan-in and fan-out is that of the edges

DEGREE_NAMES = (
    *distribution_names("degree_centrality"),
    "degree_entropy",
    "degree_gini",
    "assortativity",
    *(f"in_degree_{value}" for value in DIRECTED_VALUES),
    *(f"out_degree_{value}" for value in DIRECTED_VALUES),
)


def degree_features(graph: Graph) -> NDArray[np.float64]:
    """Degree centrality, inequality, assortativity, fan-in and fan-out, in the order of `DEGREE_NAMES`.

    With k(v) the number of edges of vertex v in either direction, and n vertices:

    - ``degree_centrality``: k / (n - 1), its distribution; 1 for a single vertex, as in networkx (Freeman 1978).
    - ``degree_entropy``: -sum p ln p over the shares p of the vertices that have each degree, in nats.
    - ``degree_gini``: mean of |k(u) - k(v)| over all ordered pairs / (2 mean k), in [0, 1); 0 without edges.
    - ``assortativity``: correlation of the degrees at both ends of the undirected edges, in [-1, 1] (Newman 2002);
      0 where it is not defined, as all edges have ends of equal degree.
    - ``in_degree``, ``out_degree``: edges that end and start in a vertex, their deviation, skewness, minimum and
      maximum. An undirected graph is read from lower to higher numbers.

    Source: Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019), for degree centrality; Newman,
    "Assortative mixing in networks" (2002).

    Returns:
        Finite values, shape (len(DEGREE_NAMES),).
    """
    n = graph.n_vertices
    fan_in, fan_out = (np.bincount(ends, minlength=n) for ends in (graph.targets, graph.sources))
    degree = (fan_in + fan_out).astype(np.float64)
    return np.array(
        [
            *distribution(degree / (n - 1) if n > 1 else np.ones(1)),
            entropy(degree),
            gini(degree),
            assortativity(graph),
            *distribution(fan_in.astype(np.float64))[2:],
            *distribution(fan_out.astype(np.float64))[2:],
        ],
        dtype=np.float64,
    )


def entropy(values: NDArray[np.float64]) -> float:
    """Entropy in nats of how often each of the values occurs, shape (k,), k >= 1."""
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-np.sum(shares * np.log(shares))) + 0.0


def gini(values: NDArray[np.float64]) -> float:
    """Gini coefficient of values that are not negative, shape (k,), k >= 1; 0 if all are zero."""
    k, total = len(values), float(values.sum())
    if total == 0:
        return 0.0
    ranks = 2 * np.arange(1, k + 1) - k - 1  # sum over pairs of |difference|, by position in ascending order
    return float(np.sum(ranks * np.sort(values)) / (k * total))


def assortativity(graph: Graph) -> float:
    """Correlation of the degrees at the ends of the undirected edges; 0 where all are equal."""
    low, high = graph.undirected_edges
    ends = graph.degrees[np.concatenate([low, high])].astype(np.float64)  # (2 E,)
    if not ends.size or ends.min() == ends.max():
        return 0.0
    ends -= ends.mean()
    first, second = ends[: len(low)], ends[len(low) :]
    return float(np.clip(2 * np.dot(first, second) / np.dot(ends, ends), -1.0, 1.0))


DEGREES = Family("degrees", 1, DEGREE_NAMES, degree_features)
