"""Networks whose wiring the gradient chooses, to compare a run with: pruned from dense ones, and rewired by RigL."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np

from nas.results.dense_networks import RATES, Contest, Setting, dense_wiring, equal_width, n_dense_weights
from search_spaces.shuffle import keys, sample_rows
from search_spaces.sparse_training import SparseTraining
from search_spaces.sparse_training_draws import most_pruned
from search_spaces.wiring import Wiring

# How large a network is before it is pruned, and in which shapes; the most promising first.
SHARES_OF_MOST = (0.5, 0.2)  # of the most that is pruned with so many inputs
LEAST_FACTOR = 1.5
LAYERS = (2, 1)
PRUNING_CHANGES, PRUNING_ENDS = 40, 0.4  # share of the training
REWIRED_SHARE, REWIRINGS, REWIRING_ENDS = 0.3, 20, 0.75
SEED = 0
ACTIVATION = "silu"


def learned_contests(n_inputs: int, n_outputs: int, n_weights: int) -> list[Contest]:
    """Gradual pruning and RigL, each down to or with about so many weights."""
    pruned, rewired = [], []
    factors = sorted({max(share * most_pruned(n_inputs), LEAST_FACTOR) for share in SHARES_OF_MOST}, reverse=True)
    for f, factor in enumerate(factors):
        for n_before, layers in enumerate(LAYERS):
            width = equal_width(n_inputs, n_outputs, layers, round(factor * n_weights))
            widths = (n_inputs, *[width] * layers, n_outputs)
            share = min(1.0, n_weights / n_dense_weights(widths))
            for r, rate in enumerate(RATES):
                order, shape = f + n_before + r, f"{layers} x {width} {ACTIVATION}"
                pruning = SparseTraining("pruned", "all", share, PRUNING_CHANGES, PRUNING_ENDS)
                make = functools.partial(dense_wiring, widths)
                pruned.append((order, Setting(shape, n_weights, make, ACTIVATION, rate, 1, pruning, share)))
                rigl = SparseTraining("rigl", "all", REWIRED_SHARE, REWIRINGS, REWIRING_ENDS)
                make = functools.partial(sparse_wiring, widths, share)
                rewired.append((order, Setting(shape, n_weights, make, ACTIVATION, rate, 1, rigl)))
    return [
        Contest("equal weights", tuple(setting for _, setting in sorted(settings, key=lambda pair: pair[0])), kind)
        for kind, settings in (("gradually pruned", pruned), ("RigL", rewired))
    ]


@functools.lru_cache(maxsize=8)
def sparse_wiring(widths: tuple[int, ...], density: float) -> Wiring:
    """Layers in which every neuron reads the same number of random neurons of the layer before.

    Args:
        widths: Inputs, each hidden layer, and outputs.
        density: Share of the layer before that a neuron reads, about.
    """
    starts, sources, targets = np.cumsum([0, *widths]), [], []
    for layer, (n_sources, n_targets) in enumerate(pairwise(widths)):
        fan_in = max(1, round(density * n_sources))
        rows, read = sample_rows(np.full(n_targets, fan_in), n_sources, keys(SEED, layer, n_targets))
        unread = np.setdiff1d(np.arange(n_sources), read) if layer else np.empty(0, np.int64)
        rows = np.concatenate([rows, unread % n_targets])  # every hidden neuron is read
        sources.append(starts[layer] + np.concatenate([read, unread]))
        targets.append(starts[layer + 1] - widths[0] + rows)
    return Wiring.from_edges(widths[0], sum(widths[1:-1]), widths[-1], np.concatenate(sources), np.concatenate(targets))
