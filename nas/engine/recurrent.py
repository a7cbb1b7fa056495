"""A sparse recurrent network of any shape, forward and backward through time.

Within a step, units are computed in their order, each from rows of the same step and of the step before; values are
feature-major as in `network`. A step is one of the network, which may read a window of steps of the sequence in it.
Sequences of a batch are sorted by length, longest first, so that the ones that have
ended drop out at the right, a whole vector at a time: padding costs next to nothing and never counts. Gradients are
gathered along out-edges: along those of the recurrence from the sums of the next step.

In the arguments, ``parameters`` and ``gradients`` are addresses of what `recurrent_layout` calls the parameters of a
network; ``n_active`` is int32 (n_steps + 1,): how many sequences have a step t, and 0 at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.engine.cells import LSTM, cell_backward, cell_forward
from nas.engine.compiler import compiled
from nas.engine.lanes import at, fill, moved
from nas.engine.layout import LANES
from nas.engine.products import (
    add_backward_products,
    add_products,
    add_products_3,
    add_products_4,
    add_weight_gradients,
)
from nas.engine.recurrent_layout import RecurrentNetwork, RecurrentWorkspace, Sizes
from nas.engine.recurrent_summaries import summary_gradients_of_step

_f32 = np.float32


@compiled
def vectors_of(n_samples: int) -> int:
    """A number of samples, rounded up to whole vectors."""
    return (n_samples + LANES - 1) // LANES * LANES


@compiled
def add_gates(
    n_gates: int, first: Any, last: Any, sources: Any, weights: Any, weight_step: Any, values: Any, out: Any,
    plane: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`products.add_products` for all gates of a cell, from one load of each value."""
    if n_gates == 1:
        add_products(first, last, sources, 0, weights, values, out, stride, width)
    elif n_gates == 3:
        add_products_3(first, last, sources, 0, weights, weight_step, values, out, plane, stride, width)
    else:
        add_products_4(first, last, sources, 0, weights, weight_step, values, out, plane, stride, width)


@compiled
def forward_steps(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, is_embedded: bool, inputs: Any, n_active: Any,
    work: RecurrentWorkspace,
) -> None:  # fmt: skip
    """Compute all units at all steps.

    Args:
        network, sizes, parameters, n_active: See above.
        is_embedded: Whether inputs are embedded; if not, there are as many embedded values as inputs, the same.
        inputs: float32 (at least n_steps, n_directions * n_inputs, padded batch).
        work: ``hidden[0]`` and, for LSTM, ``cells[0]`` are what is before the first step; ``values``, ``hidden``,
            ``cells`` and ``sums`` are filled.
    """
    cell, n_units, stride = network.cell, network.unit_vertex.shape[0], inputs.shape[2]
    n_edges, n_recurrent = network.indices.shape[0], network.recurrent_indices.shape[0]
    n_embedded, n_inputs = network.n_embedded, network.n_inputs
    hidden_step, plane = work.hidden.shape[1] * stride, work.sums.shape[2] * stride
    value_step, sum_step = work.values.shape[1] * stride, work.sums.shape[1] * plane
    biases = moved(parameters, sizes.bias)
    for t in range(n_active.shape[0] - 1):
        width, values = vectors_of(n_active[t]), at(work.values, t * value_step)
        inputs_now = at(inputs, t * inputs.shape[1] * stride)
        if is_embedded:
            for e in range(n_embedded):
                value, first = moved(values, e * stride), n_inputs if e >= network.n_forward else 0
                fill(value, _f32(0), width)
                add_products(
                    0, n_inputs, at(network.channels, 0), 0, moved(parameters, sizes.embedding + e * n_inputs),
                    moved(inputs_now, first * stride), value, stride, width,
                )  # fmt: skip
        else:
            for k in range(n_embedded * stride):
                values[k] = inputs_now[k]
        before, now = at(work.hidden, t * hidden_step), at(work.hidden, (t + 1) * hidden_step)
        for u in range(n_units):
            sums = at(work.sums, t * sum_step + u * stride)
            for p in range(cell.n_planes):
                fill(moved(sums, p * plane), biases[p * n_units + u], width)
            add_gates(
                cell.n_gates, network.indptr[u], network.indptr[u + 1], at(network.indices, 0), parameters, n_edges,
                values, sums, plane, stride, width,
            )  # fmt: skip
            add_gates(
                cell.n_gates, network.recurrent_indptr[u], network.recurrent_indptr[u + 1],
                at(network.recurrent_indices, 0), moved(parameters, sizes.recurrent), n_recurrent, before,
                moved(sums, cell.recurrent_plane * plane), plane, stride, width,
            )  # fmt: skip
            hidden = moved(now, u * stride)
            cell_before = at(work.cells, t * hidden_step + u * stride)
            cell_forward(
                cell.code, sums, plane, cell_before, moved(cell_before, hidden_step), moved(before, u * stride),
                hidden, width,
            )  # fmt: skip
            cell_now = moved(cell_before, hidden_step)
            for k in range(n_active[t], width):  # of sequences that are over, and would grow without bounds
                hidden[k] = _f32(0)
                cell_now[k] = _f32(0)
            vertex = network.unit_vertex[u]
            value = moved(values, (n_embedded + vertex) * stride)
            if network.first_unit[vertex] == u:
                for k in range(width):
                    value[k] = hidden[k]
            else:
                for k in range(width):
                    value[k] += hidden[k]


