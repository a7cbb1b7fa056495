"""The three products of a sparse layer, which are nearly all of what training computes.

Everything is given by its address (see ``lanes.at``). Rows hold ``stride`` numbers, one a sample of the batch, and are
worked on in parts of 128, 64, 32 and 16 samples, so ``width`` is a multiple of 16. Forward, a part of a neuron's sum
stays in registers over all its edges. Backward, an edge's row is loaded once for both of its products: the gradient of
its source and that of its weight.

The functions with a number work on so many weight sets over the same values: seeds of one wiring, or gates of one unit;
indices and values are then loaded once for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nas.engine.compiler import compiled, compiled_for
from nas.engine.lanes import (
    add_at,
    add_scattered,
    folded_product,
    four_totals,
    load,
    spread,
    store,
    total,
    zeros,
)

Part = Callable[[Any, Any, Any, Any], None]  # first edge, last edge + 1, task, column at which the part begins

# Capital letters: constants of the compiled function, one function for each value.


def _sums_of_wide_rows(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, weights, values, out, stride = task
        value = load(out, column, WIDTH)
        for e in range(first, last):
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            value = value + spread(weights, e, WIDTH) * row
        store(value, out, column)

    return add_part  # type: ignore[no-any-return]


def _sums_of_narrow_rows(WIDTH: int) -> Part:
    # Few registers a row: four sums, since each multiply-add has to wait for the one before it in its sum.
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, weights, values, out, stride = task
        value = load(out, column, WIDTH)
        second, third, fourth = zeros(values, WIDTH), zeros(values, WIDTH), zeros(values, WIDTH)
        e = first
        while e + 4 <= last:
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            value = value + spread(weights, e, WIDTH) * row
            row = load(values, (sources[e + 1] - shift) * stride + column, WIDTH)
            second = second + spread(weights, e + 1, WIDTH) * row
            row = load(values, (sources[e + 2] - shift) * stride + column, WIDTH)
            third = third + spread(weights, e + 2, WIDTH) * row
            row = load(values, (sources[e + 3] - shift) * stride + column, WIDTH)
            fourth = fourth + spread(weights, e + 3, WIDTH) * row
            e += 4
        while e < last:
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            value = value + spread(weights, e, WIDTH) * row
            e += 1
        store((value + second) + (third + fourth), out, column)

    return add_part  # type: ignore[no-any-return]


def _three_sums(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, weights, weight_step, values, out, row_step, stride = task
        p0, p1, p2 = column, column + row_step, column + 2 * row_step
        v0, v1, v2 = load(out, p0, WIDTH), load(out, p1, WIDTH), load(out, p2, WIDTH)
        for e in range(first, last):
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            v0 = v0 + spread(weights, e, WIDTH) * row
            v1 = v1 + spread(weights, e + weight_step, WIDTH) * row
            v2 = v2 + spread(weights, e + 2 * weight_step, WIDTH) * row
        store(v0, out, p0)
        store(v1, out, p1)
        store(v2, out, p2)

    return add_part  # type: ignore[no-any-return]


def _four_sums(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, weights, weight_step, values, out, row_step, stride = task
        p0, p1, p2, p3 = column, column + row_step, column + 2 * row_step, column + 3 * row_step
        v0, v1, v2, v3 = load(out, p0, WIDTH), load(out, p1, WIDTH), load(out, p2, WIDTH), load(out, p3, WIDTH)
        for e in range(first, last):
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            v0 = v0 + spread(weights, e, WIDTH) * row
            v1 = v1 + spread(weights, e + weight_step, WIDTH) * row
            v2 = v2 + spread(weights, e + 2 * weight_step, WIDTH) * row
            v3 = v3 + spread(weights, e + 3 * weight_step, WIDTH) * row
        store(v0, out, p0)
        store(v1, out, p1)
        store(v2, out, p2)
        store(v3, out, p3)

    return add_part  # type: ignore[no-any-return]


def _weight_gradients(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, values, gradients, out, stride = task
        gradient = load(gradients, column, WIDTH)
        e = first
        while e + 4 <= last:
            d0 = folded_product(load(values, (sources[e] - shift) * stride + column, WIDTH), gradient)
            d1 = folded_product(load(values, (sources[e + 1] - shift) * stride + column, WIDTH), gradient)
            d2 = folded_product(load(values, (sources[e + 2] - shift) * stride + column, WIDTH), gradient)
            d3 = folded_product(load(values, (sources[e + 3] - shift) * stride + column, WIDTH), gradient)
            store(four_totals(d0, d1, d2, d3) + load(out, e, 4), out, e)
            e += 4
        while e < last:
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            add_at(total(folded_product(row, gradient)), out, e)
            e += 1

    return add_part  # type: ignore[no-any-return]


def _three_weight_gradients(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        sources, shift, values, gradients, row_step, out, weight_step, stride = task
        g0 = load(gradients, column, WIDTH)
        g1 = load(gradients, column + row_step, WIDTH)
        g2 = load(gradients, column + 2 * row_step, WIDTH)
        e = first
        while e + 4 <= last:
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            a0, b0, c0 = folded_product(row, g0), folded_product(row, g1), folded_product(row, g2)
            row = load(values, (sources[e + 1] - shift) * stride + column, WIDTH)
            a1, b1, c1 = folded_product(row, g0), folded_product(row, g1), folded_product(row, g2)
            row = load(values, (sources[e + 2] - shift) * stride + column, WIDTH)
            a2, b2, c2 = folded_product(row, g0), folded_product(row, g1), folded_product(row, g2)
            row = load(values, (sources[e + 3] - shift) * stride + column, WIDTH)
            a3, b3, c3 = folded_product(row, g0), folded_product(row, g1), folded_product(row, g2)
            w = e
            store(four_totals(a0, a1, a2, a3) + load(out, w, 4), out, w)
            w += weight_step
            store(four_totals(b0, b1, b2, b3) + load(out, w, 4), out, w)
            w += weight_step
            store(four_totals(c0, c1, c2, c3) + load(out, w, 4), out, w)
            e += 4
        while e < last:
            row = load(values, (sources[e] - shift) * stride + column, WIDTH)
            add_at(total(folded_product(row, g0)), out, e)
            add_at(total(folded_product(row, g1)), out, e + weight_step)
            add_at(total(folded_product(row, g2)), out, e + 2 * weight_step)
            e += 1

    return add_part  # type: ignore[no-any-return]


def _backward_products(WIDTH: int) -> Part:
    @compiled_for(WIDTH)
    def add_part(first: Any, last: Any, task: Any, column: Any) -> None:
        targets, edges, weights, own, gradients, out, weight_gradients, stride = task
        value = load(own, column, WIDTH)
        gradient = load(out, column, WIDTH)
        e = first
        while e + 4 <= last:
            w0, w1, w2, w3 = edges[e], edges[e + 1], edges[e + 2], edges[e + 3]
            row = load(gradients, targets[e] * stride + column, WIDTH)
            gradient = gradient + spread(weights, w0, WIDTH) * row
            d0 = folded_product(row, value)
            row = load(gradients, targets[e + 1] * stride + column, WIDTH)
            gradient = gradient + spread(weights, w1, WIDTH) * row
            d1 = folded_product(row, value)
            row = load(gradients, targets[e + 2] * stride + column, WIDTH)
            gradient = gradient + spread(weights, w2, WIDTH) * row
            d2 = folded_product(row, value)
            row = load(gradients, targets[e + 3] * stride + column, WIDTH)
            gradient = gradient + spread(weights, w3, WIDTH) * row
            d3 = folded_product(row, value)
            add_scattered(four_totals(d0, d1, d2, d3), weight_gradients, w0, w1, w2, w3)
            e += 4
        while e < last:
            w0 = edges[e]
            row = load(gradients, targets[e] * stride + column, WIDTH)
            gradient = gradient + spread(weights, w0, WIDTH) * row
            add_at(total(folded_product(row, value)), weight_gradients, w0)
            e += 1
        store(gradient, out, column)

    return add_part  # type: ignore[no-any-return]


_sum_128, _sum_64 = _sums_of_wide_rows(128), _sums_of_wide_rows(64)
_sum_32, _sum_16 = _sums_of_narrow_rows(32), _sums_of_narrow_rows(16)
_three_sums_64, _three_sums_32, _three_sums_16 = _three_sums(64), _three_sums(32), _three_sums(16)
_four_sums_64, _four_sums_32, _four_sums_16 = _four_sums(64), _four_sums(32), _four_sums(16)
_weights_128, _weights_64 = _weight_gradients(128), _weight_gradients(64)
_weights_32, _weights_16 = _weight_gradients(32), _weight_gradients(16)
_three_weights_64, _three_weights_32 = _three_weight_gradients(64), _three_weight_gradients(32)
_three_weights_16 = _three_weight_gradients(16)
_back_128, _back_64 = _backward_products(128), _backward_products(64)
_back_32, _back_16 = _backward_products(32), _backward_products(16)


@compiled
def add_products(
    first: Any, last: Any, sources: Any, shift: Any, weights: Any, values: Any, out: Any, stride: Any, width: Any
) -> None:  # fmt: skip
    """Add to a row the rows that a neuron reads, times its weights.

    Args:
        first, last: The edges first..last-1 of ``sources`` and ``weights``.
        sources, shift: Edge e reads the row ``sources[e] - shift`` of ``values``.
        weights: A weight for each edge.
        values: Rows to read.
        out: Row to add to.
        stride, width: Length of rows, and how much of it is worked on.
    """
    task = (sources, shift, weights, values, out, stride)
    column = 0
    while column + 128 <= width:
        _sum_128(first, last, task, column)
        column += 128
    if column + 64 <= width:
        _sum_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _sum_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _sum_16(first, last, task, column)


@compiled
def add_products_3(
    first: Any, last: Any, sources: Any, shift: Any, weights: Any, weight_step: Any, values: Any, out: Any,
    row_step: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`add_products` with three weight sets, ``weight_step`` apart, to three rows, ``row_step`` apart."""
    task = (sources, shift, weights, weight_step, values, out, row_step, stride)
    column = 0
    while column + 64 <= width:
        _three_sums_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _three_sums_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _three_sums_16(first, last, task, column)


