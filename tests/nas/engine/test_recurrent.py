"""All steps forward and back, with states from before, against torch's layers with masked weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from masked_cells import LAYERS, masked_weights
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nas.engine.cells import LSTM
from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.layout import LANES, aligned_empty, padded
from nas.engine.recurrent import backward_steps, forward_steps, initial_gradients, vectors_of
from nas.engine.recurrent_layout import (
    RecurrentNetwork,
    RecurrentWorkspace,
    lay_out_recurrent,
    parameter_sizes,
    recurrent_workspace,
)
from search_spaces.recurrent_wiring import RecurrentWiring


@compiled
def run_forward(network, sizes, parameters, inputs, n_active, work):
    forward_steps(network, sizes, at(parameters, 0), False, inputs, n_active, work)


@compiled
def run_backward(network, sizes, parameters, inputs, n_active, work, gradients, of_inputs, of_hidden):
    weights, totals = at(parameters, 0), at(gradients, 0)
    backward_steps(network, sizes, weights, False, inputs, n_active, work, False, totals, at(of_inputs, 0))
    initial_gradients(network, sizes, weights, n_active, work, totals, of_hidden)


class Example(NamedTuple):
    """One recurrent layer, a batch for it, longest first, and gradients of what it gives."""

    network: RecurrentNetwork
    parameters: np.ndarray  # float32 (n_parameters,), NaN for the embedding and the outputs, which it has not
    inputs: np.ndarray  # (n_steps, n_inputs, batch)
    lengths: np.ndarray  # int64 (batch,)
    hidden: np.ndarray  # (n_units, batch), before the first step, and
    cells: np.ndarray  # (n_units, batch), of LSTM
    of_outputs: np.ndarray  # (n_steps, n_units, batch), zeros where a sequence has ended
    of_cells: np.ndarray  # (n_units, batch), of the last cell states of LSTM

    @property
    def is_there(self) -> np.ndarray:
        """bool (n_steps, 1, batch): which sequences have a step."""
        return np.arange(len(self.inputs))[:, None, None] < self.lengths


class Found(NamedTuple):
    """What the layer gives, and gradients."""

    outputs: np.ndarray  # (n_steps, n_units, batch), zeros where a sequence has ended
    of_parameters: np.ndarray  # (n_parameters,)
    of_inputs: np.ndarray  # (n_steps, n_inputs, batch), zeros where a sequence has ended
    of_hidden: np.ndarray  # (n_units, batch)
    of_cells: np.ndarray  # (n_units, batch), of LSTM


def example(seed: int, cell: str, n_inputs: int, n_units: int, n_steps: int, batch: int, density: float) -> Example:
    rng = np.random.default_rng(seed)
    inputs, recurrent = (rng.random((n_units, n)) < density for n in (n_inputs, n_units))
    inputs[~inputs.any(axis=1), 0] = True
    edges = (np.nonzero(matrix)[::-1] for matrix in (inputs, recurrent, np.ones((1, n_units))))
    network = lay_out_recurrent(RecurrentWiring.from_edges(n_inputs, n_inputs, 1, cell, np.arange(n_units), *edges))
    sizes = parameter_sizes(network)
    parameters = (0.5 * rng.standard_normal(sizes.end)).astype(np.float32)
    parameters[sizes.embedding : sizes.bias] = parameters[sizes.output_bias :] = np.nan
    lengths = np.sort(rng.integers(1, n_steps + 1, batch))[::-1].copy()
    lengths[0] = n_steps
    shapes = ((n_steps, n_inputs), (n_units,), (n_units,), (n_steps, n_units), (n_units,))
    drawn = [rng.standard_normal((*shape, batch)) for shape in shapes]
    given = Example(network, parameters, drawn[0], lengths, *drawn[1:])
    # Gradients of cell states of sequences that end early: see the last test.
    return given._replace(
        of_outputs=given.of_outputs * given.is_there, of_cells=given.of_cells * (given.lengths == n_steps)
    )


def in_vectors(values: np.ndarray) -> np.ndarray:
    """Rows of whole vectors, filled up with zeros."""
    rows = aligned_empty((*values.shape[:-1], padded(values.shape[-1])))
    rows[...] = 0
    rows[..., : values.shape[-1]] = values
    return rows


def of_kernels(given: Example, work: RecurrentWorkspace, of_parameters: np.ndarray | None = None) -> Found:
    """What the kernels find, in buffers that hold nothing but NaN, with gradients of parameters to add to."""
    network, (n_steps, _, batch) = given.network, given.inputs.shape
    sizes, n_units, is_lstm = parameter_sizes(network), len(network.unit_vertex), network.cell.code == LSTM
    n_active = np.append(given.is_there.sum(axis=(1, 2)), 0).astype(np.int32)
    n_vertices, length = work.vertex_gradients.shape[1:]
    work = work._replace(vertex_gradients=np.empty((len(work.values), n_vertices, length), np.float32))
    for buffer in work:
        buffer[...] = np.nan
    inputs = in_vectors(given.inputs)  # with numbers beyond the ends, which must not count
    work.hidden[0, :n_units] = in_vectors(given.hidden)
    if is_lstm:
        work.cells[0, :n_units] = in_vectors(given.cells)
    run_forward(network, sizes, given.parameters, inputs, n_active, work)
    work.vertex_gradients[:n_steps, :n_units] = in_vectors(given.of_outputs)
    work.carried[:n_units] = in_vectors(given.of_cells) if is_lstm else 0
    of_parameters = np.zeros_like(given.parameters) if of_parameters is None else of_parameters
    of_inputs = np.full_like(inputs, np.nan)
    of_hidden = np.full((n_units, padded(batch)), np.nan, np.float32)
    run_backward(network, sizes, given.parameters, inputs, n_active, work, of_parameters, of_inputs, of_hidden)
    outputs, of_cells = work.hidden[1 : n_steps + 1, :n_units, :batch], work.carried[:n_units, :batch]
    outputs, of_inputs = (np.where(given.is_there, rows, 0) for rows in (outputs, of_inputs[:, :, :batch]))
    return Found(outputs, of_parameters, of_inputs, of_hidden[:, :batch], of_cells)


def of_torch(cell: str, given: Example) -> Found:
    """What torch finds with packed sequences, in float64."""
    n_inputs, n_units = given.inputs.shape[1], len(given.hidden)
    leaves = (given.parameters, given.inputs, given.hidden, given.cells)
    parameters, inputs, hidden, cells = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in leaves)
    weights = masked_weights(given.network, parameters, sources=slice(n_inputs))
    module, before = LAYERS[cell](n_inputs, n_units).double(), hidden.T[None]
    packed = pack_padded_sequence(inputs.transpose(1, 2), torch.tensor(given.lengths))
    state = (before, cells.T[None]) if cell == "lstm" else before
    packed, last = functional_call(module, {f"{name}_l0": value for name, value in weights.items()}, (packed, state))
    outputs = pad_packed_sequence(packed)[0].transpose(1, 2)  # (n_steps, n_units, batch)
    total = (outputs * torch.tensor(given.of_outputs)).sum()
    if cell == "lstm":
        total = total + (last[1][0].T * torch.tensor(given.of_cells)).sum()
    gradients = torch.autograd.grad(total, (parameters, inputs, hidden, cells), materialize_grads=True)
    return Found(outputs.detach().numpy(), *(gradient.numpy() for gradient in gradients))


def assert_near(found: np.ndarray, exact: np.ndarray) -> None:
    assert np.linalg.norm(found - exact) <= 1e-4 * np.linalg.norm(exact) + 1e-7


@pytest.mark.parametrize("cell", LAYERS)
@given(
    seed=st.integers(0, 2**32),
    n_inputs=st.integers(1, 6),
    n_units=st.integers(1, 24),
    n_steps=st.integers(1, 12),
    batch=st.integers(1, 150),
    density=st.sampled_from([0.05, 0.3, 1.0]),
)
@settings(deadline=None, max_examples=15)
def test_a_layer_and_its_gradients_are_torchs(
    cell: str, seed: int, n_inputs: int, n_units: int, n_steps: int, batch: int, density: float
) -> None:
    given = example(seed, cell, n_inputs, n_units, n_steps, batch, density)
    larger = example(seed, "lstm", n_inputs + 1, n_units + 3, n_steps, batch, density)  # buffers may be too large
    work = recurrent_workspace([given.network, larger.network], n_steps + seed % 3, batch)
    found, expected = of_kernels(given, work), of_torch(cell, given)
    assert_near(found.outputs, expected.outputs)
    if cell == "relu":  # a sum within rounding of 0 has either gradient; large weights then carry it far
        assume(((found.outputs > 0) == (expected.outputs > 0)).all())
    for name in Found._fields if cell == "lstm" else Found._fields[:-1]:
        assert_near(getattr(found, name), getattr(expected, name))


@given(st.integers(0, 1000))
def test_vectors_hold_all_samples_and_less_than_one_vector_more(n_samples: int) -> None:
    width = vectors_of(n_samples)
    assert width % LANES == 0 and n_samples <= width < n_samples + LANES


@pytest.mark.parametrize("cell", LAYERS)
def test_gradients_are_added_to_what_is_there(cell: str) -> None:
    given = example(3, cell, 2, 5, 4, 9, 0.5)
    work = recurrent_workspace([given.network], 4, 9)
    once = of_kernels(given, work).of_parameters
    before = np.random.default_rng(0).standard_normal(len(once)).astype(np.float32)
    together = of_kernels(given, work, before.copy()).of_parameters
    np.testing.assert_allclose(together, before + once, rtol=1e-4, atol=1e-5)
    assert np.linalg.norm(once) > 1


def test_gradients_of_the_last_cell_states_come_in_where_each_sequence_ends() -> None:
    given = example(0, "lstm", 1, 1, 2, 2, 1.0)
    given = given._replace(lengths=np.array([2, 1]), of_cells=np.ones((1, 2)))
    given = given._replace(of_outputs=given.of_outputs * given.is_there)
    found = of_kernels(given, recurrent_workspace([given.network], 2, 2))
    assert_near(found.of_parameters, of_torch("lstm", given).of_parameters)
