from __future__ import annotations

import math
import statistics
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew

from predictors.features.degrees import DEGREE_NAMES, degree_features, entropy, gini
from predictors.features.graph import Graph


def features_of(graph: nx.Graph) -> dict[str, float]:
    own = Graph.from_edges(list(graph.edges), len(graph), is_directed=graph.is_directed())
    return dict(zip(DEGREE_NAMES, degree_features(own).tolist(), strict=True))


@settings(deadline=None, max_examples=60)
@given(n=st.integers(2, 14), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_centrality_and_assortativity_agree_with_networkx(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    found, centrality = features_of(graph), list(nx.degree_centrality(graph).values())
    assert found["degree_centrality_mean"] == pytest.approx(statistics.mean(centrality))
    assert found["degree_centrality_variance"] == pytest.approx(statistics.variance(centrality), abs=1e-12)
    assert found["degree_centrality_deviation"] == pytest.approx(statistics.stdev(centrality), abs=1e-9)
    assert found["degree_centrality_minimum"] == pytest.approx(min(centrality))
    assert found["degree_centrality_maximum"] == pytest.approx(max(centrality))
    if len({graph.degree[v] for edge in graph.edges for v in edge}) > 1:
        assert found["assortativity"] == pytest.approx(nx.degree_pearson_correlation_coefficient(graph), abs=1e-9)
    else:
        assert found["assortativity"] == 0.0


def test_fan_in_and_fan_out_are_those_of_the_directed_edges() -> None:
    graph = nx.gnp_random_graph(20, 0.2, seed=3, directed=True)
    found = features_of(graph)
    for direction, degrees in (("in", graph.in_degree), ("out", graph.out_degree)):
        values = [degree for _, degree in degrees]
        assert found[f"{direction}_degree_deviation"] == pytest.approx(statistics.stdev(values))
        assert found[f"{direction}_degree_skewness"] == pytest.approx(skew(values))
        assert found[f"{direction}_degree_minimum"] == min(values)
        assert found[f"{direction}_degree_maximum"] == max(values)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_gini_and_entropy_are_as_defined(values: list[int]) -> None:
    array, k = np.array(values, dtype=np.float64), len(values)
    differences = sum(abs(a - b) for a in values for b in values) / k**2
    assert gini(array) == pytest.approx(differences / (2 * statistics.mean(values)) if sum(values) else 0.0)
    shares = [count / k for count in Counter(values).values()]
    assert entropy(array) == pytest.approx(-sum(p * math.log(p) for p in shares))


def test_a_single_vertex_has_full_degree() -> None:
    found = features_of(nx.empty_graph(1))
    assert found.pop("degree_centrality_mean") == nx.degree_centrality(nx.empty_graph(1))[0]
    assert found.pop("degree_centrality_minimum") == found.pop("degree_centrality_maximum") == 1.0
    assert set(found.values()) == {0.0}


def test_a_star_is_disassortative() -> None:
    assert features_of(nx.star_graph(5))["assortativity"] == pytest.approx(-1.0)
