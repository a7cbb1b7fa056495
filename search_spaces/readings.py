"""Two readings of a hidden graph as a recurrent network.

"layered": the graph is a stack of recurrent layers. Edges lead from the lower to the higher number; the layer of a
vertex is its longest path from a source. Each layer is a dense recurrent block with one unit a vertex that reads,
by the edges, the layer directly below; the first layer reads all embedded values. For each pair of layers further
apart with an edge, a skip block of its own, also with one unit for each vertex of the upper layer, reads the lower
layer by the edges between the two and is added to the upper one. So a skip block has units that hear of its
source layer from the other units of the block only; the networks of the literature have them too.

"recurrent": the graph is the hidden-to-hidden wiring of one recurrent layer. There is one unit a vertex; an edge
leads both ways, and each unit also reads itself.

A bidirectional network has the graph twice, once for each direction (Schuster & Paliwal 1997).

Source: the first is the network of "Experiments on Properties of Hidden Structures of Sparse Neural Networks"
(Stier et al. 2021, arXiv 2107.12917), where the embedding always had as many values as the graph had sources.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from search_spaces.attachment import chosen_outputs, edited_graph, hidden_graph, read_out
from search_spaces.components import component_labels
from search_spaces.edge_codes import BoolArray, Int64Array, decode, distinct
from search_spaces.recurrent_genotype import POOLINGS, RecurrentGenotype
from search_spaces.recurrent_wiring import Edges, RecurrentWiring
from search_spaces.shuffle import KeyArray, sample_rows
from search_spaces.wiring import longest_path_levels


class HiddenUnits(NamedTuple):
    """The hidden part of a recurrent network.

    Attributes:
        n_embedded: Embedded values.
        unit_vertex: int64, shape (n_units,): the vertex of each unit.
        input_edges: (sources, units): embedded values, then vertices, and the units that read them.
        recurrent_edges: (sources, units): units of the step before, and the units that read them.
        is_sink: bool, shape (n_vertices,): what outputs may read where they read sinks only.
        groups: int64, shape (n_vertices,): of each group, but -1, outputs have to read at least one vertex.
        keys: uint64, shape (n_vertices,): what the output of a vertex that no other reads is drawn from.
    """

    n_embedded: int
    unit_vertex: Int64Array
    input_edges: Edges
    recurrent_edges: Edges
    is_sink: BoolArray
    groups: Int64Array
    keys: KeyArray


def read_graph(genotype: RecurrentGenotype, n_inputs: int, n_outputs: int) -> RecurrentWiring:
    """The recurrent network that a genotype's hidden graph stands for, by the genotype's reading.

    Each output reads `readout_share` of what is readable, at least one value: the summaries by `pooling` of all
    vertices, or for the readout "sinks", of those of the deepest layer when layered, and when recurrent of the
    vertices without an edge to a higher number. A vertex that would never reach an output is read by one.

    Args:
        genotype: Any recurrent genotype.
        n_inputs: Channels of a step of the sequence. A genotype with differences reads twice as many.
        n_outputs: Number of outputs.
    """
    units = _READINGS[genotype.reading](genotype)
    if genotype.bidirectional:
        units = _doubled(units)
    return RecurrentWiring.from_edges(
        2 * n_inputs if genotype.differences else n_inputs,
        units.n_embedded,
        n_outputs,
        genotype.cell,
        units.unit_vertex,
        units.input_edges,
        units.recurrent_edges,
        _output_edges(genotype, units, n_outputs),
        window=genotype.window,
        stride=genotype.stride,
        bidirectional=genotype.bidirectional,
    )


def _layered(genotype: RecurrentGenotype) -> HiddenUnits:
    graph = hidden_graph(genotype)
    sources, targets = decode(graph.codes, graph.n_neurons)
    levels = longest_path_levels(sources, targets, graph.n_neurons)
    order = np.argsort(levels, kind="stable")  # vertices are numbered by layer
    place = np.argsort(order)
    sources, targets, layers = place[sources], place[targets], levels[order]
    sizes = np.bincount(layers)
    first_vertex = np.cumsum(sizes) - sizes
    n_embedded = genotype.embedding or int(sizes[0])

    # Blocks ascend by layer, and then by how many layers they skip; block 0 reads the embedded values.
    codes = layers[targets] * len(sizes) + layers[targets] - layers[sources] - 1
    blocks = distinct(np.append(codes, 0))
    block_layers = blocks // len(sizes)
    block_sizes = sizes[block_layers]
    first_unit = np.cumsum(block_sizes) - block_sizes
    unit_sizes = np.repeat(block_sizes, block_sizes)  # of the block of each unit
    unit_starts = np.repeat(first_unit, block_sizes)
    unit_vertex = np.arange(len(unit_starts)) - unit_starts + np.repeat(first_vertex[block_layers], block_sizes)
    readers = first_unit[np.searchsorted(blocks, codes)] + targets - first_vertex[layers[targets]]
    first_readers = np.repeat(np.arange(sizes[0]), n_embedded)

    dense_readers = np.repeat(np.arange(len(unit_sizes)), unit_sizes)
    row_starts = np.repeat(np.cumsum(unit_sizes) - unit_sizes, unit_sizes)
    dense_sources = np.arange(len(dense_readers)) - row_starts + unit_starts[dense_readers]

    is_deepest = layers == len(sizes) - 1
    return HiddenUnits(
        n_embedded,
        unit_vertex,
        (
            np.concatenate([np.tile(np.arange(n_embedded), sizes[0]), n_embedded + sources]),
            np.concatenate([first_readers, readers]),
        ),
        (dense_sources, dense_readers),
        is_deepest,
        # Every vertex reaches the deepest layer, by an edge upwards or through its own layer, which is dense.
        np.where(is_deepest, 0, -1),
        graph.keys[order],
    )


def _recurrent(genotype: RecurrentGenotype) -> HiddenUnits:
    graph = edited_graph(genotype)
    n_units = graph.n_neurons
    low, high = decode(graph.codes, n_units)
    units = np.arange(n_units)
    n_embedded = genotype.embedding or n_units - len(np.unique(high))
    n_read = min(max(genotype.inputs_per_neuron, 1), n_embedded)
    readers, read = sample_rows(np.full(n_units, n_read), n_embedded, graph.keys)
    unread = np.setdiff1d(np.arange(n_embedded), read)  # would be weights without use
    return HiddenUnits(
        n_embedded,
        units,
        (np.concatenate([read, unread]), np.concatenate([readers, unread % n_units])),
        (np.concatenate([low, high, units]), np.concatenate([high, low, units])),
        ~np.isin(units, low),
        component_labels(np.column_stack([low, high]), n_units),
        graph.keys,
    )


def _doubled(units: HiddenUnits) -> HiddenUnits:
    """The same once more, for the other direction: embedded values, vertices and units of the two in turn."""
    n_embedded, n_units, n_vertices = units.n_embedded, len(units.unit_vertex), len(units.is_sink)
    sources, readers = units.input_edges
    is_vertex = sources >= n_embedded
    forward = np.where(is_vertex, sources + n_embedded, sources)
    backward = np.where(is_vertex, forward + n_vertices, sources + n_embedded)
    before, recurrent_readers = units.recurrent_edges
    return HiddenUnits(
        2 * n_embedded,
        np.append(units.unit_vertex, units.unit_vertex + n_vertices),
        (np.append(forward, backward), np.append(readers, readers + n_units)),
        (np.append(before, before + n_units), np.append(recurrent_readers, recurrent_readers + n_units)),
        np.tile(units.is_sink, 2),
        np.append(units.groups, np.where(units.groups < 0, -1, units.groups + n_vertices)),
        np.tile(units.keys, 2),
    )


def _output_edges(genotype: RecurrentGenotype, units: HiddenUnits, n_outputs: int) -> Edges:
    """(summaries of vertices, outputs): of every group except -1, a vertex is read, the last one if no other is."""
    n_vertices, summaries = len(units.is_sink), np.array(POOLINGS[genotype.pooling])
    vertices = np.flatnonzero(units.is_sink) if genotype.readout == "sinks" else np.arange(n_vertices)
    readable = (summaries[:, None] * n_vertices + vertices).ravel()
    outputs, read = read_out(genotype, readable, n_outputs)
    names, places = np.unique(units.groups[::-1], return_index=True)
    lacking = (n_vertices - 1 - places)[~np.isin(names, np.append(units.groups[read % n_vertices], -1))]
    return (
        np.append(read, summaries[0] * n_vertices + lacking),
        np.append(outputs, chosen_outputs(units.keys[lacking], n_outputs)),
    )


_READINGS = {"layered": _layered, "recurrent": _recurrent}