@compiled
def add_products_4(
    first: Any, last: Any, sources: Any, shift: Any, weights: Any, weight_step: Any, values: Any, out: Any,
    row_step: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`add_products` with four weight sets, ``weight_step`` apart, to four rows, ``row_step`` apart."""
    task = (sources, shift, weights, weight_step, values, out, row_step, stride)
    column = 0
    while column + 64 <= width:
        _four_sums_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _four_sums_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _four_sums_16(first, last, task, column)


@compiled
def add_weight_gradients(
    first: Any, last: Any, sources: Any, shift: Any, values: Any, gradient: Any, out: Any, stride: Any, width: Any
) -> None:  # fmt: skip
    """Add to the gradients of a neuron's weights, for edges whose sources need no gradient.

    Args:
        first, last, sources, shift, values, stride, width: As for `add_products`.
        gradient: Row of the neuron's gradient.
        out: A number for each edge.
    """
    task = (sources, shift, values, gradient, out, stride)
    column = 0
    while column + 128 <= width:
        _weights_128(first, last, task, column)
        column += 128
    if column + 64 <= width:
        _weights_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _weights_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _weights_16(first, last, task, column)


@compiled
def add_weight_gradients_3(
    first: Any, last: Any, sources: Any, shift: Any, values: Any, gradient: Any, row_step: Any, out: Any,
    weight_step: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`add_weight_gradients` of three weight sets, ``weight_step`` apart, for gradients ``row_step`` apart."""
    task = (sources, shift, values, gradient, row_step, out, weight_step, stride)
    column = 0
    while column + 64 <= width:
        _three_weights_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _three_weights_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _three_weights_16(first, last, task, column)


@compiled
def add_backward_products(
    first: Any, last: Any, targets: Any, edges: Any, weights: Any, own: Any, gradients: Any, out: Any,
    weight_gradients: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """Add to both gradients of the edges that leave one neuron: of its value, and of their weights.

    Args:
        first, last: The edges first..last-1 of ``targets`` and ``edges``.
        targets, edges: The neuron that edge e feeds, and the place of the edge in ``weights``.
        weights: A weight for each edge.
        own: Row of the neuron's value.
        gradients: Rows of gradients, one for each target.
        out: Row of the gradient of the neuron's value, to add to.
        weight_gradients: A number for each edge, to add to.
        stride, width: Length of rows, and how much of it is worked on.
    """
    task = (targets, edges, weights, own, gradients, out, weight_gradients, stride)
    column = 0
    while column + 128 <= width:
        _back_128(first, last, task, column)
        column += 128
    if column + 64 <= width:
        _back_64(first, last, task, column)
        column += 64
    if column + 32 <= width:
        _back_32(first, last, task, column)
        column += 32
    if column + 16 <= width:
        _back_16(first, last, task, column)
