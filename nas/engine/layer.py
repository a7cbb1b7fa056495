"""One sparse layer, forward and backward, feature-major or batch first, in float32 or float64.

The batch is worked on in tiles of 128 samples, so that the rows that edges read stay in the second-level cache. Batch
first, tiles are transposed on the way in, and sums on the way out, sixteen neurons at a time: they never leave the
first-level cache feature-major.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.lanes import at, moved
from nas.engine.layout import Int32, padded
from nas.engine.products import add_backward_products, add_products, add_weight_gradients
from nas.engine.transpose import SIDE, transpose

TILE = 128  # samples
BLOCK = SIDE * TILE  # numbers of a buffer for sixteen rows

whole_vectors: Callable[[int], int] = compiled(padded)


class Layer(NamedTuple):
    """The edges between two layers, in both directions; the weight of an edge has its place in ``indices``."""

    indptr: Int32  # (n_outputs + 1,) row j: the inputs that output j reads
    indices: Int32  # (n_edges,)
    out_indptr: Int32  # (n_inputs + 1,) row i: the outputs that input i feeds
    out_targets: Int32  # (n_edges,)
    out_edges: Int32  # (n_edges,) the place of that edge in indices


def layer_of(indptr: Int32, indices: Int32, n_inputs: int) -> Layer:
    """Add the other direction to compressed rows.

    Args:
        indptr: int32 (n_outputs + 1,).
        indices: int32 (n_edges,), in 0..n_inputs-1.
        n_inputs: Number of inputs.
    """
    targets = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    out_edges = np.argsort(indices, kind="stable").astype(np.int32)
    out_indptr = np.zeros(n_inputs + 1, np.int32)
    np.cumsum(np.bincount(indices, minlength=n_inputs), out=out_indptr[1:])
    return Layer(indptr, indices, out_indptr, targets[out_edges], out_edges)


@compiled
def forward(layer: Layer, weights: Any, bias: Any, x: Any, out: Any) -> None:
    """Compute the outputs of a layer, feature-major.

    Args:
        layer: The edges.
        weights: (n_edges,), of float32 or float64 like all arrays here.
        bias: (n_outputs,); (0,) for none.
        x: (n_inputs, padded batch), the batch rounded up to whole vectors.
        out: (n_outputs, padded batch), filled.
    """
    stride = x.shape[1]
    for column in range(0, stride, TILE):
        values, width = at(x, column), min(TILE, stride - column)
        for first in range(0, out.shape[0], SIDE):
            last = min(first + SIDE, out.shape[0])
            _sum_rows(
                layer, first, last, weights, bias, values, stride, at(out, first * stride + column), stride, width
            )


@compiled
def backward(layer: Layer, weights: Any, x: Any, dy: Any, dx: Any, dw: Any, db: Any) -> None:
    """Compute the gradients of a layer, feature-major.

    Args:
        layer, weights, x: As for `forward`.
        dy: (n_outputs, padded batch), gradients of the outputs, zero beyond the batch.
        dx: (n_inputs, padded batch), filled with the gradients of the inputs; (0, 0) where they are not needed.
        dw: (n_edges,), filled with the gradients of the weights.
        db: (n_outputs,), filled with the gradients of the bias; (0,) for none.
    """
    stride = x.shape[1]
    dw[:] = 0
    db[:] = 0
    for column in range(0, stride, TILE):
        width, values, gradients = min(TILE, stride - column), at(x, column), at(dy, column)
        _add_bias_gradients(gradients, stride, width, db)
        if dx.shape[0] == 0:
            _add_all_weight_gradients(layer, values, gradients, stride, dw, width)
        for first in range(0, dx.shape[0], SIDE):
            last, rows = min(first + SIDE, dx.shape[0]), at(dx, first * stride + column)
            _gradient_rows(layer, first, last, weights, values, gradients, stride, rows, stride, dw, width)


@compiled
def forward_batch_first(layer: Layer, weights: Any, bias: Any, x: Any, tiles: Any, block: Any, out: Any) -> None:
    """Compute the outputs of a layer, batch first.

    Args:
        layer, weights, bias: As for `forward`.
        x: (batch, n_inputs).
        tiles: (n_inputs * padded batch,), filled for `backward_batch_first`: tile after tile of 128 samples, each
            feature-major, zero beyond the batch.
        block: (BLOCK,), a buffer.
        out: (batch, n_outputs), filled.
    """
    (batch, n_inputs), n_outputs = x.shape, out.shape[1]
    for start in range(0, batch, TILE):
        n, values = min(TILE, batch - start), at(tiles, start * n_inputs)
        width = whole_vectors(n)
        turn_tile(at(x, start * n_inputs), n, n_inputs, values, width)
        for first in range(0, n_outputs, SIDE):
            last = min(first + SIDE, n_outputs)
            _sum_rows(layer, first, last, weights, bias, values, width, at(block, 0), width, width)
            transpose(at(block, 0), last - first, n, width, at(out, start * n_outputs + first), n_outputs)


@compiled
def backward_batch_first(
    layer: Layer, weights: Any, tiles: Any, dy: Any, turned: Any, block: Any, dx: Any, dw: Any, db: Any
) -> None:
    """Compute the gradients of a layer, batch first.

    Args:
        layer, weights: As for `forward`.
        tiles: As `forward_batch_first` left it.
        dy: (batch, n_outputs), gradients of the outputs.
        turned: (n_outputs * TILE,), a buffer.
        block: (BLOCK,), a buffer.
        dx: (batch, n_inputs), filled with the gradients of the inputs; (0, 0) where they are not needed.
        dw, db: As for `backward`.
    """
    (batch, n_outputs), n_inputs = dy.shape, layer.out_indptr.shape[0] - 1
    gradients = at(turned, 0)
    dw[:] = 0
    db[:] = 0
    for start in range(0, batch, TILE):
        n, values = min(TILE, batch - start), at(tiles, start * n_inputs)
        width = whole_vectors(n)
        turn_tile(at(dy, start * n_outputs), n, n_outputs, gradients, width)
        _add_bias_gradients(gradients, width, width, db)
        if dx.shape[0] == 0:
            _add_all_weight_gradients(layer, values, gradients, width, dw, width)
            continue
        for first in range(0, n_inputs, SIDE):
            last = min(first + SIDE, n_inputs)
            _gradient_rows(layer, first, last, weights, values, gradients, width, at(block, 0), width, dw, width)
            transpose(at(block, 0), last - first, n, width, at(dx, start * n_inputs + first), n_inputs)


@compiled
def turn_tile(rows: Any, n: int, n_columns: int, tile: Any, width: int) -> None:
    """Make n samples feature-major.

    Args:
        rows: Address of (n, n_columns).
        n, n_columns: Its shape.
        tile: Address of (n_columns, width), filled with the transpose, then zeros.
        width: ``whole_vectors(n)``.
    """
    transpose(rows, n, n_columns, n_columns, tile, width)
    for i in range(n_columns):
        for k in range(n, width):
            tile[i * width + k] = 0


@compiled
def _sum_rows(
    layer: Layer, first: int, last: int, weights: Any, bias: Any, values: Any, stride: int, out: Any, out_stride: int,
    width: int,
) -> None:  # fmt: skip
    """Fill the rows of the outputs first..last-1."""
    indptr, indices = at(layer.indptr, 0), at(layer.indices, 0)
    for j in range(first, last):  # all before the sums: that hides how far away the memory is
        row = moved(out, (j - first) * out_stride)
        begin = bias[j] if bias.shape[0] > 0 else 0
        for k in range(width):
            row[k] = begin
    for j in range(first, last):
        row = moved(out, (j - first) * out_stride)
        add_products(indptr[j], indptr[j + 1], indices, 0, at(weights, 0), values, row, stride, width)


@compiled
def _gradient_rows(
    layer: Layer, first: int, last: int, weights: Any, values: Any, gradients: Any, stride: int, out: Any,
    out_stride: int, dw: Any, width: int,
) -> None:  # fmt: skip
    """Fill the rows of the gradients of the inputs first..last-1, and add to those of their weights."""
    indptr, targets, edges = at(layer.out_indptr, 0), at(layer.out_targets, 0), at(layer.out_edges, 0)
    for i in range(last - first):
        row = moved(out, i * out_stride)
        for k in range(width):
            row[k] = 0
    for i in range(first, last):
        row = moved(out, (i - first) * out_stride)
        add_backward_products(
            indptr[i], indptr[i + 1], targets, edges, at(weights, 0), moved(values, i * stride), gradients, row,
            at(dw, 0), stride, width,
        )  # fmt: skip


@compiled
def _add_all_weight_gradients(layer: Layer, values: Any, gradients: Any, stride: int, dw: Any, width: int) -> None:
    """Add to the gradients of all weights."""
    indptr, indices = at(layer.indptr, 0), at(layer.indices, 0)
    for j in range(layer.indptr.shape[0] - 1):
        gradient = moved(gradients, j * stride)
        add_weight_gradients(indptr[j], indptr[j + 1], indices, 0, values, gradient, at(dw, 0), stride, width)


@compiled
def _add_bias_gradients(gradients: Any, stride: int, width: int, db: Any) -> None:
    """Add the sums of the rows of the outputs' gradients."""
    for j in range(db.shape[0]):
        row, total = moved(gradients, j * stride), db[j]
        for k in range(width):
            total += row[k]
        db[j] = total
