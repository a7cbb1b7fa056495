"""A sparse network in plain torch, for every device and dtype: all neurons of a level at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from search_spaces import Wiring

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "gelu": partial(functional.gelu, approximate="tanh"),
    "silu": functional.silu,
}


class LevelwiseNetwork(nn.Module):
    """A wiring by levels, without parameters. Memory is proportional to edges times batch."""

    edges: Tensor  # int64 (n_edges,), by target
    sources: Tensor  # int64 (n_edges,), inputs first, then neurons in the order of levels
    targets: Tensor  # int64 (n_edges,), neurons in the order of levels
    neurons: Tensor  # int64 (n_neurons,), the neurons in that order

    def __init__(self, wiring: Wiring, activation: str) -> None:
        """Sort the neurons of a wiring by level; outputs are the last. ``activation`` is a key of ``FUNCTIONS``."""
        super().__init__()
        self.activation, self.n_outputs = activation, wiring.n_outputs
        levels = np.append(wiring.levels(), np.full(wiring.n_outputs, wiring.depth))
        neurons = np.argsort(levels, kind="stable")
        ranks = np.argsort(neurons)
        targets = ranks[np.repeat(np.arange(len(levels)), np.diff(wiring.indptr))]
        edges = np.argsort(targets, kind="stable")
        sources = np.append(np.arange(wiring.n_inputs), wiring.n_inputs + ranks)[wiring.indices]
        arrays = {"edges": edges, "sources": sources[edges], "targets": targets[edges], "neurons": neurons}
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array), persistent=False)
        self.first_neurons = np.searchsorted(levels[neurons], np.arange(wiring.depth + 2)).tolist()
        self.first_edges = np.searchsorted(targets[edges], self.first_neurons).tolist()

    def forward(self, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Give the outputs.

        Args:
            rows: (batch, n_inputs).
            weight: (n_edges,).
            bias: (n_neurons,).

        Returns:
            (batch, n_outputs).
        """
        weight, bias, values = weight[self.edges], bias[self.neurons], rows.T
        for (n, next_n), (e, next_e) in zip(pairwise(self.first_neurons), pairwise(self.first_edges), strict=True):
            products = weight[e:next_e, None] * values[self.sources[e:next_e]]  # (edges of the level, batch)
            totals = bias[n:next_n, None].expand(-1, len(rows)).index_add(0, self.targets[e:next_e] - n, products)
            is_last = next_n == len(bias)
            values = torch.cat([values, totals if is_last else FUNCTIONS[self.activation](totals)])
        return values[len(values) - self.n_outputs :].T
