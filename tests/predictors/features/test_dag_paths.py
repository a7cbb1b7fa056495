from __future__ import annotations

import math
import statistics

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.dag_paths import log_paths_and_length
from predictors.features.graph import Graph


def all_paths(dag: nx.DiGraph) -> list[int]:
    """Length of every path from a source to a sink, by enumeration."""
    starts = [v for v in dag if dag.in_degree(v) == 0]
    ends = {v for v in dag if dag.out_degree(v) == 0}
    lengths, stack = [], [(v, 0) for v in starts]
    while stack:
        vertex, length = stack.pop()
        if vertex in ends:
            lengths.append(length)
        stack += [(following, length + 1) for following in dag[vertex]]
    return lengths


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 10), probability=st.floats(0, 1), seed=st.integers(0, 1000))
def test_paths_are_counted_as_by_enumeration_whatever_the_numbering(n: int, probability: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(n))
    dag.add_edges_from((min(edge), max(edge)) for edge in graph.edges)
    lengths = all_paths(dag)
    number = np.random.default_rng(seed).permutation(n)
    relabelled = [(int(number[u]), int(number[v])) for u, v in dag.edges]
    count, length = log_paths_and_length(Graph.from_edges(relabelled, n, is_directed=True))
    assert count == pytest.approx(math.log(len(lengths)), abs=1e-9)
    assert length == pytest.approx(statistics.mean(lengths), abs=1e-9)


def test_more_paths_than_a_float_can_count_have_a_logarithm() -> None:
    n = 1500
    count, length = log_paths_and_length(Graph.from_edges(list(nx.complete_graph(n).edges)))
    assert count == pytest.approx((n - 2) * math.log(2))  # any set of inner vertices is a path
    assert length == pytest.approx((n - 2) / 2 + 1)


def test_a_graph_with_a_cycle_is_read_from_lower_to_higher_numbers() -> None:
    cycle = Graph.from_edges([(0, 1), (1, 2), (2, 0)], is_directed=True)
    assert log_paths_and_length(cycle) == pytest.approx((math.log(2), 1.5))
