"""Two readings of a hidden graph as a recurrent network.

"layered": the graph is a stack of recurrent layers. Edges lead from the lower to the higher number; the layer of a
vertex is its longest path from a source. Each layer is a dense recurrent block with one unit a vertex that reads,
by the edges, the layer directly below; the first layer reads all embedded values. For each pair of layers further
apart with an edge, a skip block of its own, also with one unit for each vertex of the upper layer, reads the lower
layer by the edges between the two and is added to the upper one. So a skip block has units that hear of its
source layer from the other units of the block only; the networks of the literature have them too.

"recurrent": the graph is the hidden-to-hidden wiring of one recurrent layer. There is one unit a vertex; an edge
leads both ways, and each unit also reads itself.

Source: the first is the network of "Experiments on Properties of Hidden Structures of Sparse Neural Networks"
(Stier et al. 2021, arXiv 2107.12917), where the embedding always had as many values as the graph had sources.
"""

from __future__ import annotations

import numpy as np

from search_spaces.attachment import chosen_outputs, edited_graph, hidden_graph, read_out
from search_spaces.components import component_labels
from search_spaces.edge_codes import BoolArray, Int64Array, decode, distinct
from search_spaces.recurrent_genotype import RecurrentGenotype
from search_spaces.recurrent_wiring import Edges, RecurrentWiring
from search_spaces.shuffle import KeyArray, sample_rows
from search_spaces.wiring import longest_path_levels


def read_graph(genotype: RecurrentGenotype, n_inputs: int, n_outputs: int) -> RecurrentWiring:
    """The recurrent network that a genotype's hidden graph stands for, by the genotype's reading.

    Each output reads `readout_share` of the readable vertices, at least one: of all of them, or for the readout
    "sinks", of the deepest layer when layered, and when recurrent of the vertices without an edge to a higher
    number. A vertex that would never reach an output is read by one.

    Args:
        genotype: Any recurrent genotype.
        n_inputs: Channels of a step.
        n_outputs: Number of outputs.
    """
    return _READINGS[genotype.reading](genotype, n_inputs, n_outputs)


def _layered(genotype: RecurrentGenotype, n_inputs: int, n_outputs: int) -> RecurrentWiring:
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
    return RecurrentWiring.from_edges(
        n_inputs,
        n_embedded,
        n_outputs,
        genotype.cell,
        unit_vertex,
        (
            np.concatenate([np.tile(np.arange(n_embedded), sizes[0]), n_embedded + sources]),
            np.concatenate([first_readers, readers]),
        ),
        (dense_sources, dense_readers),
        # Every vertex reaches the deepest layer, by an edge upwards or through its own layer, which is dense.
        _output_edges(genotype, is_deepest, np.where(is_deepest, 0, -1), graph.keys[order], n_outputs),
    )


def _recurrent(genotype: RecurrentGenotype, n_inputs: int, n_outputs: int) -> RecurrentWiring:
    graph = edited_graph(genotype)
    n_units = graph.n_neurons
    low, high = decode(graph.codes, n_units)
    units = np.arange(n_units)
    n_embedded = genotype.embedding or n_units - len(np.unique(high))
    n_read = min(max(genotype.inputs_per_neuron, 1), n_embedded)
    readers, read = sample_rows(np.full(n_units, n_read), n_embedded, graph.keys)
    unread = np.setdiff1d(np.arange(n_embedded), read)  # would be weights without use
    return RecurrentWiring.from_edges(
        n_inputs,
        n_embedded,
        n_outputs,
        genotype.cell,
        units,
        (np.concatenate([read, unread]), np.concatenate([readers, unread % n_units])),
        (np.concatenate([low, high, units]), np.concatenate([high, low, units])),
        _output_edges(
            genotype,
            ~np.isin(units, low),
            component_labels(np.column_stack([low, high]), n_units),
            graph.keys,
            n_outputs,
        ),
    )


def _output_edges(
    genotype: RecurrentGenotype, is_sink: BoolArray, groups: Int64Array, vertex_keys: KeyArray, n_outputs: int
) -> Edges:
    """(vertices, outputs) such that of each group, but group -1, at least one vertex is read: if need be the last."""
    readable = np.flatnonzero(is_sink) if genotype.readout == "sinks" else np.arange(len(is_sink))
    outputs, read = read_out(genotype, readable, n_outputs)
    names, places = np.unique(groups[::-1], return_index=True)
    lacking = (len(groups) - 1 - places)[~np.isin(names, np.append(groups[read], -1))]
    return (
        np.concatenate([read, lacking]),
        np.concatenate([outputs, chosen_outputs(vertex_keys[lacking], n_outputs)]),
    )


_READINGS = {"layered": _layered, "recurrent": _recurrent}
