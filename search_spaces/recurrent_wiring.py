"""RecurrentWiring: which recurrent unit reads which, in the same step and from the step before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from search_spaces.edge_codes import distinct
from search_spaces.recurrent_invariants import SUMMARIES, check_directions, check_edges, check_paths, check_units
from search_spaces.rows import Int32Array, Int64Array, WiringError, compressed, read_only, row_numbers
from search_spaces.wiring import Wiring, longest_path_levels

Cell = Literal["tanh", "relu", "lstm", "gru"]
Edges = tuple[Int64Array, Int64Array]

CELLS: tuple[Cell, ...] = get_args(Cell)
GATES: dict[Cell, int] = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}
"""Weights that each edge into a unit has."""
SUMS: dict[Cell, int] = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 4}
"""Sums that each unit has, each with a bias."""


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
        for name in (
            "unit_vertex",
            *(f"{kind}_{part}" for kind in ("input", "recurrent", "output") for part in ("indptr", "indices")),
        ):
            object.__setattr__(self, name, read_only("RecurrentWiring", name, getattr(self, name)))
        if self.stride > self.window:
            raise WiringError(
                f"RecurrentWiring: stride is {self.stride}; it must be at most the window, {self.window}."
            )
        check_units(self)
        check_edges(self)
        check_directions(self)
        check_paths(self)

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
        input_rows = _rows_of("input", input_edges, n_embedded + n_vertices, n_units)
        recurrent_rows = _rows_of("recurrent", recurrent_edges, n_units, n_units)
        output_rows = _rows_of("output", output_edges, len(SUMMARIES) * n_vertices, n_outputs)
        return cls(
            n_inputs,
            n_embedded,
            n_vertices,
            n_outputs,
            cell,
            unit_vertex.astype(np.int32),
            *input_rows,
            *recurrent_rows,
            *output_rows,
            window,
            stride,
            bidirectional,
        )

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
        """Edges that are followed for a step of the sequence, on average, those into units once for each gate."""
        return max(self.n_weights // self.stride, 1)

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
    def n_parameters(self) -> int:
        """Number of weights and biases: a bias for each sum of a unit, and for each output."""
        return self.n_weights + SUMS[self.cell] * self.n_units + self.n_outputs

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
            n_readers = self.n_units - 1 - self.last_unit
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
        return int(longest_path_levels(*self._step_edges(), self._n_places).max()) + 1

    @cached_property
    def skeleton(self) -> Wiring:
        """The graph of the network without time: embedded values, vertices in their order of computation, outputs.

        Vertices are connected as within a step. Where they are not at all, as in a single recurrent layer, they are
        connected as from step to step, each pair from the earlier vertex to the later one. A vertex that then
        reads nothing, or is not read, has an edge from embedded value 0 or to output 0, as `Wiring` asks for. The two
        directions of a bidirectional network are laid one on the other.
        """
        between = self._step_edges()
        if not len(between[0]):
            between = self._recurrent_edges()
        n_vertices, n_embedded = self._n_places, self.n_embedded // self.n_directions
        is_embedded = self.input_indices < self.n_embedded
        readers = self._place[self.unit_vertex][row_numbers(self.input_indptr)[is_embedded]]
        embedded = self.input_indices[is_embedded].astype(np.int64) % n_embedded
        read = self._place[self.output_indices % self.n_vertices]
        without_source = np.setdiff1d(np.arange(n_vertices), np.concatenate([readers, between[1]]))
        unread = np.setdiff1d(np.arange(n_vertices), np.concatenate([read, between[0]]))
        sources = [embedded, np.zeros_like(without_source), n_embedded + between[0], n_embedded + read]
        targets = [readers, without_source, between[1], n_vertices + row_numbers(self.output_indptr)]
        sources.append(n_embedded + unread)
        targets.append(np.full_like(unread, n_vertices))
        width = n_embedded + n_vertices
        codes = distinct(np.concatenate(targets) * width + np.concatenate(sources))
        rows = codes // width
        return Wiring.from_edges(n_embedded, n_vertices, self.n_outputs, codes - rows * width, rows)

    @cached_property
    def last_unit(self) -> Int64Array:
        """The unit that completes each vertex: int64, shape (n_vertices,)."""
        last = np.full(self.n_vertices, -1, dtype=np.int64)
        np.maximum.at(last, self.unit_vertex, np.arange(self.n_units))
        return last

    @property
    def _n_places(self) -> int:
        return self.n_vertices // self.n_directions

    @cached_property
    def _place(self) -> Int64Array:
        """Where each vertex is in the order in which those of its direction are completed: int64, (n_vertices,)."""
        of_directions = self.last_unit.reshape(self.n_directions, -1)
        return np.argsort(np.argsort(of_directions, axis=1), axis=1).ravel()

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
        codes = distinct((high * self._n_places + low)[low != high])
        targets = codes // self._n_places
        return codes - targets * self._n_places, targets


def _rows_of(name: str, edges: Edges, n_sources: int, n_targets: int) -> tuple[Int32Array, Int32Array]:
    """(indptr, indices) of edges, whose ends are checked."""
    for end, numbers, n_numbers in zip(("sources", "targets"), edges, (n_sources, n_targets), strict=True):
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < n_numbers:
            raise WiringError(
                f"RecurrentWiring: {end} of {name}_edges span {numbers.min()}..{numbers.max()}; "
                f"they must be in 0..{n_numbers - 1}."
            )
    return compressed(edges[1], edges[0], n_targets, n_sources)
