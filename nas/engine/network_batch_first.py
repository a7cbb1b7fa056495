"""A whole network, batch first, with the gradients of its inputs too: what a module of torch needs of the engine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.lanes import at, moved
from nas.engine.layer import TILE, turn_tile, whole_vectors
from nas.engine.layout import Int32, Network, Workspace
from nas.engine.network import backward, forward
from nas.engine.products import add_products
from nas.engine.transpose import SIDE, transpose

_f32 = np.float32


class InputEdges(NamedTuple):
    """The edges that leave inputs, by input."""

    input_indptr: Int32  # (n_inputs + 1,)
    input_targets: Int32  # (n_input_edges,) the neurons that they feed
    input_edges: Int32  # (n_input_edges,) their places in Network.indices


def edges_of_inputs(network: Network) -> InputEdges:
    """Sort the edges that leave inputs by input."""
    targets = np.repeat(np.arange(len(network.middle), dtype=np.int32), np.diff(network.indptr))
    from_inputs = np.flatnonzero(network.indices < network.n_inputs)
    edges = from_inputs[np.argsort(network.indices[from_inputs], kind="stable")].astype(np.int32)
    indptr = np.zeros(network.n_inputs + 1, np.int32)
    np.cumsum(np.bincount(network.indices[edges], minlength=network.n_inputs), out=indptr[1:])
    return InputEdges(indptr, targets[edges], edges)


@compiled
def network_forward(network: Network, parameters: Any, x: Any, tiles: Any, out: Any) -> None:
    """Compute the outputs of a network.

    Args:
        network: The wiring.
        parameters: float32 (1, n_parameters).
        x: float32 (batch, n_inputs).
        tiles: float32 ((n_inputs + n_neurons + n_hidden) * padded batch,), filled for `network_backward`: for each 128
            samples the rows of the inputs, zero beyond the batch, then of the activations, then of the slopes.
        out: float32 (batch, n_outputs), filled.
    """
    (batch, n_inputs), n_outputs = x.shape, out.shape[1]
    no_gradients, no_keys = np.empty((1, 1, 1), np.float32), np.zeros(1, np.uint32)
    for start in range(0, batch, TILE):
        n = min(TILE, batch - start)
        inputs, activations, slopes = _rows_of_tile(network, tiles, start, n)
        width = inputs.shape[1]
        turn_tile(at(x, start * n_inputs), n, n_inputs, at(inputs, 0), width)
        work = Workspace(activations, slopes, no_gradients, no_gradients[0], no_gradients[0, 0])
        forward(network, parameters, inputs, work, _f32(0), no_keys, 0)
        outputs = at(activations, network.n_hidden * width)
        transpose(outputs, n_outputs, n, width, at(out, start * n_outputs), n_outputs)


@compiled
def network_backward(
    network: Network, edges: InputEdges, parameters: Any, tiles: Any, dy: Any, buffer: Any, block: Any, dx: Any,
    dw: Any, db: Any,
) -> None:  # fmt: skip
    """Compute the gradients of a network.

    Args:
        network, parameters: As for `network_forward`.
        edges: Those of the inputs of the network.
        tiles: As `network_forward` left it.
        dy: float32 (batch, n_outputs), gradients of the outputs.
        buffer: float32 (n_neurons * TILE,).
        block: float32 (BLOCK,), a buffer.
        dx: float32 (batch, n_inputs), filled with the gradients of the inputs; (0, 0) where they are not needed.
        dw: float32 (n_edges,), filled with the gradients of the weights.
        db: float32 (n_neurons,), filled with the gradients of the biases.
    """
    (batch, n_outputs), n_inputs, n_edges, n_neurons = dy.shape, network.n_inputs, dw.shape[0], db.shape[0]
    weights = parameters[0][edges.input_edges]  # by input
    of_tile = np.empty_like(parameters)
    dw[:] = 0
    db[:] = 0
    for start in range(0, batch, TILE):
        n = min(TILE, batch - start)
        inputs, activations, slopes = _rows_of_tile(network, tiles, start, n)
        width = inputs.shape[1]
        gradients = buffer[: n_neurons * width].reshape((1, n_neurons, width))
        turn_tile(at(dy, start * n_outputs), n, n_outputs, at(gradients, network.n_hidden * width), width)
        backward(network, parameters, inputs, Workspace(activations, slopes, gradients, of_tile, of_tile[0]))
        dw += of_tile[0, :n_edges]
        db += of_tile[0, n_edges:]
        for first in range(0, dx.shape[1], SIDE):
            last = min(first + SIDE, n_inputs)
            _fill_input_gradients(edges, first, last, weights, at(gradients, 0), width, at(block, 0))
            transpose(at(block, 0), last - first, n, width, at(dx, start * n_inputs + first), n_inputs)


@compiled
def _rows_of_tile(network: Network, tiles: Any, start: int, n: int) -> tuple[Any, Any, Any]:
    """What is kept of n samples: inputs (n_inputs, width), activations (1, n_neurons, width), slopes of hidden ones."""
    n_inputs, n_neurons, n_hidden, width = network.n_inputs, network.middle.shape[0], network.n_hidden, whole_vectors(n)
    n_rows, middle = n_inputs + n_neurons + n_hidden, n_inputs + n_neurons
    rows = tiles[start * n_rows : start * n_rows + n_rows * width].reshape((n_rows, width))
    activations = rows[n_inputs:middle].reshape((1, n_neurons, width))
    return rows[:n_inputs], activations, rows[middle:].reshape((1, n_hidden, width))


@compiled
def _fill_input_gradients(
    edges: InputEdges, first: int, last: int, weights: Any, gradients: Any, width: int, block: Any
) -> None:
    """Fill the rows of the gradients of the inputs first..last-1."""
    indptr, targets = at(edges.input_indptr, 0), at(edges.input_targets, 0)
    for i in range(first, last):
        row = moved(block, (i - first) * width)
        for k in range(width):
            row[k] = 0
        add_products(indptr[i], indptr[i + 1], targets, 0, at(weights, 0), gradients, row, width, width)
