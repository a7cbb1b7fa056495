from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features import pivots
from predictors.features.pivots import FEWEST_PIVOTS, MOST_PIVOTS, WORK_LIMIT, choose_pivots, traverse


@settings(deadline=None)
@given(n=st.integers(1, 100_000), n_edges=st.integers(0, 10_000_000))
def test_pivots_are_distinct_vertices_within_the_limits_of_work(n: int, n_edges: int) -> None:
    chosen = choose_pivots(n, n_edges)
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] >= 0 and chosen[-1] < n
    assert min(FEWEST_PIVOTS, n) <= len(chosen) <= MOST_PIVOTS
    if len(chosen) > FEWEST_PIVOTS:
        assert len(chosen) * (2 * n_edges + n) <= WORK_LIMIT


@settings(deadline=None)
@given(n=st.integers(2, 100_000))
def test_pivots_are_evenly_spaced(n: int) -> None:
    gaps = np.diff(choose_pivots(n, n))
    assert gaps.size and gaps.max() - gaps.min() <= 1


def test_a_small_graph_has_every_vertex_as_a_pivot() -> None:
    assert choose_pivots(50, 100).tolist() == list(range(50))


@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 40), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_the_dependencies_on_the_edges_add_up_to_the_distances(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    edges = np.array(graph.edges, dtype=np.int64).reshape(-1, 2)
    starts = np.arange(0, n, 3)
    distances, on_nodes, on_edges = traverse(n, edges[:, 0], edges[:, 1], starts)
    lengths = distances[distances > 0]
    # A path of length d has d edges and d - 1 inner vertices, which count half on average from one end.
    assert on_edges.sum() == pytest.approx(lengths.sum() / 2)
    assert on_nodes.sum() == pytest.approx((lengths - 1).sum() / 2)


def test_the_size_of_the_chunks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = np.array(nx.gnm_random_graph(60, 150, seed=1).edges)
    whole = traverse(60, edges[:, 0], edges[:, 1], np.arange(60))
    monkeypatch.setattr(pivots, "CHUNK_WORK", 2500)  # 6 pivots
    chunked = traverse(60, edges[:, 0], edges[:, 1], np.arange(60))
    for first, second in zip(whole, chunked, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12)


def test_more_shortest_paths_than_floats_can_count_stay_finite() -> None:
    # 1,500 layers of two vertices, consecutive layers fully connected: 2^1499 shortest paths from end to end.
    n_layers = 1500
    graph = nx.complete_multipartite_graph(2, 2)
    edges = np.concatenate([np.array(graph.edges) + 2 * layer for layer in range(n_layers - 1)])
    distances, on_nodes, on_edges = traverse(2 * n_layers, edges[:, 0], edges[:, 1], np.array([0]))
    assert distances[0, -1] == n_layers - 1
    assert on_edges.sum() == pytest.approx(distances[0][distances[0] > 0].sum() / 2)
    # By symmetry either vertex of layer l is on half of the paths to the two vertices of each layer m beyond,
    # and counts l / m for each. (Layer 1 is on the paths to the other vertex of layer 0, too.)
    layer = np.arange(2, n_layers)
    expected = [float(here * (1.0 / np.arange(here + 1, n_layers)).sum()) for here in layer]
    np.testing.assert_allclose(on_nodes[4::2], expected)
    np.testing.assert_allclose(on_nodes[5::2], expected)


def test_a_long_chain_is_traversed_from_end_to_end() -> None:
    n = 3000
    distances, on_nodes, on_edges = traverse(n, np.arange(n - 1), np.arange(1, n), np.array([0, n - 1]))
    assert distances[0].tolist() == list(range(n))
    assert distances[1].tolist() == list(range(n - 1, -1, -1))
    # From the first vertex: v is on the path to each t > v and counts v / t; edges count by their middle.
    from_first = np.array([(1.0 / np.arange(v + 1, n)).sum() for v in range(n)])
    middles = np.arange(n - 1) + 0.5
    np.testing.assert_allclose(on_nodes, np.arange(n) * from_first + (np.arange(n) * from_first)[::-1])
    np.testing.assert_allclose(on_edges, middles * from_first[:-1] + (middles * from_first[:-1])[::-1])
