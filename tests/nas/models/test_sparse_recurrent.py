"""The sparse recurrent modules against torch's own with masked weights: the oracle of outputs and gradients."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from nas.models.pattern import PatternError
from nas.models.sparse_recurrent import SparseGRU, SparseLSTM, SparseRNN

KINDS: dict[str, Any] = {
    "tanh": (SparseRNN, nn.RNN, {"nonlinearity": "tanh"}),
    "relu": (SparseRNN, nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (SparseLSTM, nn.LSTM, {}),
    "gru": (SparseGRU, nn.GRU, {}),
}
N_INPUTS, N_UNITS = 5, 11
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def masks(seed: int, num_layers: int = 1, n_inputs: int = N_INPUTS, n_units: int = N_UNITS) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    inputs = [rng.random((n_units, n_units if layer else n_inputs)) < 0.4 for layer in range(num_layers)]
    recurrent = [rng.random((n_units, n_units)) < 0.3 for _ in range(num_layers)]
    return {"input_pattern": inputs, "recurrent_pattern": recurrent}


def module(kind: str, seed: int = 0, num_layers: int = 1, **options: Any) -> Any:
    sparse, _, own = KINDS[kind]
    patterns = masks(seed, num_layers)
    return sparse(
        N_INPUTS, N_UNITS, **patterns, num_layers=num_layers, allow_empty_rows=True, seed=seed, **own, **options
    )


def pair(
    kind: str, seed: int, num_layers: int, n_inputs: int, n_units: int, **options: Any
) -> tuple[Any, Any, dict[str, np.ndarray]]:
    """A sparse module, torch's with weights masked in each gate, and the mask of each weight."""
    sparse_type, dense_type, own = KINDS[kind]
    patterns = masks(seed, num_layers, n_inputs, n_units)
    torch.manual_seed(seed)
    dense = dense_type(n_inputs, n_units, num_layers=num_layers, **own, **options)
    sparse = sparse_type.from_dense(dense, **patterns, allow_empty_rows=True)
    of_weight = {}
    for layer in range(num_layers):
        of_weight[f"weight_ih_l{layer}"] = patterns["input_pattern"][layer]
        of_weight[f"weight_hh_l{layer}"] = patterns["recurrent_pattern"][layer]
    with torch.no_grad():
        for name, mask in of_weight.items():
            weight = dense.get_parameter(name)
            weight *= torch.from_numpy(np.tile(mask, (len(weight) // n_units, 1)))
    return sparse, dense, of_weight


def normal(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def assert_close(found: Tensor | None, expected: Tensor | None, tolerance: float = 1e-4) -> None:
    assert found is not None and expected is not None
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert (found - expected).norm() <= tolerance * expected.norm() + 1e-6


def results(network: nn.Module, x: Tensor | PackedSequence, states: Any) -> list[Tensor]:
    """Everything that a module gives, as tensors."""
    output, last = network(x, states)
    if isinstance(x, PackedSequence):
        for name in ("batch_sizes", "sorted_indices", "unsorted_indices"):
            own, given_one = getattr(output, name), getattr(x, name)
            assert own is given_one or torch.equal(own, given_one)
    values = output.data if isinstance(output, PackedSequence) else output
    return [values, *(last if isinstance(last, tuple) else (last,))]


def agrees(
    networks: tuple[Any, Any, dict[str, np.ndarray]], x: Tensor, lengths: Tensor | None, states: tuple[Tensor, ...]
) -> None:
    """Outputs, last states and all gradients are the same."""
    found: list[list[Tensor | None]] = []
    for network in networks[:2]:
        leaves = [tensor.detach().clone().requires_grad_() for tensor in (x, *states)]
        inputs: Tensor | PackedSequence = leaves[0]
        if lengths is not None:
            inputs = pack_padded_sequence(leaves[0], lengths, network.batch_first, enforce_sorted=False)
        before = tuple(leaves[1:]) if len(states) > 1 else leaves[1] if states else None
        values = results(network, inputs, before)
        network.zero_grad()
        sum(((value * normal(k, *value.shape)).sum() for k, value in enumerate(values)), torch.tensor(0.0)).backward()
        found.append([*values, *(leaf.grad for leaf in leaves)])
    for own, expected in zip(*found, strict=True):
        assert_close(own, expected)
    sparse, dense, of_weight = networks
    for name, parameter in dense.named_parameters():
        gradient = parameter.grad
        if name in of_weight:
            mask = torch.from_numpy(of_weight[name])
            gradient = gradient.view(-1, *mask.shape)[:, mask]
        assert_close(sparse.get_parameter(name).grad, gradient)


@pytest.mark.parametrize("kind", KINDS)
@given(
    seed=st.integers(0, 2**32),
    num_layers=st.integers(1, 3),
    n_inputs=st.integers(1, 20),
    n_units=st.integers(1, 20),
    n_steps=st.integers(1, 9),
    batch=st.sampled_from([1, 2, 15, 16, 33, 130]),
    form=st.sampled_from(["steps", "packed", "sequence"]),
    batch_first=st.booleans(),
    bias=st.booleans(),
    with_states=st.booleans(),
)
@settings(deadline=None, max_examples=15)
def test_outputs_and_gradients_are_those_of_torch(
    kind: str,
    seed: int,
    num_layers: int,
    n_inputs: int,
    n_units: int,
    n_steps: int,
    batch: int,
    form: str,
    batch_first: bool,
    bias: bool,
    with_states: bool,
) -> None:
    networks = pair(kind, seed, num_layers, n_inputs, n_units, batch_first=batch_first, bias=bias)
    x = normal(seed, n_steps, batch, n_inputs)
    x = x[:, 0] if form == "sequence" else x.transpose(0, 1) if batch_first else x
    shape = (num_layers, n_units) if form == "sequence" else (num_layers, batch, n_units)
    states = tuple(normal(seed + k, *shape) for k in range(2 if kind == "lstm" else 1)) if with_states else ()
    lengths = torch.from_numpy(np.random.default_rng(seed).integers(1, n_steps + 1, batch))
    agrees(networks, x, lengths if form == "packed" else None, states)


def test_sorted_sequences_come_back_packed() -> None:
    network = module("lstm")
    packed = pack_padded_sequence(normal(1, 4, 3, N_INPUTS), [4, 3, 1])
    output, (h_n, c_n) = network(packed)
    padded, lengths = pad_packed_sequence(output)
    assert lengths.tolist() == [4, 3, 1]
    for k, length in enumerate(lengths.tolist()):
        alone, (h, c) = network(normal(1, 4, 3, N_INPUTS)[:length, k])
        assert_close(padded[:length, k], alone, 1e-5)
        assert_close(h_n[:, k], h, 1e-5)
        assert_close(c_n[:, k], c, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("used", [0, 1, 2])
def test_single_results_are_differentiable(kind: str, used: int) -> None:
    sparse, dense, of_weight = pair(kind, 3, 2, N_INPUTS, N_UNITS)
    packed = pack_padded_sequence(normal(2, 7, 20, N_INPUTS), list(range(7, 0, -1)) + [1] * 13)
    found = []
    for network in (sparse, dense):
        values = results(network, packed, None)
        values[used % len(values)].square().sum().backward()
        found.append(network.weight_hh_l0.grad)
    mask = torch.from_numpy(of_weight["weight_hh_l0"])
    assert_close(found[0], found[1].view(-1, *mask.shape)[:, mask])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind: str) -> None:
    network = module(kind, 1, 2, dtype=torch.float64)
    x = normal(3, 6, N_INPUTS).double().requires_grad_()  # rows of sequences of 3, 2 and 1 steps
    states = [normal(k, 2, 3, N_UNITS).double().requires_grad_() for k in range(2 if kind == "lstm" else 1)]
    names, parameters = zip(*network.named_parameters(), strict=True)

    def function(x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        before, weights = tensors[: len(states)], dict(zip(names, tensors[len(states) :], strict=True))
        packed = PackedSequence(x, torch.tensor([3, 2, 1]))
        given = tuple(before) if kind == "lstm" else before[0]
        output, last = torch.func.functional_call(network, weights, (packed, given))
        return output.data, *(last if kind == "lstm" else (last,))

    assert torch.autograd.gradcheck(function, (x, *states, *parameters), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_path_of_other_dtypes_agrees_with_the_kernels(kind: str) -> None:
    network, x = module(kind, 2, 2), normal(4, 6, 9, N_INPUTS)
    expected = results(network, x, None)
    for own, value in zip(results(copy.deepcopy(network).double(), x.double(), None), expected, strict=True):
        assert own.dtype == torch.float64
        assert_close(own.float(), value, 1e-5)
    for own, value in zip(results(copy.deepcopy(network).bfloat16(), x.bfloat16(), None), expected, strict=True):
        assert_close(own.float(), value, 0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_the_path_of_other_dtypes_is_differentiable_twice(kind: str) -> None:
    network, x = module(kind, dtype=torch.float64), normal(4, 3, 2, N_INPUTS).double().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: network(x)[0].sin(), x, fast_mode=True)
    (dx,) = torch.autograd.grad(network.float()(x.float())[0].sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="sparse_recurrence_backward"):
        dx.sum().backward()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_steps", [1, 4, 5, 11])
def test_without_gradients_outputs_are_the_same(kind: str, n_steps: int) -> None:
    network = module(kind)
    packed = pack_padded_sequence(normal(5, n_steps, 140, N_INPUTS), [n_steps] * 20 + [1] * 120)
    expected = results(network, packed, None)
    with torch.no_grad():
        for own, value in zip(results(network, packed, None), expected, strict=True):
            assert torch.equal(own, value)


@pytest.mark.parametrize("frozen", ["x", "weight_ih_l0", "bias_hh_l0"])
def test_what_needs_no_gradient_gets_none(frozen: str) -> None:
    network, x = module("gru"), normal(6, 3, 4, N_INPUTS)
    tensors = {"x": x, **dict(network.named_parameters())}
    for name, tensor in tensors.items():
        tensor.requires_grad_(name != frozen)
    network(x)[0].sum().backward()
    assert {name for name, tensor in tensors.items() if tensor.grad is None} == {frozen}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dropout_is_between_layers_and_in_training_only(dtype: torch.dtype) -> None:
    network, x = module("lstm", 1, 2, dropout=1.0, dtype=dtype), normal(7, 4, 3, N_INPUTS).to(dtype)
    other = normal(8, 4, 3, N_INPUTS).to(dtype)
    assert torch.equal(network(x)[0], network(other)[0])  # nothing reaches the second layer
    assert not torch.equal(network(x)[1][0][0], network(other)[1][0][0])
    network.eval()
    assert_close(network(x)[0], module("lstm", 1, 2, dtype=dtype)(x)[0], 1e-6)
    assert not network.to_dense().training


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_comes_back(kind: str) -> None:
    network, other, x = module(kind, 1, 2), module(kind, 1, 2), normal(9, 3, 4, N_INPUTS)
    other.reset_parameters(5)
    state = copy.deepcopy(network.state_dict())
    patterns = {
        f"edges.{k}.{part}.{name}" for k in (0, 1) for part in ("ih", "hh") for name in ("sizes", "indptr", "indices")
    }
    assert set(state) == {name for name, _ in network.to_dense().named_parameters()} | patterns
    assert not torch.equal(network(x)[0], other(x)[0])
    other.load_state_dict(state)
    assert torch.equal(network(x)[0], other(x)[0])
    assert torch.equal(network(x)[0], copy.deepcopy(other)(x)[0])


def test_a_state_of_another_pattern_is_refused() -> None:
    network, patterns = module("gru", 1), masks(1)
    patterns["recurrent_pattern"] = [np.roll(patterns["recurrent_pattern"][0], 1, axis=1)]
    other = SparseGRU(N_INPUTS, N_UNITS, **patterns, allow_empty_rows=True, seed=2)
    before = copy.deepcopy(network.state_dict())
    with pytest.raises(PatternError, match=r"the state has another pattern: its 0\.edges\.0\.hh\.indices differs"):
        nn.Sequential(network).load_state_dict(nn.Sequential(other).state_dict())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_dense_module_comes_back(kind: str) -> None:
    sparse, dense, _ = pair(kind, 4, 2, N_INPUTS, N_UNITS, dropout=0.5, batch_first=True)
    back = sparse.to_dense()
    assert type(back) is type(dense) and back.extra_repr() == dense.extra_repr()
    assert all(torch.equal(value, dense.state_dict()[name]) for name, value in back.state_dict().items())
    assert all(parameter.requires_grad for parameter in back.parameters())


@pytest.mark.parametrize("dense", [nn.GRU(3, 4), nn.LSTM(3, 4, bidirectional=True), nn.LSTM(3, 4, proj_size=2)])
def test_other_dense_modules_are_refused(dense: nn.RNNBase) -> None:
    patterns = {"input_pattern": np.ones((4, 3), bool), "recurrent_pattern": np.ones((4, 4), bool)}
    wanted = (
        f"SparseLSTM: from_dense is given {dense}; it must be a torch.nn.LSTM without projection, in one direction."
    )
    with pytest.raises(ValueError, match=re.escape(wanted)):
        SparseLSTM.from_dense(dense, **patterns)


def test_initial_weights_have_the_bound_of_the_actual_fan_in() -> None:
    rng = np.random.default_rng(0)
    patterns = {"input_pattern": rng.random((200, 50)) < 0.2, "recurrent_pattern": rng.random((200, 200)) < 0.1}
    network = SparseGRU(50, 200, **patterns)
    bound = 1 / np.sqrt(patterns["input_pattern"].sum(1) + patterns["recurrent_pattern"].sum(1))
    for name, mask in (("ih", patterns["input_pattern"]), ("hh", patterns["recurrent_pattern"])):
        share = network.get_parameter(f"weight_{name}_l0").detach().numpy() / np.repeat(bound, mask.sum(1))
        assert np.abs(share).max() <= 1.0001 and share.std() == pytest.approx(3**-0.5, rel=0.02)
        share = network.get_parameter(f"bias_{name}_l0").detach().numpy() / np.tile(bound, 3)
        assert np.abs(share).max() <= 1.0001 and share.std() == pytest.approx(3**-0.5, rel=0.1)


def test_a_seed_gives_the_same_weights_whatever_the_dtype() -> None:
    single, double, other = module("lstm"), module("lstm", dtype=torch.float64), module("lstm")
    other.reset_parameters(1)
    for name, parameter in single.named_parameters():
        assert torch.equal(parameter, double.get_parameter(name).float())
        assert not torch.equal(parameter, other.get_parameter(name))


def test_it_learns_to_remember() -> None:
    network, readout = module("lstm", 3), nn.Linear(N_UNITS, 1)
    nn.init.zeros_(readout.weight)
    x = normal(10, 8, 64, N_INPUTS)
    wanted = (x[0, :, :1] > 0).float()  # known at the first step, asked for at the last
    optimiser = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=0.03)
    for _ in range(120):
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(readout(network(x)[0][-1]), wanted)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1


ONES = {"input_pattern": np.ones((4, 3), bool), "recurrent_pattern": np.ones((4, 4), bool)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_pattern": np.ones((4, 2), bool)}, "SparseGRU, layer 0, input_pattern: The mask has shape (4, 2)"),
        ({"recurrent_pattern": np.ones((4, 4))}, "SparseGRU, layer 0, recurrent_pattern: The mask is float64; it must"),
        ({"num_layers": 2}, "SparseGRU, layer 1, input_pattern: The mask has shape (4, 3)"),
        ({"recurrent_pattern": [([0], [1])] * 2}, "SparseGRU: recurrent_pattern is a list of 2; give a pattern for"),
        (
            {"input_pattern": np.eye(4, 3) > 0, "recurrent_pattern": np.eye(4, k=1) > 0},
            "SparseGRU, layer 0: unit 3 reads no input and no unit; connect it, or pass allow_empty_rows=True.",
        ),
        ({"num_layers": 0}, "SparseGRU: num_layers is 0; it must be an integer of at least 1."),
        ({"dropout": 1.5, "num_layers": 2}, "SparseGRU: dropout is 1.5; it must be in [0, 1], and 0 with a single"),
        ({"dropout": 0.5}, "SparseGRU: dropout is 0.5; it must be in [0, 1], and 0 with a single layer."),
        ({"dtype": torch.int32}, "SparseGRU: dtype is torch.int32; it must be a floating one."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_construction(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SparseGRU(3, 4, **(ONES | options))


def test_other_sizes_and_nonlinearities_are_refused() -> None:
    with pytest.raises(ValueError, match=r"SparseLSTM: hidden_size is 2\.5; it must be an integer of at least 1\."):
        SparseLSTM(3, 2.5, **ONES)
    with pytest.raises(ValueError, match=r"SparseRNN: nonlinearity is 'elu'; it must be tanh or relu\."):
        SparseRNN(3, 4, nonlinearity="elu", **ONES)


def test_no_sequences_are_no_outputs() -> None:
    network = module("lstm")
    output, (h_n, c_n) = network(torch.zeros(3, 0, N_INPUTS))
    assert output.shape == (3, 0, N_UNITS) and h_n.shape == c_n.shape == (1, 0, N_UNITS)
    output.sum().backward()
    assert (network.weight_ih_l0.grad == 0).all()


def test_it_says_what_it_is() -> None:
    network = SparseRNN(2, 2, input_pattern=np.eye(2) > 0, recurrent_pattern=np.eye(2) > 0)
    lines = repr(network).splitlines()
    assert lines[1] == "  2, 2, cell='tanh', num_layers=1, bias=True, batch_first=False, dropout=0.0"
    assert lines[4] == "      (ih): Edges(n_inputs=2, n_units=2, n_edges=2, density=0.5000)"


@needs_cuda
@pytest.mark.parametrize("kind", KINDS)
def test_cuda_agrees_with_the_cpu(kind: str) -> None:
    on_cpu = module(kind, seed=3, num_layers=2)
    on_cuda = copy.deepcopy(on_cpu).cuda().double()  # cuDNN rounds float32 to fewer digits
    x = normal(4, 9, 6, N_INPUTS)
    packed = pack_padded_sequence(x, torch.tensor([9, 7, 7, 4, 2, 1]))
    expected, found = (
        network(sequences)[0].data for network, sequences in ((on_cpu, packed), (on_cuda, packed.cuda().double()))
    )
    expected.square().sum().backward()
    found.square().sum().backward()
    assert found.is_cuda
    assert_close(found.cpu().float(), expected)
    for name, parameter in on_cuda.named_parameters():
        assert_close(parameter.grad.cpu().float(), on_cpu.get_parameter(name).grad)
