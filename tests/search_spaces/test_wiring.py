from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.wiring import Wiring, WiringError, longest_path_levels


def wiring(rows: list[list[int]], n_inputs: int = 2, n_outputs: int = 1) -> Wiring:
    """Rows of sources: hidden neurons, then outputs."""
    indptr = np.cumsum([0] + [len(row) for row in rows]).astype(np.int32)
    indices = np.array([source for row in rows for source in row], dtype=np.int32)
    return Wiring(n_inputs, len(rows) - n_outputs, n_outputs, indptr, indices)


def random_wiring(n_hidden: int, seed: int) -> Wiring:
    """Three inputs, two outputs, each neuron reads some of what is before it, an output reads all neurons."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(rng.random(3 + j) < 0.4).tolist() or [int(rng.integers(3 + j))] for j in range(n_hidden)]
    rows += [list(range(3, 3 + n_hidden)), [2 + n_hidden]]
    return wiring(rows, n_inputs=3, n_outputs=2)


def test_counts_follow_from_the_rows() -> None:
    net = wiring([[0, 1], [1, 2], [2, 3]])
    assert (net.n_edges, net.n_weights) == (6, 6)
    assert net.n_dense_weights == 2 * 2 + 1 + 2 * 1
    assert net.density == 6 / 7
    assert net.depth == 2
    assert net.levels().tolist() == [0, 1]
    assert [ends.tolist() for ends in net.hidden_edges()] == [[0], [1]]


def test_edges_from_inputs_to_outputs_count_as_admissible_when_one_exists() -> None:
    assert wiring([[0], [1, 2]]).n_dense_weights == 2 + 1 + 2
    assert wiring([[0], [2]]).n_dense_weights == 2 + 1


def test_from_edges_takes_edges_in_any_order() -> None:
    net = Wiring.from_edges(2, 2, 1, np.array([3, 0, 2, 1, 1]), np.array([2, 0, 1, 0, 1]))
    assert net.indptr.tolist() == [0, 2, 4, 5]
    assert net.indices.tolist() == [0, 1, 1, 2, 3]
    assert net.indptr.dtype == net.indices.dtype == np.int32


def test_from_edges_refuses_an_end_that_does_not_exist() -> None:
    with pytest.raises(WiringError, match=r"targets span 0\.\.2; they must be in 0\.\.1"):
        Wiring.from_edges(1, 1, 1, np.array([0, 1]), np.array([0, 2]))
    with pytest.raises(WiringError, match=r"sources span 0\.\.2; they must be in 0\.\.1"):
        Wiring.from_edges(1, 1, 1, np.array([0, 2]), np.array([0, 1]))


def test_arrays_are_read_only_and_the_callers_are_not() -> None:
    indptr, indices = np.array([0, 1, 2], dtype=np.int32), np.array([0, 1], dtype=np.int32)
    net = Wiring(1, 1, 1, indptr, indices)
    with pytest.raises(ValueError, match="read-only"):
        net.indices[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        net.levels()[0] = 1
    indices[0] = 7
    assert net.indices[0] == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[], [2]], "hidden neuron 0 has no source"),
        ([[0], []], "output 0 has no source"),
        ([[2], [2]], r"hidden neuron 0 reads sources 2\.\.2; they must be in 0\.\.1"),
        ([[0, 3], [2], [2, 3]], r"hidden neuron 0 reads sources 0\.\.3"),
        ([[0], [2, 3]], r"output 0 reads sources 2\.\.3; they must be in 0\.\.2"),
        ([[-1], [2]], r"hidden neuron 0 reads sources -1\.\.-1"),
        ([[0, 0], [2]], "hidden neuron 0 lists source 0 after 0; sources must ascend without duplicates"),
        ([[0], [2, 1]], "output 0 lists source 1 after 2"),
        ([[0], [1], [2]], "hidden neuron 1 is read by no neuron and no output"),
    ],
)
def test_a_broken_row_is_named(rows: list[list[int]], message: str) -> None:
    with pytest.raises(WiringError, match=message):
        wiring(rows)


@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        (np.array([0, 1, 2]), np.array([0, 1], dtype=np.int32), "indptr is int64"),
        (
            np.array([0, 1, 2], dtype=np.int32),
            np.array([[0, 1]], dtype=np.int32),
            r"indices is int32 \(1, 2\)",
        ),
        (
            np.array([0, 2], dtype=np.int32),
            np.array([0, 1], dtype=np.int32),
            "indptr has 2 entries; .* need 3",
        ),
        (np.array([0, 1, 3], dtype=np.int32), np.array([0, 1], dtype=np.int32), r"indptr spans 0\.\.3"),
        (
            np.array([0, 3, 2], dtype=np.int32),
            np.array([0, 1], dtype=np.int32),
            "output 0 ends before it starts",
        ),
        ([0, 1, 2], np.array([0, 1], dtype=np.int32), "indptr is list"),
    ],
)
def test_malformed_arrays_are_refused(indptr: np.ndarray, indices: np.ndarray, message: str) -> None:
    with pytest.raises(WiringError, match=message):
        Wiring(1, 1, 1, indptr, indices)


@pytest.mark.parametrize("counts", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_there_is_at_least_one_neuron_of_each_role(counts: tuple[int, int, int]) -> None:
    with pytest.raises(WiringError, match="is 0; it must be at least 1"):
        Wiring(*counts, np.array([0, 1], dtype=np.int32), np.array([0], dtype=np.int32))


@settings(deadline=None, max_examples=30)
@given(n_hidden=st.integers(1, 25), seed=st.integers(0, 2**32))
def test_structure_agrees_with_networkx(n_hidden: int, seed: int) -> None:
    net = random_wiring(n_hidden, seed)
    graph = net.to_networkx()
    assert graph.number_of_edges() == net.n_edges
    assert nx.is_directed_acyclic_graph(graph)
    hidden = graph.subgraph(node for node, role in graph.nodes(data="role") if role == "hidden")
    sources, targets = net.hidden_edges()
    assert {(s + 3, t + 3) for s, t in zip(sources.tolist(), targets.tolist(), strict=True)} == set(hidden.edges)
    for level, neurons in enumerate(nx.topological_generations(hidden)):
        assert set(net.levels()[np.array(neurons) - 3].tolist()) == {level}
    assert net.depth == nx.dag_longest_path_length(hidden) + 1


def test_a_chain_has_as_many_levels_as_neurons() -> None:
    assert longest_path_levels(np.arange(4), np.arange(1, 5), 5).tolist() == [0, 1, 2, 3, 4]
    assert longest_path_levels(np.array([], dtype=int), np.array([], dtype=int), 2).tolist() == [0, 0]
