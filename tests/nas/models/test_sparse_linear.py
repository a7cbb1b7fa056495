"""The sparse layer against a dense one with a mask: the oracle of outputs and gradients."""

from __future__ import annotations

import copy
import re
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nas.models import PatternError, SparseLinear

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def mask_of(seed: int, in_features: int, out_features: int, density: float) -> np.ndarray:
    return np.random.default_rng(seed).random((out_features, in_features)) < density


def layer(seed: int = 0, in_features: int = 20, out_features: int = 13, density: float = 0.3, **options: Any) -> Any:
    mask = mask_of(seed, in_features, out_features, density)
    return SparseLinear(in_features, out_features, mask, allow_empty_rows=True, seed=seed, **options)


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def assert_close(found: Tensor | None, expected: Tensor | None, tolerance: float) -> None:
    assert found is not None and expected is not None
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert (found - expected).norm() <= tolerance * expected.norm()


def assert_agrees(module: SparseLinear, dense: nn.Linear, x: Tensor, dy: Tensor, tolerance: float) -> None:
    """Outputs and all gradients of a sparse layer are those of the dense one."""
    xs = [x.detach().requires_grad_() for _ in range(2)]
    y, expected = module(xs[0]), dense(xs[1])
    assert_close(y, expected, tolerance)
    y.backward(dy)
    expected.backward(dy)
    assert_close(xs[0].grad, xs[1].grad, tolerance)
    assert dense.weight.grad is not None
    assert_close(module.weight.grad, dense.weight.grad.flatten()[module._places()], tolerance)
    if module.bias is not None:
        assert_close(module.bias.grad, dense.bias.grad, tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
@given(
    seed=st.integers(0, 2**32),
    in_features=st.integers(1, 60),
    out_features=st.integers(1, 60),
    density=st.floats(0, 1),
    leading=st.one_of(
        st.just(()),
        st.tuples(st.sampled_from([0, 1, 7, 16, 100, 129])),
        st.tuples(st.integers(1, 3), st.integers(1, 20)),
    ),
    bias=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_outputs_and_gradients_are_those_of_the_dense_layer(
    dtype: torch.dtype,
    seed: int,
    in_features: int,
    out_features: int,
    density: float,
    leading: tuple[int, ...],
    bias: bool,
) -> None:
    module = layer(seed, in_features, out_features, density, bias=bias, dtype=dtype)
    x = normal(seed, *leading, in_features, dtype=dtype)
    dy = normal(seed + 1, *leading, out_features, dtype=dtype)
    assert_agrees(module, module.to_dense(), x, dy, TOLERANCE[dtype])
    with torch.no_grad():
        assert_close(
            module._reference(x.reshape(-1, in_features)), module(x).reshape(-1, out_features), TOLERANCE[dtype]
        )


def strange_views(rows: Tensor) -> dict[str, Tensor]:
    """The same numbers (batch, n) in other places of memory."""
    batch, n = rows.shape
    wide, shifted = torch.zeros(batch, n + 3), torch.zeros(batch * n + 1)
    wide[:, 2:-1], shifted[1:] = rows, rows.flatten()
    every_second = torch.zeros(batch, 2 * n)
    every_second[:, ::2] = rows
    return {
        "transposed": rows.T.contiguous().T,
        "columns of a wider matrix": wide[:, 2:-1],
        "off by one number": shifted[1:].view(batch, n),
        "every second column": every_second[:, ::2],
        "rows in reverse": rows.flip(0).flip(0),
        "expanded": rows[:1].expand(batch, n),
    }


@pytest.mark.parametrize("kind", strange_views(torch.zeros(2, 2)))
def test_strides_and_alignment_do_not_matter(kind: str) -> None:
    module = layer()
    x, dy = strange_views(normal(1, 50, 20))[kind], strange_views(normal(2, 50, 13))[kind]
    assert_agrees(module, module.to_dense(), x, dy, 1e-5)
    module.zero_grad()
    module.weight = nn.Parameter(module.weight.detach().repeat_interleave(2)[::2])
    assert not module.weight.is_contiguous()
    assert_agrees(module, module.to_dense(), x, dy, 1e-5)


def test_gradients_are_those_of_finite_differences() -> None:
    module = layer(dtype=torch.float64)
    x = normal(3, 5, 20, dtype=torch.float64).requires_grad_()

    def function(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        outputs: Tensor = torch.func.functional_call(module, {"weight": weight, "bias": bias}, x)
        return outputs

    assert torch.autograd.gradcheck(function, (x, module.weight, module.bias))


@pytest.mark.parametrize("frozen", ["x", "weight", "bias"])
def test_what_needs_no_gradient_gets_none(frozen: str) -> None:
    module, x = layer(), normal(4, 9, 20)
    tensors = {"x": x, "weight": module.weight, "bias": module.bias}
    for name, tensor in tensors.items():
        tensor.requires_grad_(name != frozen)
    module(x).sum().backward()
    assert {name for name, tensor in tensors.items() if tensor.grad is None} == {frozen}


def test_gradients_of_several_calls_add_up() -> None:
    module, x = layer(), normal(5, 9, 20)
    (module(x).sum() + module(2 * x).sum()).backward()
    dense = module.to_dense()
    (3 * dense(x).sum() - dense.bias.sum() * 9).backward()
    assert_close(module.weight.grad, dense.weight.grad.flatten()[module._places()], 1e-5)


def test_it_learns_what_a_dense_layer_of_its_pattern_can() -> None:
    teacher, module = layer(seed=1), layer(seed=1)
    module.reset_parameters(2)
    x = normal(6, 256, 20)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.03)
    for _ in range(200):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(module(x), teacher(x).detach())
        loss.backward()
        optimiser.step()
    assert loss.item() < 1e-4


def test_initial_weights_have_the_bound_of_the_actual_fan_in() -> None:
    module = layer(seed=7, in_features=400, out_features=300, density=0.1)
    fan_in = module.indptr.diff()
    bound = fan_in.repeat_interleave(fan_in).rsqrt()
    share = module.weight / bound
    assert share.abs().max() <= 1 and share.std().item() == pytest.approx(3**-0.5, rel=0.02)
    assert (module.bias.abs() <= fan_in.rsqrt()).all() and module.bias.std() > 0


def test_a_seed_gives_the_same_weights_whatever_the_dtype() -> None:
    single, double, other = layer(dtype=torch.float32), layer(dtype=torch.float64), layer()
    assert torch.equal(single.weight, double.weight.float()) and torch.equal(single.bias, double.bias.float())
    other.reset_parameters(1)
    assert not torch.equal(single.weight, other.weight)
    other.reset_parameters(0)
    assert torch.equal(single.weight, other.weight)


def test_the_default_dtype_is_that_of_torch() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        assert layer().weight.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_dense_layer_comes_back() -> None:
    dense, mask = nn.Linear(20, 13), mask_of(8, 20, 13, 0.5)
    module = SparseLinear.from_dense(dense, mask)
    expected = dense.weight.detach() * torch.from_numpy(mask)
    assert torch.equal(module.to_dense().weight, expected) and torch.equal(module.to_dense().bias, dense.bias)
    assert SparseLinear.from_dense(nn.Linear(20, 13, bias=False), mask).bias is None
    assert module.to_dense().weight.requires_grad


def test_weights_follow_the_order_of_the_indices() -> None:
    module = SparseLinear(3, 2, ([0, 2, 3], [2, 0, 1]))
    with torch.no_grad():
        module.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
    assert module.to_dense().weight.tolist() == [[2, 0, 1], [0, 3, 0]]


def test_a_state_comes_back() -> None:
    module, other = layer(seed=1), layer(seed=1)
    other.reset_parameters(5)
    state = copy.deepcopy(module.state_dict())
    assert set(state) == {"weight", "bias", "sizes", "indptr", "indices"}
    other.load_state_dict(state)
    assert torch.equal(module(normal(1, 4, 20)), other(normal(1, 4, 20)))
    twin = copy.deepcopy(other)
    assert torch.equal(module(normal(1, 4, 20)), twin(normal(1, 4, 20)))


@pytest.mark.parametrize(("other", "name"), [({"seed": 2}, "1.ind"), ({"in_features": 21}, "1.sizes")])
def test_a_state_of_another_pattern_is_refused(other: dict[str, int], name: str) -> None:
    network = nn.Sequential(nn.Tanh(), layer(seed=1))
    before = copy.deepcopy(network.state_dict())
    state = nn.Sequential(nn.Tanh(), layer(**{"seed": 1, **other})).state_dict()
    with pytest.raises(PatternError, match=f"SparseLinear: the state has another pattern: its {name}.* differs. Make"):
        network.load_state_dict(state)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_other_dtypes_take_the_reference_path() -> None:
    module, x = layer(), normal(9, 6, 20)
    expected = module(x)
    assert_close(module.bfloat16()(x.bfloat16()).float(), expected, 0.02)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = nn.Linear(20, 20)(x)
        assert hidden.dtype == torch.bfloat16
        assert layer()(hidden).dtype == torch.float32


def test_the_reference_path_is_differentiable_twice() -> None:
    module = layer(dtype=torch.float64)
    x = normal(10, 2, 20, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: module._reference(x).tanh(), (x,))
    (dx,) = torch.autograd.grad(module(x).tanh().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="sparse_linear_backward"):
        dx.sum().backward()


@needs_cuda
@pytest.mark.filterwarnings("ignore:Attempting to run cuBLAS")  # torch's own, of the first call in a process
def test_cuda_agrees_with_the_cpu() -> None:
    module = layer(dtype=torch.float64)
    x, dy = normal(11, 40, 20, dtype=torch.float64), normal(12, 40, 13, dtype=torch.float64)
    on_cpu = module(x)
    module.cuda()
    assert_agrees(module, module.to_dense(), x.cuda(), dy.cuda(), 1e-10)
    assert_close(module(x.cuda()).cpu(), on_cpu, 1e-10)
    assert layer(device="cuda").weight.is_cuda


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            torch.zeros(3, 5),
            "SparseLinear: the input has shape (3, 5); its last dimension must be 20, the inputs of a matrix of shape "
            "(13, 20).",
        ),
        (torch.tensor(1.0), "SparseLinear: the input has shape (); its last dimension must be 20"),
        (
            torch.zeros(3, 20, dtype=torch.float64),
            "SparseLinear: the input is torch.float64 on cpu, the weights are torch.float32 on cpu; move one with",
        ),
        (torch.zeros(3, 20, device="meta"), "SparseLinear: the input is torch.float32 on meta, the weights are"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(x: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        layer()(x)


def test_what_is_wrong_is_said_at_construction() -> None:
    with pytest.raises(PatternError, match=r"Output 0 reads no input; connect it, or pass allow_empty_rows=True\."):
        SparseLinear(4, 2, np.zeros((2, 4), bool))
    with pytest.raises(PatternError, match=r"SparseLinear: dtype is torch.int32; it must be a floating one\."):
        layer(dtype=torch.int32)
    with pytest.raises(PatternError, match=r"The mask has shape \(2, 4\); it must be"):
        SparseLinear.from_dense(nn.Linear(2, 4), np.ones((2, 4), bool))


def test_a_graph_is_a_pattern() -> None:
    graph = nx.complete_bipartite_graph(4, 3)
    assert torch.equal(SparseLinear(4, 3, graph).to_dense().weight != 0, torch.ones(3, 4, dtype=torch.bool))


def test_it_says_what_it_is() -> None:
    module = SparseLinear(4, 2, np.eye(2, 4, dtype=bool))
    assert repr(module) == "SparseLinear(in_features=4, out_features=2, n_edges=2, density=0.2500, bias=True)"
