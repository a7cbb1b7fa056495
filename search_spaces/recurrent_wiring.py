"""RecurrentWiring: which recurrent unit reads which, in the same step and from the step before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from search_spaces.edge_codes import BoolArray, distinct
from search_spaces.rows import Int32Array, Int64Array, WiringError, check_rows, compressed, read_only, row_numbers
from search_spaces.wiring import Wiring, longest_path_levels

Cell = Literal["tanh", "relu", "lstm", "gru"]
Edges = tuple[Int64Array, Int64Array]

CELLS: tuple[Cell, ...] = get_args(Cell)
GATES: dict[Cell, int] = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}
"""Weights that each edge into a unit has."""
SUMMARIES = ("last", "mean", "max")
"""What outputs can read of a vertex: its value at the last step, and the mean and the maximum over all steps."""


@dataclass(frozen=True, eq=False)
class RecurrentWiring:
    """A sparse recurrent network without its weights, as compressed sparse rows.

    The network takes a step for every `stride` steps of a sequence, and at each reads a window of `window` steps; the
    last window ends with the sequence. In each step, the `n_inputs` channels of the window's steps are embedded into
    `n_embedded` values by a dense linear layer without bias and activation. Then the units are computed in their
    order. A unit reads embedded values and vertices of the same step and units of the step before; what it gives is
    added to its vertex. Outputs read vertices at the last step of the network, their means over its steps, or their
    maxima. Wirings compare by identity.

    A bidirectional network is two that do not read one another and share the outputs: the first half of the embedded
    values, vertices and units reads the sequence forwards, the second half reads it backwards.

    Attributes:
        n_inputs: Channels read of a step of the sequence, at least 1; one a symbol, for strings.
        n_embedded: Values that a window is embedded into at each step, at least 1.
        n_vertices: Number of vertices, at least 1. The value of a vertex is the sum of what its units give.
        n_outputs: Number of outputs, at least 1.
        cell: Kind of the units.
        unit_vertex: int32, shape (n_units,), read-only: the vertex that each unit adds to.
        input_indptr: int32, shape (n_units + 1,), read-only.
        input_indices: int32, shape (n_input_edges,), read-only: what each unit reads in the same step. Source s is
            embedded value s when s < n_embedded, else vertex s - n_embedded. Ascending within each row. All units
            of a vertex come before the units that read it.
        recurrent_indptr: int32, shape (n_units + 1,), read-only.
        recurrent_indices: int32, shape (n_recurrent_edges,), read-only: the units that each unit reads from the
            step before. Ascending within each row.
        output_indptr: int32, shape (n_outputs + 1,), read-only.
        output_indices: int32, shape (n_output_edges,), read-only: what each output reads. Source s is the summary
            s // n_vertices of `SUMMARIES` of the vertex s % n_vertices. Ascending within each row.
        window: Steps of the sequence that are read at once, at least 1.
        stride: Steps of the sequence from one window to the next, in 1..window, so that every step is read.
        bidirectional: Whether the sequence is read backwards too.

    Raises:
        WiringError: A wrong shape or type, a source out of range or not before its unit, an edge given twice, a
            vertex without units, an output that reads nothing, a unit that embedded values never reach or that never
            reaches an output, in whatever number of steps; or an edge from one direction to the other.
    """

    n_inputs: int
    n_embedded: int
    n_vertices: int
    n_outputs: int
    cell: Cell
    unit_vertex: Int32Array
    input_indptr: Int32Array
    input_indices: Int32Array
    recurrent_indptr: Int32Array
    recurrent_indices: Int32Array
    output_indptr: Int32Array
    output_indices: Int32Array
    window: int = 1
    stride: int = 1
    bidirectional: bool = False

    def __post_init__(self) -> None:
        for name in ("n_inputs", "n_embedded", "n_vertices", "n_outputs", "window", "stride"):
            if getattr(self, name) < 1:
                raise WiringError(f"RecurrentWiring: {name} is {getattr(self, name)}; it must be at least 1.")
        if self.cell not in GATES:
            raise WiringError(f"RecurrentWiring: cell is {self.cell!r}; it must be one of {', '.join(GATES)}.")
        for name in ("unit_vertex", *(f"{kind}_{part}" for kind in _KINDS for part in ("indptr", "indices"))):
            object.__setattr__(self, name, read_only("RecurrentWiring", name, getattr(self, name)))
        if self.stride > self.window:
            raise WiringError(f"RecurrentWiring: stride is {self.stride}; it must be at most the window, {self.window}.")
        _check_units(self)
        _check_edges(self)
        _check_directions(self)
        _check_paths(self)

    @classmethod
    def from_edges(
        cls,
        n_inputs: int,
        n_embedded: int,
        n_outputs: int,
        cell: Cell,
        unit_vertex: Int64Array,
        input_edges: Edges,
        recurrent_edges: Edges,
        output_edges: Edges,
        window: int = 1,
        stride: int = 1,
        bidirectional: bool = False,
    ) -> RecurrentWiring:
        """The wiring that has these edges, in any order.

        Args:
            n_inputs: Channels read of a step of the sequence.
            n_embedded: Embedded values.
            n_outputs: Number of outputs.
            cell: Kind of the units.
            unit_vertex: int64, shape (n_units,): the vertex of each unit.
            input_edges: (sources, units), int64: embedded values, then vertices; and the units that read them.
            recurrent_edges: (sources, units), int64: units of the step before, and the units that read them.
            output_edges: (summaries of vertices, outputs), int64.
            window, stride, bidirectional: How the sequence is read.

        Raises:
            WiringError: The edges break an invariant of `RecurrentWiring`.
        """
        n_units, n_vertices = len(unit_vertex), int(unit_vertex.max(initial=0)) + 1
        rows: list[Int32Array] = []
        for name, (sources, targets), n_sources, n_targets in (
            ("input", input_edges, n_embedded + n_vertices, n_units),
            ("recurrent", recurrent_edges, n_units, n_units),
            ("output", output_edges, len(SUMMARIES) * n_vertices, n_outputs),
        ):
            for end, numbers, n_numbers in (("sources", sources, n_sources), ("targets", targets, n_targets)):
                if len(numbers) and not 0 <= numbers.min() <= numbers.max() < n_numbers:
                    raise WiringError(
                        f"RecurrentWiring: {end} of {name}_edges span {numbers.min()}..{numbers.max()}; "
                        f"they must be in 0..{n_numbers - 1}."
                    )
            rows += compressed(targets, sources, n_targets, n_sources)
        reading = (window, stride, bidirectional)
        return cls(n_inputs, n_embedded, n_vertices, n_outputs, cell, unit_vertex.astype(np.int32), *rows, *reading)

    @property
    def n_gates(self) -> int:
        """Weights that each edge into a unit has: 1 for tanh and ReLU, 4 for LSTM, 3 for GRU."""
        return GATES[self.cell]

    @property
    def n_units(self) -> int:
        """Number of recurrent units."""
        return len(self.unit_vertex)

    @property
    def n_edges(self) -> int:
        """Number of edges of every kind, those into units counted once for each gate."""
        return self.n_weights

    @property
    def n_weights(self) -> int:
        """Number of weights, those of the embedding included; biases are not counted."""
        n_into_units = len(self.input_indices) + len(self.recurrent_indices)
        return self.n_embedding_weights + self.n_gates * n_into_units + len(self.output_indices)

    @property
    def n_embedding_weights(self) -> int:
        """Number of weights of the embedding."""
        return self.window * self.n_inputs * self.n_embedded

    @property
    def n_directions(self) -> int:
        """In how many directions the sequence is read, 1 or 2."""
        return 2 if self.bidirectional else 1

    @property
    def n_recurrent_weights(self) -> int:
        """Number of weights between a step and the next."""
        return self.n_gates * len(self.recurrent_indices)

    @property
    def n_dense_weights(self) -> int:
        """Number of weights if every admissible edge existed.

        A unit may read every embedded value and every unit of the step before, of its direction; an output may read
        those summaries of every vertex that any output reads. Vertices that are complete before a unit are admissible
        to it only when the wiring has at least one such edge, so that one fully connected recurrent layer has density
        1.
        """
        n_sources = self.n_units * (self.n_embedded + self.n_units) // self.n_directions
        if (self.input_indices >= self.n_embedded).any():
            n_readers = self.n_units - 1 - self._last_unit
            n_readers[: self.n_vertices // 2] -= self.n_units // 2 * (self.n_directions - 1)
            n_sources += int(n_readers.sum())
        n_summaries = len(np.unique(self.output_indices // self.n_vertices))
        n_readable = n_summaries * self.n_vertices
        return self.n_embedding_weights + self.n_gates * n_sources + self.n_outputs * n_readable

    @property
    def density(self) -> float:
        """Share of the admissible edges that exist, in (0, 1]."""
        return self.n_weights / self.n_dense_weights

    @property
    def depth(self) -> int:
        """Number of recurrent layers, at least 1: vertices on the longest path within a step."""
        return int(longest_path_levels(*self._step_edges(), self.n_vertices).max()) + 1

    @cached_property
    def skeleton(self) -> Wiring:
        """The graph of the network without time: embedded values, vertices in their order of computation, outputs.

        Vertices are connected as within a step. Where they are not at all, as in a single recurrent layer, they are
        connected as from step to step, each pair from the earlier vertex to the later one. A vertex that then
        reads nothing, or is not read, has an edge from embedded value 0 or to output 0, as `Wiring` asks for.
        """
        between = self._step_edges()
        if not len(between[0]):
            between = self._recurrent_edges()
        vertex, n_embedded = self._place[self.unit_vertex], self.n_embedded
        is_embedded = self.input_indices < n_embedded
        readers = vertex[row_numbers(self.input_indptr)[is_embedded]]
        embedded = self.input_indices[is_embedded].astype(np.int64)
        read = self._place[self.output_indices % self.n_vertices]
        without_source = np.setdiff1d(np.arange(self.n_vertices), np.concatenate([readers, between[1]]))
        unread = np.setdiff1d(np.arange(self.n_vertices), np.concatenate([read, between[0]]))
        sources = [embedded, np.zeros_like(without_source), n_embedded + between[0], n_embedded + read]
        targets = [readers, without_source, between[1], self.n_vertices + row_numbers(self.output_indptr)]
        sources.append(n_embedded + unread)
        targets.append(np.full_like(unread, self.n_vertices))
        width = n_embedded + self.n_vertices
        codes = distinct(np.concatenate(targets) * width + np.concatenate(sources))
        rows = codes // width
        return Wiring.from_edges(n_embedded, self.n_vertices, self.n_outputs, codes - rows * width, rows)

    @cached_property
    def _last_unit(self) -> Int64Array:
        """The unit that completes each vertex: int64, shape (n_vertices,)."""
        last = np.full(self.n_vertices, -1, dtype=np.int64)
        np.maximum.at(last, self.unit_vertex, np.arange(self.n_units))
        return last

    @cached_property
    def _place(self) -> Int64Array:
        """The place of each vertex in the order in which they are completed: int64, shape (n_vertices,)."""
        place = np.empty(self.n_vertices, dtype=np.int64)
        place[np.argsort(self._last_unit)] = np.arange(self.n_vertices)
        return place

    def _step_edges(self) -> Edges:
        """Distinct (sources, targets) between the places of vertices within a step, by target and source."""
        is_vertex = self.input_indices >= self.n_embedded
        sources = self.input_indices[is_vertex].astype(np.int64) - self.n_embedded
        return self._between(sources, row_numbers(self.input_indptr)[is_vertex])

    def _recurrent_edges(self) -> Edges:
        """The same from step to step, lower place to higher."""
        sources = self.unit_vertex[self.recurrent_indices].astype(np.int64)
        return self._between(sources, row_numbers(self.recurrent_indptr))

    def _between(self, vertices: Int64Array, units: Int64Array) -> Edges:
        first, second = self._place[vertices], self._place[self.unit_vertex[units]]
        low, high = np.minimum(first, second), np.maximum(first, second)
        codes = distinct((high * self.n_vertices + low)[low != high])
        targets = codes // self.n_vertices
        return codes - targets * self.n_vertices, targets


_KINDS = ("input", "recurrent", "output")


def _check_units(wiring: RecurrentWiring) -> None:
    """There are units, they have vertices, and each vertex has a unit."""
    vertices = wiring.unit_vertex
    if not len(vertices) or vertices.min() < 0 or vertices.max() >= wiring.n_vertices:
        span = f"spans {vertices.min()}..{vertices.max()}" if len(vertices) else "is empty"
        raise WiringError(f"RecurrentWiring: unit_vertex {span}; it must be in 0..{wiring.n_vertices - 1}.")
    if (wiring._last_unit < 0).any():
        raise WiringError(f"RecurrentWiring: vertex {np.argmin(wiring._last_unit)} has no unit.")


def _check_edges(wiring: RecurrentWiring) -> None:
    """Rows are well formed, vertices are complete before they are read, and outputs read something."""
    n_units, n_sources = wiring.n_units, wiring.n_embedded + wiring.n_vertices
    owner = "RecurrentWiring"
    check_rows(owner, "input", wiring.input_indptr, wiring.input_indices, n_units, n_sources)
    check_rows(owner, "recurrent", wiring.recurrent_indptr, wiring.recurrent_indices, n_units, n_units)
    n_summaries = len(SUMMARIES) * wiring.n_vertices
    check_rows(owner, "output", wiring.output_indptr, wiring.output_indices, wiring.n_outputs, n_summaries)
    readers = row_numbers(wiring.input_indptr)
    complete_at = np.concatenate([np.full(wiring.n_embedded, -1), wiring._last_unit])[wiring.input_indices]
    if (complete_at >= readers).any():
        edge = int(np.argmax(complete_at >= readers))
        raise WiringError(
            f"{owner}: unit {readers[edge]} reads vertex {wiring.input_indices[edge] - wiring.n_embedded}, which is "
            f"complete with unit {complete_at[edge]} only; all units of a vertex must come before its readers."
        )
    if (np.diff(wiring.output_indptr) == 0).any():
        output = np.argmin(np.diff(wiring.output_indptr))
        raise WiringError(f"{owner}: output {output} reads no vertex; it must read at least one.")


def _check_directions(wiring: RecurrentWiring) -> None:
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


def _check_paths(wiring: RecurrentWiring) -> None:
    """Embedded values reach every unit, and every unit reaches an output, in however many steps."""
    first_unit = wiring.n_embedded + wiring.n_vertices  # numbers: embedded values, vertices, units
    units = np.arange(wiring.n_units)
    sources = np.concatenate(
        [wiring.input_indices, first_unit + wiring.recurrent_indices, first_unit + units], dtype=np.int64
    )
    targets = np.concatenate(
        [
            first_unit + row_numbers(wiring.input_indptr),
            first_unit + row_numbers(wiring.recurrent_indptr),
            wiring.n_embedded + wiring.unit_vertex,
        ],
        dtype=np.int64,
    )
    is_reached = np.arange(first_unit + wiring.n_units) < wiring.n_embedded
    _spread(is_reached, sources, targets)
    if not is_reached[first_unit:].all():
        unit = np.argmin(is_reached[first_unit:])
        raise WiringError(f"RecurrentWiring: no embedded value ever reaches unit {unit}; connect or drop it.")
    counts = np.zeros(first_unit + wiring.n_units, dtype=bool)
    counts[wiring.n_embedded + wiring.output_indices % wiring.n_vertices] = True
    _spread(counts, targets, sources)
    if not counts[first_unit:].all():
        unit = np.argmin(counts[first_unit:])
        raise WiringError(f"RecurrentWiring: unit {unit} never reaches an output; connect or drop it.")


def _spread(is_marked: BoolArray, sources: Int64Array, targets: Int64Array) -> None:
    """Marks, in place, all that can be reached from what is marked."""
    while True:
        is_open = ~is_marked[targets]
        sources, targets = sources[is_open], targets[is_open]
        reached = targets[is_marked[sources]]
        if not len(reached):
            return
        is_marked[reached] = True
