"""Scatter: how evenly the connections of each neuron are spread over windows of neighbouring neurons.

Dey, Huang, Beerel and Chugg, "Characterizing sparse connectivity patterns in neural networks" (ITA 2018, arXiv
1711.02131). A junction between p left and n right neurons is a matrix of shape (n, p) whose entry (j, k) counts the
connections, or the paths, from left neuron k to right neuron j. A window is a set of neurons, a row of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictors.features.family import Family
from predictors.features.graph import Graph

SCATTER_NAMES = ("block_scatter_in", "block_scatter_out", "block_scatter", "block_scatter_attained")

Windows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class JunctionWindows:
    """Windows on both sides of a junction.

    Attributes:
        left: Left neurons of each window, int64, shape (n_windows, width).
        right: Right neurons of each window, int64, shape (n_windows, width).
        n_left: The first so many left neurons matter; None for all, as where the rest are padding.
        n_right: The first so many right neurons matter; None for all.
    """

    left: Windows
    right: Windows
    n_left: int | None = None
    n_right: int | None = None


def windows(shape: Sequence[int], widths: Sequence[int], strides: Sequence[int] | None = None) -> Windows:
    """All windows of a shape in an array of neurons of one, two or more axes that are numbered with the last fastest.

    Args:
        shape: Number of neurons along each axis: (64,), (28, 28), (width, height, depth).
        widths: Size of the windows along each axis.
        strides: Distance between windows along each axis; the widths if it is left out.

    Returns:
        Neurons of each window, int64, shape (n_windows, product of the widths). Windows that would reach beyond the
        neurons are left out.

    Raises:
        ValueError: The axes differ, or a window does not fit.
    """
    steps = tuple(widths if strides is None else strides)
    if not len(shape) == len(widths) == len(steps):
        raise ValueError(f"Windows: shape {shape}, widths {widths} and strides {steps} have different axes.")
    if any(not 1 <= width <= size or step < 1 for size, width, step in zip(shape, widths, steps, strict=True)):
        raise ValueError(f"Windows of {tuple(widths)} every {steps} do not fit in {tuple(shape)} neurons.")
    views = np.lib.stride_tricks.sliding_window_view(np.arange(np.prod(shape)).reshape(shape), tuple(widths))
    chosen = views[tuple(slice(None, None, step) for step in steps)]
    return chosen.reshape(-1, int(np.prod(widths))).astype(np.int64)


def junction_scatter(junction: ArrayLike, left: Windows, n_right: int | None = None) -> float:
    """Scatter of right neurons over windows of left ones; of left ones over right ones for the transpose.

        mean of min(C(j, w) / ideal, 1),    ideal = width * fan_in / p

    over the right neurons j that matter and the windows w, with C(j, w) connections from the window and fan_in the mean
    of all right neurons. What is too much in one window does not make up for what is missing in another.

    Args:
        junction: Shape (n, p), not negative.
        left: Left neurons of each window, shape (n_windows, width).
        n_right: The first so many right neurons matter; None for all.

    Returns:
        A number in [0, 1], 1 where every window has its share; 0 without connections.
    """
    counts = np.asarray(junction, dtype=np.float64)
    fan_in = counts.sum() / len(counts)
    if fan_in == 0:
        return 0.0
    ideal = left.shape[1] * fan_in / counts.shape[1]
    from_windows = counts[:n_right, left].sum(axis=2)  # (n, n_windows)
    return float(np.minimum(from_windows / ideal, 1.0).mean())


def scatter_vector(junctions: Sequence[ArrayLike], junction_windows: Sequence[JunctionWindows]) -> NDArray[np.float64]:
    """Scatter of a layered network: of each junction from both sides, and of the paths from its inputs to its outputs.

    Args:
        junctions: Zeros and ones, first layer first; number i has shape (n_i, n_(i - 1)).
        junction_windows: Windows of each junction, and after them those of inputs and outputs.

    Returns:
        Shape (2 L + 2,) for L junctions: left and right of each, then of the product of all. Left stands for right
        neurons over windows of left ones. The scatter of the network is the smallest.

    Raises:
        ValueError: There is not one more set of windows than of junctions.
    """
    if len(junction_windows) != len(junctions) + 1:
        raise ValueError(f"Scatter: {len(junction_windows)} windows for {len(junctions)} junctions; give 1 more.")
    matrices = [np.asarray(junction, dtype=np.float64) for junction in junctions]
    paths = matrices[0]
    for matrix in matrices[1:]:
        paths = matrix @ paths
    found = []
    for matrix, sides in zip([*matrices, paths], junction_windows, strict=True):
        found += [
            junction_scatter(matrix, sides.left, sides.n_right),
            junction_scatter(matrix.T, sides.right, sides.n_left),
        ]
    return np.array(found)


def best_scatter(ideal: float) -> float:
    """Largest scatter that whole numbers of connections allow, for so many a window on average, ideal > 0.

    With q = floor(ideal) and r = ideal - q, a share r of the windows has q + 1 connections and the others have q.
    """
    whole = float(np.floor(ideal))
    rest = ideal - whole
    return rest + (1 - rest) * whole / ideal


def scatter_features(graph: Graph) -> NDArray[np.float64]:
    """Scatter of the graph over blocks of consecutive vertices, in the order of `SCATTER_NAMES`.

    The vertices in topological order, which is that of their numbers in undirected graphs, are cut into blocks of about
    sqrt(n); the edges of `Graph.dag_edges` are a junction of all vertices with all, those of an undirected graph in
    both directions.

    - ``block_scatter_in``: scatter of what a vertex reads over the blocks; ``block_scatter_out``: of what reads it;
      ``block_scatter``: the smaller one.
    - ``block_scatter_attained``: the smaller one / `best_scatter` for edges spread evenly.

    All are 0 without edges. A wiring of near neighbours is low, a random one high; they depend on the numbering.

    Source: this project's own, after the scatter of junctions.

    Returns:
        Values in [0, 1] (the last one may exceed 1 by rounding no more), shape (len(SCATTER_NAMES),).
    """
    n = graph.n_vertices
    place = np.empty(n, dtype=np.int64)
    place[graph.topological_order] = np.arange(n)
    sources, targets = (place[ends] for ends in graph.dag_edges)
    if not len(sources):
        return np.zeros(len(SCATTER_NAMES))
    if not graph.is_directed:
        sources, targets = np.concatenate([sources, targets]), np.concatenate([targets, sources])
    n_blocks = max(round(n**0.5), 1)
    block = np.arange(n) * n_blocks // n
    ideal = np.bincount(block, minlength=n_blocks) * len(sources) / n**2  # edges of a vertex with each block
    into, out = (
        float(np.minimum(_counts(ends, block[others], n, n_blocks) / ideal, 1.0).mean())
        for ends, others in ((targets, sources), (sources, targets))
    )
    least = min(into, out)
    best = float(np.mean([best_scatter(each) for each in ideal.tolist()]))
    return np.array([into, out, least, least / best])


def _counts(vertices: NDArray[np.int64], blocks: NDArray[np.int64], n: int, n_blocks: int) -> NDArray[np.float64]:
    """How often each vertex occurs with each block, shape (n, n_blocks)."""
    return np.bincount(vertices * n_blocks + blocks, minlength=n * n_blocks).reshape(n, n_blocks).astype(np.float64)


SCATTER = Family("scatter", 1, SCATTER_NAMES, scatter_features)
