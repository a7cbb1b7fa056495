from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.components import component_labels, join_components


@st.composite
def graphs(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    n = draw(st.integers(1, 40))
    vertex = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(vertex, vertex), max_size=40))
    edges = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
    return np.array(edges, dtype=np.int64).reshape(-1, 2), n


def graph_of(edges: np.ndarray, n: int) -> nx.Graph:
    graph = nx.empty_graph(n)
    graph.add_edges_from(edges.tolist())
    return graph


@settings(deadline=None, max_examples=100)
@given(graphs())
def test_labels_are_the_smallest_vertices_of_networkx_components(case: tuple[np.ndarray, int]) -> None:
    labels = component_labels(*case)
    for component in nx.connected_components(graph_of(*case)):
        assert set(labels[list(component)].tolist()) == {min(component)}


@settings(deadline=None, max_examples=100)
@given(graphs())
def test_joining_adds_one_edge_for_each_further_component(case: tuple[np.ndarray, int]) -> None:
    edges, n = case
    n_components = nx.number_connected_components(graph_of(edges, n))
    joined = join_components(edges, n)
    assert np.array_equal(joined[: len(edges)], edges)
    graph = graph_of(joined, n)
    assert nx.is_connected(graph)
    assert graph.number_of_edges() == len(joined) == len(edges) + n_components - 1


def test_a_long_path_with_unfavourable_numbers_has_one_component() -> None:
    order = np.random.default_rng(0).permutation(5000)
    assert not component_labels(np.column_stack([order[:-1], order[1:]]), 5000).any()
