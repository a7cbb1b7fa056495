"""Graph: vertices and edges as arrays, the value that the families of structural features describe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import rustworkx
from numpy.typing import NDArray

from predictors.features.shortest_paths import ShortestPaths, shortest_paths
from search_spaces.wiring import Wiring, longest_path_levels

Int64Array = NDArray[np.int64]
Edges = tuple[Int64Array, Int64Array]


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph without loops and multiple edges. Graphs compare by identity.

    What several families need is computed once, when it is first asked for.

    Attributes:
        n_vertices: Number of vertices, at least 1; they are numbered from 0.
        sources: int64, shape (n_edges,), read-only: where each edge starts.
        targets: int64, shape (n_edges,), read-only: where it ends. The edges of an undirected graph are stored
            from the lower to the higher number.
        is_directed: Whether u-v and v-u are different edges. A directed graph may have cycles.
        operations: Name of the operation on each edge, in the order of the edges; None where edges only connect.

    Raises:
        ValueError: A vertex is out of range, an edge is a loop or given twice, or there is not one operation an edge.
    """

    n_vertices: int
    sources: Int64Array
    targets: Int64Array
    is_directed: bool
    operations: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        sources, targets = (np.array(ends, dtype=np.int64) for ends in (self.sources, self.targets))
        if self.n_vertices < 1:
            raise ValueError(f"Graph: n_vertices is {self.n_vertices}; it must be at least 1.")
        if sources.ndim != 1 or sources.shape != targets.shape:
            raise ValueError(f"Graph: sources have shape {sources.shape}, targets {targets.shape}; give one of each.")
        if self.operations is not None and len(self.operations) != len(sources):
            raise ValueError(f"Graph: {len(self.operations)} operations for {len(sources)} edges; give one an edge.")
        if not self.is_directed:
            sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
        _check_edges(self.n_vertices, sources, targets)
        for name, ends in (("sources", sources), ("targets", targets)):
            ends.setflags(write=False)
            object.__setattr__(self, name, ends)

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[tuple[int, int]],
        n_vertices: int | None = None,
        is_directed: bool = False,
        operations: tuple[str, ...] | None = None,
    ) -> Graph:
        """The graph with these edges, in any order.

        Args:
            edges: Pairs of vertex numbers, an array of shape (n_edges, 2) included.
            n_vertices: Number of vertices; one more than the highest number in `edges` if it is left out.
            is_directed: Whether edges have a direction.
            operations: Name of the operation on each edge.

        Raises:
            ValueError: As for `Graph`.
        """
        pairs = np.array(edges if isinstance(edges, np.ndarray) else list(edges), dtype=np.int64).reshape(-1, 2)
        count = max(int(pairs.max(initial=-1)) + 1, 1) if n_vertices is None else n_vertices
        return cls(count, pairs[:, 0], pairs[:, 1], is_directed, operations)

    @classmethod
    def from_wiring(cls, wiring: Wiring) -> Graph:
        """The hidden graph of a wiring: its hidden neurons, and the edges between them, directed."""
        return cls(wiring.n_hidden, *wiring.hidden_edges(), is_directed=True)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.sources)

    @cached_property
    def is_acyclic(self) -> bool:
        """Whether no directed cycle exists, an undirected graph being read from lower to higher numbers."""
        if (self.sources < self.targets).all():
            return True
        return bool(
            rustworkx.is_directed_acyclic_graph(_rustworkx_digraph(self.n_vertices, self.sources, self.targets))
        )

    @cached_property
    def undirected_edges(self) -> Edges:
        """The edges without their direction: lower ends, higher ends, each pair once."""
        low, high = np.minimum(self.sources, self.targets), np.maximum(self.sources, self.targets)
        if not self.is_directed:
            return low, high
        _, first = np.unique(low * self.n_vertices + high, return_index=True)
        first.sort()
        return low[first], high[first]

    @cached_property
    def dag_edges(self) -> Edges:
        """The edges of the directed acyclic graph that paths are counted in: sources, targets.

        An acyclic graph is its own. Of one with a directed cycle it is that of the undirected edges, read from
        lower to higher numbers.
        """
        return (self.sources, self.targets) if self.is_acyclic else self.undirected_edges

    @cached_property
    def topological_order(self) -> Int64Array:
        """The vertices in an order in which every edge of `dag_edges` leads forward, shape (n_vertices,)."""
        sources, targets = self.dag_edges
        if (sources < targets).all():
            return np.arange(self.n_vertices)
        order = rustworkx.topological_sort(_rustworkx_digraph(self.n_vertices, sources, targets))
        return np.array(list(order), dtype=np.int64)

    @cached_property
    def levels(self) -> Int64Array:
        """Number of edges on the longest path of `dag_edges` that ends in each vertex, shape (n_vertices,)."""
        sources, targets = self.dag_edges
        place = np.empty(self.n_vertices, dtype=np.int64)
        place[self.topological_order] = np.arange(self.n_vertices)
        by_target = np.argsort(place[targets], kind="stable")
        levels = longest_path_levels(place[sources][by_target], place[targets][by_target], self.n_vertices)
        return levels[place]

    @cached_property
    def degrees(self) -> Int64Array:
        """Number of neighbours of each vertex, whatever the direction, shape (n_vertices,)."""
        return np.bincount(np.concatenate(self.undirected_edges), minlength=self.n_vertices)

    @cached_property
    def adjacency(self) -> NDArray[np.float64]:
        """1 where an edge joins two vertices, whatever its direction, 0 elsewhere, shape (n_vertices, n_vertices)."""
        low, high = self.undirected_edges
        matrix = np.zeros((self.n_vertices, self.n_vertices))
        matrix[low, high] = matrix[high, low] = 1.0
        return matrix

    @cached_property
    def shortest_paths(self) -> ShortestPaths:
        """Distances and betweenness in the undirected graph, betweenness in the order of `undirected_edges`."""
        return shortest_paths(self.n_vertices, *self.undirected_edges)


def _rustworkx_digraph(n: int, sources: Int64Array, targets: Int64Array) -> rustworkx.PyDiGraph[None, None]:
    graph: rustworkx.PyDiGraph[None, None] = rustworkx.PyDiGraph()
    graph.add_nodes_from([None] * n)
    graph.add_edges_from_no_data(list(zip(sources.tolist(), targets.tolist(), strict=True)))
    return graph


def _check_edges(n: int, sources: Int64Array, targets: Int64Array) -> None:
    for name, ends in (("source", sources), ("target", targets)):
        outside = (ends < 0) | (ends >= n)
        if outside.any():
            edge = int(np.argmax(outside))
            raise ValueError(f"Graph: edge {edge} has {name} {ends[edge]}; vertices are numbered 0..{n - 1}.")
    loops = sources == targets
    if loops.any():
        edge = int(np.argmax(loops))
        raise ValueError(f"Graph: edge {edge} joins vertex {sources[edge]} to itself; remove loops.")
    codes, counts = np.unique(sources * n + targets, return_counts=True)
    if (counts > 1).any():
        source, target = divmod(int(codes[np.argmax(counts > 1)]), n)
        raise ValueError(f"Graph: edge {source}-{target} is given twice; remove duplicates.")
