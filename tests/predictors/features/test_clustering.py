from __future__ import annotations

import statistics

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms import bipartite

from predictors.features import clustering
from predictors.features.clustering import CLUSTERING_NAMES, clustering_features, transitivity_and_clustering
from predictors.features.graph import Graph


def features_of(graph: nx.Graph) -> dict[str, float]:
    found = clustering_features(Graph.from_edges(list(graph.edges), len(graph)))
    return dict(zip(CLUSTERING_NAMES, found.tolist(), strict=True))


@pytest.mark.parametrize("sparse_share", [0.0, 1.1], ids=["dense", "sparse"])
@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 16), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_triangles_agree_with_networkx(sparse_share: float, n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "SPARSE_SHARE", sparse_share)
        found = features_of(graph)
        both = transitivity_and_clustering(Graph.from_edges(list(graph.edges), n))
    local = list(nx.clustering(graph).values())
    assert found["transitivity"] == pytest.approx(nx.transitivity(graph))
    assert found["clustering_mean"] == pytest.approx(statistics.mean(local))
    assert found["clustering_maximum"] == pytest.approx(max(local))
    if n > 1:
        assert found["clustering_deviation"] == pytest.approx(statistics.stdev(local), abs=1e-9)
    assert both == pytest.approx((nx.transitivity(graph), statistics.mean(local)))


@pytest.mark.parametrize("sparse_share", [0.0, 1.1], ids=["dense", "sparse"])
@settings(deadline=None, max_examples=40)
@given(left=st.integers(1, 8), right=st.integers(1, 8), probability=st.floats(0.05, 1), seed=st.integers(0, 1000))
def test_bipartite_measures_agree_with_networkx(
    sparse_share: float, left: int, right: int, probability: float, seed: int
) -> None:
    graph = bipartite.random_graph(left, right, probability, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "SPARSE_SHARE", sparse_share)
        found = features_of(graph)
    assert found["bipartite_clustering"] == pytest.approx(statistics.mean(bipartite.clustering(graph).values()))
    assert found["square_clustering"] == pytest.approx(bipartite.robins_alexander_clustering(graph))


def test_squares_are_counted_where_there_are_triangles_too() -> None:
    graph = nx.gnp_random_graph(12, 0.5, seed=1)
    squares = sum(len(cycle) == 4 for cycle in nx.simple_cycles(graph, length_bound=4))
    paths = sum(len({a, b, c, d}) == 4 for b, c in graph.edges for a in graph[b] for d in graph[c] if a != c and d != b)
    assert features_of(graph)["square_clustering"] == pytest.approx(4 * squares / paths)


def test_a_complete_graph_is_all_triangles_and_a_tree_has_none() -> None:
    assert features_of(nx.complete_graph(6))["transitivity"] == 1.0
    tree = features_of(nx.balanced_tree(2, 3))
    assert tree["transitivity"] == tree["clustering_maximum"] == tree["square_clustering"] == 0.0
    assert np.isfinite(list(tree.values())).all()
