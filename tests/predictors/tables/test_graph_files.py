from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

from predictors.errors import PredictorError
from predictors.tables.graph_files import read_graph_file


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
@pytest.mark.parametrize("ending", [".graphml", ".json"])
def test_files_of_networkx_are_read(tmp_path: Path, kind: type[nx.Graph], ending: str) -> None:
    graph = kind(nx.gnp_random_graph(12, 0.3, seed=1).edges)
    path = tmp_path / f"a{ending}"
    if ending == ".json":
        path.write_text(json.dumps(nx.node_link_data(graph, edges="edges")))
    else:
        nx.write_graphml(graph, path)
    read = read_graph_file(path)
    place = {node: i for i, node in enumerate(sorted(graph))}
    wanted = {
        (place[u], place[v]) if graph.is_directed() else tuple(sorted((place[u], place[v]))) for u, v in graph.edges
    }
    assert read.n_vertices == len(graph)
    assert read.is_directed == graph.is_directed()
    assert set(zip(read.sources.tolist(), read.targets.tolist(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.graphml", "hello", "not GraphML"),
        ("a.graphml", "", "not GraphML"),
        ("a.graphml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><graphml/>', "document type"),
        ("a.json", "0-1", "not node-link JSON"),
        ("a.json", "{}", "not node-link JSON"),
        ("none.json", None, "cannot be read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(PredictorError, match=said) as caught:
        read_graph_file(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_graphml_edge_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    nx.write_graphml(nx.MultiGraph([(0, 1), (1, 0)]), tmp_path / "a.graphml")
    with pytest.raises(PredictorError, match="given twice"):
        read_graph_file(tmp_path / "a.graphml")
