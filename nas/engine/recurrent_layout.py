"""How a recurrent network lies in memory for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nas.engine.cells import CELLS, Cell
from nas.engine.layout import Float32, Int32, aligned_empty, padded
from nas.engine.sequence_batches import View
from search_spaces.recurrent_invariants import SUMMARIES
from search_spaces.recurrent_wiring import RecurrentWiring

LAST, MEAN, MAX = (SUMMARIES.index(name) for name in ("last", "mean", "max"))


class RecurrentNetwork(NamedTuple):
    """A recurrent wiring in both directions.

    Parameters of a network are one float32 vector, weights before biases: for each gate the weights of the input edges;
    for each gate those of the recurrent edges; the embedding, a row for each embedded value; the weights of the
    outputs; then for each plane a bias for each unit; a bias for each output. Gates and planes are those of ``cells``.

    A step here is one of the network. Outputs read summaries of vertices over all steps: the last values of all
    vertices, then their means, then their maxima.
    """

    view: View
    n_inputs: int  # values that each embedded value reads: of a window, in one direction
    n_embedded: int
    n_forward: int  # embedded values that read forwards; the others read backwards
    n_vertices: int
    reads_means: bool  # whether any output does
    reads_maxima: bool
    cell: Cell
    unit_vertex: Int32  # (n_units,)
    first_unit: Int32  # (n_vertices,) the first unit of each vertex, and
    last_unit: Int32  # (n_vertices,) the last
    channels: Int32  # (n_inputs,) 0, 1, ...: what each embedded value reads
    indptr: Int32  # (n_units + 1,) row u: what unit u reads in the same step
    indices: Int32  # (n_input_edges,) embedded values first, then n_embedded + vertex
    out_indptr: Int32  # (n_embedded + n_vertices + 1,) row s: the units that read it
    out_targets: Int32  # (n_input_edges,)
    out_edges: Int32  # (n_input_edges,) the place of that edge in indices
    recurrent_indptr: Int32  # (n_units + 1,) row u: the units that unit u reads from the step before
    recurrent_indices: Int32  # (n_recurrent_edges,)
    recurrent_out_indptr: Int32  # (n_units + 1,)
    recurrent_out_targets: Int32  # (n_recurrent_edges,)
    recurrent_out_edges: Int32  # (n_recurrent_edges,)
    output_indptr: Int32  # (n_outputs + 1,) row o: the summaries that output o reads
    output_indices: Int32  # (n_output_edges,)
    output_out_indptr: Int32  # (3 * n_vertices + 1,)
    output_out_targets: Int32  # (n_output_edges,)
    output_out_edges: Int32  # (n_output_edges,)


class RecurrentWorkspace(NamedTuple):
    """Buffers of a kernel for one weight set, large enough for every network that it is to train.

    Rows are as long as a batch, rounded up to whole vectors.
    """

    values: Float32  # (n_steps, n_embedded + n_vertices, padded batch)
    hidden: Float32  # (n_steps + 1, n_units, padded batch), first what is before the first step
    cells: Float32  # the same shape: cell states of LSTM
    sums: Float32  # (n_steps, n_planes, n_units, padded batch)
    vertex_gradients: Float32  # (n_steps or, of training, 1, n_vertices, padded batch)
    sum_gradients: Float32  # (2, n_planes, n_units, padded batch), of this step and of the next
    carried: Float32  # (n_units, padded batch)
    row: Float32  # (padded batch,)
    summaries: Float32  # (3 * n_vertices, padded batch)
    summary_gradients: Float32  # the same shape
    peaks: Float32  # (n_vertices, padded batch), the number of the step at which each vertex is highest
    shares: Float32  # (padded batch,), 1 / steps of each sequence
    outputs: Float32  # (n_outputs, padded batch)
    output_gradients: Float32  # the same shape
    parameter_gradients: Float32  # (n_parameters,)
    scratch: Float32  # (2 * padded batch,)


class Sizes(NamedTuple):
    """Where the parts of a vector of parameters begin, and its length."""

    recurrent: int
    embedding: int
    output: int
    bias: int
    output_bias: int
    end: int


def lay_out_recurrent(wiring: RecurrentWiring) -> RecurrentNetwork:
    """Give the kernels' form of a recurrent wiring."""
    n_units, n_sources = len(wiring.unit_vertex), wiring.n_embedded + wiring.n_vertices
    first_unit = np.full(wiring.n_vertices, n_units, np.int32)
    last_unit = np.zeros(wiring.n_vertices, np.int32)
    np.minimum.at(first_unit, wiring.unit_vertex, np.arange(n_units, dtype=np.int32))
    np.maximum.at(last_unit, wiring.unit_vertex, np.arange(n_units, dtype=np.int32))
    read = np.bincount(wiring.output_indices // wiring.n_vertices, minlength=len(SUMMARIES)) > 0
    return RecurrentNetwork(
        View(wiring.n_inputs, wiring.window, wiring.stride, wiring.n_directions),
        wiring.window * wiring.n_inputs,
        wiring.n_embedded,
        wiring.n_embedded // wiring.n_directions,
        wiring.n_vertices,
        bool(read[MEAN]),
        bool(read[MAX]),
        CELLS[wiring.cell],
        wiring.unit_vertex.copy(),
        first_unit,
        last_unit,
        np.arange(wiring.window * wiring.n_inputs, dtype=np.int32),
        wiring.input_indptr.copy(),
        wiring.input_indices.copy(),
        *out_edges(wiring.input_indptr, wiring.input_indices, n_sources),
        wiring.recurrent_indptr.copy(),
        wiring.recurrent_indices.copy(),
        *out_edges(wiring.recurrent_indptr, wiring.recurrent_indices, n_units),
        wiring.output_indptr.copy(),
        wiring.output_indices.copy(),
        *out_edges(wiring.output_indptr, wiring.output_indices, len(SUMMARIES) * wiring.n_vertices),
    )


def out_edges(indptr: Int32, indices: Int32, n_sources: int) -> tuple[Int32, Int32, Int32]:
    """Compressed rows the other way round.

    Args:
        indptr, indices: int32 (n_rows + 1,) and (n_edges,): the sources of each row.
        n_sources: How many sources there are.

    Returns:
        int32 (n_sources + 1,): where the edges that leave each source begin; int32 (n_edges,): the rows that they lead
        to; int32 (n_edges,): their places in ``indices``.
    """
    order = np.argsort(indices, kind="stable")
    rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    counts = np.bincount(indices, minlength=n_sources)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), rows[order], order.astype(np.int32)


