"""Layered templates of about a given size: drawn, and as one would set them by hand."""

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


PLAIN_SHAPES = ((0.8, 1.0), (0.5, 0.35))
"""Templates set by hand: width of the second layer as a share of the first, and which share of that it reads."""
MOST_PLAIN_INPUTS, PLAIN_INPUT_SHARE = 60, 0.6
"""Inputs that a neuron of theirs reads at most, and which share of them where the second layer is sparse."""


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


def plain_templates(
    n_weights: float, n_inputs: int, n_outputs: int, rng: np.random.Generator, *, all_inputs: bool = False
) -> list[TemplateDraw]:
    """Two layers read whole by the outputs, as one would set them by hand: one dense, and one wider and sparse.

    Args:
        n_weights: Weights of each, about.
        n_inputs, n_outputs: Of the network.
        rng: Source of the seeds of their wirings.
        all_inputs: Whether neurons read all inputs, however many there are.
    """
    most_read = n_inputs if all_inputs else MOST_PLAIN_INPUTS
    templates = []
    for width_2, density in PLAIN_SHAPES:
        n_read = n_inputs if density == 1.0 else math.ceil(PLAIN_INPUT_SHARE * n_inputs)
        proportions = _Proportions(2, (width_2, width_2), (density, density), min(n_read, most_read), 1.0)
        templates.append(proportions.sized(n_weights, n_outputs, rng)[0])
    return templates


def _draw(n_weights: float, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> tuple[TemplateDraw, float]:
    """A template, and the width of its last layer.

    Proportions of widths, densities and the fan-in are drawn first; how wide the first layer is follows from them.
    """
    n_layers = 1 + int(rng.choice(len(LAYER_SHARES), p=LAYER_SHARES))
    width_2, width_3 = (log_uniform(*width.usual, rng) for width in WIDTHS)
    density_2, density_3 = (log_uniform(*density.usual, rng) for density in DENSITIES)
    fan_in = log_uniform(min(FEWEST_INPUTS, n_inputs), n_inputs, rng)
    share = 1.0 if rng.random() < DENSE_SHARE else log_uniform(FEWEST_READ, 1.0, rng)
    proportions = _Proportions(n_layers, (width_2, width_3), (density_2, density_3), fan_in, share)
    return proportions.sized(n_weights, n_outputs, rng)


@dataclass(frozen=True)
class _Proportions:
    """All of a template but its size.

    Attributes:
        n_layers: Its layers.
        widths: Of the second and third layer, as a share of the layer before.
        densities: Share of the layer before that a neuron of the second and third layer reads.
        fan_in: Inputs that each neuron of the first layer reads.
        share: Of the last layer, that each output reads.
    """

    n_layers: int
    widths: tuple[float, float]
    densities: tuple[float, float]
    fan_in: float
    share: float

    def sized(self, n_weights: float, n_outputs: int, rng: np.random.Generator) -> tuple[TemplateDraw, float]:
        """A template with about so many weights, and the width of its last layer."""
        width_2, width_3 = self.widths
        widths = np.array([1.0, width_2, width_2 * width_3])[: self.n_layers]
        edges = np.array(self.densities)[: self.n_layers - 1] @ (widths[:-1] * widths[1:])
        first = first_width(n_weights, self.fan_in + self.share * n_outputs * widths[-1], edges)
        n_neurons = max(self.n_layers, round(first * widths.sum()))
        wanted: dict[str, float] = {"layers": self.n_layers}
        for width, density, of_width, of_density in zip(WIDTHS, DENSITIES, self.widths, self.densities, strict=True):
            wanted |= {width.name: of_width, density.name: of_density}
        parameters = find_prior(TEMPLATE).nearest(n_neurons, wanted)
        segment = Segment(TEMPLATE, tuple(sorted(parameters.items())), n_neurons, new_seed(rng), 0, n_neurons)
        return TemplateDraw(segment, max(1, round(self.fan_in)), self.share), float(first * widths[-1])


def first_width(n_weights: float, linear: float, quadratic: float) -> float:
    """The width w of the first layer at which quadratic * w^2 + linear * w = n_weights."""
    if quadratic == 0.0:
        return n_weights / linear
    return (math.sqrt(linear**2 + 4.0 * quadratic * n_weights) - linear) / (2.0 * quadratic)
