from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features import all_pairs
from predictors.features.all_pairs import MOST_LEVELS, pairs_by_matrices
from predictors.features.shortest_paths import pairs_by_searches


def ends(graph: nx.Graph) -> tuple[int, np.ndarray, np.ndarray]:
    array = np.array(graph.edges, dtype=np.int64).reshape(-1, 2)
    return len(graph), array[:, 0], array[:, 1]


@pytest.mark.parametrize("sparse_share", [0.0, 1.1], ids=["dense", "sparse"])
@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 25), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_both_products_count_the_pairs_that_networkx_counts(
    sparse_share: float, n: int, probability: float, seed: int
) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_pairs, "SPARSE_SHARE", sparse_share)
        pairs = pairs_by_matrices(*ends(graph))
    if pairs is None:
        assert nx.number_of_edges(graph) > MOST_LEVELS
        return
    distances, by_vertex, by_edge = pairs
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    assert distances.tolist() == [[lengths[u].get(v, -1) for v in range(n)] for u in range(n)]
    expected_vertex = nx.betweenness_centrality(graph, normalized=False)
    expected_edge = nx.edge_betweenness_centrality(graph, normalized=False)
    assert by_vertex == pytest.approx([expected_vertex[v] for v in range(n)], abs=1e-9)
    assert by_edge == pytest.approx([expected_edge[edge] for edge in graph.edges], abs=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nx.barabasi_albert_graph(150, 3, seed=1),
        lambda: nx.gnm_random_graph(120, 3000, seed=2),
        lambda: nx.connected_watts_strogatz_graph(120, 4, 0.05, seed=3),
        lambda: nx.disjoint_union(nx.complete_graph(20), nx.path_graph(15)),
    ],
    ids=["sparse", "dense", "wide", "two components"],
)
def test_larger_graphs_agree_with_searches(make: Callable[[], nx.Graph]) -> None:
    graph = ends(make())
    by_matrices = pairs_by_matrices(*graph)
    assert by_matrices is not None
    for found, expected in zip(by_matrices, pairs_by_searches(*graph), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_distances_beyond_the_limit_are_left_to_searches() -> None:
    assert pairs_by_matrices(*ends(nx.path_graph(MOST_LEVELS + 1))) is not None
    assert pairs_by_matrices(*ends(nx.path_graph(MOST_LEVELS + 2))) is None
