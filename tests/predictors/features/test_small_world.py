from __future__ import annotations

import math
import statistics

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features import small_world
from predictors.features.graph import Graph
from predictors.features.references import lattice_reference, random_reference
from predictors.features.small_world import (
    N_RANDOM,
    SEED,
    SMALL_WORLD_NAMES,
    compared,
    mean_distance,
    measured,
    small_world_features,
)


def graph_of(graph: nx.Graph) -> Graph:
    return Graph.from_edges(np.array(graph.edges).reshape(-1, 2), len(graph))


def networkx_of(graph: Graph) -> nx.Graph:
    result = nx.empty_graph(graph.n_vertices)
    result.add_edges_from(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    return result


def features_of(graph: nx.Graph) -> dict[str, float]:
    return dict(zip(SMALL_WORLD_NAMES, small_world_features(graph_of(graph)).tolist(), strict=True))


@pytest.mark.parametrize(
    "graph",
    [nx.connected_watts_strogatz_graph(40, 6, 0.2, seed=1), nx.barabasi_albert_graph(40, 4, seed=2)],
    ids=["small world", "scale free"],
)
def test_the_formulas_hold_by_networkx_for_the_same_references(graph: nx.Graph) -> None:
    rng = np.random.default_rng(SEED)
    lattice = networkx_of(lattice_reference(graph_of(graph), rng))
    drawn = [networkx_of(random_reference(graph_of(graph), rng)) for _ in range(N_RANDOM)]
    assert all(nx.is_connected(each) for each in (lattice, *drawn))
    random_length = statistics.mean(map(nx.average_shortest_path_length, drawn))
    random_clustering = statistics.mean(map(nx.average_clustering, drawn))
    length, clustering = nx.average_shortest_path_length(graph), nx.average_clustering(graph)
    lattice_clustering, lattice_length = nx.average_clustering(lattice), nx.average_shortest_path_length(lattice)
    delta_c = (lattice_clustering - clustering) / (lattice_clustering - random_clustering)
    delta_l = (length - random_length) / (lattice_length - random_length)
    delta_c, delta_l = (min(max(delta, 0), 1) for delta in (delta_c, delta_l))
    random_transitivity = statistics.mean(map(nx.transitivity, drawn))
    assert features_of(graph) == pytest.approx(
        {
            "small_world_sigma": nx.transitivity(graph) / random_transitivity / (length / random_length),
            "small_world_omega": random_length / length - clustering / lattice_clustering,
            "small_world_propensity": 1 - math.sqrt((delta_c**2 + delta_l**2) / 2),
            "relative_clustering": clustering - random_clustering,
            "relative_length": math.log(length / random_length),
        }
    )


def test_small_worlds_are_told_from_rings_and_random_graphs() -> None:
    ring, small, random = (
        features_of(nx.connected_watts_strogatz_graph(150, 8, probability, seed=1)) for probability in (0, 0.1, 1)
    )
    assert ring["small_world_omega"] < small["small_world_omega"] < random["small_world_omega"]
    assert small["small_world_sigma"] > 3 * random["small_world_sigma"]
    assert small["small_world_propensity"] > max(ring["small_world_propensity"], random["small_world_propensity"])


def test_bounds_of_the_propensity_are_kept_beyond_the_references() -> None:
    random, lattice = np.array([0.1, 0.1, 2.0]), np.array([0.5, 0.5, 6.0])
    assert compared(np.array([0.9, 0.9, 1.0]), random, lattice, 0.01)[2] == 1.0
    assert compared(np.array([0.0, 0.0, 9.0]), random, lattice, 0.01)[2] == 0.0


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 16), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_every_graph_has_finite_values_and_a_mean_distance(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    assert np.isfinite(list(features_of(graph).values())).all()
    lengths = [d for _, reached in nx.all_pairs_shortest_path_length(graph) for d in reached.values() if d]
    expected = statistics.mean(lengths) if lengths else 0.0
    assert measured(graph_of(graph)) == pytest.approx((nx.transitivity(graph), nx.average_clustering(graph), expected))


def test_distances_in_a_large_graph_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(nx.disjoint_union(nx.connected_watts_strogatz_graph(500, 6, 0.3, seed=1), nx.empty_graph(3)))
    exact = mean_distance(graph)
    monkeypatch.setattr(small_world, "EXACT_LIMIT", 0)
    assert mean_distance(graph) == pytest.approx(exact, rel=0.02)
    assert mean_distance(graph_of(nx.empty_graph(5))) == 0.0
