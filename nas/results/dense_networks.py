"""Dense networks to compare a run with: which there are, and in which order they are worth trying."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nas.speed import Load
from search_spaces import AnyWiring
from search_spaces.sparse_training import STATIC, SparseTraining
from search_spaces.wiring import Wiring

HIDDEN_UNITS = 100  # in each layer, scikit-learn's default
# The most promising first, by networks set by hand on MNIST, letter and satimage.
LAYERS = (2, 1, 3)
ACTIVATIONS = ("silu", "relu")
RATES = (1e-2, 2e-2, 3e-3, 3e-2)


@dataclass(frozen=True)
class Setting:
    """A dense network and how it is trained.

    Attributes:
        name: Its shape, as a report says it.
        n_weights: Its weights after training, about.
        make_wiring: Makes its wiring as it is before training.
        activation: Of its hidden neurons; None for a recurrent network, which has cells.
        learning_rate: Peak learning rate.
        stride: Steps of a sequence for which it takes one; 1 for rows of a table.
        sparse_training: What training does to its edges.
        kept_share: Share of its edges that are left at the end.
    """

    name: str
    n_weights: int
    make_wiring: Callable[[], AnyWiring]
    activation: str | None
    learning_rate: float
    stride: int = 1
    sparse_training: SparseTraining = STATIC
    kept_share: float = 1.0

    @property
    def load(self) -> Load:
        """What it costs to train."""
        n_dropped = self.n_weights / self.kept_share - self.n_weights
        return Load(self.n_weights + self.sparse_training.mean_excess() * n_dropped, self.stride)


@dataclass(frozen=True)
class Contest:
    """Settings to try; the one with the best validation score is chosen.

    Attributes:
        name: What they have in common.
        settings: The most promising first.
        kind: What kind of network they are.
    """

    name: str
    settings: tuple[Setting, ...]
    kind: str = "dense"

    @property
    def key(self) -> str:
        """What no other contest of a run has."""
        return f"{self.kind}, {self.name}"


@functools.lru_cache(maxsize=2 * len(LAYERS))
def dense_wiring(widths: tuple[int, ...]) -> Wiring:
    """A network whose consecutive layers are fully connected.

    Args:
        widths: Inputs, each hidden layer, and outputs.
    """
    starts = np.cumsum([0, *widths])  # of each layer among all values; neurons come after the inputs
    sources, targets = [], []
    for layer, (n_sources, n_targets) in enumerate(pairwise(widths)):
        sources.append(np.tile(starts[layer] + np.arange(n_sources), n_targets))
        targets.append(np.repeat(starts[layer + 1] - widths[0] + np.arange(n_targets), n_sources))
    return Wiring.from_edges(widths[0], sum(widths[1:-1]), widths[-1], np.concatenate(sources), np.concatenate(targets))


def n_dense_weights(widths: tuple[int, ...]) -> int:
    """Weights of a network whose consecutive layers are fully connected."""
    return sum(n_sources * n_targets for n_sources, n_targets in pairwise(widths))


def equal_width(n_inputs: int, n_outputs: int, n_layers: int, n_weights: int) -> int:
    """Units in each of some hidden layers for about so many weights; at least 1."""
    # (layers - 1) h^2 + (inputs + outputs) h = weights
    square, linear = n_layers - 1, n_inputs + n_outputs
    if square == 0:
        return max(1, round(n_weights / linear))
    return max(1, round((math.sqrt(linear**2 + 4 * square * n_weights) - linear) / (2 * square)))


def dense_contests(n_inputs: int, n_outputs: int, n_weights: int) -> list[Contest]:
    """Dense feed-forward networks of about as many weights as ours, and of 100 units a layer."""
    of_equal = {layers: equal_width(n_inputs, n_outputs, layers, n_weights) for layers in LAYERS}
    return [
        Contest("equal weights", _settings(n_inputs, n_outputs, of_equal)),
        Contest(f"{HIDDEN_UNITS} units a layer", _settings(n_inputs, n_outputs, dict.fromkeys(LAYERS, HIDDEN_UNITS))),
    ]


def _settings(n_inputs: int, n_outputs: int, width_of: dict[int, int]) -> tuple[Setting, ...]:
    """Every number of layers, activation and rate; the further down their lists, the later."""
    settings = []
    for n_before, layers in enumerate(LAYERS):
        widths = (n_inputs, *[width_of[layers]] * layers, n_outputs)
        shape, n_weights, make = (
            f"{layers} x {width_of[layers]}",
            n_dense_weights(widths),
            functools.partial(dense_wiring, widths),
        )
        for a, activation in enumerate(ACTIVATIONS):
            for r, rate in enumerate(RATES):
                setting = Setting(f"{shape} {activation}", n_weights, make, activation, rate)
                settings.append((n_before + a + r, setting))
    return tuple(setting for _, setting in sorted(settings, key=lambda pair: pair[0]))
