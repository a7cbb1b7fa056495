"""The operators of the sparse layer as torch wants them: schema, fake tensors, autograd, and torch.compile."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nas.models import SparseLinear
from nas.models.linear_operators import sparse_linear, sparse_linear_backward

CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")


def layer(bias: bool = True, dtype: torch.dtype = torch.float32) -> SparseLinear:
    mask = np.random.default_rng(0).random((7, 10)) < 0.4
    return SparseLinear(10, 7, mask, bias, allow_empty_rows=True, dtype=dtype)


def rows(batch: int, n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(np.random.default_rng(batch).standard_normal((batch, n))).to(dtype)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_operators_keep_the_rules_of_torch(bias: bool, dtype: torch.dtype) -> None:
    module, x = layer(bias, dtype), rows(20, 10, dtype)
    arguments = x.requires_grad_(), module.weight, module.bias, module.packed_pattern, 7
    torch.library.opcheck(sparse_linear, arguments, test_utils=CHECKS)
    tiles = sparse_linear(*arguments)[1]
    for with_dx in (True, False):
        backward = rows(20, 7, dtype), module.weight.detach(), tiles, module.packed_pattern, 10, with_dx, bias
        torch.library.opcheck(sparse_linear_backward, backward, test_utils=CHECKS)


def check_compiled(backend: str) -> None:
    network = nn.Sequential(layer(), nn.ReLU(), nn.Linear(7, 3))
    compiled = torch.compile(network, fullgraph=True, backend=backend, dynamic=True)
    for batch in (20, 33):
        results = []
        for function in (network, compiled):
            x = rows(batch, 10).requires_grad_()
            network.zero_grad()
            y = function(x)
            y.square().sum().backward()
            results.append([y, x.grad, *(p.grad for p in network.parameters())])
        for found, expected in zip(*results, strict=True):
            torch.testing.assert_close(found, expected)
        with torch.no_grad():
            torch.testing.assert_close(compiled(rows(batch, 10)), network(rows(batch, 10)))


def test_compiled_graphs_are_whole() -> None:
    check_compiled("aot_eager")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of torch itself
def test_the_default_compiler_takes_the_layer() -> None:
    check_compiled("inductor")
