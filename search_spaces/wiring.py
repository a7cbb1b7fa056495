"""Wiring: which neuron reads which, as arrays in topological order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from search_spaces.rows import Int32Array, Int64Array, WiringError, compressed, read_only, row_numbers

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, eq=False)
class Wiring:
    """A sparse feed-forward network without its weights, as compressed sparse rows.

    Row j lists the sources of neuron j: hidden neurons first, in topological order, then outputs. Source s is
    input s when s < n_inputs, else hidden neuron s - n_inputs. Wirings compare by identity.

    Attributes:
        n_inputs: Number of inputs, at least 1.
        n_hidden: Number of hidden neurons, at least 1.
        n_outputs: Number of outputs, at least 1.
        indptr: int32, shape (n_hidden + n_outputs + 1,), read-only: where each row starts and ends.
        indices: int32, shape (n_edges,), read-only. Ascending within each row.

    Raises:
        WiringError: A wrong shape or type, a source that is not before its neuron (a cycle), an output that
            reads an output, an edge given twice, or a neuron on no path from an input to an output.
    """

    n_inputs: int
    n_hidden: int
    n_outputs: int
    indptr: Int32Array
    indices: Int32Array

    def __post_init__(self) -> None:
        for name in ("n_inputs", "n_hidden", "n_outputs"):
            if getattr(self, name) < 1:
                raise WiringError(f"Wiring: {name} is {getattr(self, name)}; it must be at least 1.")
        for name in ("indptr", "indices"):
            object.__setattr__(self, name, read_only("Wiring", name, getattr(self, name)))
        _check_rows(self)
        _check_sources(self)

    @classmethod
    def from_edges(
        cls, n_inputs: int, n_hidden: int, n_outputs: int, sources: Int64Array, targets: Int64Array
    ) -> Wiring:
        """The wiring that has these edges, in any order.

        Args:
            n_inputs: Number of inputs.
            n_hidden: Number of hidden neurons.
            n_outputs: Number of outputs.
            sources: int64, shape (n_edges,): 0..n_inputs-1 are inputs, then come hidden neurons.
            targets: int64, shape (n_edges,): 0..n_hidden-1 are hidden neurons, then come outputs.

        Raises:
            WiringError: The edges break an invariant of `Wiring`.
        """
        n_rows = n_hidden + n_outputs
        if len(targets) and not 0 <= targets.min() <= targets.max() < n_rows:
            raise WiringError(
                f"Wiring: targets span {targets.min()}..{targets.max()}; they must be in 0..{n_rows - 1}."
            )
        width = n_inputs + n_hidden
        if len(sources) and not 0 <= sources.min() <= sources.max() < width:
            raise WiringError(f"Wiring: sources span {sources.min()}..{sources.max()}; they must be in 0..{width - 1}.")
        return cls(n_inputs, n_hidden, n_outputs, *compressed(targets, sources, n_rows, width))

    @property
    def n_edges(self) -> int:
        """Number of edges of every kind."""
        return len(self.indices)

    @property
    def n_weights(self) -> int:
        """Number of weights: one for each edge; biases are not counted."""
        return self.n_edges

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases: a bias for each hidden neuron and each output."""
        return self.n_edges + self.n_hidden + self.n_outputs

    @property
    def n_dense_weights(self) -> int:
        """Number of weights if every admissible edge existed.

        Edges from inputs to outputs count as admissible only when the wiring has at least one.
        """
        hidden = self.n_hidden
        dense = hidden * self.n_inputs + hidden * (hidden - 1) // 2 + hidden * self.n_outputs
        first_output_edge = self.indptr[hidden]
        if (self.indices[first_output_edge:] < self.n_inputs).any():
            dense += self.n_inputs * self.n_outputs
        return dense

    @property
    def density(self) -> float:
        """Share of the admissible edges that exist, in (0, 1]."""
        return self.n_edges / self.n_dense_weights

    @property
    def depth(self) -> int:
        """Number of hidden levels, at least 1: hidden neurons on the longest path from input to output."""
        return int(self._levels.max()) + 1

    def levels(self) -> Int64Array:
        """Longest-path level of each hidden neuron: int64, shape (n_hidden,), read-only.

        0 reads no hidden neuron; otherwise one more than the highest level it reads.
        """
        return self._levels

    def hidden_edges(self) -> tuple[Int64Array, Int64Array]:
        """Edges between hidden neurons, by target and then source.

        Returns:
            (sources, targets), each int64 of shape (n_hidden_edges,) with values in 0..n_hidden-1.
        """
        targets = row_numbers(self.indptr[: self.n_hidden + 1])
        sources = self.indices[: len(targets)].astype(np.int64) - self.n_inputs
        between_hidden = sources >= 0
        return sources[between_hidden], targets[between_hidden]

    def to_networkx(self) -> nx.DiGraph[int]:
        """The wiring as a directed graph: inputs, hidden neurons, then outputs are numbered from 0.

        Each node has the attribute `role`: "input", "hidden" or "output".
        """
        import networkx as nx  # loading it takes longer than most of what a run does with it

        graph: nx.DiGraph[int] = nx.DiGraph()
        first_output = self.n_inputs + self.n_hidden
        graph.add_nodes_from(range(self.n_inputs), role="input")
        graph.add_nodes_from(range(self.n_inputs, first_output), role="hidden")
        graph.add_nodes_from(range(first_output, first_output + self.n_outputs), role="output")
        targets = np.repeat(np.arange(self.n_inputs, len(graph)), np.diff(self.indptr))
        graph.add_edges_from(zip(self.indices.tolist(), targets.tolist(), strict=True))
        return graph

    @cached_property
    def _levels(self) -> Int64Array:
        levels = longest_path_levels(*self.hidden_edges(), self.n_hidden)
        levels.setflags(write=False)
        return levels


