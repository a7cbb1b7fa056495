"""A sparse recurrent layer as operators of torch: what autograd and torch.compile see of the kernels.

``sparsewright::sparse_recurrence`` is differentiable once. The operators are for float32 on the CPU, and check nothing:
the modules do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nas.engine.recurrent_layer import (
    SEGMENT,
    kept_size,
    layer_backward,
    layer_forward,
    layer_of_arrays,
    layer_sizes,
    scratch_size,
)
from nas.engine.recurrent_layout import RecurrentNetwork
from nas.models.packing import packed, unpacked

FIRST_ARRAY = RecurrentNetwork._fields.index("unit_vertex")  # all fields from here on are arrays


@torch.library.custom_op("sparsewright::sparse_recurrence", mutates_args=(), device_types="cpu")
def sparse_recurrence(
    rows: Tensor,
    hidden: Tensor,
    cells: Tensor,
    parameters: Tensor,
    batch_sizes: Tensor,
    wiring: Tensor,
    cell: str,
    keeps: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the outputs of a sparse recurrent layer at all steps. Numbers are float32.

    Args:
        rows: (n_rows, n_inputs), as torch packs sequences.
        hidden: (batch, n_units), outputs before the first step.
        cells: (batch, n_units), cell states before the first step; (0, 0) except for LSTM.
        parameters: (n_parameters,), as the kernels order them.
        batch_sizes: int64 (n_steps,), how many sequences have each step.
        wiring: As of `packed_layer`.
        cell: "tanh", "relu", "lstm" or "gru".
        keeps: Whether gradients are wanted.

    Returns:
        (out, last_hidden, last_cells, kept): out is (n_rows, n_units); last_hidden and last_cells are like hidden and
        cells, after the last step of each sequence; kept is what the backward pass needs.
    """
    results = out, last_hidden, last_cells, kept = _results(
        rows, hidden, cells, parameters, batch_sizes, wiring, cell, keeps
    )
    network = _unpacked_layer(wiring, rows.shape[1], hidden.shape[1], cell)
    given, filled = (parameters, batch_sizes, rows, hidden, cells), (kept, out, last_hidden, last_cells)
    layer_forward(network, layer_sizes(network), *_arrays(*given), keeps, *_arrays(*filled))
    return results


