"""From a genotype to a wiring: the hidden graph, what it reads, and what reads it."""

from __future__ import annotations

import functools
import math

import numpy as np

from search_spaces.edge_codes import BoolArray, Int64Array, decode
from search_spaces.edits import apply_edit
from search_spaces.genotype import Genotype, GraphGenotype
from search_spaces.input_choice import Plane, chosen_inputs
from search_spaces.orientation import cut_to_depth
from search_spaces.segments import HiddenGraph, join_segments
from search_spaces.shuffle import KeyArray, keys, sample_rows
from search_spaces.wiring import Wiring

SOURCE_FACTOR = 4  # a neuron without hidden sources reads so many times the inputs of another
OUTPUT_KEYS = 3
WIRINGS_KEPT = 8


def edited_graph(genotype: GraphGenotype) -> HiddenGraph:
    """The hidden neurons and their edges: segments joined, edits applied."""
    graph = join_segments(genotype.segments, genotype.orientation)
    for edit in genotype.edits:
        graph = apply_edit(graph, edit)
    return graph


def hidden_graph(genotype: GraphGenotype) -> HiddenGraph:
    """The hidden neurons and their edges: segments joined, edits applied, depth limited."""
    graph = edited_graph(genotype)
    codes = cut_to_depth(graph.codes, graph.n_neurons, genotype.max_depth)
    return HiddenGraph(graph.n_neurons, codes, graph.keys)


@functools.lru_cache(maxsize=WIRINGS_KEPT)
def wire(genotype: Genotype, n_inputs: int, n_outputs: int, plane: Plane | None = None) -> Wiring:
    """The wiring of a genotype: the hidden graph with inputs and outputs, as `attach` says.

    The last few are kept: whoever makes a genotype wires it to see whether it is small enough, and then it is wired
    to be described and trained.
    """
    return attach(hidden_graph(genotype), genotype, n_inputs, n_outputs, plane)


def attach(graph: HiddenGraph, genotype: Genotype, n_inputs: int, n_outputs: int, plane: Plane | None = None) -> Wiring:
    """The wiring that the hidden graph forms with inputs and outputs.

    Each hidden neuron reads `inputs_per_neuron` inputs, chosen by `input_choice`; one without hidden sources reads four
    times as many and at least one. Of a template, only neurons without hidden sources read inputs, `inputs_per_neuron`
    of them and at least one. Each output reads `readout_share` of the readable neurons, at least one, and a
    neuron that nothing else reads is read by an output.
    """
    sources, targets = decode(graph.codes, graph.n_neurons)
    is_sink = ~_marked(sources, graph.n_neurons)
    readers, inputs = chosen_inputs(
        genotype.input_choice,
        n_inputs_read(genotype, _marked(targets, graph.n_neurons), n_inputs),
        n_inputs,
        graph.keys,
        plane,
    )
    readable = np.flatnonzero(is_sink) if genotype.readout == "sinks" else np.arange(graph.n_neurons)
    outputs, read = read_out(genotype, readable, n_outputs)
    unread = np.flatnonzero(is_sink & ~_marked(read, graph.n_neurons))
    return Wiring.from_edges(
        n_inputs,
        graph.n_neurons,
        n_outputs,
        np.concatenate([inputs, n_inputs + sources, n_inputs + read, n_inputs + unread]),
        np.concatenate(
            [
                readers,
                targets,
                graph.n_neurons + outputs,
                graph.n_neurons + chosen_outputs(graph.keys[unread], n_outputs),
            ]
        ),
    )


def read_out(genotype: GraphGenotype, readable: Int64Array, n_outputs: int) -> tuple[Int64Array, Int64Array]:
    """What each output reads of the readable neurons: `readout_share` of them, drawn by the last segment's seed.

    Returns:
        (outputs, neurons), each int64 of shape (n_edges,), ordered by output.
    """
    n_read = n_neurons_read(genotype.readout_share, len(readable))
    output_keys = keys(genotype.segments[-1].seed, OUTPUT_KEYS, n_outputs)
    outputs, places = sample_rows(np.full(n_outputs, n_read), len(readable), output_keys)
    return outputs, readable[places]


def n_inputs_read(genotype: Genotype, has_source: BoolArray, n_inputs: int) -> Int64Array:
    """Number of inputs that each hidden neuron reads: int64, shape of `has_source`."""
    usual = min(genotype.inputs_per_neuron, n_inputs)
    of_sources = max(1, usual if genotype.is_template else SOURCE_FACTOR * usual)
    return np.where(has_source, 0 if genotype.is_template else usual, min(of_sources, n_inputs)).astype(np.int64)


def n_neurons_read(readout_share: float, n_readable: int) -> int:
    """Number of hidden neurons that each output reads, at least 1."""
    return max(1, math.ceil(readout_share * n_readable - 1e-9))  # 0.1 * 30 is a little more than 3


def _marked(neurons: Int64Array, n_neurons: int) -> BoolArray:
    mark = np.zeros(n_neurons, dtype=bool)
    mark[neurons] = True
    return mark


def chosen_outputs(neuron_keys: KeyArray, n_outputs: int) -> Int64Array:
    """The output that reads a neuron which nothing else reads: int64, shape of `neuron_keys`."""
    return (neuron_keys % np.uint64(n_outputs)).astype(np.int64)
