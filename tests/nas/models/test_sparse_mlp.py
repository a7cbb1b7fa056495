"""The network module against the engine and against plain torch."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring
from torch import Tensor

from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.population import predict
from nas.engine.reference import reference_forward
from nas.engine.state import initial_state
from nas.models import PatternError, SparseMLP
from search_spaces.genotype import ACTIVATIONS

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def gradients(module: SparseMLP, x: Tensor, dy: Tensor) -> list[Tensor]:
    """Outputs, and the gradients of inputs, weights and biases."""
    module.zero_grad()
    x = x.detach().requires_grad_()
    y = module(x)
    y.backward(dy)
    found = [y.detach(), x.grad, module.weight.grad, module.bias.grad]
    assert all(tensor is not None for tensor in found)
    return found


def expected_gradients(module: SparseMLP, x: Tensor, dy: Tensor) -> list[Tensor]:
    """The same by the reference, in float64."""
    x, weight, bias = (t.detach().double().requires_grad_() for t in (x, module.weight, module.bias))
    rows = x.reshape(-1, x.shape[-1])
    y = reference_forward(lay_out(module.wiring, module.activation), weight, bias, rows.T).T.reshape(dy.shape)
    y.backward(dy.double())
    return [y.detach(), x.grad, weight.grad, bias.grad]


def assert_close(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    for tensor, other in zip(found, expected, strict=True):
        assert tensor.shape == other.shape
        assert (tensor - other).norm() <= tolerance * other.norm() + tolerance / 10


@pytest.mark.parametrize("dtype", TOLERANCE)
@given(
    seed=st.integers(0, 2**32),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    n_inputs=st.integers(1, 30),
    n_hidden=st.integers(1, 30),
    density=st.floats(0.02, 0.9),
    leading=st.one_of(st.just(()), st.tuples(st.sampled_from([0, 1, 7, 16, 129])), st.just((2, 5))),
)
@settings(deadline=None, max_examples=25)
def test_outputs_and_gradients_are_those_of_the_reference(
    dtype: torch.dtype,
    seed: int,
    activation: str,
    n_inputs: int,
    n_hidden: int,
    density: float,
    leading: tuple[int, ...],
) -> None:
    module = SparseMLP(random_wiring(seed, n_inputs, n_hidden, 3, density), activation, seed=seed).to(dtype)
    with torch.no_grad():
        module.bias.copy_(0.1 * normal(seed, n_hidden + 3))
    x, dy = normal(seed, *leading, n_inputs, dtype=dtype), normal(seed + 1, *leading, 3, dtype=dtype)
    assert_close(gradients(module, x, dy), expected_gradients(module, x, dy), TOLERANCE[dtype])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradients_are_those_of_finite_differences(activation: str) -> None:
    module = SparseMLP(random_wiring(2), activation).double()
    x = normal(3, 4, 5, dtype=torch.float64).requires_grad_()

    def function(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        outputs: Tensor = torch.func.functional_call(module, {"weight": weight, "bias": bias}, x)
        return outputs

    assert torch.autograd.gradcheck(function, (x, module.weight, module.bias))


def test_strides_and_alignment_do_not_matter() -> None:
    module, x, dy = SparseMLP(random_wiring(0)), normal(1, 50, 5), normal(2, 50, 3)
    expected = gradients(module, x, dy)
    shifted = torch.zeros(251)
    shifted[1:] = x.flatten()
    for view in (x.T.contiguous().T, torch.cat([x, x], 1)[:, 5:], shifted[1:].view(50, 5)):
        assert_close(gradients(module, view, dy.T.contiguous().T), expected, 1e-6)
    assert_close(gradients(module, x, dy[:1].expand(50, 3)), gradients(module, x, dy[:1].repeat(50, 1)), 1e-6)


@pytest.mark.parametrize("frozen", ["x", "weight", "bias"])
def test_what_needs_no_gradient_gets_none(frozen: str) -> None:
    module, x = SparseMLP(random_wiring(0)), normal(4, 9, 5)
    tensors = {"x": x, "weight": module.weight, "bias": module.bias}
    for name, tensor in tensors.items():
        tensor.requires_grad_(name != frozen)
    module(x).sum().backward()
    assert {name for name, tensor in tensors.items() if tensor.grad is None} == {frozen}


def test_a_searched_network_becomes_a_module() -> None:
    wiring, rows = random_wiring(5), normal(5, 200, 5)
    network = lay_out(wiring, "gelu")
    parameters = initial_state(network, [[3]]).parameters[0]
    module = SparseMLP.from_parameters(wiring, "gelu", parameters)
    expected = predict(network, parameters, Inputs.plain(np.ascontiguousarray(rows.T.numpy())))
    np.testing.assert_allclose(module(rows).detach().numpy(), expected.T, rtol=1e-5, atol=1e-6)
    parameters[:] = 0  # copied
    assert module.weight.abs().min() > 0


def test_initial_weights_are_those_of_a_search() -> None:
    module = SparseMLP(random_wiring(6), "relu", seed=9)
    parameters = torch.from_numpy(initial_state(lay_out(module.wiring, "relu"), [[9]]).parameters[0])
    assert torch.equal(torch.cat([module.weight, module.bias]).detach(), parameters)
    module.reset_parameters(8)
    assert not torch.equal(module.weight, parameters[: len(module.weight)])


def test_a_state_comes_back() -> None:
    module, other, x = SparseMLP(random_wiring(7), seed=1), SparseMLP(random_wiring(7), seed=2), normal(7, 4, 5)
    state = copy.deepcopy(module.state_dict())
    assert set(state) == {"weight", "bias", "sizes", "indptr", "indices"}
    other.load_state_dict(state)
    assert torch.equal(module(x), other(x)) and torch.equal(module(x), copy.deepcopy(other)(x))


def test_a_state_of_another_wiring_is_refused() -> None:
    module, other = SparseMLP(random_wiring(7)), SparseMLP(random_wiring(8))
    with pytest.raises(PatternError, match="SparseMLP: the state has another pattern: its indptr differs"):
        module.load_state_dict(other.state_dict())


def test_other_dtypes_take_the_plain_path() -> None:
    module, x = SparseMLP(random_wiring(9)), normal(9, 6, 5)
    assert_close([module(x)], [copy.deepcopy(module).bfloat16()(x.bfloat16()).float()], 0.03)


@needs_cuda
def test_cuda_agrees_with_the_cpu() -> None:
    module, x, dy = SparseMLP(random_wiring(10), "tanh").double(), normal(1, 40, 5), normal(2, 40, 3)
    expected = gradients(module, x.double(), dy.double())
    found = gradients(copy.deepcopy(module).cuda(), x.double().cuda(), dy.double().cuda())
    assert_close([tensor.cpu() for tensor in found], expected, 1e-10)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            torch.zeros(3, 4),
            "SparseMLP: the input has shape (3, 4); its last dimension must be 5, the inputs of a matrix of shape",
        ),
        (torch.zeros(3, 5).double(), "SparseMLP: the input is torch.float64 on cpu, the weights are torch.float32 on"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(x: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SparseMLP(random_wiring(0))(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.eye(3),), "SparseMLP: wiring is a ndarray; it must be a search_spaces.Wiring."),
        ((random_wiring(0), "swish"), "SparseMLP: activation is 'swish'; it must be one of relu, tanh, gelu, silu."),
    ],
)
def test_what_is_wrong_is_said_at_construction(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SparseMLP(*arguments)


def test_parameters_must_be_as_many_as_the_wiring_has() -> None:
    wiring = random_wiring(0)
    n = wiring.n_edges + 15
    message = f"SparseMLP: parameters have shape ({n - 1},); {n - 15} weights and 15 biases need ({n},)."
    with pytest.raises(ValueError, match=re.escape(message)):
        SparseMLP.from_parameters(wiring, "relu", np.zeros(n - 1, np.float32))


def test_it_says_what_it_is() -> None:
    wiring = random_wiring(0)
    expected = (
        f"n_inputs=5, n_hidden=12, n_outputs=3, n_edges={wiring.n_edges}, depth={wiring.depth}, activation='relu'"
    )
    assert expected in repr(SparseMLP(wiring))
