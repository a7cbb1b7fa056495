from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from search_spaces import RecurrentGenotype, RNNSpace
from search_spaces.attachment import hidden_graph
from search_spaces.edge_codes import decode
from search_spaces.layered_priors import STUDIED_PRIORS, layered_prior_genotype
from search_spaces.recurrent_wiring import CELLS, GATES

SPACE = RNNSpace(n_inputs=7, n_outputs=2, max_weights=10**6)


def drawn(prior: str, number: int) -> RecurrentGenotype:
    return layered_prior_genotype(prior, CELLS[number % len(CELLS)], np.random.default_rng(number))


def graph_of(genotype: RecurrentGenotype) -> nx.DiGraph:
    graph = hidden_graph(genotype)
    edges = np.transpose(decode(graph.codes, graph.n_neurons)).tolist()
    directed = nx.DiGraph()
    directed.add_nodes_from(range(graph.n_neurons))
    directed.add_edges_from(edges)
    return directed


@pytest.mark.parametrize("number", range(20))
def test_barabasi_albert_starts_from_vertices_without_edges(number: int) -> None:
    genotype = drawn("barabasi-albert", number)
    graph = graph_of(genotype)
    n = len(graph)
    m = n // 10
    assert 10 <= n <= 50
    assert graph.number_of_edges() == m * (n - m)
    assert [vertex for vertex in graph if graph.in_degree(vertex) == 0] == list(range(m))


@pytest.mark.parametrize("number", range(20))
def test_watts_strogatz_is_connected_and_has_as_many_edges_as_neighbours_ask(number: int) -> None:
    graph = graph_of(drawn("watts-strogatz", number))
    n = len(graph)
    assert nx.is_connected(graph.to_undirected())
    per_side = n // 5 // 2
    # What joins the parts of a graph that fell apart is added.
    assert n * per_side <= graph.number_of_edges() <= n * per_side + n // 4


@pytest.mark.parametrize("prior", STUDIED_PRIORS)
@pytest.mark.parametrize("number", range(8))
def test_the_network_is_a_stack_of_dense_recurrent_layers(prior: str, number: int) -> None:
    genotype = drawn(prior, number)
    graph, wiring = graph_of(genotype), SPACE.wire(genotype)
    level = {v: k for k, layer in enumerate(nx.topological_generations(graph)) for v in layer}
    layers = [sum(k == depth for k in level.values()) for depth in range(max(level.values()) + 1)]
    blocks = {(level[v], level[v] - level[u]) for u, v in graph.edges} | {(0, 1)}
    n_units = [layers[layer] for layer, _ in blocks]
    assert wiring.n_embedded == layers[0]
    assert len(wiring.recurrent_indices) == sum(n**2 for n in n_units)
    assert len(wiring.input_indices) == layers[0] ** 2 + graph.number_of_edges()
    assert len(wiring.output_indices) == SPACE.n_outputs * layers[-1]
    assert wiring.n_weights == (
        GATES[wiring.cell] * (len(wiring.recurrent_indices) + len(wiring.input_indices))
        + SPACE.n_inputs * layers[0]
        + SPACE.n_outputs * layers[-1]
    )


def test_the_same_generator_state_gives_the_same_genotype() -> None:
    assert drawn("watts-strogatz", 3) == drawn("watts-strogatz", 3)


def test_another_prior_is_refused() -> None:
    with pytest.raises(ValueError, match="erdos-renyi"):
        drawn("erdos-renyi", 0)