@compiled
def backward_steps(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, is_embedded: bool, inputs: Any, n_active: Any,
    work: RecurrentWorkspace, is_of_summaries: bool, gradients: Any, input_gradients: Any,
) -> None:  # fmt: skip
    """Backpropagation through time (Werbos 1990).

    Args:
        network, sizes, parameters, is_embedded, inputs, n_active: As they were for `forward_steps`.
        work: As `forward_steps` left it. ``vertex_gradients`` holds what comes from outside at each step, zeros where
            nothing does; or, if ``is_of_summaries``, has room for a step, and ``summary_gradients`` holds what comes
            to the summaries of each sequence. And ``carried`` holds zeros, or the gradient of the last cell states of
            LSTM. Both are changed. On return, ``sum_gradients[0]`` holds the gradients of the sums of the first step,
            and ``carried`` what goes to the step before it.
        gradients: Of the parameters, those of outputs excepted, added to.
        input_gradients: Address of rows like ``inputs``, filled where inputs are not embedded.
    """
    cell, n_units, stride = network.cell, network.unit_vertex.shape[0], inputs.shape[2]
    n_embedded, n_inputs = network.n_embedded, network.n_inputs
    hidden_step, plane = work.hidden.shape[1] * stride, work.sums.shape[2] * stride
    value_step, sum_step = work.values.shape[1] * stride, work.sums.shape[1] * plane
    vertex_step = 0 if is_of_summaries else work.vertex_gradients.shape[1] * stride
    n_edges, n_recurrent = network.indices.shape[0], network.recurrent_indices.shape[0]
    targets, edges = at(network.out_targets, 0), at(network.out_edges, 0)
    recurrent_targets, recurrent_edges = at(network.recurrent_out_targets, 0), at(network.recurrent_out_edges, 0)
    bias_gradients = moved(gradients, sizes.bias)
    row = at(work.row, 0)
    for t in range(n_active.shape[0] - 2, -1, -1):
        width, next_width = vectors_of(n_active[t]), vectors_of(n_active[t + 1])
        values, from_outside = at(work.values, t * value_step), at(work.vertex_gradients, t * vertex_step)
        before, now = at(work.hidden, t * hidden_step), at(work.hidden, (t + 1) * hidden_step)
        out, out_next = at(work.sum_gradients, (t % 2) * sum_step), at(work.sum_gradients, ((t + 1) % 2) * sum_step)
        for u in range(n_units - 1, -1, -1):
            vertex, place = network.unit_vertex[u], u * stride
            from_vertex, hidden = moved(from_outside, vertex * stride), moved(now, place)
            if network.last_unit[vertex] == u:  # now all that read the vertex have their gradients
                if is_of_summaries:
                    summary_gradients_of_step(network, t, vertex, n_active, work, from_vertex, stride, width)
                source = n_embedded + vertex
                add_gate_gradients(
                    cell.n_gates, network.out_indptr[source], network.out_indptr[source + 1], targets, edges,
                    parameters, n_edges, moved(values, source * stride), out, plane, from_vertex, gradients, stride,
                    width,
                )  # fmt: skip
            carried = at(work.carried, place)
            if cell.code == LSTM:
                for k in range(width):
                    row[k] = from_vertex[k]
            else:
                for k in range(width):
                    row[k] = from_vertex[k] + carried[k]
            add_gate_gradients(
                cell.n_gates, network.recurrent_out_indptr[u], network.recurrent_out_indptr[u + 1], recurrent_targets,
                recurrent_edges, moved(parameters, sizes.recurrent), n_recurrent, hidden,
                moved(out_next, cell.recurrent_plane * plane), plane, row, moved(gradients, sizes.recurrent), stride,
                next_width,
            )  # fmt: skip
            kept = at(work.scratch, 0)
            for k in range(n_active[t], width):  # what comes to a sequence only where it ends
                kept[k - n_active[t]] = carried[k]
                carried[k] = _f32(0)
            cell_before = at(work.cells, t * hidden_step + place)
            cell_backward(
                cell.code, at(work.sums, t * sum_step + place), plane, cell_before, moved(cell_before, hidden_step),
                moved(before, place), hidden, row, carried, moved(out, place), plane, width,
            )  # fmt: skip
            for k in range(n_active[t], width):
                carried[k] = kept[k - n_active[t]]
            for p in range(cell.n_planes):
                gradient, total = moved(out, p * plane + place), _f32(0)
                for k in range(width):
                    total += gradient[k]
                bias_gradients[p * n_units + u] += total
        inputs_now = at(inputs, t * inputs.shape[1] * stride)
        for e in range(n_embedded):
            gradient = row if is_embedded else moved(input_gradients, (t * n_inputs + e) * stride)
            fill(gradient, _f32(0), width)
            add_gate_gradients(
                cell.n_gates, network.out_indptr[e], network.out_indptr[e + 1], targets, edges, parameters, n_edges,
                moved(values, e * stride), out, plane, gradient, gradients, stride, width,
            )  # fmt: skip
            if is_embedded:
                first = n_inputs if e >= network.n_forward else 0
                add_weight_gradients(
                    0, n_inputs, at(network.channels, 0), 0, moved(inputs_now, first * stride), gradient,
                    moved(gradients, sizes.embedding + e * n_inputs), stride, width,
                )  # fmt: skip


