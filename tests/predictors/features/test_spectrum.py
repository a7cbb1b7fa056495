from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features import spectrum
from predictors.features.graph import Graph
from predictors.features.spectrum import SPECTRUM_NAMES, component_sizes, spectrum_features


def graph_of(graph: nx.Graph) -> Graph:
    return Graph.from_edges(np.array(graph.edges).reshape(-1, 2), len(graph))


def features_of(graph: nx.Graph) -> dict[str, float]:
    return dict(zip(SPECTRUM_NAMES, spectrum_features(graph_of(graph)).tolist(), strict=True))


@settings(deadline=None, max_examples=50)
@given(n=st.integers(2, 12), probability=st.floats(0.2, 1), seed=st.integers(0, 1000))
def test_connected_graphs_have_the_measures_networkx_gives(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    graph.add_edges_from((v, v + 1) for v in range(n - 1))
    found = features_of(graph)
    adjacency = nx.adjacency_spectrum(graph).real
    adjacency.sort()
    assert found["spectral_radius"] == pytest.approx(adjacency[-1])
    assert found["adjacency_gap"] == pytest.approx(adjacency[-1] - adjacency[-2], abs=1e-9)
    assert found["adjacency_minimum"] == pytest.approx(adjacency[0])
    assert found["graph_energy"] == pytest.approx(np.abs(adjacency).mean())
    assert found["natural_connectivity"] == pytest.approx(math.log(nx.estrada_index(graph) / n))
    assert found["algebraic_connectivity"] == pytest.approx(np.sort(nx.laplacian_spectrum(graph))[1], abs=1e-9)
    assert found["laplacian_maximum"] == pytest.approx(max(nx.laplacian_spectrum(graph)))
    resistance = nx.effective_graph_resistance(graph)  # the sum over unordered pairs: n sum(1 / l)
    assert math.expm1(found["log_resistance"]) == pytest.approx(resistance / n)
    assert found["log_spanning_trees"] * n == pytest.approx(math.log(nx.number_of_spanning_trees(graph)), abs=1e-6)
    normalised = np.sort(nx.normalized_laplacian_spectrum(graph))
    assert found["normalised_gap"] == pytest.approx(normalised[1], abs=1e-9)
    assert found["normalised_maximum"] == pytest.approx(normalised[-1])
    assert found["normalised_deviation"] == pytest.approx(normalised.std())
    assert found["components"] == 1


def test_components_are_measured_together() -> None:
    parts = [nx.complete_graph(4), nx.cycle_graph(5), nx.empty_graph(2)]
    found = features_of(nx.disjoint_union_all(parts))
    assert found["components"] == 4
    assert found["algebraic_connectivity"] == found["normalised_gap"] == 0.0
    assert found["log_spanning_trees"] * 11 == pytest.approx(math.log(16 * 5))
    sizes = component_sizes(graph_of(nx.disjoint_union_all(parts)))
    assert sorted(sizes.tolist()) == [1, 1, 4, 5]


@pytest.mark.parametrize("n", [1, 6])
def test_vertices_without_edges_have_zeros(n: int) -> None:
    found = features_of(nx.empty_graph(n))
    assert found.pop("components") == n
    assert set(found.values()) == {0.0}


@pytest.mark.parametrize(
    "graph",
    [
        nx.connected_watts_strogatz_graph(700, 8, 0.3, seed=1),
        nx.barabasi_albert_graph(700, 3, seed=1),
        nx.disjoint_union(nx.barabasi_albert_graph(500, 4, seed=2), nx.gnm_random_graph(250, 700, seed=3)),
    ],
    ids=["small world", "scale free", "components"],
)
def test_large_graphs_are_estimated_near_the_exact_values(graph: nx.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = features_of(graph)
    monkeypatch.setattr(spectrum, "EXACT_LIMIT", len(graph))
    exact = features_of(graph)
    for name in ("spectral_radius", "adjacency_gap", "adjacency_minimum", "algebraic_connectivity", "components",
                 "laplacian_maximum", "normalised_gap", "normalised_maximum"):  # fmt: skip
        assert estimate[name] == pytest.approx(exact[name], rel=1e-3), name
    for name in ("graph_energy", "log_resistance", "log_spanning_trees", "normalised_deviation"):
        assert estimate[name] == pytest.approx(exact[name], rel=0.1), name


@pytest.mark.parametrize("graph", [nx.empty_graph(700), nx.star_graph(700), nx.path_graph(700), nx.complete_graph(650)])
def test_extreme_large_graphs_are_finite(graph: nx.Graph) -> None:
    found = features_of(graph)
    assert np.isfinite(list(found.values())).all()
    assert found["spectral_radius"] == pytest.approx(max(nx.adjacency_spectrum(graph).real), rel=1e-2, abs=1e-9)
