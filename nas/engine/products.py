"""The three products of a sparse layer, which are nearly all of what training computes.

Everything is given by its address (see ``lanes.at``). Rows hold ``stride`` numbers, one a sample of the batch, and
``width`` of them, a multiple of 16, are worked on. Forward, a part of a neuron's sum stays in registers over all its
edges. Backward, the gradients of a few weights stay in registers over all samples, and an edge's row is loaded once for
both of its products: the gradient of its source and that of its weight.

The functions with a number work on so many weight sets over the same values: seeds of one wiring, gates of one unit, or
neurons that read the same; indices and values are then loaded once for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from nas.engine.compiler import N_REGISTERS, REGISTER_LANES, compiled, compiled_for
from nas.engine.lanes import add_at, add_scattered, four_totals, load, moved, spread, store, total, zeros

# Lanes that a function works on at a time. More of them than registers hold are written to memory between the edges.
ONE = REGISTER_LANES
SUM = 8 * ONE  # of a sum: eight registers hide how long a multiply-add takes
SUMS = N_REGISTERS // 8 * ONE  # of each of four sums: half of the registers
DOT = 4 * ONE  # of one product of two rows

Part = Callable[[Any, Any, Any, Any], None]  # first edge, last edge + 1, task, column at which the part begins

# Capital letters: constants of the compiled function. A function is made once for each value: two of one name clash.


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


@cache
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


@cache
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


_sum_wide, _sum_32, _sum_16 = _sums_of_wide_rows(SUM), _sums_of_narrow_rows(32), _sums_of_narrow_rows(16)
_three_sums_wide, _three_sums_16 = _three_sums(SUMS), _three_sums(16)
_four_sums_wide, _four_sums_16 = _four_sums(SUMS), _four_sums(16)


@compiled
def _row(task: Any, e: Any) -> Any:
    """The row at the other end of edge e."""
    values, ends, shift, stride = task
    return moved(values, (ends[e] - shift) * stride)


@compiled
def _add_eight_rows(
    first: Any, sources: Any, shift: Any, weights: Any, values: Any, out: Any, stride: Any, width: Any
) -> None:  # fmt: skip
    task = (values, sources, shift, stride)
    r0, r1, r2, r3 = _row(task, first), _row(task, first + 1), _row(task, first + 2), _row(task, first + 3)
    r4, r5, r6, r7 = _row(task, first + 4), _row(task, first + 5), _row(task, first + 6), _row(task, first + 7)
    w0, w1 = spread(weights, first, ONE), spread(weights, first + 1, ONE)
    w2, w3 = spread(weights, first + 2, ONE), spread(weights, first + 3, ONE)
    w4, w5 = spread(weights, first + 4, ONE), spread(weights, first + 5, ONE)
    w6, w7 = spread(weights, first + 6, ONE), spread(weights, first + 7, ONE)
    for column in range(0, width, ONE):  # two sums, since each multiply-add waits for the one before it
        even = load(out, column, ONE) + w0 * load(r0, column, ONE) + w2 * load(r2, column, ONE)
        odd = w1 * load(r1, column, ONE) + w3 * load(r3, column, ONE)
        even = even + w4 * load(r4, column, ONE) + w6 * load(r6, column, ONE)
        odd = odd + w5 * load(r5, column, ONE) + w7 * load(r7, column, ONE)
        store(even + odd, out, column)


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
    if width > SUM:  # a whole row does not stay in registers: read whole rows, in the order of memory
        while first + 8 <= last:
            _add_eight_rows(first, sources, shift, weights, values, out, stride, width)
            first += 8
    task = (sources, shift, weights, values, out, stride)
    column = 0
    while column + SUM <= width:
        _sum_wide(first, last, task, column)
        column += SUM
    while column + 32 <= width:
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
    while column + SUMS <= width:
        _three_sums_wide(first, last, task, column)
        column += SUMS
    while column + 16 <= width:
        _three_sums_16(first, last, task, column)
        column += 16


@compiled
def add_products_4(
    first: Any, last: Any, sources: Any, shift: Any, weights: Any, weight_step: Any, values: Any, out: Any,
    row_step: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`add_products` with four weight sets, ``weight_step`` apart, to four rows, ``row_step`` apart."""
    task = (sources, shift, weights, weight_step, values, out, row_step, stride)
    column = 0
    while column + SUMS <= width:
        _four_sums_wide(first, last, task, column)
        column += SUMS
    while column + 16 <= width:
        _four_sums_16(first, last, task, column)
        column += 16


@compiled
def dot(first: Any, second: Any, width: Any) -> Any:
    """The sum of the products of two rows."""
    if width % DOT == 0:
        wide = zeros(first, DOT)
        for column in range(0, width, DOT):
            wide = wide + load(first, column, DOT) * load(second, column, DOT)
        return total(wide)
    narrow = zeros(first, ONE)
    for column in range(0, width, ONE):
        narrow = narrow + load(first, column, ONE) * load(second, column, ONE)
    return total(narrow)


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
    task, e = (values, sources, shift, stride), first
    while e + 8 <= last:
        r0, r1, r2, r3 = _row(task, e), _row(task, e + 1), _row(task, e + 2), _row(task, e + 3)
        r4, r5, r6, r7 = _row(task, e + 4), _row(task, e + 5), _row(task, e + 6), _row(task, e + 7)
        d0, d1, d2, d3 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        d4, d5, d6, d7 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        for column in range(0, width, ONE):
            g = load(gradient, column, ONE)
            d0, d1 = d0 + load(r0, column, ONE) * g, d1 + load(r1, column, ONE) * g
            d2, d3 = d2 + load(r2, column, ONE) * g, d3 + load(r3, column, ONE) * g
            d4, d5 = d4 + load(r4, column, ONE) * g, d5 + load(r5, column, ONE) * g
            d6, d7 = d6 + load(r6, column, ONE) * g, d7 + load(r7, column, ONE) * g
        store(four_totals(d0, d1, d2, d3) + load(out, e, 4), out, e)
        store(four_totals(d4, d5, d6, d7) + load(out, e + 4, 4), out, e + 4)
        e += 8
    if e + 4 <= last:
        r0, r1, r2, r3 = _row(task, e), _row(task, e + 1), _row(task, e + 2), _row(task, e + 3)
        d0, d1, d2, d3 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        for column in range(0, width, ONE):
            g = load(gradient, column, ONE)
            d0, d1 = d0 + load(r0, column, ONE) * g, d1 + load(r1, column, ONE) * g
            d2, d3 = d2 + load(r2, column, ONE) * g, d3 + load(r3, column, ONE) * g
        store(four_totals(d0, d1, d2, d3) + load(out, e, 4), out, e)
        e += 4
    while e < last:
        add_at(dot(_row(task, e), gradient, width), out, e)
        e += 1


