"""The oracle of the recurrent kernels against torch's own cells with masked weights, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from masked_cells import CELLS, dense, masked_weights
from support import random_recurrent_wiring
from torch import Tensor
from torch.func import functional_call

from nas.engine.recurrent_layout import RecurrentNetwork, lay_out_recurrent, parameter_sizes
from nas.engine.recurrent_reference import reference_recurrent_forward
from search_spaces.recurrent_wiring import RecurrentWiring

N_STEPS = 6


def parameters_of(network: RecurrentNetwork, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    n_parameters = parameter_sizes(network).end
    return torch.randn(n_parameters, dtype=torch.float64, generator=generator, requires_grad=True)


def batch_of(seed: int, n_inputs: int, n_samples: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    inputs = torch.tensor(rng.standard_normal((N_STEPS, n_inputs, n_samples)))
    return inputs, torch.tensor(rng.integers(1, N_STEPS + 1, n_samples))


def states_of(cell: str, weights: dict[str, Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """What torch's cell gives at each step, (batch, units), for inputs (batch, n)."""
    n_units = weights["weight_hh"].shape[1]
    module = CELLS[cell](weights["weight_ih"].shape[1], n_units).double()
    hidden = memory = inputs[0].new_zeros(len(inputs[0]), n_units)
    found = []
    for now in inputs:
        if cell == "lstm":
            hidden, memory = functional_call(module, weights, (now, (hidden, memory)))
        else:
            hidden = functional_call(module, weights, (now, hidden))
        found.append(hidden)
    return found


def embedded(network: RecurrentNetwork, parameters: Tensor, inputs: Tensor) -> list[Tensor]:
    """Embedded values at each step, (batch, n_embedded)."""
    sizes = parameter_sizes(network)
    matrix = parameters[sizes.embedding : sizes.output].reshape(network.n_embedded, network.n_inputs)
    return [(matrix @ now).T for now in inputs]


def outputs_of(network: RecurrentNetwork, parameters: Tensor, vertices: list[Tensor], lengths: Tensor) -> Tensor:
    """Outputs (n_outputs, batch) for vertices (batch, n_vertices) at each step."""
    sizes = parameter_sizes(network)
    last = torch.stack(vertices)[lengths - 1, torch.arange(len(lengths))]
    weights = parameters[sizes.output : sizes.bias][None]
    (matrix,) = dense(network.output_indptr, network.output_indices, weights, network.n_vertices)
    return matrix @ last.T + parameters[sizes.output_bias :, None]


def one_layer(seed: int, cell: str, n_embedded: int, n_units: int, density: float) -> RecurrentNetwork:
    """One recurrent layer: each unit is a vertex, and outputs read them all."""
    rng = np.random.default_rng(seed)
    inputs, recurrent = rng.random((n_units, n_embedded)) < density, rng.random((n_units, n_units)) < density
    inputs[~inputs.any(axis=1), 0] = True
    edges = (np.nonzero(matrix)[::-1] for matrix in (inputs, recurrent, np.ones((3, n_units))))
    return lay_out_recurrent(RecurrentWiring.from_edges(2, n_embedded, 3, cell, np.arange(n_units), *edges))


