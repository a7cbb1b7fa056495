from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from search_spaces.genotype import Edit, Genotype, Segment
from search_spaces.wiring import Wiring


@pytest.fixture(scope="session")
def wire_around() -> Callable[[nx.Graph], Wiring]:
    """A wiring with this hidden graph: all neurons read the first of two inputs, one output reads all."""

    def wire(graph: nx.Graph) -> Wiring:
        n = len(graph)
        edges = np.sort(np.array(graph.edges, dtype=np.int64).reshape(-1, 2), axis=1)
        neurons = np.arange(n)
        sources = np.concatenate([np.zeros(n, dtype=np.int64), edges[:, 0] + 2, neurons + 2])
        targets = np.concatenate([neurons, edges[:, 1], np.full(n, n)])
        return Wiring.from_edges(2, n, 1, sources, targets)

    return wire


@pytest.fixture(scope="session")
def genotype() -> Genotype:
    return Genotype(
        space="mlp",
        segments=(Segment("erdos-renyi", (("mean_degree", 3.5),), 8, 1, 0, 8),),
        orientation="random",
        max_depth=32,
        edits=(Edit("add_edges", 0.1, 3), Edit("remove_neurons", 0.2, 4)),
        inputs_per_neuron=5,
        readout="all",
        readout_share=0.25,
        activation="tanh",
        learning_rate=0.01,
        dropout=0.1,
        label_smoothing=0.05,
        input_choice="patch",
    )
