"""Edges of a recurrent network dropped, with units, vertices and embedded values that are of no use any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nas.engine.layout import Float32
from search_spaces.recurrent_invariants import reached_and_read, step_graph
from search_spaces.recurrent_wiring import SUMS, RecurrentWiring
from search_spaces.rows import row_numbers

Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]
Float = NDArray[np.floating]
Array = TypeVar("Array", Mask, Float)


@dataclass(frozen=True, eq=False)
class OfEdges(Generic[Array]):
    """A value for each edge into a unit.

    Attributes:
        inputs: (n_input_edges,): of those of the same step.
        recurrent: (n_recurrent_edges,): of those from the step before.
    """

    inputs: Array
    recurrent: Array


def strengths(wiring: RecurrentWiring, parameters: Float32) -> OfEdges[Float]:
    """The root of the sum of the squares of the weights that each edge has, one for each gate.

    Args:
        wiring: The wiring.
        parameters: float32 (n_parameters,).
    """
    inputs, recurrent, *_ = _parts(wiring, parameters)
    return OfEdges(np.sqrt((inputs**2).sum(axis=0)), np.sqrt((recurrent**2).sum(axis=0)))


def without_edges(
    wiring: RecurrentWiring, parameters: Float32, is_kept: OfEdges[Mask]
) -> tuple[RecurrentWiring, Float32]:
    """A smaller network, whose weights are those that its edges and units had.

    A unit goes that no embedded value reaches any more, or that reaches no output; a vertex without units; an embedded
    value that nothing reads. In a bidirectional network, which has as many of each in both directions, units stay.

    Args:
        wiring, parameters: As they are.
        is_kept: The edges that stay. They must reach every unit of a bidirectional wiring, and some of those that each
            output reads: see `lifelines`.
    """
    is_reached, is_read = reached_and_read(wiring, is_kept.inputs, is_kept.recurrent)
    units = is_reached & is_read
    readers, recurrent_readers = row_numbers(wiring.input_indptr), row_numbers(wiring.recurrent_indptr)
    vertices = np.zeros(wiring.n_vertices, bool)
    vertices[wiring.unit_vertex[units]] = True
    outputs = vertices[wiring.output_indices % wiring.n_vertices]
    recurrent = is_kept.recurrent & units[recurrent_readers] & units[wiring.recurrent_indices]
    sources = np.concatenate([np.ones(wiring.n_embedded, bool), vertices])  # that may be read in the same step
    inputs = is_kept.inputs & units[readers] & sources[wiring.input_indices]
    embedded = np.zeros(wiring.n_embedded, bool)
    read = wiring.input_indices[inputs]
    embedded[read[read < wiring.n_embedded]] = True
    if wiring.bidirectional:  # a value goes where its twin goes as well
        embedded |= np.roll(embedded, wiring.n_embedded // 2)
    sources[: wiring.n_embedded] = embedded

    unit_number, source_number, vertex_number = (np.cumsum(mask) - 1 for mask in (units, sources, vertices))
    summary, vertex = divmod(wiring.output_indices[outputs].astype(np.int64), wiring.n_vertices)
    smaller = RecurrentWiring.from_edges(
        wiring.n_inputs,
        int(embedded.sum()),
        wiring.n_outputs,
        wiring.cell,
        vertex_number[wiring.unit_vertex[units]],
        (source_number[wiring.input_indices[inputs]], unit_number[readers[inputs]]),
        (unit_number[wiring.recurrent_indices[recurrent]], unit_number[recurrent_readers[recurrent]]),
        (summary * int(vertices.sum()) + vertex_number[vertex], row_numbers(wiring.output_indptr)[outputs]),
        wiring.window,
        wiring.stride,
        wiring.bidirectional,
    )
    of_inputs, of_recurrent, of_embedded, of_outputs, of_units, rest = _parts(wiring, parameters)
    parts = (
        of_inputs[:, inputs],
        of_recurrent[:, recurrent],
        of_embedded[embedded],
        of_outputs[outputs],
        of_units[:, units],
        rest,
    )
    return smaller, np.concatenate([part.ravel() for part in parts])


def lifelines(wiring: RecurrentWiring, parameters: Float32) -> OfEdges[Mask]:
    """The edges that must stay: those of one way, of strong edges, from an embedded value to each output.

    In a bidirectional network, those of a way from an embedded value to each unit, and from each unit to an output.

    Args:
        wiring, parameters: As they are.
    """
    strength, (sources, targets) = strengths(wiring, parameters), step_graph(wiring)
    n_edges = len(strength.inputs) + len(strength.recurrent)
    strong = np.concatenate([strength.inputs, strength.recurrent, np.full(wiring.n_units, np.inf)])
    first_unit = wiring.n_embedded + wiring.n_vertices
    is_embedded = np.arange(first_unit + wiring.n_units) < wiring.n_embedded
    is_line = np.zeros(len(strong), bool)
    if wiring.bidirectional:
        units = np.arange(first_unit, first_unit + wiring.n_units)
        is_last = np.zeros_like(is_embedded)
        is_last[wiring.n_embedded + wiring.output_indices % wiring.n_vertices] = True
        is_line[_ways(sources, targets, strong, is_embedded, units)] = True
        is_line[_ways(targets, sources, strong, is_last, units)] = True
    else:
        weights = np.abs(_parts(wiring, parameters)[3])
        strongest = [
            wiring.output_indices[first + int(np.argmax(weights[first:last]))] % wiring.n_vertices
            for first, last in zip(wiring.output_indptr[:-1], wiring.output_indptr[1:], strict=True)
        ]
        is_line[_ways(sources, targets, strong, is_embedded, wiring.n_embedded + np.unique(strongest))] = True
    return OfEdges(is_line[: len(strength.inputs)], is_line[len(strength.inputs) : n_edges])


def _ways(sources: Int64, targets: Int64, strong: Float, is_root: Mask, ends: Int64) -> Int64:
    """Edges of one way from a root to each end, back from each by the strongest edge from what is nearer to a root."""
    n_vertices = len(is_root)
    distance = np.where(is_root, 0, n_vertices)
    while True:
        nearer = distance.copy()
        np.minimum.at(nearer, targets, distance[sources] + 1)
        if (nearer == distance).all():
            break
        distance = nearer
    leads_away = np.flatnonzero(distance[sources] < distance[targets])
    order = leads_away[np.lexsort((strong[leads_away], targets[leads_away]))]
    best = np.full(n_vertices, -1)
    best[targets[order]] = order  # the last of each target, its strongest
    is_way, there = np.zeros(len(sources), bool), np.unique(ends[~is_root[ends]])
    while len(there):
        edges = best[there]
        there = np.unique(sources[edges[~is_way[edges]]])
        is_way[edges] = True
        there = there[~is_root[there]]
    return np.flatnonzero(is_way)


def _parts(wiring: RecurrentWiring, parameters: Float32) -> list[Float32]:
    """The parameters by what they belong to.

    Returns:
        float32 of shapes (n_gates, n_input_edges), (n_gates, n_recurrent_edges), (n_embedded, values of a window),
        (n_output_edges,), (n_sums, n_units), (n_outputs,).
    """
    shapes = (
        (wiring.n_gates, len(wiring.input_indices)),
        (wiring.n_gates, len(wiring.recurrent_indices)),
        (wiring.n_embedded, wiring.window * wiring.n_inputs),
        (len(wiring.output_indices),),
        (SUMS[wiring.cell], wiring.n_units),
        (wiring.n_outputs,),
    )
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(parameters, ends), shapes, strict=True)]
