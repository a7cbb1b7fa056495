"""Which weights of a layer exist: compressed rows, a mask, or a graph, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Integers = NDArray[np.integer[Any]] | Tensor | Sequence[int]

MAX_EDGES = 2**31 - 1


class PatternError(ValueError):
    """A pattern that does not fit its layer, or is none."""


class Graph(Protocol):
    """What is read of a graph of networkx, directed or not."""

    nodes: Callable[..., Iterable[tuple[Any, Any]]]
    edges: Callable[[], Iterable[tuple[Any, Any]]]

    def is_directed(self) -> bool: ...


Pattern = tuple[Integers, Integers] | NDArray[np.bool_] | Tensor | Graph


def compressed_rows(
    pattern: Pattern, in_features: int, out_features: int, allow_empty_rows: bool = False
) -> tuple[Int32, Int32]:
    """Give a pattern as compressed rows, one row an output.

    Args:
        pattern: One of

            - a pair ``(indptr, indices)`` of integers: output j reads the inputs ``indices[indptr[j]:indptr[j + 1]]``.
              The order within a row is kept;
            - a boolean mask of numpy or torch, (out_features, in_features);
            - a graph of networkx. When all nodes are integers they are numbers: 0..in_features-1 the inputs,
              in_features..in_features+out_features-1 the outputs; nodes may be missing. Otherwise each node has the
              attribute ``bipartite``, 0 for inputs and 1 for outputs, which are numbered in the order of the graph.
              Edges of a directed graph go from inputs to outputs.

            Inputs ascend within the rows that come from a mask or a graph.
        in_features: Number of inputs, at least 1.
        out_features: Number of outputs, at least 1.
        allow_empty_rows: Whether an output may read nothing.

    Returns:
        (indptr, indices): int32, (out_features + 1,) and (n_edges,).

    Raises:
        PatternError: A size below 1, a wrong form, shape or dtype, an index out of range, an edge given twice, or an
            empty row.
    """
    for name, size in (("in_features", in_features), ("out_features", out_features)):
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise PatternError(f"{name} is {size!r}; it must be an integer of at least 1.")
    if isinstance(pattern, tuple | list):
        indptr, indices = _pair(pattern)
    elif isinstance(pattern, np.ndarray | Tensor):
        indptr, indices = _rows_of_mask(pattern, in_features, out_features)
    elif hasattr(pattern, "nodes") and hasattr(pattern, "edges"):
        indptr, indices = _rows_of_graph(pattern, in_features, out_features)
    else:
        raise PatternError(
            f"The pattern is a {type(pattern).__name__}; it must be a pair (indptr, indices), a boolean mask "
            "of numpy or torch, or a bipartite graph of networkx."
        )
    _check(indptr, indices, in_features, out_features, allow_empty_rows)
    return indptr.astype(np.int32), indices.astype(np.int32)


def _pair(pattern: Sequence[Any]) -> tuple[Int64, Int64]:
    if len(pattern) != 2:
        raise PatternError(f"The pattern is a sequence of {len(pattern)}; a pair (indptr, indices) has 2.")
    return _integers("indptr", pattern[0]), _integers("indices", pattern[1])


def _integers(name: str, values: Any) -> Int64:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.size == 0 and isinstance(values, list | tuple):
        array = array.astype(np.int64)  # a list of nothing has no integers to tell its type by
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise PatternError(f"{name} is {array.dtype} of shape {array.shape}; it must be one-dimensional, of integers.")
    return array.astype(np.int64)


def _rows_of_mask(mask: NDArray[Any] | Tensor, in_features: int, out_features: int) -> tuple[Int64, Int64]:
    array = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else mask
    if array.dtype != np.bool_:
        raise PatternError(f"The mask is {array.dtype}; it must be bool, say `mask != 0`.")
    if array.shape != (out_features, in_features):
        raise PatternError(
            f"The mask has shape {array.shape}; it must be (out_features, in_features) = "
            f"({out_features}, {in_features})."
        )
    rows, columns = np.nonzero(array)
    return _grouped(rows, columns, out_features)


def _rows_of_graph(graph: Graph, in_features: int, out_features: int) -> tuple[Int64, Int64]:
    numbers = _numbers_of_nodes(graph, in_features, out_features)
    is_directed = graph.is_directed()
    rows, columns = [], []
    for first, second in graph.edges():
        source, target = numbers[first], numbers[second]
        if not is_directed and source > target:
            source, target = target, source
        if not source < in_features <= target:
            raise PatternError(f"The edge from node {first!r} to node {second!r} does not join an input to an output.")
        rows.append(target - in_features)
        columns.append(source)
    row_array, column_array = np.array(rows, np.int64), np.array(columns, np.int64)
    order = np.lexsort((column_array, row_array))
    return _grouped(row_array[order], column_array[order], out_features)


def _numbers_of_nodes(graph: Graph, in_features: int, out_features: int) -> dict[Any, int]:
    """The number of each node, inputs before outputs."""
    sides = dict(graph.nodes(data="bipartite"))
    if all(isinstance(node, int | np.integer) for node in sides):
        for node, side in sides.items():
            if not 0 <= node < in_features + out_features:
                raise PatternError(
                    f"Node {node} of the graph: inputs are 0..{in_features - 1}, "
                    f"outputs {in_features}..{in_features + out_features - 1}."
                )
            if side is not None and side != int(node >= in_features):
                raise PatternError(
                    f"Node {node} of the graph has bipartite={side!r}, but inputs (0) are 0..{in_features - 1}, "
                    f"outputs (1) {in_features}..{in_features + out_features - 1}."
                )
        return {node: int(node) for node in sides}
    for node, side in sides.items():
        if side not in (0, 1):
            raise PatternError(f"Node {node!r} has bipartite={side!r}; it must be 0 (input) or 1 (output).")
    inputs, outputs = ([node for node, side in sides.items() if side == wanted] for wanted in (0, 1))
    if (len(inputs), len(outputs)) != (in_features, out_features):
        raise PatternError(
            f"The graph has {len(inputs)} inputs and {len(outputs)} outputs; the layer has {in_features} "
            f"and {out_features}."
        )
    return {node: number for number, node in enumerate(inputs + outputs)}


def _grouped(rows: Int64, columns: Int64, n_rows: int) -> tuple[Int64, Int64]:
    """Compressed rows of cells that are sorted by row."""
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_rows))]), columns


def _check(indptr: Int64, indices: Int64, in_features: int, out_features: int, allow_empty_rows: bool) -> None:
    if len(indptr) != out_features + 1:
        raise PatternError(f"indptr has {len(indptr)} entries; {out_features} outputs need {out_features + 1}.")
    if indptr[0] != 0 or indptr[-1] != len(indices):
        raise PatternError(f"indptr spans {indptr[0]}..{indptr[-1]}; it must span 0..{len(indices)}, all indices.")
    if len(indices) > MAX_EDGES:
        raise PatternError(f"The pattern has {len(indices)} edges; at most {MAX_EDGES} are possible.")
    fan_in = np.diff(indptr)
    if (fan_in < 0).any():
        raise PatternError(f"Row {np.argmax(fan_in < 0)} of indptr ends before it starts.")
    is_outside = (indices < 0) | (indices >= in_features)
    rows = np.repeat(np.arange(out_features), fan_in)
    if is_outside.any():
        edge = int(np.argmax(is_outside))
        raise PatternError(f"Output {rows[edge]} reads input {indices[edge]}; inputs are 0..{in_features - 1}.")
    order = np.lexsort((indices, rows))
    is_repeated = (np.diff(rows[order]) == 0) & (np.diff(indices[order]) == 0)
    if is_repeated.any():
        edge = order[int(np.argmax(is_repeated))]
        raise PatternError(f"Output {rows[edge]} reads input {indices[edge]} twice; give each edge once.")
    if not allow_empty_rows and (fan_in == 0).any():
        raise PatternError(
            f"Output {np.argmax(fan_in == 0)} reads no input; connect it, or pass allow_empty_rows=True."
        )
