from __future__ import annotations

import json
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.errors import PredictorError
from predictors.features import Graph
from predictors.tables.graph_text import MOST_VERTICES, edge_text, parse_graph


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs of up to nine vertices, some of them alone; directed ones have no cycle."""
    n = draw(st.integers(1, 9))
    pairs = [(low, high) for low in range(n) for high in range(low + 1, n)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return Graph.from_edges(edges, n, is_directed=draw(st.booleans()) and bool(edges))


def same(first: Graph, second: Graph) -> bool:
    def edges(graph: Graph) -> set[tuple[int, int]]:
        return set(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))

    return (first.n_vertices, first.is_directed, edges(first)) == (second.n_vertices, second.is_directed, edges(second))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_graph_comes_back_from_its_edge_text(graph: Graph) -> None:
    assert same(parse_graph(edge_text(graph)), graph)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_graph_comes_back_from_node_link_json_of_networkx(graph: Graph) -> None:
    theirs = nx.DiGraph() if graph.is_directed else nx.Graph()
    theirs.add_nodes_from(reversed(range(graph.n_vertices)))  # numbers give the order, not the file
    theirs.add_edges_from(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    for edges in ("edges", "links"):
        assert same(parse_graph(json.dumps(nx.node_link_data(theirs, edges=edges))), graph)


def test_signs_tell_directions_and_options_override_them() -> None:
    assert not parse_graph("0-1 0-2").is_directed
    assert parse_graph("0>1, 0->2").is_directed
    assert same(parse_graph("0-1 2-1", is_directed=True), parse_graph("0>1 2>1"))
    assert same(parse_graph("0>1 1>0 1>2", is_directed=False), parse_graph("0-1 1-2"))


def test_vertices_are_the_numbers_that_occur() -> None:
    assert same(parse_graph("7-3 10 3-12"), Graph.from_edges([(0, 1), (0, 3)], 4))


def test_names_of_json_are_in_the_order_of_the_text() -> None:
    graph = nx.DiGraph([("out", "b"), ("in", "out")])
    read = parse_graph(json.dumps(nx.node_link_data(graph, edges="edges")))
    assert same(read, Graph.from_edges([(0, 1), (2, 0)], 3, is_directed=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no graph"),
        ("hello", '"hello" is not an edge'),
        ("0-1 1_2", '"1_2" is not an edge'),
        ("0-1 1-1", "1-1 joins a vertex to itself"),
        ("0-1 1-2 0-1", "0-1 is given twice"),
        ("0-1 1-0", "1-0 is given twice"),
        ("0>1 0>1", "0-1 is given twice"),
        ("0>1 1>2 2>0 3>0", "cycle 0-1-2-0"),
        ("0-1 1>2", "with and without a direction"),
        ("0-99999999999999", "beyond 999999"),
        ("0-1 " * 3, "given twice"),
        (" ".join(map(str, range(MOST_VERTICES + 1))), f"{MOST_VERTICES + 1} vertices"),
        ("{", "not node-link JSON"),
        ('{"nodes": 3, "edges": []}', "not node-link JSON"),
        ('{"nodes": [], "edges": []}', "no vertex"),
        ('{"nodes": [{"id": 0}, {"id": 0}], "edges": []}', '"0" is given twice'),
        ('{"nodes": [{"id": 0}], "edges": [{"source": 0, "target": 1}]}', "not among the nodes"),
        ('{"directed": true, "nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": "a", "target": "b"}, '
         '{"source": "b", "target": "a"}]}', "cycle a-b-a"),
    ],
)  # fmt: skip
def test_what_is_not_a_graph_is_refused(text: str, said: str) -> None:
    with pytest.raises(PredictorError, match=said.replace("(", r"\(")) as caught:
        parse_graph(text)
    assert "\n" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_each_cycle_that_is_told_is_one(graph: Graph) -> None:
    edges = list(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    if not edges:
        return
    back = [*edges, (edges[0][1], edges[0][0])]
    with pytest.raises(PredictorError, match="cycle") as caught:
        parse_graph(" ".join(f"{source}>{target}" for source, target in back))
    cycle = str(caught.value).split("cycle ")[1].split(",")[0].split("-")
    assert cycle[0] == cycle[-1]
    assert all((int(a), int(b)) in back for a, b in pairwise(cycle))