@torch.library.custom_op("sparsewright::sparse_recurrence_backward", mutates_args=(), device_types="cpu")
def sparse_recurrence_backward(
    of_out: Tensor | None,
    of_last_hidden: Tensor | None,
    of_last_cells: Tensor | None,
    parameters: Tensor,
    batch_sizes: Tensor,
    wiring: Tensor,
    kept: Tensor,
    n_rows: int,
    n_inputs: int,
    batch: int,
    n_units: int,
    cell: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the gradients of a sparse recurrent layer.

    Args:
        of_out, of_last_hidden, of_last_cells: Gradients of the results of `sparse_recurrence`, None for zeros.
        parameters, batch_sizes, wiring, kept, cell: As of `sparse_recurrence`.
        n_rows, n_inputs, batch, n_units: Shapes of its rows and states.

    Returns:
        Gradients of rows, hidden, cells and parameters, of their shapes.
    """
    none = parameters.new_empty(0, 0)
    results = _gradients(
        of_out, of_last_hidden, of_last_cells, parameters, batch_sizes, wiring, kept, n_rows, n_inputs, batch, n_units,
        cell,
    )  # fmt: skip
    of_rows, of_hidden, of_cells, of_parameters = results
    given = [none if gradient is None else gradient for gradient in (of_out, of_last_hidden, of_last_cells)]
    network = _unpacked_layer(wiring, n_inputs, n_units, cell)
    scratch = parameters.new_empty(scratch_size(cell, n_inputs, n_units, batch))
    filled = scratch, of_parameters, of_rows, of_hidden, of_cells
    layer_backward(network, layer_sizes(network), *_arrays(parameters, batch_sizes, kept, *given, *filled))
    return results


def _results(
    rows: Tensor,
    hidden: Tensor,
    cells: Tensor,
    parameters: Tensor,
    batch_sizes: Tensor,
    wiring: Tensor,
    cell: str,
    keeps: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    (n_rows, n_inputs), (batch, n_units) = rows.shape, hidden.shape
    size = kept_size(cell, n_inputs, n_units, batch_sizes.shape[0] if keeps else SEGMENT, batch)
    empty = rows.new_empty
    return empty(n_rows, n_units), empty(hidden.shape), empty(cells.shape), empty(size)


def _gradients(
    of_out: Tensor | None,
    of_last_hidden: Tensor | None,
    of_last_cells: Tensor | None,
    parameters: Tensor,
    batch_sizes: Tensor,
    wiring: Tensor,
    kept: Tensor,
    n_rows: int,
    n_inputs: int,
    batch: int,
    n_units: int,
    cell: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    empty = parameters.new_empty
    of_cells = empty(batch, n_units) if cell == "lstm" else empty(0, 0)
    return empty(n_rows, n_inputs), empty(batch, n_units), of_cells, empty(parameters.shape)


def kernel_parameters(
    cell: str, n_units: int, of_inputs: Tensor, of_units: Tensor, bias_ih: Tensor | None = None,
    bias_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Give the parameters of a layer in the order of the kernels, differentiable.

    Args:
        cell: "tanh", "relu", "lstm" or "gru".
        n_units: Number of units.
        of_inputs, of_units: (n_gates, n_input_edges) and (n_gates, n_recurrent_edges), gates in torch's order.
        bias_ih, bias_hh: (n_gates * n_units,), gates in torch's order, or None.

    Returns:
        (n_parameters,): weights of inputs, weights of the recurrence, a bias for each plane and unit.
    """
    if bias_ih is None or bias_hh is None:
        bias_ih = bias_hh = of_inputs.new_zeros(len(of_inputs) * n_units)
    if cell == "gru":  # torch's r, z, n are n, r, z among inputs, r, z, m in the recurrence, and planes n, r, z, m
        of_inputs, n = of_inputs.roll(1, 0), 2 * n_units
        biases = [bias_ih[n:], bias_ih[:n] + bias_hh[:n], bias_hh[n:]]
    else:
        biases = [bias_ih + bias_hh]
    return torch.cat([of_inputs.flatten(), of_units.flatten(), *biases])


def packed_layer(network: RecurrentNetwork) -> Tensor:
    """The arrays of a layer as one int32 tensor."""
    return packed([np.asarray(array) for array in network[FIRST_ARRAY:]])


def _unpacked_layer(wiring: Tensor, n_inputs: int, n_units: int, cell: str) -> RecurrentNetwork:
    return layer_of_arrays(cell, n_inputs, unpacked(wiring))


def _arrays(*tensors: Tensor) -> list[Any]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    rows, hidden, _, parameters, batch_sizes, wiring, cell, _ = inputs
    kept = output[3]
    ctx.mark_non_differentiable(kept)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(parameters, batch_sizes, wiring, kept)
    ctx.sizes = rows.shape[0], rows.shape[1], hidden.shape[0], hidden.shape[1], cell


def _differentiate(
    ctx: Any, of_out: Tensor | None, of_last_hidden: Tensor | None, of_last_cells: Tensor | None, _of_kept: None
) -> tuple[Tensor | None, ...]:
    if of_out is None and of_last_hidden is None and of_last_cells is None:
        return (None,) * 8
    gradients = sparse_recurrence_backward(of_out, of_last_hidden, of_last_cells, *ctx.saved_tensors, *ctx.sizes)
    return *gradients, None, None, None, None


sparse_recurrence.register_fake(_results)
sparse_recurrence_backward.register_fake(_gradients)
sparse_recurrence.register_autograd(_differentiate, setup_context=_keep)
