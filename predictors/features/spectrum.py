"""Eigenvalues of the matrices of the undirected graph: how fast signals spread, and how well everything is connected.

The features are functions of a spectrum, given as values with weights: the eigenvalues themselves while that is cheap,
and beyond it the Ritz values of a few Lanczos processes, whose weighted sums estimate the sums over all eigenvalues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.features.family import Family
from predictors.features.graph import Graph
from predictors.features.lanczos import ritz_spectrum

SPECTRUM_NAMES = (
    "spectral_radius",
    "adjacency_gap",
    "adjacency_minimum",
    "graph_energy",
    "natural_connectivity",
    "algebraic_connectivity",
    "laplacian_maximum",
    "log_resistance",
    "log_spanning_trees",
    "normalised_gap",
    "normalised_maximum",
    "normalised_deviation",
    "components",
)

EXACT_LIMIT = 600
"""Graphs with up to so many vertices have all their eigenvalues computed."""

ZERO = 1e-9  # relative to the largest eigenvalue: what is below is zero but for rounding


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues, ascending, shape (k,), and how many of them each value stands for, shape (k,)."""

    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    def mean(self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
        """Mean of a function over the eigenvalues; 0 if there are none."""
        return float(self.weights @ function(self.values) / max(self.weights.sum(), 1.0))


def spectrum_features(graph: Graph) -> NDArray[np.float64]:
    """Spectral measures of the undirected graph, in the order of `SPECTRUM_NAMES`.

    Of the adjacency matrix A with eigenvalues a1 >= a2 >= ... >= an:

    - ``spectral_radius``: a1; ``adjacency_gap``: a1 - a2, 0 for one vertex; ``adjacency_minimum``: an.
    - ``graph_energy``: mean of abs(a) (Gutman 1978, divided by n).
    - ``natural_connectivity``: ln(mean of exp(a)) (Wu et al. 2010).

    Of the Laplacian K - A, K the degrees, whose eigenvalue 0 occurs once in each of the c ``components``:

    - ``algebraic_connectivity``: the second smallest, so 0 if c > 1 (Fiedler 1973); ``laplacian_maximum``.
    - ``log_resistance``: ln(1 + n mean of 1 / l) over the eigenvalues l > 0: the mean effective resistance of two
      vertices is 2 / (n - 1) * sum(1 / l) in a connected graph (Klein and Randic 1993); 0 without edges.
    - ``log_spanning_trees``: ln(number of spanning forests with c trees) / n, by the matrix tree theorem: the sum of
      ln(l) over l > 0, less ln of the size of each component.

    Of the normalised Laplacian 1 - K^(-1/2) A K^(-1/2), with 0 for vertices without edges as in networkx:

    - ``normalised_gap``: its second smallest eigenvalue, 0 if c > 1 or n = 1; ``normalised_maximum``: in [0, 2], 2 in
      bipartite graphs; ``normalised_deviation``: standard deviation of all eigenvalues.

    Returns:
        Finite values, shape (len(SPECTRUM_NAMES),).
    """
    n = graph.n_vertices
    sizes = component_sizes(graph)
    adjacency, laplacian, normalised = spectra(graph)
    radius = float(adjacency.values[-1])
    bounded = adjacency.mean(lambda a: np.exp(a - radius))
    is_connected = len(sizes) == 1 and n > 1
    scale = max(float(laplacian.values[-1]), 1.0)
    positive = laplacian.values > ZERO * scale
    rates = Spectrum(laplacian.values[positive], laplacian.weights[positive])
    n_positive = n - len(sizes)
    inverse = n_positive * rates.mean(lambda x: 1 / x)
    log_trees = (n_positive * rates.mean(np.log) - float(np.sum(np.log(sizes)))) / n
    return np.array(
        [
            max(radius, 0.0),
            radius - float(adjacency.values[-2]) if n > 1 else 0.0,
            adjacency.values[0],
            adjacency.mean(np.abs),
            radius + np.log(bounded),
            float(rates.values[0]) if is_connected else 0.0,
            max(float(laplacian.values[-1]), 0.0),
            np.log1p(inverse),
            max(log_trees, 0.0),
            max(float(normalised.values[1]), 0.0) if is_connected else 0.0,
            max(float(normalised.values[-1]), 0.0),
            _deviation(normalised),
            len(sizes),
        ],
        dtype=np.float64,
    )


def spectra(graph: Graph) -> tuple[Spectrum, Spectrum, Spectrum]:
    """Spectra of the adjacency matrix, the Laplacian and the normalised Laplacian."""
    degree = graph.degrees.astype(np.float64)
    root = 1 / np.sqrt(np.maximum(degree, 1.0))
    if graph.n_vertices <= EXACT_LIMIT:
        matrix = graph.adjacency
        laplacian = np.diag(degree) - matrix
        normalised = np.diag((degree > 0).astype(np.float64)) - matrix * root * root[:, None]
        ones = np.ones(len(degree))
        return (
            Spectrum(np.linalg.eigvalsh(matrix).astype(np.float64), ones),
            Spectrum(np.linalg.eigvalsh(laplacian).astype(np.float64), ones),
            Spectrum(np.linalg.eigvalsh(normalised).astype(np.float64), ones),
        )
    return _estimated(graph, degree, root)


def _estimated(
    graph: Graph, degree: NDArray[np.float64], root: NDArray[np.float64]
) -> tuple[Spectrum, Spectrum, Spectrum]:
    """`spectra` of a large graph: Ritz values, and the eigenvalues 0 of the Laplacians as they are known."""
    from scipy.sparse import csr_array

    n = graph.n_vertices
    low, high = graph.undirected_edges
    ends = np.concatenate([low, high]), np.concatenate([high, low])
    matrix = csr_array((np.ones(2 * len(low)), ends), shape=(n, n))
    own = (degree > 0).astype(np.float64)
    component = component_labels(graph)
    n_components = int(component.max()) + 1

    def off(direction: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """What of x is orthogonal to the direction in every component."""
        along = np.bincount(component, direction * x) / np.bincount(component, direction**2)
        return x - along[component] * direction

    def with_zeros(found: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Spectrum:
        values, weights = np.maximum(found[0], 0.0), found[1]
        weights = weights * (n - n_components) / max(float(weights.sum()), ZERO)
        return Spectrum(np.concatenate([[0.0], values]), np.concatenate([[float(n_components)], weights]))

    plain = ritz_spectrum(lambda x: degree * x - matrix @ x, n, lambda x: off(np.ones(n), x))
    scaled = ritz_spectrum(lambda x: own * x - root * (matrix @ (root * x)), n, lambda x: off(1 / root, x))
    values, weights = ritz_spectrum(lambda x: matrix @ x, n, lambda x: x)
    # A process that ends at once has met one eigenvalue only.
    adjacency = Spectrum(np.concatenate([values[:1], values]), np.concatenate([[0.0], weights]))
    return adjacency, with_zeros(plain), with_zeros(scaled)


def component_labels(graph: Graph) -> NDArray[np.int64]:
    """Number of the connected component of each vertex, from 0, shape (n_vertices,)."""
    paths = graph.shortest_paths
    if len(paths.starts) == graph.n_vertices:
        first = np.argmax(paths.distances >= 0, axis=1)  # the first vertex of the component
        return np.unique(first, return_inverse=True)[1].astype(np.int64)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = graph.n_vertices
    matrix = csr_array((np.ones(graph.n_edges), (graph.sources, graph.targets)), shape=(n, n))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)


def component_sizes(graph: Graph) -> NDArray[np.int64]:
    """Number of vertices of each connected component."""
    return np.bincount(component_labels(graph))


def _deviation(spectrum: Spectrum) -> float:
    mean = spectrum.mean(lambda x: x)
    return float(spectrum.mean(lambda x: (x - mean) ** 2) ** 0.5)


SPECTRUM = Family("spectrum", 1, SPECTRUM_NAMES, spectrum_features)