@pytest.mark.parametrize("cell", CELLS)
@given(
    seed=st.integers(0, 2**32),
    n_embedded=st.integers(1, 4),
    n_units=st.integers(1, 7),
    n_samples=st.integers(1, 9),
    density=st.sampled_from([0.2, 0.5, 1.0]),
)
@settings(deadline=None, max_examples=15)
def test_a_layer_is_torchs_cell_with_masked_weights(
    cell: str, seed: int, n_embedded: int, n_units: int, n_samples: int, density: float
) -> None:
    network = one_layer(seed, cell, n_embedded, n_units, density)
    parameters, (inputs, lengths) = parameters_of(network, seed), batch_of(seed, 2, n_samples)
    weights = masked_weights(network, parameters, sources=slice(n_embedded))
    states = states_of(cell, weights, embedded(network, parameters, inputs))
    expected = outputs_of(network, parameters, states, lengths)
    found = reference_recurrent_forward(network, parameters, inputs, lengths)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)
    towards = torch.randn(found.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    (exact,) = torch.autograd.grad(expected, parameters, towards)
    (gradient,) = torch.autograd.grad(found, parameters, towards)
    torch.testing.assert_close(gradient, exact, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_layers_and_a_skip_layer_are_torchs_cells(cell: str) -> None:
    # Layer a feeds b, which feeds c; the skip layer s reads a, and what it gives is added to what c gives.
    a, b, c, s = slice(0, 4), slice(4, 7), slice(7, 10), slice(10, 13)
    after = {"a": slice(0, 3), "b": slice(3, 7), "c": slice(7, 10)}  # sources: 3 embedded values, then the vertices
    rng = np.random.default_rng(5)
    inputs, recurrent = np.zeros((13, 3 + 10), bool), np.zeros((13, 13), bool)
    for units, sources in ((a, after["a"]), (b, after["b"]), (c, after["c"]), (s, after["b"])):
        inputs[units, sources] = rng.random(inputs[units, sources].shape) < 0.6
        inputs[units, sources.start] = True
        recurrent[units, units] = rng.random(recurrent[units, units].shape) < 0.6
    outputs = np.zeros((2, 10), bool)
    outputs[:, 7:] = True
    edges = (np.nonzero(matrix)[::-1] for matrix in (inputs, recurrent, outputs))
    unit_vertex = np.concatenate([np.arange(10), np.arange(7, 10)])
    wiring = RecurrentWiring.from_edges(2, 3, 2, cell, unit_vertex, *edges)
    network = lay_out_recurrent(wiring)
    parameters, (steps, lengths) = parameters_of(network, 1), batch_of(1, 2, 5)

    def layer(units: slice, sources: slice, read: list[Tensor]) -> list[Tensor]:
        return states_of(cell, masked_weights(network, parameters, units, sources), read)

    of_a = layer(a, after["a"], embedded(network, parameters, steps))
    of_b = layer(b, after["b"], of_a)
    of_c, of_s = layer(c, after["c"], of_b), layer(s, after["b"], of_a)
    vertices = [torch.cat([x, y, z + w], dim=1) for x, y, z, w in zip(of_a, of_b, of_c, of_s, strict=True)]
    expected = outputs_of(network, parameters, vertices, lengths)
    found = reference_recurrent_forward(network, parameters, steps, lengths)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("cell", CELLS)
def test_both_directions_are_torchs_cells_and_outputs_read_last_values_means_and_maxima(cell: str) -> None:
    rng, n_values, n_units = np.random.default_rng(3), 3, 4
    ends = np.kron(np.eye(2), np.ones((n_units, n_values))), np.kron(np.eye(2), np.ones((n_units, n_units)))
    outputs = rng.random((2, 3 * 2 * n_units)) < 0.7
    edges = (np.nonzero(matrix)[::-1] for matrix in (*ends, outputs))
    network = lay_out_recurrent(
        RecurrentWiring.from_edges(2, 2 * n_values, 2, cell, np.arange(2 * n_units), *edges, bidirectional=True)
    )
    parameters, sizes = parameters_of(network, 3), parameter_sizes(network)
    (forward, lengths), backward = batch_of(3, 2, 6), torch.zeros(N_STEPS, 2, 6, dtype=torch.float64)
    for k, length in enumerate(lengths.tolist()):
        backward[:length, :, k] = forward[:length, :, k].flip(0)
    embedding = parameters[sizes.embedding : sizes.output].reshape(2, n_values, 2)
    steps = []
    for half, inputs in enumerate((forward, backward)):
        units, sources = slice(half * n_units, (half + 1) * n_units), slice(half * n_values, (half + 1) * n_values)
        weights = masked_weights(network, parameters, units, sources)
        steps.append(torch.stack(states_of(cell, weights, [(embedding[half] @ now).T for now in inputs])))
    values = torch.cat(steps, dim=2)  # (n_steps, batch, both directions)
    of_each = [values[:length, k] for k, length in enumerate(lengths.tolist())]
    summaries = torch.stack([torch.cat([own[-1], own.mean(0), own.amax(0)]) for own in of_each])
    (matrix,) = dense(
        network.output_indptr, network.output_indices, parameters[sizes.output : sizes.bias][None], 6 * n_units
    )
    expected = matrix @ summaries.T + parameters[sizes.output_bias :, None]
    found = reference_recurrent_forward(network, parameters, torch.cat([forward, backward], dim=1), lengths)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_beyond_the_end_is_not_looked_at(cell: str) -> None:
    network = lay_out_recurrent(random_recurrent_wiring(2, cell))
    parameters, (inputs, lengths) = parameters_of(network, 2), batch_of(2, 3, 8)
    expected = reference_recurrent_forward(network, parameters, inputs, lengths)
    for k, length in enumerate(lengths.tolist()):
        inputs[length:, :, k] = torch.nan
    torch.testing.assert_close(reference_recurrent_forward(network, parameters, inputs, lengths), expected)


def test_gradients_do_not_look_beyond_the_end_either() -> None:
    network = lay_out_recurrent(random_recurrent_wiring(2, "tanh"))
    parameters, (inputs, lengths) = parameters_of(network, 2), batch_of(2, 3, 8)
    for k, length in enumerate(lengths.tolist()):
        inputs[length:, :, k] = torch.nan
    outputs = reference_recurrent_forward(network, parameters, inputs, lengths)
    (gradient,) = torch.autograd.grad(outputs.sum(), parameters)
    assert gradient.isfinite().all()


def test_parameters_and_inputs_choose_the_dtype() -> None:
    network = lay_out_recurrent(random_recurrent_wiring(0, "gru"))
    parameters, (inputs, lengths) = parameters_of(network, 0), batch_of(0, 3, 4)
    exact = reference_recurrent_forward(network, parameters, inputs, lengths)
    rough = reference_recurrent_forward(network, parameters.float(), inputs.float(), lengths)
    assert (exact.dtype, rough.dtype) == (torch.float64, torch.float32)
    torch.testing.assert_close(rough.double(), exact, rtol=1e-4, atol=1e-4)
