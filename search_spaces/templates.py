"""Layered templates: one to three layers of any widths, each junction between layers with a density of its own.

Unlike other graphs, a template is kept whole: it is the only segment of its genotype, has no edits, and its first layer
alone reads inputs, the same number of them a neuron.
"""

from __future__ import annotations

import math

import numpy as np

from search_spaces.edge_codes import Int64Array
from search_spaces.parameters import Parameter, check_neurons
from search_spaces.shuffle import sample_rows

MAX_LAYERS = 3
LAYERS = Parameter("layers", int, (1, MAX_LAYERS), lambda n: (1, min(MAX_LAYERS, n)))
WIDTHS = tuple(Parameter(f"width_{layer}", float, (0.15, 1.2), lambda n: (0.02, 5.0)) for layer in (2, 3))
DENSITIES = tuple(
    Parameter(f"density_{layer}", float, (0.1, 1.0), lambda n: (0.0, 1.0), is_positive=True) for layer in (2, 3)
)
TEMPLATE = "shallow"


def shallow(
    n_neurons: int,
    rng: np.random.Generator,
    *,
    layers: int,
    width_2: float,
    width_3: float,
    density_2: float,
    density_3: float,
) -> Int64Array:
    """Layers of drawn widths: every neuron reads the same number of neurons of the layer before it.

    A neuron that none would read is read by a random one of the next layer as well.

    Args:
        n_neurons: Neurons of all layers together, at least 1.
        rng: Source of randomness.
        layers: Number of layers, 1..3 and at most n_neurons.
        width_2, width_3: Width of the second and third layer, as a share of that of the layer before: .02..5.
        density_2, density_3: Share of the layer before that a neuron of the second and third layer reads, above 0 and
            at most 1; at least one neuron.

    Returns:
        The edges, int64 (n_edges, 2), from lower to higher number; see `search_spaces.graphs`.

    Raises:
        PriorError: A parameter is out of range.
    """
    check_neurons(TEMPLATE, n_neurons, 1)
    given = (layers, width_2, width_3, density_2, density_3)
    for parameter, value in zip((LAYERS, *WIDTHS, *DENSITIES), given, strict=True):
        parameter.check(TEMPLATE, n_neurons, value)
    widths = layer_widths(n_neurons, layers, width_2, width_3)
    start, parts = 0, [np.empty((0, 2), np.int64)]
    for width, next_width, density in zip(widths, widths[1:], (density_2, density_3), strict=False):
        counts = np.full(next_width, fan_in(density, width))
        readers, read = sample_rows(counts, width, rng.integers(2**63, size=next_width).astype(np.uint64))
        unread = np.setdiff1d(np.arange(width), read)
        extra = rng.integers(next_width, size=len(unread))
        sources, targets = np.concatenate([read, unread]), np.concatenate([readers, extra])
        parts.append(np.column_stack([start + sources, start + width + targets]))
        start += width
    return np.concatenate(parts)


def layer_widths(n_neurons: int, layers: int, width_2: float, width_3: float) -> list[int]:
    """Neurons of each layer, at least one each, in about the proportions 1 : width_2 : width_2 * width_3."""
    shares = np.array([1.0, width_2, width_2 * width_3])[:layers]
    ends = np.round(np.cumsum(shares) / shares.sum() * (n_neurons - layers)).astype(np.int64)
    return (np.diff(ends, prepend=0) + 1).tolist()  # type: ignore[no-any-return]


def fan_in(density: float, width: int) -> int:
    """Neurons that one of the next layer reads of so many."""
    return max(1, math.ceil(density * width - 1e-9))  # 0.1 * 30 is a little more than 3
