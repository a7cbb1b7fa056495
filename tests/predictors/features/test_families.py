from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.errors import PredictorError
from predictors.features.families import (
    FAMILIES,
    SIZE_FEATURES,
    STIER_FAMILIES,
    STIER_FEATURES,
    describe_graph,
    describe_graphs,
    names_of,
)
from predictors.features.graph import Graph

OF_THE_NUMBERING = {"source_nodes", "sink_nodes", "layers", "mean_level", "log_paths", "mean_path_length"}


def graph_of(graph: nx.Graph) -> Graph:
    return Graph.from_edges(np.array(graph.edges).reshape(-1, 2), len(graph), is_directed=graph.is_directed())


def test_names_are_distinct_and_each_family_goes_by_its_own() -> None:
    assert len(set(names_of())) == len(names_of())
    assert all(family.name == name and family.version >= 1 for name, family in FAMILIES.items())
    assert set(SIZE_FEATURES) == set(names_of(["size"]))


def test_the_23_features_of_the_literature_are_there() -> None:
    assert len(set(STIER_FEATURES)) == 23
    assert set(STIER_FEATURES) <= set(names_of(STIER_FAMILIES))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "graph",
    [
        nx.empty_graph(1),
        nx.path_graph(2),
        nx.empty_graph(7),
        nx.star_graph(30),
        nx.complete_graph(12),
        nx.cycle_graph(9),
        nx.disjoint_union(nx.complete_graph(4), nx.path_graph(60)),
        nx.gnp_random_graph(15, 0.3, seed=1, directed=True),
    ],
    ids=["vertex", "edge", "empty", "star", "complete", "cycle", "disconnected", "cyclic"],
)
def test_every_family_is_finite_and_repeats_itself(family: str, graph: nx.Graph) -> None:
    row = describe_graph(graph_of(graph), [family])
    assert row.shape == (len(names_of([family])),) and row.dtype == np.float64
    assert np.isfinite(row).all()
    assert row.tobytes() == describe_graph(graph_of(graph), [family]).tobytes()


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 20), probability=st.floats(0, 1), seed=st.integers(0, 1000), is_directed=st.booleans())
def test_every_graph_has_finite_features(n: int, probability: float, seed: int, is_directed: bool) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed, directed=is_directed)
    assert np.isfinite(describe_graph(graph_of(graph))).all()


@settings(deadline=None, max_examples=30)
@given(n=st.integers(2, 20), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_measures_of_the_undirected_graph_do_not_depend_on_the_numbering(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    number = np.random.default_rng(seed).permutation(n).tolist()
    families = [name for name in FAMILIES if name != "small_world"]
    kept = [
        name not in OF_THE_NUMBERING and not name.startswith(("in_degree", "out_degree", "block_"))
        for name in names_of(families)
    ]
    row = describe_graph(graph_of(graph), families)
    relabelled = describe_graph(graph_of(nx.relabel_nodes(graph, dict(enumerate(number)))), families)
    np.testing.assert_allclose(row[kept], relabelled[kept], rtol=1e-6, atol=1e-6)


def test_a_table_has_a_row_for_each_graph() -> None:
    graphs = [graph_of(nx.path_graph(n)) for n in (3, 5)]
    rows = describe_graphs(graphs, ["size", "clustering"])
    assert (rows[1] == describe_graph(graphs[1], ["size", "clustering"])).all()
    assert rows[:, names_of(["size"]).index("nodes")].tolist() == [3, 5]
    assert describe_graphs([], ["size"]).shape == (0, len(SIZE_FEATURES))


@pytest.mark.parametrize(
    ("families", "message"),
    [
        (["size", "colour"], 'no feature family "colour"; known are size, '),
        (["size", "size"], "each once"),
        ([], "at least one"),
    ],
)
def test_wrong_families_are_refused(families: list[str], message: str) -> None:
    with pytest.raises(PredictorError, match=message):
        describe_graphs([], families)
