"""The invariants of a recurrent wiring, each in a function that raises where it is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from search_spaces.edge_codes import BoolArray, Int64Array
from search_spaces.rows import WiringError, check_rows, row_numbers

if TYPE_CHECKING:
    from search_spaces.recurrent_wiring import RecurrentWiring

SUMMARIES = ("last", "mean", "max")
"""What outputs can read of a vertex: its value at the last step, and the mean and the maximum over all steps."""


def check_units(wiring: RecurrentWiring) -> None:
    """There are units, they have vertices, and each vertex has a unit."""
    vertices = wiring.unit_vertex
    if not len(vertices) or vertices.min() < 0 or vertices.max() >= wiring.n_vertices:
        span = f"spans {vertices.min()}..{vertices.max()}" if len(vertices) else "is empty"
        raise WiringError(f"RecurrentWiring: unit_vertex {span}; it must be in 0..{wiring.n_vertices - 1}.")
    if (wiring.last_unit < 0).any():
        raise WiringError(f"RecurrentWiring: vertex {np.argmin(wiring.last_unit)} has no unit.")


def check_edges(wiring: RecurrentWiring) -> None:
    """Rows are well formed, vertices are complete before they are read, and outputs read something."""
    n_units, n_sources = wiring.n_units, wiring.n_embedded + wiring.n_vertices
    owner = "RecurrentWiring"
    check_rows(owner, "input", wiring.input_indptr, wiring.input_indices, n_units, n_sources)
    check_rows(owner, "recurrent", wiring.recurrent_indptr, wiring.recurrent_indices, n_units, n_units)
    n_readable = len(SUMMARIES) * wiring.n_vertices
    check_rows(owner, "output", wiring.output_indptr, wiring.output_indices, wiring.n_outputs, n_readable)
    readers = row_numbers(wiring.input_indptr)
    complete_at = np.concatenate([np.full(wiring.n_embedded, -1), wiring.last_unit])[wiring.input_indices]
    if (complete_at >= readers).any():
        edge = int(np.argmax(complete_at >= readers))
        raise WiringError(
            f"{owner}: unit {readers[edge]} reads vertex {wiring.input_indices[edge] - wiring.n_embedded}, which is "
            f"complete with unit {complete_at[edge]} only; all units of a vertex must come before its readers."
        )
    if (np.diff(wiring.output_indptr) == 0).any():
        output = np.argmin(np.diff(wiring.output_indptr))
        raise WiringError(f"{owner}: output {output} reads no vertex; it must read at least one.")


def check_directions(wiring: RecurrentWiring) -> None:
    """Both directions have as many embedded values, vertices and units, and no edge leads from one to the other."""
    if not wiring.bidirectional:
        return
    owner = "RecurrentWiring"
    is_backward = np.arange(wiring.n_vertices) >= wiring.n_vertices // 2
    is_backward_unit = is_backward[wiring.unit_vertex]
    for name, n in (("embedded values", wiring.n_embedded), ("vertices", wiring.n_vertices)):
        if n % 2:
            raise WiringError(f"{owner}: {n} {name} cannot be halved; both directions must have as many.")
    if wiring.n_units % 2 or (is_backward_unit != (np.arange(wiring.n_units) >= wiring.n_units // 2)).any():
        raise WiringError(f"{owner}: the first half of the units must have vertices of the first half, and no others.")
    is_backward_value = np.arange(wiring.n_embedded) >= wiring.n_embedded // 2
    for name, of_source, indptr, indices in (
        ("input", np.append(is_backward_value, is_backward), wiring.input_indptr, wiring.input_indices),
        ("recurrent", is_backward_unit, wiring.recurrent_indptr, wiring.recurrent_indices),
    ):
        units = row_numbers(indptr)
        crosses = of_source[indices] != is_backward_unit[units]
        if crosses.any():
            edge = int(np.argmax(crosses))
            raise WiringError(
                f"{owner}: unit {units[edge]} reads {name} source {indices[edge]}, which is of the other direction."
            )


def check_paths(wiring: RecurrentWiring) -> None:
    """Embedded values reach every unit, and every unit reaches an output, in however many steps."""
    is_reached, is_read = reached_and_read(wiring)
    if not is_reached.all():
        unit = np.argmin(is_reached)
        raise WiringError(f"RecurrentWiring: no embedded value ever reaches unit {unit}; connect or drop it.")
    if not is_read.all():
        unit = np.argmin(is_read)
        raise WiringError(f"RecurrentWiring: unit {unit} never reaches an output; connect or drop it.")


def reached_and_read(
    wiring: RecurrentWiring, inputs: BoolArray | None = None, recurrent: BoolArray | None = None
) -> tuple[BoolArray, BoolArray]:
    """Whether embedded values reach each unit, and whether it reaches an output: bool (n_units,) each.

    Args:
        wiring: The wiring.
        inputs, recurrent: bool (n_input_edges,) and (n_recurrent_edges,): the edges that count; all by default.
    """
    first_unit, (sources, targets) = wiring.n_embedded + wiring.n_vertices, step_graph(wiring)
    if inputs is not None and recurrent is not None:
        counts = np.concatenate([inputs, recurrent, np.ones(wiring.n_units, bool)])
        sources, targets = sources[counts], targets[counts]
    is_reached = np.arange(first_unit + wiring.n_units) < wiring.n_embedded
    _spread(is_reached, sources, targets)
    is_read = np.zeros(first_unit + wiring.n_units, dtype=bool)
    is_read[wiring.n_embedded + wiring.output_indices % wiring.n_vertices] = True
    _spread(is_read, targets, sources)
    return is_reached[first_unit:], is_read[first_unit:]


def step_graph(wiring: RecurrentWiring) -> tuple[Int64Array, Int64Array]:
    """What leads to what within a step or to the next: (sources, targets), int64.

    Vertices of this graph are embedded values, then vertices, then units. Its edges are those of the same step, those
    from the step before, and one from each unit to its vertex, in this order.
    """
    first_unit = wiring.n_embedded + wiring.n_vertices
    units = np.arange(wiring.n_units)
    inputs, recurrent = wiring.input_indices.astype(np.int64), wiring.recurrent_indices.astype(np.int64)
    readers, recurrent_readers = row_numbers(wiring.input_indptr), row_numbers(wiring.recurrent_indptr)
    vertices = wiring.n_embedded + wiring.unit_vertex.astype(np.int64)
    return (
        np.concatenate([inputs, first_unit + recurrent, first_unit + units]),
        np.concatenate([first_unit + readers, first_unit + recurrent_readers, vertices]),
    )


def _spread(is_marked: BoolArray, sources: Int64Array, targets: Int64Array) -> None:
    """Marks, in place, all that can be reached from what is marked."""
    while True:
        is_open = ~is_marked[targets]
        sources, targets = sources[is_open], targets[is_open]
        reached = targets[is_marked[sources]]
        if not len(reached):
            return
        is_marked[reached] = True