@compiled
def add_gate_gradients(
    n_gates: int, first: Any, last: Any, targets: Any, edges: Any, weights: Any, weight_step: Any, own: Any,
    sum_gradients: Any, plane: Any, out: Any, gradients: Any, stride: Any, width: Any,
) -> None:  # fmt: skip
    """`products.add_backward_products` for all gates of a cell, whose weights and sums are so far apart."""
    for gate in range(n_gates):
        add_backward_products(
            first, last, targets, edges, moved(weights, gate * weight_step), own, moved(sum_gradients, gate * plane),
            out, moved(gradients, gate * weight_step), stride, width,
        )  # fmt: skip


@compiled
def initial_gradients(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, n_active: Any, work: RecurrentWorkspace, gradients: Any,
    out: Any,
) -> None:  # fmt: skip
    """What is left of the gradients before the first step: of the recurrent weights, and of the initial outputs.

    Args:
        network, sizes, parameters, n_active, work, gradients: As `backward_steps` left them.
        out: float32 (n_units, padded batch), filled with the gradients of ``work.hidden[0]``.
    """
    stride = out.shape[1]
    plane, width = work.sums.shape[2] * stride, vectors_of(n_active[0])
    for u in range(network.unit_vertex.shape[0]):
        row, carried = at(out, u * stride), at(work.carried, u * stride)
        for k in range(stride):
            row[k] = _f32(0) if network.cell.code == LSTM else carried[k]
        add_gate_gradients(
            network.cell.n_gates, network.recurrent_out_indptr[u], network.recurrent_out_indptr[u + 1],
            at(network.recurrent_out_targets, 0), at(network.recurrent_out_edges, 0),
            moved(parameters, sizes.recurrent), network.recurrent_indices.shape[0], at(work.hidden, u * stride),
            at(work.sum_gradients, network.cell.recurrent_plane * plane), plane, row,
            moved(gradients, sizes.recurrent), stride, width,
        )  # fmt: skip
