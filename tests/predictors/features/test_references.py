from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.clustering import transitivity_and_clustering
from predictors.features.graph import Graph
from predictors.features.references import lattice_reference, random_reference

Reference = Callable[[Graph, np.random.Generator], Graph]


def graph_of(graph: nx.Graph) -> Graph:
    return Graph.from_edges(np.array(graph.edges).reshape(-1, 2), len(graph))


@pytest.mark.parametrize("reference", [random_reference, lattice_reference])
@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 20), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_references_are_simple_graphs_of_the_same_degrees(
    reference: Reference, n: int, probability: float, seed: int
) -> None:
    graph = graph_of(nx.gnp_random_graph(n, probability, seed=seed))
    found = reference(graph, np.random.default_rng(seed))  # a graph that is not simple is refused
    assert found.degrees.tolist() == graph.degrees.tolist()
    again = reference(graph, np.random.default_rng(seed))
    assert again.sources.tobytes() == found.sources.tobytes() and again.targets.tobytes() == found.targets.tobytes()


def test_a_random_reference_keeps_no_more_edges_than_by_chance() -> None:
    graph = nx.watts_strogatz_graph(200, 8, 0, seed=1)
    shuffled = random_reference(graph_of(graph), np.random.default_rng(0))
    kept = set(zip(shuffled.sources.tolist(), shuffled.targets.tolist(), strict=True)) & {
        (min(edge), max(edge)) for edge in graph.edges
    }
    assert len(kept) < 60  # of 800; by chance 32
    assert transitivity_and_clustering(shuffled)[0] < 0.06 < 0.6 < nx.transitivity(graph)


@pytest.mark.parametrize(
    "graph", [nx.gnm_random_graph(100, 400, seed=1), nx.barabasi_albert_graph(100, 4, seed=1)], ids=["random", "hubs"]
)
def test_a_lattice_reference_is_short_and_clustered(graph: nx.Graph) -> None:
    lattice = lattice_reference(graph_of(graph), np.random.default_rng(0))
    apart = np.abs(lattice.sources - lattice.targets)
    assert np.minimum(apart, 100 - apart).mean() < 10  # 25 in the graph
    assert transitivity_and_clustering(lattice)[1] > 2 * nx.average_clustering(graph)
