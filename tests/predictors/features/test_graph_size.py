from __future__ import annotations

import math

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.graph import Graph
from predictors.features.graph_size import GRAPH_SIZE_NAMES, graph_size_features


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 14), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_counts_agree_with_networkx(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    directed = nx.DiGraph()
    directed.add_nodes_from(graph)
    directed.add_edges_from((min(edge), max(edge)) for edge in graph.edges)
    generations = list(nx.topological_generations(directed))
    found = graph_size_features(Graph.from_edges(list(graph.edges), n))
    assert dict(zip(GRAPH_SIZE_NAMES, found.tolist(), strict=True)) == pytest.approx(
        {
            "nodes": n,
            "edges": graph.number_of_edges(),
            "log_nodes": math.log(n),
            "log_edges": math.log(1 + graph.number_of_edges()),
            "density": nx.density(directed),
            "mean_degree": sum(degree for _, degree in graph.degree) / n,
            "source_nodes": len(generations[0]),
            "sink_nodes": len(generations[-1]),
        }
    )
