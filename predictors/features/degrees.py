"""What can be read off the hidden graph by counting: its layers, its density, its degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.moments import moment_names, moments
from search_spaces.wiring import Wiring

DEGREE_NAMES = (
    "layers",
    "nodes",
    "edges",
    "source_nodes",
    "sink_nodes",
    "density",
    *moment_names("degree_centrality"),
)


def degree_features(wiring: Wiring) -> NDArray[np.float64]:
    """Layers, counts, density and degree centrality of the hidden graph, in the order of `DEGREE_NAMES`.

    The hidden graph has the n hidden neurons as vertices and the E edges between them.

    - ``layers``: number of vertices on its longest directed path. The layer of a vertex is 0 if it reads no
      hidden neuron and 1 + the largest layer among those it reads otherwise.
    - ``nodes``: n; ``edges``: E.
    - ``source_nodes``: vertices in the first layer; ``sink_nodes``: vertices in the last layer.
    - ``density``: E / (n (n - 1)); 0 for one vertex.
    - ``degree_centrality``: edges of a vertex in either direction / (n - 1), its moments over the vertices;
      1 for a single vertex, as in networkx.

    Source: Stier and Granitzer, "Structural Analysis of Sparse Neural Networks" (2019), and the studies of
    recurrent networks with the same 23 features; degree centrality after Freeman (1978).

    Returns:
        Finite values, shape (len(DEGREE_NAMES),).
    """
    n = wiring.n_hidden
    sources, targets = wiring.hidden_edges()
    level = wiring.levels()
    last_level = int(level.max())
    if n > 1:
        degree = np.bincount(sources, minlength=n) + np.bincount(targets, minlength=n)
        density, centrality = len(sources) / (n * (n - 1)), degree / (n - 1)
    else:
        density, centrality = 0.0, np.ones(1)
    counts = [
        last_level + 1,
        n,
        len(sources),
        int(np.count_nonzero(level == 0)),
        int(np.count_nonzero(level == last_level)),
        density,
    ]
    return np.array([*counts, *moments(centrality)], dtype=np.float64)
