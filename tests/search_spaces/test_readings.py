"""The oracle builds both readings edge by edge from the definition, with networkx."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import RNNSpace, Segment
from search_spaces.attachment import edited_graph, hidden_graph, read_out
from search_spaces.edge_codes import decode
from search_spaces.readings import read_graph
from search_spaces.recurrent_genotype import POOLINGS, RecurrentGenotype
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.rows import row_numbers
from search_spaces.segments import HiddenGraph

SPACE = RNNSpace(n_inputs=7, n_outputs=3, max_weights=4000)


def genotype_of(seed: int, n_changes: int = 0) -> RecurrentGenotype:
    rng = np.random.default_rng(seed)
    genotype = SPACE.sample(rng)
    for _ in range(n_changes):
        genotype = SPACE.cross(SPACE.mutate(genotype, rng), SPACE.sample(rng), rng)
    return genotype


genotypes = st.builds(genotype_of, st.integers(0, 2**32), st.integers(0, 3))
ONE_WAY = {"window": 1, "stride": 1, "differences": False, "bidirectional": False, "pooling": "last"}


def dag(graph: HiddenGraph) -> nx.DiGraph:
    directed = nx.DiGraph()
    directed.add_nodes_from(range(graph.n_neurons))
    sources, targets = decode(graph.codes, graph.n_neurons)
    directed.add_edges_from(zip(sources.tolist(), targets.tolist(), strict=True))
    return directed


def layers_of(graph: nx.DiGraph) -> list[list[int]]:
    return [sorted(layer) for layer in nx.topological_generations(graph)]


def edges(indptr: np.ndarray, indices: np.ndarray) -> list[tuple[int, int]]:
    """(source, reader) of every edge."""
    return list(zip(indices.tolist(), row_numbers(indptr).tolist(), strict=True))


def expected_blocks(graph: nx.DiGraph, n_embedded: int) -> Counter[tuple[int, ...]]:
    """For each unit of each block: (layer, place in its layer, units of the block, *what it reads in the step)."""
    layers = layers_of(graph)
    numbers = {vertex: number for number, vertex in enumerate(v for layer in layers for v in layer)}
    found: Counter[tuple[int, ...]] = Counter()
    for place in range(len(layers[0])):
        found[(0, place, len(layers[0]), *range(n_embedded))] += 1
    for upper in range(1, len(layers)):
        for lower in range(upper):
            edges = {(s, t) for s in layers[lower] for t in layers[upper] if graph.has_edge(s, t)}
            if edges:
                for place, target in enumerate(layers[upper]):
                    read = sorted(n_embedded + numbers[s] for s, t in edges if t == target)
                    found[(upper, place, len(layers[upper]), *read)] += 1
    return found


@settings(deadline=None, max_examples=60)
@given(genotype=genotypes, embedding=st.integers(0, 6))
def test_layers_are_read_as_defined(genotype: RecurrentGenotype, embedding: int) -> None:
    genotype = replace(genotype, reading="layered", embedding=embedding, **ONE_WAY)
    graph = dag(hidden_graph(genotype))
    layers = layers_of(graph)
    net = read_graph(genotype, 7, 3)
    assert net.n_vertices == len(graph)
    assert net.n_embedded == (embedding or len(layers[0]))
    assert net.depth == len(layers) <= genotype.max_depth
    layer_of = np.repeat(np.arange(len(layers)), [len(layer) for layer in layers])
    first = np.cumsum([0, *map(len, layers)])
    recurrent = np.split(net.recurrent_indices, net.recurrent_indptr[1:-1])
    found: Counter[tuple[int, ...]] = Counter()
    for unit, read in enumerate(np.split(net.input_indices, net.input_indptr[1:-1])):
        layer = layer_of[net.unit_vertex[unit]]
        found[(layer, net.unit_vertex[unit] - first[layer], len(recurrent[unit]), *read.tolist())] += 1
        # A block is dense: its units are consecutive, and each reads all of them.
        block = recurrent[unit]
        assert unit in block and np.array_equal(block, np.arange(block[0], block[0] + len(layers[layer])))
        assert net.unit_vertex[block].tolist() == list(range(first[layer], first[layer + 1]))
    assert found == expected_blocks(graph, net.n_embedded)


@settings(deadline=None, max_examples=60)
@given(genotype=genotypes, embedding=st.integers(0, 40), inputs=st.integers(0, 9))
def test_one_recurrent_layer_is_read_as_defined(genotype: RecurrentGenotype, embedding: int, inputs: int) -> None:
    genotype = replace(genotype, reading="recurrent", embedding=embedding, inputs_per_neuron=inputs, **ONE_WAY)
    graph = dag(edited_graph(genotype))
    net = read_graph(genotype, 7, 3)
    assert net.unit_vertex.tolist() == list(range(len(graph)))
    undirected = graph.to_undirected()
    pairs = {(a, b) for a, b in undirected.edges} | {(b, a) for a, b in undirected.edges}
    assert set(edges(net.recurrent_indptr, net.recurrent_indices)) == pairs | {(v, v) for v in graph}
    assert net.n_embedded == (embedding or len(layers_of(graph)[0]))
    assert net.input_indices.max() < net.n_embedded
    assert set(net.input_indices.tolist()) == set(range(net.n_embedded))
    n_read = np.diff(net.input_indptr)
    usual = min(max(inputs, 1), net.n_embedded)
    assert usual <= n_read.min() <= n_read.max() <= usual + -(-net.n_embedded // len(graph))
    if usual == net.n_embedded:
        assert (n_read == usual).all()
    assert net.depth == 1


@settings(deadline=None, max_examples=60)
@given(genotype=genotypes, pooling=st.sampled_from(sorted(POOLINGS)))
def test_outputs_read_the_share_of_what_is_readable_and_what_nothing_else_would(
    genotype: RecurrentGenotype, pooling: str
) -> None:
    genotype = replace(genotype, pooling=pooling, bidirectional=False)
    net = read_graph(genotype, 7, 3)
    is_layered = genotype.reading == "layered"
    graph = dag((hidden_graph if is_layered else edited_graph)(genotype))
    n_vertices, n_deepest = len(graph), len(layers_of(graph)[-1])
    if genotype.readout == "all":
        readable = np.arange(n_vertices)
    elif is_layered:
        readable = np.arange(n_vertices - n_deepest, n_vertices)
    else:
        readable = np.array([v for v in graph if not graph.out_degree(v)])
    readable = np.concatenate([kind * n_vertices + readable for kind in POOLINGS[pooling]])
    outputs, read = read_out(genotype, readable, 3)
    assert set(np.bincount(outputs)) == {int(np.ceil(genotype.readout_share * len(readable) - 1e-9))}
    groups = [range(n_vertices - n_deepest, n_vertices)] if is_layered else nx.weakly_connected_components(graph)
    vertices = {source % n_vertices for source in read.tolist()}
    lacking = sorted(POOLINGS[pooling][0] * n_vertices + max(g) for g in groups if vertices.isdisjoint(g))
    found = Counter(edges(net.output_indptr, net.output_indices))
    found.subtract(zip(read.tolist(), outputs.tolist(), strict=True))
    assert min(found.values()) >= 0
    assert sorted(vertex for vertex, _ in found.elements()) == lacking


def test_old_barabasi_albert_graphs_have_as_many_sources_as_attachments() -> None:
    for n_neurons, attachments in ((10, 1), (24, 2), (50, 5)):
        segment = Segment("barabasi-albert", (("attachments", attachments),), n_neurons, 3, 0, n_neurons)
        genotype = replace(
            genotype_of(0), segments=(segment,), edits=(), orientation="index", reading="layered", embedding=0,
            max_depth=100, **ONE_WAY,
        )  # fmt: skip
        assert read_graph(genotype, 128, 2).n_embedded == attachments


def test_a_layered_prior_that_skips_nothing_is_a_stack_of_dense_recurrent_layers() -> None:
    segment = Segment("layered", (("density", 1.0), ("layers", 3)), 30, 0, 0, 30)
    genotype = replace(
        genotype_of(0), segments=(segment,), edits=(), reading="layered", max_depth=9, embedding=5,
        readout="sinks", readout_share=1.0, cell="tanh", **ONE_WAY,
    )  # fmt: skip
    net = read_graph(genotype, 4, 2)
    assert net.n_units == net.n_vertices == 30
    assert net.n_weights == 4 * 5 + 10 * 5 + 2 * 10 * 10 + 3 * 10 * 10 + 10 * 2
    assert np.array_equal(net.output_indices, [*range(20, 30)] * 2)


@pytest.mark.parametrize("reading", ["layered", "recurrent"])
def test_a_lone_vertex_is_a_network(reading: str) -> None:
    segment = Segment("erdos-renyi", (("mean_degree", 1.0),), 2, 0, 0, 1)
    genotype = replace(
        genotype_of(0), segments=(segment,), edits=(), reading=reading, embedding=0, cell="lstm", **ONE_WAY
    )
    net: RecurrentWiring = read_graph(genotype, 3, 2)
    assert (net.n_units, net.n_embedded) == (1, 1)
    assert net.n_weights == 3 + 2 * 4 + 2


@settings(deadline=None, max_examples=60)
@given(genotype=genotypes)
def test_both_directions_have_the_same_graph_and_share_the_outputs(genotype: RecurrentGenotype) -> None:
    genotype = replace(genotype, readout_share=1.0)
    one, both = (read_graph(replace(genotype, bidirectional=choice), 7, 3) for choice in (False, True))
    assert (both.n_embedded, both.n_vertices, both.n_units) == (2 * one.n_embedded, 2 * one.n_vertices, 2 * one.n_units)

    n_embedded, n_vertices, n_units = one.n_embedded, one.n_vertices, one.n_units

    def source_of(source: int, half: int) -> int:
        """The input source of a half that has this number in a network of one direction."""
        if source < n_embedded:
            return source + half * n_embedded
        return source + n_embedded + half * n_vertices

    of_one = edges(one.input_indptr, one.input_indices)
    expected = {(source_of(source, half), unit + half * n_units) for half in (0, 1) for source, unit in of_one}
    assert set(edges(both.input_indptr, both.input_indices)) == expected
    of_one = edges(one.recurrent_indptr, one.recurrent_indices)
    expected = {(source + half * n_units, unit + half * n_units) for half in (0, 1) for source, unit in of_one}
    assert set(edges(both.recurrent_indptr, both.recurrent_indices)) == expected
    forward, read = (np.unique(net.output_indices % net.n_vertices) for net in (one, both))
    assert read.tolist() == [*forward, *(n_vertices + forward)]


def test_windows_and_differences_are_those_of_the_genotype() -> None:
    genotype = replace(genotype_of(0), window=5, stride=3, differences=True, bidirectional=False)
    net = read_graph(genotype, 7, 3)
    assert (net.n_inputs, net.window, net.stride, net.bidirectional) == (14, 5, 3, False)
    assert read_graph(replace(genotype, differences=False), 7, 3).n_inputs == 7
