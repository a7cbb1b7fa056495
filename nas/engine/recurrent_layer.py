"""One sparse recurrent layer on rows as torch has them, forward and backward in one compiled call each.

Rows lie as torch packs sequences: the first step of all of them, longest first, then the second step of those that have
one, and so on. The batch is worked on in tiles of 128 sequences and in segments of a few steps, so that what goes from
torch to the kernels and back stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.engine.cells import CELLS, LSTM
from nas.engine.compiler import compiled
from nas.engine.denormals import FLUSH_BITS, floating_point_control, set_floating_point_control
from nas.engine.lanes import at, fill
from nas.engine.layout import Int32, padded
from nas.engine.recurrent import backward_steps, forward_steps, initial_gradients, vectors_of
from nas.engine.recurrent_layout import RecurrentNetwork, RecurrentWorkspace, Sizes, out_edges
from nas.engine.sequence_batches import View
from nas.engine.transpose import transpose

_f32 = np.float32
TILE = 128  # sequences
SEGMENT = 4  # steps; even, since `backward_steps` uses two buffers in turns


def recurrent_layer(
    cell: str, n_inputs: int, indptr: Int32, indices: Int32, recurrent_indptr: Int32, recurrent_indices: Int32
) -> RecurrentNetwork:
    """Lay out a layer: units, each a vertex, that read inputs, and one another in the step before; no outputs.

    Args:
        cell: A key of ``CELLS``.
        n_inputs: Number of inputs.
        indptr, indices: int32 (n_units + 1,) and (n_input_edges,): the inputs of each unit.
        recurrent_indptr, recurrent_indices: int32 (n_units + 1,) and (n_recurrent_edges,): the units that it reads.
    """
    n_units = len(indptr) - 1
    units, none = np.arange(n_units, dtype=np.int32), np.empty(0, np.int32)
    return layer_of_arrays(
        cell,
        n_inputs,
        [
            *(units, units, units, none, indptr, indices),
            *out_edges(indptr, indices, n_inputs + n_units),
            *(recurrent_indptr, recurrent_indices),
            *out_edges(recurrent_indptr, recurrent_indices, n_units),
            *(np.zeros(1, np.int32), none),
            *out_edges(np.zeros(1, np.int32), none, n_units),
        ],
    )


def layer_of_arrays(cell: str, n_inputs: int, arrays: list[Int32]) -> RecurrentNetwork:
    """A layer, given the arrays of its `RecurrentNetwork` in their order."""
    view = View(n_inputs, window=1, stride=1, n_directions=1)
    return RecurrentNetwork(view, n_inputs, n_inputs, n_inputs, len(arrays[0]), False, False, CELLS[cell], *arrays)


def layer_sizes(network: RecurrentNetwork) -> Sizes:
    """Where the parts of a layer's parameters begin: weights of inputs, weights of the recurrence, biases."""
    n_gates, n_planes = network.cell.n_gates, network.cell.n_planes
    recurrent = n_gates * len(network.indices)
    bias = recurrent + n_gates * len(network.recurrent_indices)
    end = bias + n_planes * network.n_vertices
    return Sizes(recurrent, bias, bias, bias, end, end)


def kept_size(cell: str, n_inputs: int, n_units: int, n_steps: int, batch: int) -> int:
    """How many numbers `layer_forward` needs to keep so many steps."""
    n_states = 2 if cell == "lstm" else 1
    n_rows = n_steps * (n_states * n_units + n_inputs) + n_states * n_units
    return (n_rows + n_steps * CELLS[cell].n_planes * n_units) * padded(batch)


def scratch_size(cell: str, n_inputs: int, n_units: int, batch: int) -> int:
    """How many numbers `layer_backward` works with."""
    n_rows = SEGMENT * (n_inputs + n_units) + (2 * CELLS[cell].n_planes + 2) * n_units + 2
    return n_rows * min(TILE, padded(batch))


