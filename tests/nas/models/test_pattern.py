from __future__ import annotations

import re
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.models.pattern import PatternError, compressed_rows

MASK = np.array([[True, False, True, False], [False, True, True, True], [True, False, False, False]])
INDPTR, INDICES = [0, 2, 5, 6], [0, 2, 1, 2, 3, 0]


def graph_of(mask: np.ndarray, kind: type = nx.Graph, name: Any = int) -> Any:
    """The mask as a graph, with nodes and edges in a scrambled order."""
    n_outputs, n_inputs = mask.shape
    graph = kind()
    for node in range(n_inputs + n_outputs - 1, -1, -1):
        graph.add_node(name(node), bipartite=int(node >= n_inputs))
    cells = np.argwhere(mask)
    graph.add_edges_from((name(int(column)), name(int(n_inputs + row))) for row, column in cells[::-1])
    return graph


masks = st.builds(
    lambda seed, shape, density: np.random.default_rng(seed).random(shape) < density,
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.floats(0, 1),
)


@given(mask=masks)
def test_all_forms_of_a_pattern_agree(mask: np.ndarray) -> None:
    n_outputs, n_inputs = mask.shape
    indptr, indices = compressed_rows(mask, n_inputs, n_outputs, allow_empty_rows=True)
    assert indptr.dtype == indices.dtype == np.int32
    dense = np.zeros(mask.shape, bool)
    dense[np.repeat(np.arange(n_outputs), np.diff(indptr)), indices] = True
    np.testing.assert_array_equal(dense, mask)
    forms = [
        torch.tensor(mask),
        (indptr, indices),
        (torch.tensor(indptr), torch.tensor(indices)),
        [indptr.tolist(), indices.tolist()],
        graph_of(mask),
        graph_of(mask, nx.DiGraph),
        graph_of(mask, nx.MultiGraph),
    ]
    for form in forms:
        found = compressed_rows(form, n_inputs, n_outputs, allow_empty_rows=True)
        for array, expected in zip(found, (indptr, indices), strict=True):
            np.testing.assert_array_equal(array, expected)


def test_rows_keep_the_order_that_was_given() -> None:
    _, indices = compressed_rows((INDPTR, [2, 0, 3, 1, 2, 0]), 4, 3)
    assert indices.tolist() == [2, 0, 3, 1, 2, 0]


def test_nodes_that_are_no_numbers_count_in_the_order_of_the_graph() -> None:
    graph = graph_of(MASK, name=lambda node: f"n{node}")  # added from the last to the first
    indptr, indices = compressed_rows(graph, 4, 3)
    expected_indptr, expected_indices = compressed_rows(MASK[::-1, ::-1].copy(), 4, 3)
    np.testing.assert_array_equal(indptr, expected_indptr)
    np.testing.assert_array_equal(indices, expected_indices)


def test_integers_need_no_attribute_and_may_be_missing() -> None:
    indptr, indices = compressed_rows(nx.Graph([(5, 0), (2, 6)]), 4, 3, allow_empty_rows=True)
    assert (indptr.tolist(), indices.tolist()) == ([0, 0, 1, 2], [0, 2])


def test_bipartite_graphs_of_networkx_are_patterns() -> None:
    graph = nx.bipartite.random_graph(6, 4, 0.5, seed=1)
    indptr, indices = compressed_rows(graph, 6, 4, allow_empty_rows=True)
    matrix = nx.bipartite.biadjacency_matrix(graph, range(6), range(6, 10)).toarray().T
    np.testing.assert_array_equal(np.argwhere(matrix)[:, 1], indices)
    assert indptr[-1] == graph.number_of_edges()


def edge(*nodes: Any, kind: type = nx.Graph) -> Any:
    graph = graph_of(MASK, kind)
    graph.add_edge(*nodes)
    return graph


