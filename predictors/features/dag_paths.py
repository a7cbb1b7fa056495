"""Directed paths from the vertices that read nothing to those that nothing reads: how many, and how long."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log

import numpy as np

from predictors.features.graph import Graph


def log_paths_and_length(graph: Graph) -> tuple[float, float]:
    """How many paths lead from a source to a sink, and how many edges they have on average.

    A source has no incoming edge in `Graph.dag_edges`, a sink no outgoing one; a vertex without edges is a path of
    length 0. In topological order, with N(v) paths that end in v and T(v) their mean length,

        N(v) = sum of N(u),    T(v) = sum of N(u) (T(u) + 1) / N(v)    over the u that v reads

    in logarithms, so that nothing overflows: there are up to 2^(n - 2) paths.

    Returns:
        Natural logarithm of the number of paths, at least 0, and the mean length.
    """
    n = graph.n_vertices
    sources, targets = graph.dag_edges
    place = np.empty(n, dtype=np.int64)
    place[graph.topological_order] = np.arange(n)
    sources, targets = place[sources], place[targets]
    order = np.argsort(targets, kind="stable")
    # Plain lists, as in `search_spaces.wiring.longest_path_levels`: a chain has as many rounds as vertices.
    bounds = np.searchsorted(targets[order], np.arange(n + 1)).tolist()
    read = sources[order].tolist()
    logs: list[float] = []
    lengths: list[float] = []
    for start, stop in pairwise(bounds):
        count, length = _joined(logs, lengths, read[start:stop]) if stop > start else (0.0, -1.0)
        logs.append(count)
        lengths.append(length + 1.0)
    sinks = np.flatnonzero(np.bincount(sources, minlength=n) == 0).tolist()
    return _joined(logs, lengths, sinks)


def _joined(logs: list[float], lengths: list[float], vertices: list[int]) -> tuple[float, float]:
    """Logarithm of the number of paths that end in any of these vertices, and their mean length."""
    if len(vertices) == 1:
        return logs[vertices[0]], lengths[vertices[0]]
    ends = [logs[vertex] for vertex in vertices]
    largest = max(ends)
    weights = [exp(end - largest) for end in ends]
    total = sum(weights)
    mean = sum(weight * lengths[vertex] for weight, vertex in zip(weights, vertices, strict=True)) / total
    return largest + log(total), mean
