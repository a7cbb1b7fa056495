from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.degrees import DEGREE_NAMES, degree_features
from search_spaces.wiring import Wiring


@st.composite
def graphs(draw: Any) -> nx.Graph:
    """Graphs of 2 to 14 vertices, connected or not."""
    n = draw(st.integers(2, 14))
    graph = nx.empty_graph(n)
    graph.add_edges_from(draw(st.sets(st.sampled_from(list(itertools.combinations(range(n), 2))))))
    return graph


@settings(deadline=None, max_examples=60)
@given(graph=graphs())
def test_degree_features_agree_with_networkx(wire_around: Callable[..., Wiring], graph: nx.Graph) -> None:
    directed = nx.DiGraph()
    directed.add_nodes_from(graph)
    directed.add_edges_from((min(edge), max(edge)) for edge in graph.edges)
    generations = list(nx.topological_generations(directed))
    centrality = list(nx.degree_centrality(graph).values())
    expected = {
        "layers": nx.dag_longest_path_length(directed) + 1,
        "nodes": len(graph),
        "edges": graph.number_of_edges(),
        "source_nodes": len(generations[0]),
        "sink_nodes": len(generations[-1]),
        "density": nx.density(directed),
        "degree_centrality_mean": statistics.mean(centrality),
        "degree_centrality_variance": statistics.variance(centrality),
        "degree_centrality_deviation": statistics.stdev(centrality),
    }
    found = dict(zip(DEGREE_NAMES, degree_features(wire_around(graph)), strict=True))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_single_neuron_is_one_layer_of_full_degree(wire_around: Callable[..., Wiring]) -> None:
    found = dict(zip(DEGREE_NAMES, degree_features(wire_around(nx.empty_graph(1))), strict=True))
    assert found == {
        "layers": 1,
        "nodes": 1,
        "edges": 0,
        "source_nodes": 1,
        "sink_nodes": 1,
        "density": 0,
        "degree_centrality_mean": nx.degree_centrality(nx.empty_graph(1))[0],
        "degree_centrality_variance": 0,
        "degree_centrality_deviation": 0,
    }
