"""A whole sparse network as operators of torch: what autograd and torch.compile see of the kernels.

``sparsewright::sparse_network`` is differentiable once. The operators are for float32 on the CPU, and check nothing:
`SparseMLP` does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nas.engine.layer import BLOCK, TILE
from nas.engine.layout import Network, padded
from nas.engine.network_batch_first import InputEdges, edges_of_inputs, network_backward, network_forward
from nas.models.packing import packed, unpacked

N_ARRAYS = len(Network._fields) - 3  # all but the sizes and the activation


@torch.library.custom_op("sparsewright::sparse_network", mutates_args=(), device_types="cpu")
def sparse_network(
    x: Tensor, weight: Tensor, bias: Tensor, wiring: Tensor, n_hidden: int, activation: int
) -> tuple[Tensor, Tensor]:
    """Compute the outputs of a sparse network.

    Args:
        x: float32 (batch, n_inputs).
        weight: float32 (n_edges,).
        bias: float32 (n_neurons,).
        wiring: As of `packed_network`.
        n_hidden: Number of hidden neurons.
        activation: Code of their activation.

    Returns:
        (y, tiles): y is (batch, n_outputs); tiles what the backward pass needs.
    """
    y, tiles = _results(x, weight, bias, wiring, n_hidden, activation)
    network, _ = _unpacked_network(wiring, x.shape[1], n_hidden, activation)
    parameters = torch.cat([weight, bias])[None]
    arrays = (t.detach().contiguous().numpy() for t in (parameters, x, tiles, y))
    network_forward(network, *arrays)
    return y, tiles


@torch.library.custom_op("sparsewright::sparse_network_backward", mutates_args=(), device_types="cpu")
def sparse_network_backward(
    dy: Tensor,
    weight: Tensor,
    bias: Tensor,
    tiles: Tensor,
    wiring: Tensor,
    n_inputs: int,
    n_hidden: int,
    activation: int,
    with_dx: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradients of a sparse network.

    Args:
        dy: float32 (batch, n_outputs), gradients of the outputs.
        weight, bias, tiles, wiring, n_hidden, activation: As of `sparse_network`.
        n_inputs: Number of inputs.
        with_dx: Whether gradients of the inputs are wanted.

    Returns:
        (dx, dw, db), shaped like x, weight and bias; dx is empty where it is not wanted.
    """
    results = _gradients(dy, weight, bias, tiles, wiring, n_inputs, n_hidden, activation, with_dx)
    network, edges = _unpacked_network(wiring, n_inputs, n_hidden, activation)
    parameters = torch.cat([weight, bias])[None]
    buffer, block = dy.new_empty(len(bias) * TILE), dy.new_empty(BLOCK)
    arrays = (t.detach().contiguous().numpy() for t in (parameters, tiles, dy, buffer, block, *results))
    network_backward(network, edges, *arrays)
    return results


def _results(
    x: Tensor, weight: Tensor, bias: Tensor, wiring: Tensor, n_hidden: int, activation: int
) -> tuple[Tensor, Tensor]:
    (batch, n_inputs), n_neurons = x.shape, bias.shape[0]
    y = x.new_empty(batch, n_neurons - n_hidden)
    return y, x.new_empty((n_inputs + n_neurons + n_hidden) * padded(batch))


def _gradients(
    dy: Tensor,
    weight: Tensor,
    bias: Tensor,
    tiles: Tensor,
    wiring: Tensor,
    n_inputs: int,
    n_hidden: int,
    activation: int,
    with_dx: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    dx = dy.new_empty(dy.shape[0], n_inputs) if with_dx else dy.new_empty(0, 0)
    return dx, weight.new_empty(weight.shape), bias.new_empty(bias.shape)


def packed_network(network: Network) -> Tensor:
    """The arrays of a network, int32, and its edges by input."""
    return packed([*network[3:], *edges_of_inputs(network)])


def _unpacked_network(wiring: Tensor, n_inputs: int, n_hidden: int, activation: int) -> tuple[Network, InputEdges]:
    arrays = unpacked(wiring)
    return Network(n_inputs, n_hidden, activation, *arrays[:N_ARRAYS]), InputEdges(*arrays[N_ARRAYS:])


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, weight, bias, wiring, n_hidden, activation = inputs
    tiles = output[1]
    ctx.mark_non_differentiable(tiles)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(weight, bias, tiles, wiring)
    ctx.sizes = x.shape[1], n_hidden, activation


def _differentiate(ctx: Any, dy: Tensor | None, _dtiles: None) -> tuple[Tensor | None, ...]:
    if dy is None:
        return (None,) * 6
    with_dx = ctx.needs_input_grad[0]
    dx, dw, db = sparse_network_backward(dy, *ctx.saved_tensors, *ctx.sizes, with_dx)
    return dx if with_dx else None, dw, db, None, None, None


sparse_network.register_fake(_results)
sparse_network_backward.register_fake(_gradients)
sparse_network.register_autograd(_differentiate, setup_context=_keep)
