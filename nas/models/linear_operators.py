"""The sparse layer as operators of torch: what autograd and torch.compile see of the kernels.

``sparsewright::sparse_linear`` is differentiable once. The operators are for float32 and float64 on the CPU, and check
nothing: `SparseLinear` does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nas.engine.layer import BLOCK, TILE, Layer, backward_batch_first, forward_batch_first
from nas.engine.layout import padded
from nas.models.packing import unpacked


@torch.library.custom_op("sparsewright::sparse_linear", mutates_args=(), device_types="cpu")
def sparse_linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, pattern: Tensor, n_outputs: int
) -> tuple[Tensor, Tensor]:
    """Compute the outputs of a sparse layer.

    Args:
        x: (batch, n_inputs), float32 or float64.
        weight: (n_edges,), of the same dtype.
        bias: (n_outputs,), of the same dtype, or None.
        pattern: A packed `Layer`.
        n_outputs: Number of outputs.

    Returns:
        (y, tiles): y is (batch, n_outputs); tiles the transposed inputs, kept for the backward pass.
    """
    y, tiles = _results(x, weight, bias, pattern, n_outputs)
    bias, block = x.new_empty(0) if bias is None else bias, x.new_empty(BLOCK)
    arrays = (t.detach().contiguous().numpy() for t in (weight, bias, x, tiles, block, y))
    forward_batch_first(Layer(*unpacked(pattern)), *arrays)
    return y, tiles


@torch.library.custom_op("sparsewright::sparse_linear_backward", mutates_args=(), device_types="cpu")
def sparse_linear_backward(
    dy: Tensor, weight: Tensor, tiles: Tensor, pattern: Tensor, n_inputs: int, with_dx: bool, with_db: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradients of a sparse layer.

    Args:
        dy: (batch, n_outputs), gradients of the outputs.
        weight, tiles, pattern: As of `sparse_linear`.
        n_inputs: Number of inputs.
        with_dx: Whether gradients of the inputs are wanted.
        with_db: Whether gradients of the bias are wanted.

    Returns:
        (dx, dw, db), shaped like x, weight and bias. What is not wanted is empty.
    """
    dx, dw, db = gradients = _gradients(dy, weight, tiles, pattern, n_inputs, with_dx, with_db)
    turned, block = dy.new_empty(dy.shape[1] * TILE), dy.new_empty(BLOCK)
    arrays = (t.detach().contiguous().numpy() for t in (weight, tiles, dy, turned, block, dx, dw, db))
    backward_batch_first(Layer(*unpacked(pattern)), *arrays)
    return gradients


def _results(x: Tensor, weight: Tensor, bias: Tensor | None, pattern: Tensor, n_outputs: int) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape[0], n_outputs), x.new_empty(x.shape[1] * padded(x.shape[0]))


def _gradients(
    dy: Tensor, weight: Tensor, tiles: Tensor, pattern: Tensor, n_inputs: int, with_dx: bool, with_db: bool
) -> tuple[Tensor, Tensor, Tensor]:
    dx = dy.new_empty(dy.shape[0], n_inputs) if with_dx else dy.new_empty(0, 0)
    return dx, weight.new_empty(weight.shape), dy.new_empty(dy.shape[1] if with_db else 0)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, weight, bias, pattern, _n_outputs = inputs
    tiles = output[1]
    ctx.mark_non_differentiable(tiles)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(weight, tiles, pattern)
    ctx.n_inputs, ctx.with_db = x.shape[1], bias is not None


def _differentiate(ctx: Any, dy: Tensor | None, _dtiles: None) -> tuple[Tensor | None, ...]:
    if dy is None:
        return (None,) * 5
    with_dx = ctx.needs_input_grad[0]
    dx, dw, db = sparse_linear_backward(dy, *ctx.saved_tensors, ctx.n_inputs, with_dx, ctx.with_db)
    return dx if with_dx else None, dw, db if ctx.with_db else None, None, None


sparse_linear.register_fake(_results)
sparse_linear_backward.register_fake(_gradients)
sparse_linear.register_autograd(_differentiate, setup_context=_keep)