def parameter_sizes(network: RecurrentNetwork) -> Sizes:
    """Where the parts of the parameters of a network begin."""
    cell, n_units, n_outputs = network.cell, len(network.unit_vertex), len(network.output_indptr) - 1
    recurrent = cell.n_gates * len(network.indices)
    embedding = recurrent + cell.n_gates * len(network.recurrent_indices)
    output = embedding + network.n_embedded * network.n_inputs
    bias = output + len(network.output_indices)
    output_bias = bias + cell.n_planes * n_units
    return Sizes(recurrent, embedding, output, bias, output_bias, output_bias + n_outputs)


def sequence_batch(view: View, longest: int, batch_size: int) -> Float32:
    """Room for a batch of sequences of at most so many steps, read in one way."""
    return aligned_empty((-(-longest // view.stride), view.n_directions * view.n_inputs, padded(batch_size)))


def recurrent_workspace(networks: list[RecurrentNetwork], n_steps: int, batch_size: int) -> RecurrentWorkspace:
    """Buffers for the largest of several networks, which take at most so many steps."""
    length = padded(batch_size)
    n_values = max(network.n_embedded + network.n_vertices for network in networks)
    n_vertices = max(network.n_vertices for network in networks)
    n_units = max(len(network.unit_vertex) for network in networks)
    n_planes = max(network.cell.n_planes for network in networks)
    n_outputs = max(len(network.output_indptr) - 1 for network in networks)
    return RecurrentWorkspace(
        values=aligned_empty((n_steps, n_values, length)),
        hidden=aligned_empty((n_steps + 1, n_units, length)),
        cells=aligned_empty((n_steps + 1, n_units, length)),
        sums=aligned_empty((n_steps, n_planes, n_units, length)),
        vertex_gradients=aligned_empty((1, n_vertices, length)),
        sum_gradients=aligned_empty((2, n_planes, n_units, length)),
        carried=aligned_empty((n_units, length)),
        row=aligned_empty((length,)),
        summaries=aligned_empty((len(SUMMARIES) * n_vertices, length)),
        summary_gradients=aligned_empty((len(SUMMARIES) * n_vertices, length)),
        peaks=aligned_empty((n_vertices, length)),
        shares=aligned_empty((length,)),
        outputs=aligned_empty((n_outputs, length)),
        output_gradients=aligned_empty((n_outputs, length)),
        parameter_gradients=aligned_empty((max(parameter_sizes(network).end for network in networks),)),
        scratch=aligned_empty((2 * length,)),
    )
