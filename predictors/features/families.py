"""The families of structural features, and tables of them for many graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from predictors.errors import PredictorError
from predictors.features.clustering import CLUSTERING
from predictors.features.degrees import DEGREES
from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.graph_size import GRAPH_SIZE, GRAPH_SIZE_NAMES
from predictors.features.moments import MOMENTS
from predictors.features.paths import PATHS
from predictors.features.scatter import SCATTER
from predictors.features.small_world import SMALL_WORLD
from predictors.features.spectrum import SPECTRUM

_ALL = (GRAPH_SIZE, DEGREES, PATHS, CLUSTERING, SMALL_WORLD, SPECTRUM, SCATTER)

FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
"""The families that describe any graph, by name."""

SIZE_FEATURES: tuple[str, ...] = GRAPH_SIZE_NAMES
"""Names of the features that only say how large a graph is: the baseline that a predictor has to beat."""

STIER_FAMILIES = ("size", "degrees", "paths")
"""The families that contain `STIER_FEATURES`."""

STIER_FEATURES: tuple[str, ...] = (
    *("layers", "nodes", "edges", "source_nodes", "sink_nodes", "diameter", "density"),
    "average_shortest_path_length",
    *(f"{measure}_{moment}" for measure in ("eccentricity", "degree_centrality") for moment in MOMENTS),
    *(f"{measure}_{moment}" for measure in ("closeness_centrality", "node_betweenness") for moment in MOMENTS),
    *(f"edge_betweenness_{moment}" for moment in MOMENTS),
)
"""Names of the 23 features of Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019)."""


def names_of(families: Iterable[str] = tuple(FAMILIES)) -> tuple[str, ...]:
    """Names of the features that `describe_graph` gives, in its order.

    Raises:
        PredictorError: There is no such family.
    """
    return tuple(name for family in chosen(families) for name in family.feature_names)


def describe_graph(graph: Graph, families: Iterable[str] = tuple(FAMILIES)) -> NDArray[np.float64]:
    """The features of a graph, in the order of `names_of`.

    Returns:
        Finite values, shape (len(names_of(families)),). Same in, same out, in whatever process.

    Raises:
        PredictorError: There is no such family.
    """
    return np.concatenate([family.describe(graph) for family in chosen(families)])


def describe_graphs(graphs: Sequence[Graph], families: Iterable[str] = tuple(FAMILIES)) -> NDArray[np.float64]:
    """The features of many graphs, one row each, in the order of `names_of`.

    Returns:
        Finite values, shape (len(graphs), len(names_of(families))).

    Raises:
        PredictorError: There is no such family.
    """
    wanted = tuple(families)
    rows = np.empty((len(graphs), len(names_of(wanted))))
    for place, graph in enumerate(graphs):
        rows[place] = describe_graph(graph, wanted)
    return rows


def chosen(families: Iterable[str]) -> list[Family]:
    """The families of these names.

    Raises:
        PredictorError: There is no such family, a name is given twice, or there are none.
    """
    names = tuple(families)
    for name in names:
        if name not in FAMILIES:
            raise PredictorError(f'There is no feature family "{name}"; known are {", ".join(FAMILIES)}.')
    if not names or len(set(names)) < len(names):
        raise PredictorError(f"Feature families are {names}; give at least one, and each once.")
    return [FAMILIES[name] for name in names]
