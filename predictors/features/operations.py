"""Cells whose edges carry operations: which operations there are, how they chain up, and what reaches the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from predictors.features.family import Family
from predictors.features.graph import Graph

MOST_COUNTED = 3
"""Operations of a kind on a path beyond which they count as so many."""
SMALLEST_SHARE = 0.03
"""Added to shares before their logarithm is taken."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Operation:
    """What an edge does to the signal.

    Attributes:
        name: As in `Graph.operations`.
        gain: By what it multiplies the signal's variance: 0 for no connection at all, 1 for a skip connection. None
            for what brings it to 1, as a convolution with batch normalisation does.
    """

    name: str
    gain: float | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The operations that cells are made of.

    Attributes:
        operations: Of distinct names.
    """

    operations: tuple[Operation, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the operations."""
        return tuple(operation.name for operation in self.operations)

    @property
    def live(self) -> tuple[str, ...]:
        """Names of those that connect."""
        return tuple(operation.name for operation in self.operations if operation.gain != 0.0)

    @property
    def working(self) -> tuple[str, ...]:
        """Names of those that change the signal."""
        return tuple(operation.name for operation in self.operations if operation.gain not in (0.0, 1.0))

    def places(self, graph: Graph) -> list[int]:
        """The place of each edge's operation.

        Raises:
            ValueError: The graph has no operations, or one that is not of the vocabulary.
        """
        if graph.operations is None:
            raise ValueError("Features of operations: the graph has none; give one an edge.")
        place_of = {name: place for place, name in enumerate(self.names)}
        for name in graph.operations:
            if name not in place_of:
                raise ValueError(f'Features of operations: "{name}" is none of {", ".join(self.names)}.')
        return [place_of[name] for name in graph.operations]


def operations_family(operations: Sequence[Operation]) -> Family:
    """The family of features for cells made of these operations, as `operation_features` describes it."""
    vocabulary = Vocabulary(tuple(operations))
    return Family("operations", 1, operation_feature_names(vocabulary), partial(operation_features, vocabulary))


