"""Making a genotype small enough for a limit on the number of weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from search_spaces.any_genotype import GenotypeT
from search_spaces.attachment import n_inputs_read, n_neurons_read, wire
from search_spaces.genes import resized
from search_spaces.genotype import Genotype
from search_spaces.input_choice import Plane
from search_spaces.priors import find_prior
from search_spaces.wiring import Wiring

MOST_DRAWN = 200_000
"""Weights of a wiring before its training drops some, at most: 250 neurons that read all of 28 x 28 pixels."""


def fit(genotype: Genotype, n_inputs: int, n_outputs: int, max_weights: int, plane: Plane | None = None) -> Genotype:
    """The genotype, made smaller where it has more than `max_weights` weights after its training.

    Until the wiring is small enough, again and again: fewer inputs per neuron, down to half; a smaller
    readout share, down to half; then smaller and sparser graphs. Deterministic.

    Args:
        genotype: Any genotype.
        n_inputs: Number of inputs.
        n_outputs: Number of outputs.
        max_weights: At least n_outputs + 1: one neuron with one input.
        plane: Where the inputs lie in an image.
    """
    while True:
        wiring = wire(genotype, n_inputs, n_outputs, plane)
        if (ratio := _fitting_ratio(genotype, wiring, max_weights)) >= 1.0:
            return genotype
        for trim in (_with_fewer_inputs, _with_smaller_share):
            genotype = trim(genotype, wiring, math.ceil((1.0 - ratio) * wiring.n_weights - 1e-6))
            wiring = wire(genotype, n_inputs, n_outputs, plane)
            if (ratio := _fitting_ratio(genotype, wiring, max_weights)) >= 1.0:
                return genotype
        genotype = smaller(genotype, ratio)


def _fitting_ratio(genotype: Genotype, wiring: Wiring, max_weights: int) -> float:
    """By which the weights of a wiring are to change at most, so that it has few enough after and before training."""
    n_left = genotype.sparse_training.weights_left(wiring)
    return min(max_weights / n_left, max(MOST_DRAWN, max_weights) / wiring.n_weights)


def _with_fewer_inputs(genotype: Genotype, wiring: Wiring, excess: int) -> Genotype:
    """The most inputs per neuron, from half as many up, that take away `excess` weights, or half as many."""
    _, targets = wiring.hidden_edges()
    has_source = np.bincount(targets, minlength=wiring.n_hidden) > 0
    usual = min(genotype.inputs_per_neuron, wiring.n_inputs)

    def n_read(inputs_per_neuron: int) -> int:
        trimmed = replace(genotype, inputs_per_neuron=inputs_per_neuron)
        return int(n_inputs_read(trimmed, has_source, wiring.n_inputs).sum())

    low, high = usual // 2, usual  # the search keeps to half open low..high; low is taken if none is enough
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = n_read(usual) - n_read(middle) >= excess
        low, high = (middle, high) if is_enough else (low, middle)
    return replace(genotype, inputs_per_neuron=low)


def _with_smaller_share(genotype: Genotype, wiring: Wiring, excess: int) -> Genotype:
    sources, _ = wiring.hidden_edges()
    n_sinks = wiring.n_hidden - int((np.bincount(sources, minlength=wiring.n_hidden) > 0).sum())
    n_readable = n_sinks if genotype.readout == "sinks" else wiring.n_hidden
    n_read = n_neurons_read(genotype.readout_share, n_readable)
    n_left = max(math.ceil(n_read / 2), n_read - math.ceil(excess / wiring.n_outputs))
    return replace(genotype, readout_share=n_left / n_readable) if n_left < n_read else genotype


def smaller(genotype: GenotypeT, ratio: float) -> GenotypeT:
    """A genotype with about `ratio` times the hidden edges: each call takes something away, down to one neuron."""
    factor = math.sqrt(min(max(ratio, 0.25), 0.9))
    if genotype.is_template:
        return _smaller_template(genotype, factor)
    segments = tuple(
        resized(segment, int(segment.n_neurons * factor), degree_factor=factor) for segment in genotype.segments
    )
    if any(segment.n_neurons > find_prior(segment.prior).min_neurons for segment in genotype.segments):
        return replace(genotype, segments=segments)
    if genotype.edits:
        return replace(genotype, edits=genotype.edits[1:])
    if len(genotype.segments) > 1:
        return replace(genotype, segments=genotype.segments[:-1])
    segment = genotype.segments[0]
    return replace(
        genotype, segments=(replace(segment, stop=segment.start + 1),), inputs_per_neuron=0, readout_share=1.0
    )


def _smaller_template(genotype: GenotypeT, factor: float) -> GenotypeT:
    (segment,) = genotype.segments
    if segment.n_neurons > 1:
        (n_layers,) = (value for name, value in segment.parameters if name == "layers")
        n_neurons = max(int(segment.n_neurons * factor), 1)
        if n_neurons > n_layers:
            return replace(genotype, segments=(resized(segment, n_neurons, degree_factor=factor),))
        return replace(genotype, segments=(resized(segment, n_neurons),))
    return replace(genotype, inputs_per_neuron=0, readout_share=1.0)
