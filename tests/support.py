"""Wirings for tests, made without the search spaces under test."""

from __future__ import annotations

import numpy as np

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