def operation_feature_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Names of `operation_features`, in their order."""
    live = _subsets(vocabulary.live)
    working = _subsets(vocabulary.working)
    bins = range(MOST_COUNTED + 1)
    return (
        *(f"count_{name}" for name in vocabulary.live),
        *(f"{what}_{'+'.join(s)}" for what in SUBSET_MEASURES for s in live),
        *(f"paths_with_{k}_{'+'.join(s)}" for s in working for k in bins),
        *(f"signal_with_{k}_{'+'.join(s)}" for s in working for k in bins),
        *(f"log_signal_with_{k}_{'+'.join(s)}" for s in working for k in bins),
        *(f"{what}_{'+'.join(s)}" for what in ("mean_on_paths", "mean_on_signal") for s in working),
        "paths",
        "log_signal",
    )


SUBSET_MEASURES = ("shortest", "longest", "paths_only", "most", "fewest", "into_output", "out_of_input")


def operation_features(vocabulary: Vocabulary, graph: Graph) -> Floats:
    """Counts, chains and signal of the operations of a cell, in the order of `operation_feature_names`.

    Vertex 0 is the input, the last one the output. Edges that no path from input to output uses, and operations with
    a gain of 0, are dropped first, so that cells that compute the same have the same features. If nothing is left,
    all features are those of a cell without edges.

    - ``count_o``: number of edges with operation o.

    For each non-empty subset S of the live operations, named ``a+b``:

    - ``shortest``, ``longest``: edges on the shortest and the longest path from input to output that uses operations
      of S only; where there is none, the number of vertices and 0. ``paths_only``: number of such paths.
    - ``most``, ``fewest``: operations of S on the path that has most, or fewest, of them; 0 where there is no path.
    - ``into_output``, ``out_of_input``: edges with operations of S that end in the output, or start in the input.

    These are the features of GRAF (Kadlecova et al., "Surprisingly strong performance prediction with neural graph
    features", ICML 2024, section 3): operation counts, path lengths, operations on paths and degrees.

    For each non-empty subset S of the working operations, which are neither skip nor absent, and k = 0 to
    `MOST_COUNTED`, the last one with all beyond:

    - ``paths_with_k``: number of paths from input to output with k operations of S.
    - ``signal_with_k``: share of the output's variance that came along these paths, if the terms of each sum are
      uncorrelated. With v(0) = 1 of the input, and g the gain of an operation, an edge u-w adds g v(u) to v(w), or 1
      where the operation normalises; ``log_signal_with_k``: the logarithm of the share and `SMALLEST_SHARE`.
    - ``mean_on_paths``, ``mean_on_signal``: mean k over the paths, and over the signal.

    ``paths``: number of all paths; ``log_signal``: logarithm of the output's variance and `SMALLEST_SHARE`.
    The variance is that of a network with batch normalisation at its first weights, as De and Smith, "Batch
    normalization biases residual blocks towards the identity function" (2020), use it for a residual block.

    Args:
        vocabulary: The operations there may be.
        graph: A cell, directed, every edge from a lower to a higher vertex, with operations.

    Returns:
        Finite values, shape (len(operation_feature_names(vocabulary)),).

    Raises:
        ValueError: The graph is undirected, an edge leads backwards, or it has operations of no vocabulary.
    """
    places = vocabulary.places(graph)
    if not graph.is_directed or (graph.sources >= graph.targets).any():
        raise ValueError("Features of operations: edges must lead from lower to higher vertices.")
    edges = _effective(vocabulary, graph, places)
    counts = np.bincount([place for _, _, place in edges], minlength=len(vocabulary.names))
    is_live = np.array([operation.gain != 0.0 for operation in vocabulary.operations])
    n_paths, signal, on_paths, on_signal = _compositions(vocabulary, edges, graph.n_vertices)
    numbers = np.arange(MOST_COUNTED + 1.0)
    return np.concatenate(
        [
            counts[is_live],
            _subset_features(vocabulary, edges, graph.n_vertices),
            on_paths.ravel(),
            on_signal.ravel(),
            np.log(on_signal + SMALLEST_SHARE).ravel(),
            on_paths @ numbers / max(n_paths, 1.0),
            on_signal @ numbers,
            [n_paths, np.log(signal + SMALLEST_SHARE)],
        ]
    )


Edge = tuple[int, int, int]
"""Source, target, and place of the operation."""


def _effective(vocabulary: Vocabulary, graph: Graph, places: Sequence[int]) -> list[Edge]:
    """The edges on paths from input to output whose operations all connect, by target, so that sums are complete."""
    connects = [operation.gain != 0.0 for operation in vocabulary.operations]
    ends = zip(graph.sources.tolist(), graph.targets.tolist(), places, strict=True)
    edges = sorted((edge for edge in ends if connects[edge[2]]), key=lambda edge: (edge[1], edge[0]))
    from_input, to_output = {0}, {graph.n_vertices - 1}
    for source, target, _ in edges:
        if source in from_input:
            from_input.add(target)
    for source, target, _ in sorted(edges, reverse=True):
        if target in to_output:
            to_output.add(source)
    return [edge for edge in edges if edge[0] in from_input and edge[1] in to_output]


def _subset_features(vocabulary: Vocabulary, edges: Sequence[Edge], n: int) -> Floats:
    """The values of `SUBSET_MEASURES`, one after the other, for all subsets of the live operations."""
    member = _membership(vocabulary, vocabulary.live)  # (n_operations, n_subsets)
    n_subsets = member.shape[1]
    shortest, longest = np.full((n, n_subsets), np.inf), np.full((n, n_subsets), -np.inf)
    most, fewest = np.full((n, n_subsets), -np.inf), np.full((n, n_subsets), np.inf)
    paths = np.zeros((n, n_subsets))
    shortest[0] = longest[0] = most[0] = fewest[0] = 0.0
    paths[0] = 1.0
    into_output, out_of_input = np.zeros(n_subsets), np.zeros(n_subsets)
    for source, target, place in edges:
        is_in = member[place]
        shortest[target] = np.minimum(shortest[target], np.where(is_in, shortest[source] + 1.0, np.inf))
        longest[target] = np.maximum(longest[target], np.where(is_in, longest[source] + 1.0, -np.inf))
        paths[target] += is_in * paths[source]
        most[target] = np.maximum(most[target], most[source] + is_in)
        fewest[target] = np.minimum(fewest[target], fewest[source] + is_in)
        into_output += is_in * (target == n - 1)
        out_of_input += is_in * (source == 0)
    counted = np.isfinite(fewest[-1])
    return np.concatenate(
        [
            np.minimum(shortest[-1], n),
            np.maximum(longest[-1], 0.0),
            paths[-1],
            np.where(counted, most[-1], 0.0),
            np.where(counted, fewest[-1], 0.0),
            into_output,
            out_of_input,
        ]
    )


def _compositions(vocabulary: Vocabulary, edges: Sequence[Edge], n: int) -> tuple[float, float, Floats, Floats]:
    """How many paths reach the output, its variance, and how both divide by number of working operations.

    Returns:
        Paths; variance; paths and shares of the variance by subset of the working operations and number of these on
        the path, both of shape (n_subsets, MOST_COUNTED + 1).
    """
    member = _membership(vocabulary, vocabulary.working)
    paths = np.zeros((n, member.shape[1], MOST_COUNTED + 1))
    signal = np.zeros_like(paths)
    variance, n_paths = np.zeros(n), np.zeros(n)
    paths[0, :, 0] = signal[0, :, 0] = variance[0] = n_paths[0] = 1.0
    for source, target, place in edges:
        is_in = member[place][:, None]
        gain = vocabulary.operations[place].gain
        scale = 1.0 / variance[source] if gain is None else gain
        n_paths[target] += n_paths[source]
        variance[target] += scale * variance[source]
        paths[target] += np.where(is_in, _one_more(paths[source]), paths[source])
        signal[target] += scale * np.where(is_in, _one_more(signal[source]), signal[source])
    total = max(float(variance[-1]), np.finfo(np.float64).tiny)
    return float(n_paths[-1]), float(variance[-1]), paths[-1], signal[-1] / total


def _one_more(counts: Floats) -> Floats:
    """What lies at each number, shape (n_subsets, MOST_COUNTED + 1), moved to the next one; the last keeps its own."""
    moved = np.zeros_like(counts)
    moved[:, 1:] = counts[:, :-1]
    moved[:, -1] += counts[:, -1]
    return moved


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All non-empty subsets, small ones first."""
    return [subset for size in range(1, len(names) + 1) for subset in combinations(names, size)]


def _membership(vocabulary: Vocabulary, names: Sequence[str]) -> Bools:
    """Whether each operation is in each of the `_subsets` of these names, shape (n_operations, n_subsets)."""
    subsets = _subsets(names)
    return np.array([[name in subset for subset in subsets] for name in vocabulary.names], dtype=np.bool_).reshape(
        len(vocabulary.names), len(subsets)
    )