@compiled
def layer_forward(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, batch_sizes: Any, rows: Any, hidden: Any, cells: Any,
    keeps: bool, kept: Any, out: Any, last_hidden: Any, last_cells: Any,
) -> None:  # fmt: skip
    """Compute the outputs of a layer. All numbers are float32.

    Args:
        network, sizes: As `recurrent_layer` and `layer_sizes` give them.
        parameters: (n_parameters,).
        batch_sizes: int64 (n_steps,): how many sequences have a step, not rising.
        rows: (n_rows, n_inputs), as many as ``batch_sizes`` add up to.
        hidden, cells: (batch, n_units), what is before the first step; cells of LSTM, else (0, 0).
        keeps: Whether `layer_backward` is to follow.
        kept: (`kept_size`,), of all steps if it keeps them, else of ``SEGMENT``; filled.
        out: (n_rows, n_units), filled with the outputs.
        last_hidden, last_cells: Like ``hidden`` and ``cells``, filled with what each sequence ends with.
    """
    control = floating_point_control()
    set_floating_point_control(np.int32(control | FLUSH_BITS))
    (batch, n_units), n_inputs, is_lstm = hidden.shape, network.n_inputs, network.cell.code == LSTM
    for start in range(0, batch, TILE):
        n_active, row_of_step = _steps_of_tile(batch_sizes, start)
        n_kept = batch_sizes.shape[0] if keeps else SEGMENT
        work = _kept_of_tile(network, kept, n_kept, start, min(TILE, batch - start))
        _turn(at(hidden, start * n_units), n_active[0], n_units, at(work.hidden, 0), work.hidden.shape[2])
        if is_lstm:
            _turn(at(cells, start * n_units), n_active[0], n_units, at(work.cells, 0), work.cells.shape[2])
        for first in range(0, n_active.shape[0] - 1, SEGMENT):
            last = min(first + SEGMENT, n_active.shape[0] - 1)
            part = _from_step(work, first if keeps else 0)
            step, stride = part.values.shape[1] * part.values.shape[2], part.values.shape[2]
            if not keeps and first > 0:  # the last states of the segment before, in the place of the first
                states, before = at(work.hidden, 0), at(work.hidden, SEGMENT * step)
                for k in range((2 if is_lstm else 1) * n_units * stride):
                    states[k] = before[k]
            for t in range(first, last):
                values = at(part.values, (t - first) * step)
                _turn(at(rows, row_of_step[t] * n_inputs), n_active[t], n_inputs, values, stride)
            steps = n_active[first : last + 1]
            forward_steps(network, sizes, at(parameters, 0), False, part.values, steps, part)
            for t in range(first, last):
                place, n, n_on = (t - first + 1) * step, n_active[t], n_active[t + 1]
                transpose(at(part.hidden, place), n_units, n, stride, at(out, row_of_step[t] * n_units), n_units)
                target = at(last_hidden, (start + n_on) * n_units)
                transpose(at(part.hidden, place + n_on), n_units, n - n_on, stride, target, n_units)
                if is_lstm:
                    target = at(last_cells, (start + n_on) * n_units)
                    transpose(at(part.cells, place + n_on), n_units, n - n_on, stride, target, n_units)
    set_floating_point_control(control)


@compiled
def layer_backward(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, batch_sizes: Any, kept: Any, of_out: Any,
    of_last_hidden: Any, of_last_cells: Any, scratch: Any, of_parameters: Any, of_rows: Any, of_hidden: Any,
    of_cells: Any,
) -> None:  # fmt: skip
    """Compute the gradients of a layer. All numbers are float32.

    Args:
        network, sizes, parameters, batch_sizes: As they were for `layer_forward`.
        kept: As `layer_forward` left it.
        of_out, of_last_hidden, of_last_cells: Gradients of what `layer_forward` filled, of the same shapes, or (0, 0)
            where there are none.
        scratch: (`scratch_size`,), a buffer.
        of_parameters, of_rows, of_hidden, of_cells: Filled with the gradients of the arguments of `layer_forward`.
    """
    control = floating_point_control()
    set_floating_point_control(np.int32(control | FLUSH_BITS))
    (batch, n_units), n_inputs, is_lstm = of_hidden.shape, network.n_inputs, network.cell.code == LSTM
    weights, totals = at(parameters, 0), at(of_parameters, 0)
    fill(totals, _f32(0), of_parameters.shape[0])
    for start in range(0, batch, TILE):
        n_active, row_of_step = _steps_of_tile(batch_sizes, start)
        work = _kept_of_tile(network, kept, batch_sizes.shape[0], start, min(TILE, batch - start))
        work, of_inputs = _scratch_of_tile(network, work, scratch)
        stride, carried, last = work.values.shape[2], at(work.carried, 0), n_active.shape[0] - 1
        if of_last_cells.shape[0] > 0:
            _turn(at(of_last_cells, start * n_units), n_active[0], n_units, carried, stride)
        else:
            fill(carried, _f32(0), n_units * stride)
        while last > 0:
            first = (last - 1) // SEGMENT * SEGMENT
            for t in range(first, last):
                target = at(work.vertex_gradients, (t - first) * n_units * stride)
                if of_out.shape[0] > 0:
                    _turn(at(of_out, row_of_step[t] * n_units), n_active[t], n_units, target, stride)
                else:
                    fill(target, _f32(0), n_units * stride)
                if of_last_hidden.shape[0] > 0:
                    _add_turned(of_last_hidden, start, n_active[t + 1], n_active[t], target, stride)
            part, steps = _from_step(work, first), n_active[first : last + 1]
            backward_steps(network, sizes, weights, False, part.values, steps, part, False, totals, at(of_inputs, 0))
            for t in range(first, last):
                source = at(of_inputs, (t - first) * n_inputs * stride)
                transpose(source, n_inputs, n_active[t], stride, at(of_rows, row_of_step[t] * n_inputs), n_inputs)
            last = first
        initial_gradients(network, sizes, weights, n_active, work, totals, work.summary_gradients)
        source, n = at(work.summary_gradients, 0), n_active[0]
        transpose(source, n_units, n, stride, at(of_hidden, start * n_units), n_units)
        if is_lstm:
            transpose(carried, n_units, n, stride, at(of_cells, start * n_units), n_units)
    set_floating_point_control(control)


