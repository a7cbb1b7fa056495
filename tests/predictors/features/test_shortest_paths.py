from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictors.features.pivots import MOST_PIVOTS
from predictors.features.shortest_paths import estimated_paths, exact_paths, shortest_paths

Edges = tuple[int, NDArray[np.int64], NDArray[np.int64]]


@st.composite
def graphs(draw: Any) -> Edges:
    """(n, sources, targets) of graphs of 1 to 16 vertices, connected or not."""
    n = draw(st.integers(1, 16))
    pairs = list(itertools.combinations(range(n), 2))
    edges = sorted(draw(st.sets(st.sampled_from(pairs)))) if pairs else []
    array = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return n, array[:, 0], array[:, 1]


def edges_of(graph: nx.Graph) -> Edges:
    array = np.array(sorted(map(sorted, graph.edges)), dtype=np.int64)
    return len(graph), array[:, 0], array[:, 1]


@settings(deadline=None, max_examples=80)
@given(graphs())
def test_exact_values_belong_to_the_vertices_and_edges_networkx_gives_them_to(edges: Edges) -> None:
    n, sources, targets = edges
    graph = nx.empty_graph(n)
    graph.add_edges_from(zip(sources.tolist(), targets.tolist(), strict=True))
    paths = exact_paths(n, sources, targets)
    by_node, by_edge = nx.betweenness_centrality(graph), nx.edge_betweenness_centrality(graph)
    assert paths.node_betweenness == pytest.approx([by_node[v] for v in range(n)], abs=1e-9)
    assert paths.edge_betweenness == pytest.approx([by_edge[edge] for edge in graph.edges], abs=1e-9)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    assert paths.distances.tolist() == [[lengths[u].get(v, -1) for v in range(n)] for u in range(n)]
    assert paths.starts.tolist() == list(range(n))


@settings(deadline=None, max_examples=80)
@given(graphs())
def test_with_every_vertex_as_a_pivot_the_estimate_is_exact(edges: Edges) -> None:
    exact = exact_paths(*edges)
    estimate = estimated_paths(*edges, np.arange(edges[0]))
    assert (estimate.distances == exact.distances).all()
    np.testing.assert_allclose(estimate.node_betweenness, exact.node_betweenness, rtol=0, atol=1e-12)
    np.testing.assert_allclose(estimate.edge_betweenness, exact.edge_betweenness, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(graphs())
def test_the_mean_of_the_estimates_from_each_single_pivot_is_exact(edges: Edges) -> None:
    exact = exact_paths(*edges)
    singles = [estimated_paths(*edges, np.array([pivot])) for pivot in range(edges[0])]
    node = np.mean([single.node_betweenness for single in singles], axis=0)
    edge = np.mean([single.edge_betweenness for single in singles], axis=0)
    np.testing.assert_allclose(node, exact.node_betweenness, rtol=0, atol=1e-12)
    np.testing.assert_allclose(edge, exact.edge_betweenness, rtol=0, atol=1e-12)


def test_small_graphs_are_exact_and_large_ones_start_from_pivots() -> None:
    small = edges_of(nx.connected_watts_strogatz_graph(200, 10, 0.5, seed=1))
    assert len(shortest_paths(*small).starts) == 200
    large = edges_of(nx.connected_watts_strogatz_graph(2000, 10, 0.5, seed=1))
    assert len(shortest_paths(*large).starts) == MOST_PIVOTS


def test_an_estimate_ranks_vertices_and_edges_as_the_exact_values_do() -> None:
    edges = edges_of(nx.barabasi_albert_graph(600, 3, seed=2))
    exact, estimate = exact_paths(*edges), shortest_paths(*edges)
    assert len(estimate.starts) < 600
    assert np.corrcoef(exact.node_betweenness, estimate.node_betweenness)[0, 1] > 0.98
    assert np.corrcoef(exact.edge_betweenness, estimate.edge_betweenness)[0, 1] > 0.85


def test_the_same_graph_gives_the_same_bits() -> None:
    for n in (150, 1200):
        edges = edges_of(nx.connected_watts_strogatz_graph(n, 8, 0.5, seed=3))
        first, second = shortest_paths(*edges), shortest_paths(*edges)
        assert first.edge_betweenness.tobytes() == second.edge_betweenness.tobytes()
        assert first.node_betweenness.tobytes() == second.node_betweenness.tobytes()