def longest_path_levels(sources: Int64Array, targets: Int64Array, n_neurons: int) -> Int64Array:
    """Number of edges on the longest path that ends in each neuron of a DAG in topological order.

    Args:
        sources: int64, shape (n_edges,), each below its target.
        targets: int64, shape (n_edges,), ascending, in 0..n_neurons-1.
        n_neurons: Number of neurons.

    Returns:
        int64, shape (n_neurons,); 0 for neurons without sources.
    """
    # Plain lists: a chain has as many levels as neurons, so array rounds over levels would cost n_neurons
    # numpy calls each; this loop costs about 40 ns an edge whatever the depth.
    bounds = np.searchsorted(targets, np.arange(n_neurons + 1)).tolist()
    source_list = sources.tolist()
    levels: list[int] = []
    level_of = levels.__getitem__
    for start, stop in pairwise(bounds):
        levels.append(max(map(level_of, source_list[start:stop])) + 1 if stop > start else 0)
    return np.array(levels, dtype=np.int64)


def _check_rows(wiring: Wiring) -> None:
    """Rows cover `indices` exactly, and none is empty, so that inputs reach every neuron.

    In topological order, a neuron with a source is reached: the source is an input, or a hidden neuron that
    is reached itself.
    """
    indptr, n_rows = wiring.indptr, wiring.n_hidden + wiring.n_outputs
    if len(indptr) != n_rows + 1:
        raise WiringError(
            f"Wiring: indptr has {len(indptr)} entries; {wiring.n_hidden} hidden neurons and "
            f"{wiring.n_outputs} outputs need {n_rows + 1}."
        )
    if indptr[0] != 0 or indptr[-1] != wiring.n_edges:
        raise WiringError(
            f"Wiring: indptr spans {indptr[0]}..{indptr[-1]}; it must span 0..{wiring.n_edges}, all edges."
        )
    lengths = np.diff(indptr)
    if (lengths <= 0).any():
        row = int(np.argmax(lengths <= 0))
        problem = "has no source" if lengths[row] == 0 else "ends before it starts in indptr"
        raise WiringError(f"Wiring: {_row_name(wiring, row)} {problem}; each neuron must read at least one.")


def _check_sources(wiring: Wiring) -> None:
    """Sources ascend strictly and come before their neuron, and every hidden neuron is a source."""
    indptr, indices = wiring.indptr, wiring.indices
    n_rows = wiring.n_hidden + wiring.n_outputs
    ascending = np.diff(indices) > 0
    ascending[indptr[1:-1] - 1] = True  # from one row to the next
    if not ascending.all():
        edge = int(np.argmin(ascending)) + 1
        row = int(np.searchsorted(indptr, edge, side="right")) - 1
        raise WiringError(
            f"Wiring: {_row_name(wiring, row)} lists source {indices[edge]} after {indices[edge - 1]}; "
            "sources must ascend without duplicates."
        )
    # In an ascending row the first source is the lowest and the last one the highest.
    highest = indices[indptr[1:] - 1]
    limit = wiring.n_inputs + np.minimum(np.arange(n_rows), wiring.n_hidden)
    outside = (highest >= limit) | (indices[indptr[:-1]] < 0)
    if outside.any():
        row = int(np.argmax(outside))
        raise WiringError(
            f"Wiring: {_row_name(wiring, row)} reads sources {indices[indptr[row]]}..{highest[row]}; "
            f"they must be in 0..{limit[row] - 1}, before the neuron itself."
        )
    is_read = np.zeros(wiring.n_inputs + wiring.n_hidden, dtype=bool)
    is_read[indices] = True
    if not is_read[wiring.n_inputs :].all():
        neuron = int(np.argmin(is_read[wiring.n_inputs :]))
        raise WiringError(f"Wiring: hidden neuron {neuron} is read by no neuron and no output; connect or drop it.")


def _row_name(wiring: Wiring, row: int) -> str:
    return f"hidden neuron {row}" if row < wiring.n_hidden else f"output {row - wiring.n_hidden}"
