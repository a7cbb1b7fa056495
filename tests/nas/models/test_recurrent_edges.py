"""Which weights of a recurrent layer exist, in every form of a pattern."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from nas.models.pattern import PatternError
from nas.models.recurrent_edges import Edges, LayerEdges
from nas.models.sparse_recurrent import SparseLSTM, SparseRNN


def test_weights_come_back_from_a_matrix() -> None:
    mask = np.random.default_rng(0).random((7, 5)) < 0.4
    edges = Edges("name", mask, 5, 7, None)
    weight = torch.randn(3, int(mask.sum()), generator=torch.Generator().manual_seed(0))
    matrix = edges.dense(weight)
    assert ((matrix != 0).numpy() == np.tile(mask, (3, 1))).all()
    assert torch.equal(edges.chosen(matrix), weight)


def test_fan_in_counts_inputs_and_units() -> None:
    layer = LayerEdges("name", "gru", np.eye(3, 2) > 0, np.eye(3, k=1) > 0, 2, 3, True, None)
    assert layer.fan_in().tolist() == [2, 2, 0]
    with pytest.raises(PatternError, match=r"name: unit 2 reads no input and no unit; connect it, or pass"):
        LayerEdges("name", "gru", np.eye(3, 2) > 0, np.eye(3, k=1) > 0, 2, 3, False, None)


def test_masks_belong_to_every_gate() -> None:
    mask = np.arange(6).reshape(2, 3) % 2 == 0  # units 0, 1 read inputs 0, 2 and 1
    network = SparseLSTM(3, 2, input_pattern=mask, recurrent_pattern=np.eye(2, dtype=bool))
    with torch.no_grad():
        network.weight_ih_l0.copy_(torch.arange(1.0, 13.0).view(4, 3))
    expected = [[1, 0, 2], [0, 3, 0], [4, 0, 5], [0, 6, 0], [7, 0, 8], [0, 9, 0], [10, 0, 11], [0, 12, 0]]
    assert network.to_dense().weight_ih_l0.tolist() == expected


def test_patterns_may_be_rows_or_graphs_and_one_for_all_layers() -> None:
    rows, ring = ([0, 1, 3], [2, 0, 1]), nx.Graph([(0, 3), (1, 2)])  # units 0 and 1 are nodes 2 and 3 of the ring
    network = SparseRNN(3, 2, input_pattern=[rows, np.eye(2, dtype=bool)], recurrent_pattern=ring, num_layers=2)
    dense = network.to_dense()
    assert (dense.weight_ih_l0 != 0).tolist() == [[False, False, True], [True, True, False]]
    assert (dense.weight_ih_l1 != 0).tolist() == [[True, False], [False, True]]
    assert (dense.weight_hh_l0 != 0).tolist() == (dense.weight_hh_l1 != 0).tolist() == [[False, True], [True, False]]
