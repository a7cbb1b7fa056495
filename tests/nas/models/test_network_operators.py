"""The operators of a whole network as torch wants them: schema, fake tensors, autograd, and torch.compile."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import random_wiring
from torch import Tensor

from nas.models import SparseMLP
from nas.models.network_operators import sparse_network, sparse_network_backward

CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")


def rows(batch: int, n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(np.random.default_rng(batch).standard_normal((batch, n))).to(dtype)


def test_the_operators_keep_the_rules_of_torch() -> None:
    module = SparseMLP(random_wiring(0), "tanh")
    code = module.wiring.n_hidden, 1
    arguments = rows(20, 5).requires_grad_(), module.weight, module.bias, module.packed_wiring, *code
    torch.library.opcheck(sparse_network, arguments, test_utils=CHECKS)
    tiles = sparse_network(*arguments)[1].detach()
    weight, bias = module.weight.detach(), module.bias.detach()
    for with_dx in (True, False):
        backward = rows(20, 3), weight, bias, tiles, module.packed_wiring, 5, *code, with_dx
        torch.library.opcheck(sparse_network_backward, backward, test_utils=CHECKS)


def check_compiled(backend: str, dtype: torch.dtype) -> None:
    module = SparseMLP(random_wiring(1), "silu").to(dtype)
    compiled = torch.compile(module, fullgraph=True, backend=backend, dynamic=True)
    for batch in (20, 33):
        results = []
        for function in (module, compiled):
            x = rows(batch, 5, dtype).requires_grad_()
            module.zero_grad()
            y = function(x)
            y.square().sum().backward()
            results.append([y, x.grad, *(p.grad for p in module.parameters())])
        for found, expected in zip(*results, strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_graphs_are_whole(dtype: torch.dtype) -> None:
    check_compiled("aot_eager", dtype)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of torch itself
def test_the_default_compiler_takes_the_network() -> None:
    check_compiled("inductor", torch.float32)
