"""The operators of recurrent layers as torch wants them: schema, fake tensors, autograd, and torch.compile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nas.models.recurrent_operators import kernel_parameters, sparse_recurrence, sparse_recurrence_backward
from nas.models.sparse_recurrent import SparseGRU, SparseLSTM, SparseRNN

CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")
MODULES = (SparseRNN, SparseGRU, SparseLSTM)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def recurrent(module: Any, num_layers: int = 1) -> Any:
    mask = np.random.default_rng(0).random((11, 11)) < 0.4
    return module(
        11, 11, input_pattern=mask, recurrent_pattern=mask.T, num_layers=num_layers, batch_first=True,
        allow_empty_rows=True,
    )  # fmt: skip


class Reader(nn.Module):
    """A recurrent network with a linear layer on its last step."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.layers, self.readout = recurrent(module, 2), nn.Linear(11, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.layers(x)[0][:, -1])


@pytest.mark.parametrize("module", MODULES)
def test_the_operators_keep_the_rules_of_torch(module: Any) -> None:
    network, batch_sizes = recurrent(module), torch.full((3,), 20)
    parameters = kernel_parameters(network.cell, 11, *network.parameters()).detach()
    states = [normal(1, 20, 11), normal(2, 20, 11) if module is SparseLSTM else torch.empty(0, 0)]
    tensors = [tensor.requires_grad_() for tensor in (normal(0, 60, 11), *states, parameters)]
    arguments = *tensors, batch_sizes, network.edges[0].wiring, network.cell, True
    torch.library.opcheck(sparse_recurrence, arguments, test_utils=CHECKS)
    out, last_hidden, last_cells, kept = (tensor.detach() for tensor in sparse_recurrence(*arguments))
    given = parameters.detach(), batch_sizes, network.edges[0].wiring, kept, 60, 11, 20, 11, network.cell
    for gradients in ((out, None, None), (None, last_hidden, last_cells if module is SparseLSTM else None)):
        torch.library.opcheck(sparse_recurrence_backward, (*gradients, *given), test_utils=CHECKS)


def check_compiled(module: Any, backend: str) -> None:
    network = Reader(module)
    compiled = torch.compile(network, fullgraph=True, backend=backend, dynamic=True)
    for batch, n_steps in ((20, 4), (33, 7)):
        results = []
        for function in (network, compiled):
            x = normal(batch, batch, n_steps, 11).requires_grad_()
            network.zero_grad()
            y = function(x)
            y.square().sum().backward()
            results.append([y, x.grad, *(p.grad for p in network.parameters())])
        for found, expected in zip(*results, strict=True):
            torch.testing.assert_close(found, expected)
        with torch.no_grad():
            torch.testing.assert_close(compiled(normal(1, batch, n_steps, 11)), network(normal(1, batch, n_steps, 11)))


@pytest.mark.parametrize("module", MODULES)
def test_compiled_graphs_are_whole(module: Any) -> None:
    check_compiled(module, "aot_eager")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of torch itself
def test_the_default_compiler_takes_the_layers() -> None:
    check_compiled(SparseLSTM, "inductor")