@compiled
def _steps_of_tile(batch_sizes: Any, start: int) -> tuple[Any, Any]:
    """How many sequences of a tile have each step, int32 with a 0 at the end; and the first row of each step."""
    n_steps = 0
    while n_steps < batch_sizes.shape[0] and batch_sizes[n_steps] > start:
        n_steps += 1
    n_active, row_of_step, row = np.zeros(n_steps + 1, np.int32), np.empty(n_steps, np.int64), start
    for t in range(n_steps):
        n_active[t], row_of_step[t] = min(TILE, batch_sizes[t] - start), row
        row += batch_sizes[t]
    return n_active, row_of_step


@compiled
def _kept_of_tile(network: RecurrentNetwork, kept: Any, n_steps: int, start: int, n: int) -> RecurrentWorkspace:
    """What `layer_forward` fills, for n sequences from ``start`` on.

    A step has rows of hidden, of cells if there are any, of inputs, and goes over into the next one: what the kernels
    call values, inputs and then hidden of the next step, is there without copies.
    """
    stride, n_units, n_planes = vectors_of(n), network.n_vertices, network.cell.n_planes
    inputs = 2 * n_units if network.cell.code == LSTM else n_units
    step = inputs + network.n_inputs
    sums = n_steps * step + inputs
    end = sums + n_steps * n_planes * n_units
    rows = kept[start * end : start * end + end * stride].reshape((end, stride))
    shape, none = (n_steps, step, stride), rows[:0]
    return RecurrentWorkspace(
        rows[inputs:sums].reshape(shape),
        rows[: n_steps * step].reshape(shape),
        rows[inputs - n_units : sums - n_units].reshape(shape),
        rows[sums:].reshape((n_steps, n_planes, n_units, stride)),
        none.reshape((0, n_units, stride)),
        none.reshape((0, n_planes, n_units, stride)),
        none, kept[:0], none, none, none, kept[:0], none, none, kept[:0], kept[:0],
    )  # fmt: skip


@compiled
def _scratch_of_tile(network: RecurrentNetwork, work: RecurrentWorkspace, scratch: Any) -> tuple[Any, Any]:
    """The workspace with buffers of `layer_backward`, ``summary_gradients`` for initial states; and input gradients."""
    stride, n_units, n_planes = work.values.shape[2], network.n_vertices, network.cell.n_planes
    sums = SEGMENT * n_units
    carried = sums + 2 * n_planes * n_units
    initial = carried + n_units
    row = initial + n_units
    end = row + 2 + SEGMENT * network.n_inputs
    rows = scratch[: end * stride].reshape((end, stride))
    complete = RecurrentWorkspace(
        work.values, work.hidden, work.cells, work.sums, rows[:sums].reshape((SEGMENT, n_units, stride)),
        rows[sums:carried].reshape((2, n_planes, n_units, stride)), rows[carried:initial], rows[row],
        work.summaries, rows[initial:row], work.peaks, work.shares, work.outputs, work.output_gradients,
        work.parameter_gradients, rows[row + 1],
    )  # fmt: skip
    return complete, rows[row + 2 :].reshape((SEGMENT, network.n_inputs, stride))


@compiled
def _from_step(work: RecurrentWorkspace, t: int) -> RecurrentWorkspace:
    """The workspace without what it keeps of the steps before t."""
    return RecurrentWorkspace(
        work.values[t:], work.hidden[t:], work.cells[t:], work.sums[t:], work.vertex_gradients, work.sum_gradients,
        work.carried, work.row, work.summaries, work.summary_gradients, work.peaks, work.shares, work.outputs,
        work.output_gradients, work.parameter_gradients, work.scratch,
    )  # fmt: skip


@compiled
def _turn(rows: Any, n: int, n_columns: int, target: Any, stride: int) -> None:
    """Make the rows (n, n_columns) of n sequences feature-major, with zeros up to whole vectors; given by addresses."""
    transpose(rows, n, n_columns, n_columns, target, stride)
    for i in range(n_columns):
        for k in range(n, vectors_of(n)):
            target[i * stride + k] = _f32(0)


@compiled
def _add_turned(rows: Any, start: int, first: int, last: int, target: Any, stride: int) -> None:
    """Add the rows of the sequences first..last-1 of a tile to what is feature-major."""
    for i in range(rows.shape[1]):
        for k in range(first, last):
            target[i * stride + k] += rows[start + k, i]