@compiled
def add_weight_gradients_3(
    first: Any, last: Any, sources: Any, shift: Any, values: Any, gradient: Any, row_step: Any, out: Any,
    weight_step: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`add_weight_gradients` of three weight sets, ``weight_step`` apart, for gradients ``row_step`` apart."""
    gradient_1, gradient_2 = moved(gradient, row_step), moved(gradient, 2 * row_step)
    task, e = (values, sources, shift, stride), first
    while e + 4 <= last:
        r0, r1, r2, r3 = _row(task, e), _row(task, e + 1), _row(task, e + 2), _row(task, e + 3)
        a0, a1, a2, a3 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        b0, b1, b2, b3 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        c0, c1, c2, c3 = zeros(values, ONE), zeros(values, ONE), zeros(values, ONE), zeros(values, ONE)
        for column in range(0, width, ONE):
            g0, g1, g2 = load(gradient, column, ONE), load(gradient_1, column, ONE), load(gradient_2, column, ONE)
            row = load(r0, column, ONE)
            a0, b0, c0 = a0 + row * g0, b0 + row * g1, c0 + row * g2
            row = load(r1, column, ONE)
            a1, b1, c1 = a1 + row * g0, b1 + row * g1, c1 + row * g2
            row = load(r2, column, ONE)
            a2, b2, c2 = a2 + row * g0, b2 + row * g1, c2 + row * g2
            row = load(r3, column, ONE)
            a3, b3, c3 = a3 + row * g0, b3 + row * g1, c3 + row * g2
        w = e
        store(four_totals(a0, a1, a2, a3) + load(out, w, 4), out, w)
        w += weight_step
        store(four_totals(b0, b1, b2, b3) + load(out, w, 4), out, w)
        w += weight_step
        store(four_totals(c0, c1, c2, c3) + load(out, w, 4), out, w)
        e += 4
    while e < last:
        row = _row(task, e)
        add_at(dot(row, gradient, width), out, e)
        add_at(dot(row, gradient_1, width), out, e + weight_step)
        add_at(dot(row, gradient_2, width), out, e + 2 * weight_step)
        e += 1


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
    task, e = (gradients, targets, 0, stride), first
    while e + 4 <= last:
        w0, w1, w2, w3 = edges[e], edges[e + 1], edges[e + 2], edges[e + 3]
        r0, r1, r2, r3 = _row(task, e), _row(task, e + 1), _row(task, e + 2), _row(task, e + 3)
        f0, f1 = spread(weights, w0, ONE), spread(weights, w1, ONE)  # before the loop: in it they are loaded every time
        f2, f3 = spread(weights, w2, ONE), spread(weights, w3, ONE)
        d0, d1, d2, d3 = zeros(own, ONE), zeros(own, ONE), zeros(own, ONE), zeros(own, ONE)
        for column in range(0, width, ONE):
            value, gradient = load(own, column, ONE), load(out, column, ONE)
            row = load(r0, column, ONE)
            d0, gradient = d0 + row * value, gradient + f0 * row
            row = load(r1, column, ONE)
            d1, gradient = d1 + row * value, gradient + f1 * row
            row = load(r2, column, ONE)
            d2, gradient = d2 + row * value, gradient + f2 * row
            row = load(r3, column, ONE)
            d3, gradient = d3 + row * value, gradient + f3 * row
            store(gradient, out, column)
        add_scattered(four_totals(d0, d1, d2, d3), weight_gradients, w0, w1, w2, w3)
        e += 4
    if e + 2 <= last:
        w0, w1 = edges[e], edges[e + 1]
        r0, r1 = _row(task, e), _row(task, e + 1)
        f0, f1 = spread(weights, w0, ONE), spread(weights, w1, ONE)
        d0, d1, nothing = zeros(own, ONE), zeros(own, ONE), zeros(own, ONE)
        for column in range(0, width, ONE):
            value, row_0, row_1 = load(own, column, ONE), load(r0, column, ONE), load(r1, column, ONE)
            store(load(out, column, ONE) + f0 * row_0 + f1 * row_1, out, column)
            d0, d1 = d0 + row_0 * value, d1 + row_1 * value
        add_scattered(four_totals(d0, d1, nothing, nothing), weight_gradients, w0, w1, w0, w0)
        e += 2
    if e < last:
        w0, r0 = edges[e], _row(task, e)
        f0 = spread(weights, w0, ONE)
        for column in range(0, width, ONE):
            store(load(out, column, ONE) + f0 * load(r0, column, ONE), out, column)
        add_at(dot(r0, own, width), weight_gradients, w0)
