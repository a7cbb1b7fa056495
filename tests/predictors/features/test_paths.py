from __future__ import annotations

import itertools
import statistics
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.graph import Graph
from predictors.features.paths import DISTANCE_NAMES, PATH_NAMES, path_features


@st.composite
def graphs(draw: Any, connected: bool) -> nx.Graph:
    """Graphs of 1 to 14 vertices; the connected ones are a random tree and more edges."""
    n = draw(st.integers(1, 14))
    graph = nx.empty_graph(n)
    if connected:
        graph.add_edges_from((draw(st.integers(0, v - 1)), v) for v in range(1, n))
    if n > 1:
        graph.add_edges_from(draw(st.sets(st.sampled_from(list(itertools.combinations(range(n), 2))))))
    return graph


def features_of(graph: nx.Graph) -> dict[str, float]:
    found = path_features(Graph.from_edges(list(graph.edges), len(graph)))
    return dict(zip(PATH_NAMES, found.tolist(), strict=True))


def those_of(found: dict[str, float], expected: dict[str, float]) -> dict[str, float]:
    return {name: found[name] for name in expected}


def moments_of(measure: str, by_element: dict[Any, float]) -> dict[str, float]:
    values = list(by_element.values())
    several = len(values) > 1
    return {
        f"{measure}_mean": statistics.mean(values) if values else 0.0,
        f"{measure}_variance": statistics.variance(values) if several else 0.0,
        f"{measure}_deviation": statistics.stdev(values) if several else 0.0,
    }


def centralities_of(graph: nx.Graph) -> dict[str, float]:
    """The measures that networkx defines whether the graph is connected or not."""
    return (
        moments_of("closeness_centrality", nx.closeness_centrality(graph))
        | moments_of("node_betweenness", nx.betweenness_centrality(graph))
        | moments_of("edge_betweenness", nx.edge_betweenness_centrality(graph))
    )


@settings(deadline=None, max_examples=80)
@given(graph=graphs(connected=True))
def test_a_connected_graph_has_the_features_networkx_gives(graph: nx.Graph) -> None:
    expected = (
        {
            "diameter": nx.diameter(graph),
            "average_shortest_path_length": nx.average_shortest_path_length(graph),
            "efficiency": nx.global_efficiency(graph),
            "unreachable_share": 0.0,
            "eccentricity_minimum": nx.radius(graph),
        }
        | moments_of("eccentricity", nx.eccentricity(graph))
        | centralities_of(graph)
    )
    assert those_of(features_of(graph), expected) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=80)
@given(graph=graphs(connected=False))
def test_a_disconnected_graph_is_measured_within_its_components(graph: nx.Graph) -> None:
    components = [graph.subgraph(component) for component in nx.connected_components(graph)]
    eccentricity = {v: e for component in components for v, e in nx.eccentricity(component).items()}
    lengths = [
        length
        for start, reached in nx.all_pairs_shortest_path_length(graph)
        for end, length in reached.items()
        if start != end
    ]
    expected = (
        {
            "diameter": max(nx.diameter(component) for component in components),
            "average_shortest_path_length": statistics.mean(lengths) if lengths else 0.0,
            "shortest_path_length_deviation": statistics.pstdev(lengths) if lengths else 0.0,
            "efficiency": nx.global_efficiency(graph),
            "unreachable_share": 1 - len(lengths) / max(len(graph) * (len(graph) - 1), 1) if len(graph) > 1 else 0.0,
        }
        | moments_of("eccentricity", eccentricity)
        | centralities_of(graph)
    )
    assert those_of(features_of(graph), expected) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("n", [1, 7])
def test_vertices_without_edges_have_no_distances(n: int) -> None:
    found = features_of(nx.empty_graph(n))
    assert found["unreachable_share"] == (n > 1)
    assert {found[name] for name in DISTANCE_NAMES if name != "unreachable_share"} == {0.0}


def test_a_large_graph_is_estimated_close_to_networkx() -> None:
    graph = nx.connected_watts_strogatz_graph(500, 6, 0.3, seed=1)
    found = features_of(graph)
    exact = centralities_of(graph) | {
        "diameter": nx.diameter(graph),
        "average_shortest_path_length": nx.average_shortest_path_length(graph),
    }
    assert found["average_shortest_path_length"] == pytest.approx(exact["average_shortest_path_length"], rel=0.02)
    assert exact["diameter"] - 2 <= found["diameter"] <= exact["diameter"]
    for measure in ("closeness_centrality", "node_betweenness", "edge_betweenness"):
        assert found[f"{measure}_mean"] == pytest.approx(exact[f"{measure}_mean"], rel=0.03)
        assert found[f"{measure}_deviation"] == pytest.approx(exact[f"{measure}_deviation"], rel=0.15)
    assert np.isfinite(list(found.values())).all()


def test_depth_and_levels_are_those_of_the_directed_graph() -> None:
    found = features_of(nx.path_graph(5))
    assert (found["layers"], found["mean_level"]) == (5, 0.5)
    assert (found["log_paths"], found["mean_path_length"]) == (0, 4)
