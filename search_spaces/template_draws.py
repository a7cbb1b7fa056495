"""Drawing layered templates of about a given size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from search_spaces.genes import log_uniform, new_seed
from search_spaces.genotype import Segment
from search_spaces.priors import find_prior
from search_spaces.templates import DENSITIES, TEMPLATE, WIDTHS

LAYER_SHARES = (0.2, 0.5, 0.3)  # of templates with one, two and three layers
DENSE_SHARE = 0.5  # of templates whose outputs read the whole last layer
FEWEST_READ = 0.2  # share of the last layer that outputs read at least
FEWEST_INPUTS = 4  # that a neuron reads at least, where there are as many
NARROWEST, TRIES = 0.5, 10  # neurons of the last layer for each output; draws until there are as many


@dataclass(frozen=True)
class TemplateDraw:
    """A template, and how inputs and outputs attach to it.

    Attributes:
        segment: The hidden layers.
        inputs_per_neuron: Inputs that each neuron of the first layer reads.
        readout_share: Share of the last layer that each output reads, in (0, 1].
    """

    segment: Segment
    inputs_per_neuron: int
    readout_share: float


def draw_template(n_weights: float, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> TemplateDraw:
    """A template of about so many weights, drawn again now and then if its last layer is too narrow for the outputs.

    Args:
        n_weights: Weights wanted.
        n_inputs, n_outputs: Of the network.
        rng: Source of randomness.
    """
    for _ in range(TRIES):
        draw, last_width = _draw(n_weights, n_inputs, n_outputs, rng)
        if last_width >= NARROWEST * n_outputs:
            break
    return draw


def _draw(n_weights: float, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> tuple[TemplateDraw, float]:
    """A template, and the width of its last layer.

    Proportions of widths, densities and the fan-in are drawn first; how wide the first layer is follows from them.
    """
    n_layers = 1 + int(rng.choice(len(LAYER_SHARES), p=LAYER_SHARES))
    width_2, width_3 = (log_uniform(*width.usual, rng) for width in WIDTHS)
    density_2, density_3 = (log_uniform(*density.usual, rng) for density in DENSITIES)
    fan_in = log_uniform(min(FEWEST_INPUTS, n_inputs), n_inputs, rng)
    share = 1.0 if rng.random() < DENSE_SHARE else log_uniform(FEWEST_READ, 1.0, rng)
    widths = np.array([1.0, width_2, width_2 * width_3])[:n_layers]
    densities = np.array([density_2, density_3])[: n_layers - 1]
    first = first_width(n_weights, fan_in + share * n_outputs * widths[-1], densities @ (widths[:-1] * widths[1:]))
    n_neurons = max(n_layers, round(first * widths.sum()))
    drawn = {"width_2": width_2, "width_3": width_3, "density_2": density_2, "density_3": density_3, "layers": n_layers}
    parameters = find_prior(TEMPLATE).nearest(n_neurons, drawn)
    segment = Segment(TEMPLATE, tuple(sorted(parameters.items())), n_neurons, new_seed(rng), 0, n_neurons)
    return TemplateDraw(segment, max(1, round(fan_in)), share), float(first * widths[-1])


def first_width(n_weights: float, linear: float, quadratic: float) -> float:
    """The width w of the first layer at which quadratic * w^2 + linear * w = n_weights."""
    if quadratic == 0.0:
        return n_weights / linear
    return (math.sqrt(linear**2 + 4.0 * quadratic * n_weights) - linear) / (2.0 * quadratic)
