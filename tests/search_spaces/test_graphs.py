"""The generators against networkx: exactly where there is one answer, by statistics elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.edge_codes import Int64Array
from search_spaces.graphs import barabasi_albert, erdos_renyi, layered, random_regular, watts_strogatz


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def as_graph(edges: Int64Array, n_vertices: int) -> nx.Graph:
    """The networkx graph; also asserts what every generator promises."""
    assert edges.dtype == np.int64
    assert (edges[:, 0] < edges[:, 1]).all()
    graph = nx.empty_graph(n_vertices)
    graph.add_edges_from(edges.tolist())
    assert graph.number_of_nodes() == n_vertices
    assert graph.number_of_edges() == len(edges)
    return graph


def mean_over_seeds(measure: Callable[[int], float], n_seeds: int = 30) -> float:
    return float(np.mean([measure(seed) for seed in range(n_seeds)]))


@pytest.mark.parametrize(("n", "k"), [(3, 2), (10, 4), (11, 10), (50, 6)])
def test_watts_strogatz_without_rewiring_is_the_ring_of_networkx(n: int, k: int) -> None:
    ours = as_graph(watts_strogatz(n, rng_of(0), neighbours=k, rewiring=0.0), n)
    theirs = nx.watts_strogatz_graph(n, k, 0)
    assert {frozenset(edge) for edge in ours.edges} == {frozenset(edge) for edge in theirs.edges}


@pytest.mark.parametrize("rewiring", [0.05, 0.3, 1.0])
def test_watts_strogatz_clusters_like_networkx(rewiring: float) -> None:
    n, k = 200, 10

    def ours(seed: int) -> nx.Graph:
        return as_graph(watts_strogatz(n, rng_of(seed), neighbours=k, rewiring=rewiring), n)

    def theirs(seed: int) -> nx.Graph:
        return nx.watts_strogatz_graph(n, k, rewiring, seed=seed)

    clustering = [mean_over_seeds(lambda s, make=make: nx.transitivity(make(s)), 15) for make in (ours, theirs)]
    assert clustering[0] == pytest.approx(clustering[1], abs=0.01)
    spread = [
        mean_over_seeds(lambda s, make=make: np.var([degree for _, degree in make(s).degree]), 15)
        for make in (ours, theirs)
    ]
    assert spread[0] == pytest.approx(spread[1], rel=0.15, abs=0.1)
    assert ours(0).number_of_edges() == n * k // 2


def test_rewiring_a_nearly_complete_graph_keeps_the_number_of_edges() -> None:
    for seed in range(20):
        graph = as_graph(watts_strogatz(9, rng_of(seed), neighbours=8, rewiring=1.0), 9)
        assert graph.number_of_edges() == 36


def test_barabasi_albert_starts_from_vertices_without_edges() -> None:
    edges = barabasi_albert(10, rng_of(0), attachments=3)
    assert sorted(edges[edges[:, 1] == 3, 0].tolist()) == [0, 1, 2]
    assert edges[:, 1].tolist() == np.repeat(np.arange(3, 10), 3).tolist()


@settings(deadline=None, max_examples=60)
@given(n=st.integers(2, 60), share=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_barabasi_albert_is_simple_and_connected(n: int, share: float, seed: int) -> None:
    m = 1 + int(share * (n - 2))
    graph = as_graph(barabasi_albert(n, rng_of(seed), attachments=m), n)
    assert graph.number_of_edges() == (n - m) * m
    assert nx.is_connected(graph)


def test_barabasi_albert_has_the_degrees_of_networkx() -> None:
    n, m = 1000, 4

    def ours(seed: int) -> list[int]:
        graph = as_graph(barabasi_albert(n, rng_of(seed), attachments=m), n)
        return sorted((degree for _, degree in graph.degree), reverse=True)

    def theirs(seed: int) -> list[int]:
        start = nx.empty_graph(m)  # networkx starts from a star unless told; its first vertex takes all
        start.add_edges_from((m, vertex) for vertex in range(m))
        graph = nx.barabasi_albert_graph(n, m, seed=seed, initial_graph=start)
        return sorted((degree for _, degree in graph.degree), reverse=True)

    ranks = [0, 5, 20, 100, 300, 600]
    means = [np.mean([make(seed) for seed in range(20)], axis=0)[ranks] for make in (ours, theirs)]
    assert means[0] == pytest.approx(means[1], rel=0.1)
    assert means[0][0] > 10 * m  # hubs: a random graph of this size would have about 20


def test_erdos_renyi_has_the_edges_and_triangles_of_networkx() -> None:
    n, degree = 120, 9.0
    ours = [as_graph(erdos_renyi(n, rng_of(seed), mean_degree=degree), n) for seed in range(40)]
    theirs = [nx.gnp_random_graph(n, degree / (n - 1), seed=seed) for seed in range(40)]
    counts = [[graph.number_of_edges() for graph in graphs] for graphs in (ours, theirs)]
    assert np.mean(counts[0]) == pytest.approx(n * degree / 2, rel=0.02)
    assert np.std(counts[0]) == pytest.approx(np.std(counts[1]), rel=0.5)
    triangles = [np.mean([sum(nx.triangles(g).values()) / 3 for g in graphs]) for graphs in (ours, theirs)]
    assert triangles[0] == pytest.approx(triangles[1], rel=0.1)


def test_erdos_renyi_of_full_degree_is_complete() -> None:
    assert as_graph(erdos_renyi(7, rng_of(0), mean_degree=6.0), 7).number_of_edges() == 21


@pytest.mark.parametrize("n", range(2, 13))
def test_random_regular_graphs_are_regular_unless_joined(n: int) -> None:
    for degree in range(1 + n % 2, n, 1 + n % 2):
        for seed in range(5):
            graph = as_graph(random_regular(n, rng_of(seed), degree=degree), n)
            n_joints = graph.number_of_edges() - n * degree // 2
            degrees = [d for _, d in graph.degree]
            assert min(degrees) == degree or n_joints
            assert sum(degrees) - n * degree == 2 * n_joints
            assert nx.is_connected(graph)
            assert n_joints == 0 or degree <= 2 or degree < n // 2


def test_random_regular_graphs_have_the_triangles_of_networkx() -> None:
    n, degree = 60, 8
    ours = [as_graph(random_regular(n, rng_of(seed), degree=degree), n) for seed in range(60)]
    theirs = [nx.random_regular_graph(degree, n, seed=seed) for seed in range(60)]
    means = [np.mean([sum(nx.triangles(g).values()) / 3 for g in graphs]) for graphs in (ours, theirs)]
    assert means[0] == pytest.approx(means[1], rel=0.1)
    assert all(d == degree for graph in ours for _, d in graph.degree)


def test_random_regular_graphs_of_six_vertices_are_of_both_kinds() -> None:
    graphs = [as_graph(random_regular(6, rng_of(seed), degree=3), 6) for seed in range(100)]
    assert {nx.is_bipartite(graph) for graph in graphs} == {
        True,
        False,
    }  # complete bipartite ones, and prisms


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 60), share=st.floats(0, 1), density=st.floats(0.001, 1.0), seed=st.integers(0, 2**32))
def test_layered_edges_join_consecutive_layers_and_leave_no_neuron_out(
    n: int, share: float, density: float, seed: int
) -> None:
    layers = 1 + int(share * (n - 1))
    graph = as_graph(layered(n, rng_of(seed), layers=layers, density=density), n)
    sizes = [len(part) for part in np.array_split(np.arange(n), layers)]
    layer_of = np.repeat(np.arange(layers), sizes)
    assert all(layer_of[v] - layer_of[u] == 1 for u, v in graph.edges)
    sources, targets = {u for u, _ in graph.edges}, {v for _, v in graph.edges}
    assert targets == set(range(sizes[0], n))
    assert sources == set(range(n - sizes[-1]))


def test_layered_density_is_the_share_of_edges() -> None:
    assert len(layered(100, rng_of(0), layers=4, density=0.4)) == 750
    assert len(layered(100, rng_of(0), layers=4, density=1.0)) == 3 * 25 * 25
    assert len(layered(100, rng_of(0), layers=1, density=1.0)) == 0


@settings(deadline=None, max_examples=60)
@given(n=st.integers(3, 80), degree=st.floats(0.01, 2.0), seed=st.integers(0, 2**32))
def test_sparse_graphs_are_connected(n: int, degree: float, seed: int) -> None:
    rng = rng_of(seed)
    assert nx.is_connected(as_graph(erdos_renyi(n, rng, mean_degree=degree), n))
    assert nx.is_connected(as_graph(watts_strogatz(n, rng, neighbours=2, rewiring=degree / 2), n))
