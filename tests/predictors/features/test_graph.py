from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.graph import Graph
from search_spaces.wiring import Wiring


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"edges": [(0, 3)], "n_vertices": 3}, "edge 0 has target 3; vertices are numbered 0..2"),
        ({"edges": [(0, 1), (-1, 0)]}, "edge 1 has source -1"),
        ({"edges": [(0, 1), (1, 1)]}, "edge 1 joins vertex 1 to itself"),
        ({"edges": [(0, 1), (1, 0)]}, "edge 0-1 is given twice"),
        ({"edges": [(2, 1), (2, 1)], "is_directed": True}, "edge 2-1 is given twice"),
        ({"edges": [], "n_vertices": 0}, "n_vertices is 0; it must be at least 1"),
        ({"edges": [(0, 1)], "operations": ("a", "b")}, "2 operations for 1 edges"),
    ],
)
def test_what_is_not_a_graph_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph.from_edges(**arguments)


def test_sources_without_targets_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sources have shape \(2,\), targets \(1,\)"):
        Graph(3, np.array([0, 1]), np.array([2]), is_directed=True)


def test_a_wiring_gives_its_hidden_graph(wire_around: Callable[[nx.Graph], Wiring]) -> None:
    graph = Graph.from_wiring(wire_around(nx.path_graph(4)))
    assert (graph.n_vertices, graph.sources.tolist(), graph.targets.tolist()) == (4, [0, 1, 2], [1, 2, 3])
    assert graph.is_directed and graph.operations is None


def test_the_edges_of_an_undirected_graph_lead_upwards_and_keep_their_operations() -> None:
    graph = Graph.from_edges([(3, 1), (0, 2)], operations=("a", "b"))
    assert (graph.sources.tolist(), graph.targets.tolist(), graph.operations) == ([1, 0], [3, 2], ("a", "b"))
    assert not graph.sources.flags.writeable


def test_numbers_beyond_the_edges_are_vertices_too() -> None:
    assert Graph.from_edges([(0, 1)], n_vertices=4).degrees.tolist() == [1, 1, 0, 0]
    assert Graph.from_edges([]).n_vertices == 1


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 12), probability=st.floats(0, 0.6), seed=st.integers(0, 1000))
def test_a_directed_graph_is_read_as_networkx_reads_it(n: int, probability: float, seed: int) -> None:
    theirs = nx.gnp_random_graph(n, probability, seed=seed, directed=True)
    ours = Graph.from_edges(list(theirs.edges), n, is_directed=True)
    undirected = theirs.to_undirected()
    assert set(zip(*map(np.ndarray.tolist, ours.undirected_edges), strict=True)) == {
        (min(edge), max(edge)) for edge in undirected.edges
    }
    assert ours.degrees.tolist() == [undirected.degree[v] for v in range(n)]
    assert (ours.adjacency == nx.to_numpy_array(undirected, nodelist=range(n))).all()
    assert ours.is_acyclic == nx.is_directed_acyclic_graph(theirs)
    place = np.argsort(ours.topological_order)
    sources, targets = ours.dag_edges
    assert (place[sources] < place[targets]).all()
    dag = theirs if ours.is_acyclic else nx.DiGraph((min(edge), max(edge)) for edge in undirected.edges)
    dag.add_nodes_from(range(n))
    expected = {v: level for level, layer in enumerate(nx.topological_generations(dag)) for v in layer}
    assert ours.levels.tolist() == [expected[v] for v in range(n)]
