"""Mutation of the genes that recurrent genotypes have, by which of them their reading uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from search_spaces import mutation
from search_spaces.genes import GeneRanges
from search_spaces.mutation import Mutation, varied_count, with_changes
from search_spaces.recurrent_genotype import POOLINGS, Reading, RecurrentGenotype
from search_spaces.recurrent_wiring import Cell


@dataclass(frozen=True)
class RecurrentRanges(GeneRanges):
    """What a space of recurrent networks allows. Ranges include both ends.

    Attributes, beside those of `GeneRanges`:
        cells: Kinds of recurrent units, at least one.
        embedding: Embedded values, from 0 up.
        stride, window: Steps of the sequence, from 1 up.
        has_differences: Whether the data have differences from the step before.
    """

    cells: tuple[Cell, ...]
    embedding: tuple[int, int]
    stride: tuple[int, int]
    window: tuple[int, int]
    has_differences: bool


def mutated_recurrent(
    genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator
) -> RecurrentGenotype:
    """The genotype with one or two kinds of genes changed; now and then a change leaves all as it was."""
    return with_changes(genotype, ranges, rng, RECURRENT_MUTATIONS[genotype.reading])


def change_reading(genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator) -> RecurrentGenotype:
    """Reads the hidden graph in the other way."""
    return replace(genotype, reading="layered" if genotype.reading == "recurrent" else "recurrent")


def change_cell(genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator) -> RecurrentGenotype:
    """Draws another kind of recurrent unit."""
    others = [cell for cell in ranges.cells if cell != genotype.cell]
    return replace(genotype, cell=others[rng.integers(len(others))]) if others else genotype


def change_embedding(
    genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator
) -> RecurrentGenotype:
    """Embeds the channels of a step into more or fewer values."""
    return replace(genotype, embedding=varied_count(genotype.embedding, ranges.embedding, rng))


def change_stride(genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator) -> RecurrentGenotype:
    """Takes a step for more or fewer steps of the sequence, with windows that overlap by the same share."""
    stride = varied_count(genotype.stride, ranges.stride, rng)
    window = round(genotype.window * stride / genotype.stride)
    return replace(genotype, stride=stride, window=max(min(window, ranges.window[1]), stride))


def change_window(genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator) -> RecurrentGenotype:
    """Reads longer or shorter windows."""
    window = varied_count(genotype.window, ranges.window, rng)
    return replace(genotype, window=max(window, genotype.stride))


def change_differences(
    genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator
) -> RecurrentGenotype:
    """Reads differences from the step before too, or no longer."""
    return replace(genotype, differences=ranges.has_differences and not genotype.differences)


def change_bidirectional(
    genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator
) -> RecurrentGenotype:
    """Reads the sequence backwards too, or no longer."""
    return replace(genotype, bidirectional=not genotype.bidirectional)


def change_pooling(genotype: RecurrentGenotype, ranges: RecurrentRanges, rng: np.random.Generator) -> RecurrentGenotype:
    """Lets outputs read something else of vertices over time."""
    others = [pooling for pooling in POOLINGS if pooling != genotype.pooling]
    return replace(genotype, pooling=others[rng.integers(len(others))])


_ALWAYS: tuple[Mutation[RecurrentGenotype, RecurrentRanges], ...] = (
    mutation.change_parameter,
    mutation.change_seed,
    mutation.change_prior,
    mutation.change_neurons,
    mutation.edit_edges,
    mutation.edit_neurons,
    mutation.change_learning_rate,
    mutation.change_dropout,
    mutation.change_label_smoothing,
    mutation.change_readout,
    mutation.change_readout_share,
    mutation.change_orientation,
    change_reading,
    change_cell,
    change_embedding,
    change_stride,
    change_window,
    change_differences,
    change_bidirectional,
    change_pooling,
)

RECURRENT_MUTATIONS: dict[Reading, tuple[Mutation[RecurrentGenotype, RecurrentRanges], ...]] = {
    "layered": (*_ALWAYS, mutation.change_max_depth),
    "recurrent": (*_ALWAYS, mutation.change_inputs_per_neuron),
}
