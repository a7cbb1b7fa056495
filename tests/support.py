"""Wirings for tests, made without the search spaces under test, and rows to train them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nas.data.shared import SharedRows
from search_spaces.recurrent_wiring import Cell, RecurrentWiring
from search_spaces.wiring import Wiring


def random_wiring(seed: int, n_inputs: int = 5, n_hidden: int = 12, n_outputs: int = 3, density: float = 0.3) -> Wiring:
    """Any feed-forward wiring: each admissible edge with a probability, and what the invariants ask for besides."""
    rng = np.random.default_rng(seed)
    edges = set()
    for target in range(n_hidden):
        for source in range(n_inputs + target):
            if rng.random() < density:
                edges.add((source, target))
        edges.add((int(rng.integers(n_inputs)), target))
    for output in range(n_outputs):
        edges.add((n_inputs + int(rng.integers(n_hidden)), n_hidden + output))
    is_read = {source for source, _ in edges}
    for neuron in range(n_hidden):
        if n_inputs + neuron not in is_read or rng.random() < density:
            edges.add((n_inputs + neuron, n_hidden + int(rng.integers(n_outputs))))
    sources, targets = np.array(sorted(edges)).T
    return Wiring.from_edges(n_inputs, n_hidden, n_outputs, sources, targets)


def random_recurrent_wiring(
    seed: int,
    cell: Cell,
    n_inputs: int = 3,
    n_embedded: int = 4,
    n_vertices: int = 5,
    n_outputs: int = 3,
    density: float = 0.4,
    summaries: int = 1,
    window: int = 1,
    stride: int = 1,
    bidirectional: bool = False,
) -> RecurrentWiring:
    """Any recurrent wiring: each admissible edge with a probability, and what the invariants ask for besides.

    A vertex has one to three units, one after the other or anywhere. Units may read nothing in the same step, and
    vertices may be read from the next step only. Outputs read the first so many summaries. For both directions there
    is the same twice, but for what outputs read.
    """
    rng = np.random.default_rng(seed)
    unit_vertex = np.repeat(rng.permutation(n_vertices), rng.integers(1, 4, size=n_vertices))
    if rng.random() < 0.5:
        unit_vertex = rng.permutation(unit_vertex)
    n_units = len(unit_vertex)
    last_unit = np.array([np.flatnonzero(unit_vertex == vertex)[-1] for vertex in range(n_vertices)])
    inputs = rng.random((n_units, n_embedded + n_vertices)) < density  # [reader, source], as the other two
    inputs[:, n_embedded:] &= last_unit < np.arange(n_units)[:, None]
    recurrent = rng.random((n_units, n_units)) < density
    outputs = rng.random((n_outputs, summaries * n_vertices)) < density
    inputs[0, rng.integers(n_embedded)] = True
    recurrent[~inputs.any(axis=1), 0] = True  # and so inputs reach it through unit 0
    outputs[rng.integers(n_outputs), unit_vertex[-1]] = True
    outputs[~outputs.any(axis=1), unit_vertex[-1]] = True
    is_read = inputs[:, n_embedded:].any(axis=0) | outputs.reshape(-1, n_vertices).any(axis=0)
    recurrent[-1, ~is_read[unit_vertex]] = True  # and so it reaches an output through the last unit
    if bidirectional:
        of_values, of_vertices = np.split(inputs, [n_embedded], axis=1)
        inputs = np.concatenate([np.kron(np.eye(2), part) for part in (of_values, of_vertices)], axis=1)
        recurrent = np.kron(np.eye(2), recurrent)
        backward = rng.permutation(outputs.reshape(n_outputs, summaries, n_vertices), axis=1)
        outputs = np.concatenate([outputs.reshape(backward.shape), backward], axis=2).reshape(n_outputs, -1)
        unit_vertex = np.append(unit_vertex, unit_vertex + n_vertices)
        n_embedded *= 2
    edges = (np.nonzero(matrix)[::-1] for matrix in (inputs, recurrent, outputs))
    return RecurrentWiring.from_edges(
        n_inputs, n_embedded, n_outputs, cell, unit_vertex, *edges, window, stride, bidirectional
    )


def any_recurrent_wiring(seed: int, cell: Cell, **options: Any) -> RecurrentWiring:
    """`random_recurrent_wiring` with any summaries, windows and directions."""
    rng = np.random.default_rng([seed, 1])
    window = int(rng.integers(1, 5))
    drawn = {"summaries": int(rng.integers(1, 4)), "window": window, "stride": int(rng.integers(1, window + 1))}
    return random_recurrent_wiring(seed, cell, **{**drawn, "bidirectional": bool(rng.integers(2)), **options})


def three_classes(folder: Path, seed: int, n_rows: int) -> SharedRows:
    """Rows of five numbers and their classes, each of which raises one of the numbers, as workers read them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n_rows)
    x = rng.normal(size=(n_rows, 5)).astype(np.float32)
    x[np.arange(n_rows), y] += 2
    return SharedRows.write(folder, x, y)