def named(**sides: Any) -> Any:
    graph = nx.Graph()
    for name, side in sides.items():
        graph.add_node(name, **({} if side is None else {"bipartite": side}))
    return graph


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (3, "The pattern is a int; it must be a pair (indptr, indices), a boolean mask of numpy or torch, or a"),
        ((INDPTR,), "The pattern is a sequence of 1; a pair (indptr, indices) has 2."),
        (MASK.tolist(), "The pattern is a sequence of 3; a pair (indptr, indices) has 2."),
        (
            (np.array(INDPTR, float), INDICES),
            "indptr is float64 of shape (4,); it must be one-dimensional, of int",
        ),
        ((INDPTR, np.array([INDICES])), "indices is int64 of shape (1, 6); it must be one-dimensional, of integers."),
        (
            (INDPTR, torch.tensor(INDICES) > 0),
            "indices is bool of shape (6,); it must be one-dimensional, of integers.",
        ),
        ((INDPTR[:3], INDICES), "indptr has 3 entries; 3 outputs need 4."),
        (([0, 2, 5, 7], INDICES), "indptr spans 0..7; it must span 0..6, all indices."),
        (([1, 2, 5, 6], INDICES), "indptr spans 1..6; it must span 0..6, all indices."),
        (([0, 5, 2, 6], INDICES), "Row 1 of indptr ends before it starts."),
        ((INDPTR, [0, 2, 1, 2, 4, 0]), "Output 1 reads input 4; inputs are 0..3."),
        ((INDPTR, [0, 2, 1, 2, 3, -1]), "Output 2 reads input -1; inputs are 0..3."),
        ((INDPTR, [0, 2, 1, 3, 1, 0]), "Output 1 reads input 1 twice; give each edge once."),
        (([0, 2, 6, 6], [0, 1, 0, 1, 2, 3]), "Output 2 reads no input; connect it, or pass allow_empty_rows=True."),
        (MASK.astype(np.float32), "The mask is float32; it must be bool, say `mask != 0`."),
        (torch.tensor(MASK).int(), "The mask is int32; it must be bool, say `mask != 0`."),
        (MASK.T, "The mask has shape (4, 3); it must be (out_features, in_features) = (3, 4)."),
        (MASK[0], "The mask has shape (4,); it must be (out_features, in_features) = (3, 4)."),
        (MASK & False, "Output 0 reads no input; connect it, or pass allow_empty_rows=True."),
        (edge(0, 7), "Node 7 of the graph: inputs are 0..3, outputs 4..6."),
        (edge(0, 1), "The edge from node 1 to node 0 does not join an input to an output."),
        (edge(5, 5), "The edge from node 5 to node 5 does not join an input to an output."),
        (edge(4, 1, kind=nx.DiGraph), "The edge from node 4 to node 1 does not join an input to an output."),
        (edge(0, 4, kind=nx.MultiGraph), "Output 0 reads input 0 twice; give each edge once."),
        (nx.relabel_nodes(graph_of(MASK), {3: 4, 4: 3}), "has bipartite="),
        (named(a=0, b=None), "Node 'b' has bipartite=None; it must be 0 (input) or 1 (output)."),
        (named(a=0, b=2), "Node 'b' has bipartite=2; it must be 0 (input) or 1 (output)."),
        (named(a=0, b=1), "The graph has 1 inputs and 1 outputs; the layer has 4 and 3."),
    ],
)
def test_what_is_wrong_is_said(pattern: Any, message: str) -> None:
    with pytest.raises(PatternError, match=re.escape(message)):
        compressed_rows(pattern, 4, 3)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"])
def test_sizes_are_at_least_one(size: Any) -> None:
    with pytest.raises(PatternError, match=r"in_features is .*; it must be an integer of at least 1\."):
        compressed_rows(MASK, size, 3)
    with pytest.raises(PatternError, match=r"out_features is .*; it must be an integer of at least 1\."):
        compressed_rows(MASK, 4, size)


def test_a_pattern_error_is_a_value_error() -> None:
    assert issubclass(PatternError, ValueError)
