"""Sequences and states that recurrent modules refuse, and the forms that they take; the rest is tested with modules."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

from nas.models.recurrent_inputs import outputs_like, steps_of
from nas.models.sparse_recurrent import SparseGRU, SparseLSTM


def network(kind: type[SparseGRU] | type[SparseLSTM] = SparseLSTM) -> SparseGRU | SparseLSTM:
    return kind(5, 11, input_pattern=np.ones((11, 5), bool), recurrent_pattern=np.eye(11, dtype=bool))


@pytest.mark.parametrize("batch_first", [False, True])
def test_steps_are_rows_of_all_sequences_and_go_back(batch_first: bool) -> None:
    x = torch.arange(24.0).view(4, 2, 3)
    steps = steps_of("name", x, batch_first)
    assert torch.equal(steps.rows, x.transpose(0, 1) if batch_first else x)
    assert steps.batch_sizes.tolist() == ([4] * 2 if batch_first else [2] * 4) and steps.batch == (
        4 if batch_first else 2
    )
    assert torch.equal(outputs_like(x, steps.rows.reshape(-1, 3), steps, batch_first), x)
    alone = steps_of("name", x[:, 0], batch_first)
    assert alone.rows.shape == (4, 1, 3) and alone.batch_sizes.tolist() == [1] * 4
    assert torch.equal(outputs_like(x[:, 0], alone.rows[:, 0], alone, batch_first), x[:, 0])


def test_packed_steps_are_those_of_torch() -> None:
    x = pack_sequence([torch.zeros(1, 3), torch.ones(3, 3)], enforce_sorted=False)
    steps = steps_of("name", x, True)
    assert steps.rows is x.data and steps.batch_sizes.tolist() == [2, 1, 1] and steps.batch == 2
    assert steps.order.tolist() == [1, 0] and steps.inverse.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("x", "states", "message"),
    [
        (torch.zeros(3), None, "SparseLSTM: the input has shape (3,); it must have 2 dimensions, or 3 with a"),
        (torch.zeros(0, 2, 5), None, "SparseLSTM: the input has shape (0, 2, 5); it must have at least 1 step."),
        (torch.zeros(3, 2, 4), None, "SparseLSTM: the input has shape (3, 2, 4); its last dimension must be 5"),
        (torch.zeros(3, 2, 5).double(), None, "SparseLSTM: the input is torch.float64 on cpu, the weights are"),
        (torch.zeros(3, 2, 5), torch.zeros(2, 2, 11), "SparseLSTM: the initial state must be a pair (h_0, c_0)."),
        (
            torch.zeros(3, 2, 5),
            (torch.zeros(1, 2, 11), torch.zeros(1, 3, 11)),
            "SparseLSTM: c_0 has shape (1, 3, 11); this input needs (1, 2, 11).",
        ),
        (
            torch.zeros(3, 5),
            (torch.zeros(1, 1, 11), torch.zeros(1, 1, 11)),
            "SparseLSTM: h_0 has shape (1, 1, 11); this input needs (1, 11).",
        ),
        (
            torch.zeros(3, 5),
            (torch.zeros(1, 11).double(), torch.zeros(1, 11)),
            "SparseLSTM: h_0 is torch.float64 on cpu, the weights are torch.float32 on cpu; move one with `.to`.",
        ),
    ],
)  # fmt: skip
def test_inputs_and_states_that_do_not_fit_are_refused(x: Tensor, states: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        network()(x, states)


def test_a_pair_is_no_state_of_a_gru() -> None:
    with pytest.raises(ValueError, match=r"SparseGRU: the initial state must be a tensor h_0\."):
        network(SparseGRU)(torch.zeros(3, 5), (torch.zeros(1, 11), torch.zeros(1, 11)))
