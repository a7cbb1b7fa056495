"""The operators of the search spaces are closed: whatever they are given and in whatever order."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import (
    AnyGenotype,
    AnyWiring,
    MLPSpace,
    RecurrentWiring,
    RNNSpace,
    Wiring,
    genotype_from_dict,
    weights_left,
)
from search_spaces.recurrent_wiring import CELLS, GATES
from search_spaces.rows import row_numbers


@st.composite
def mlp_spaces(draw: st.DrawFn) -> MLPSpace:
    n_outputs = draw(st.integers(1, 30))
    least = n_outputs + 1
    max_weights = draw(st.one_of(st.integers(least, least + 20), st.integers(least, 5000)))
    return MLPSpace(draw(st.one_of(st.integers(1, 20), st.integers(1, 800))), n_outputs, max_weights)


@st.composite
def rnn_spaces(draw: st.DrawFn) -> RNNSpace:
    n_inputs, n_outputs = draw(st.integers(1, 40)), draw(st.integers(1, 30))
    cells = tuple(draw(st.lists(st.sampled_from(CELLS), min_size=1, unique=True)))
    least = n_inputs + n_outputs + 2 * max(GATES[cell] for cell in cells)
    max_weights = draw(st.one_of(st.integers(least, least + 20), st.integers(least, 5000)))
    return RNNSpace(
        n_inputs,
        n_outputs,
        max_weights,
        cells=cells,
        embedding=(draw(st.integers(0, 2)), 32),
        n_steps=draw(st.one_of(st.integers(1, 9), st.integers(1, 2000))),
        has_differences=draw(st.booleans()),
    )


seeds = st.integers(0, 2**63)
spaces = st.one_of(mlp_spaces(), rnn_spaces())


def assert_valid(space: MLPSpace | RNNSpace, genotype: AnyGenotype) -> AnyWiring:
    wiring = space.wire(genotype)  # refuses cycles, repeated edges, and neurons without use
    n_inputs = {space.n_inputs, 2 * space.n_inputs} if getattr(space, "has_differences", False) else {space.n_inputs}
    assert wiring.n_inputs in n_inputs and wiring.n_outputs == space.n_outputs
    assert weights_left(genotype, wiring) <= space.max_weights
    assert wiring.depth <= genotype.max_depth
    assert 0.0 < wiring.density <= 1.0
    assert genotype_from_dict(json.loads(json.dumps(genotype.to_dict()))) == genotype
    return wiring


def graph_of(wiring: AnyWiring) -> nx.DiGraph:
    """Which node feeds which, in whatever step, with the names "in" and "out" for both ends."""
    graph = nx.DiGraph()
    if isinstance(wiring, Wiring):
        graph = wiring.to_networkx()
        roles = nx.get_node_attributes(graph, "role")
        graph.add_edges_from(("in", node) for node, role in roles.items() if role == "input")
        graph.add_edges_from((node, "out") for node, role in roles.items() if role == "output")
        graph.remove_nodes_from(
            [node for node, role in roles.items() if role == "input" and not graph.out_degree(node)]
        )
        return graph
    n_embedded, units = wiring.n_embedded, range(wiring.n_units)
    for source, unit in zip(wiring.input_indices.tolist(), row_numbers(wiring.input_indptr).tolist(), strict=True):
        is_embedded = source < n_embedded
        graph.add_edge(("value", source) if is_embedded else ("vertex", source - n_embedded), ("unit", unit))
    for source, unit in zip(
        wiring.recurrent_indices.tolist(), row_numbers(wiring.recurrent_indptr).tolist(), strict=True
    ):
        graph.add_edge(("unit", source), ("unit", unit))
    graph.add_edges_from(("in", ("value", value)) for value in range(n_embedded))
    graph.add_edges_from((("unit", unit), ("vertex", int(wiring.unit_vertex[unit]))) for unit in units)
    graph.add_edges_from((("vertex", read % wiring.n_vertices), "out") for read in wiring.output_indices.tolist())
    # A vertex may be but the sum that its units give to nobody else, as long as they count themselves.
    graph.remove_nodes_from([node for node in graph if node[0] == "vertex" and not graph[node]])
    return graph


@settings(deadline=None, max_examples=100)
@given(space=spaces, seed=seeds)
def test_a_mutant_of_a_valid_genotype_is_valid_and_another(space: MLPSpace | RNNSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parent = space.sample(rng)
    assert_valid(space, parent)
    child = space.mutate(parent, rng)
    assert_valid(space, child)
    assert child != parent
    assert child.key() != parent.key()


@settings(deadline=None, max_examples=100)
@given(space=spaces, seed=seeds)
def test_a_child_of_valid_genotypes_is_valid(space: MLPSpace | RNNSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert_valid(space, space.cross(space.sample(rng), space.sample(rng), rng))


@settings(deadline=None, max_examples=40)
@given(space=spaces, seed=seeds, steps=st.lists(st.sampled_from(["mutate", "cross"]), min_size=20, max_size=20))
def test_long_lines_of_descent_stay_valid(space: MLPSpace | RNNSpace, seed: int, steps: list[str]) -> None:
    rng = np.random.default_rng(seed)
    line = [space.sample(rng), space.sample(rng)]
    for step in steps:
        first, second = (line[int(rng.integers(len(line)))] for _ in range(2))
        line.append(space.mutate(first, rng) if step == "mutate" else space.cross(first, second, rng))
        assert_valid(space, line[-1])


@settings(deadline=None, max_examples=100)
@given(space=spaces, seed=seeds)
def test_every_neuron_lies_on_a_path_from_an_input_to_an_output(space: MLPSpace | RNNSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wiring = assert_valid(space, space.mutate(space.sample(rng), rng))
    graph = graph_of(wiring)
    useful = nx.descendants(graph, "in") & nx.ancestors(graph, "out")
    assert set(graph) - {"in", "out"} == useful
    n_neurons = wiring.n_units if isinstance(wiring, RecurrentWiring) else wiring.n_hidden
    assert len(useful) >= n_neurons


@settings(deadline=None, max_examples=50)
@given(seed=seeds, spare=st.integers(0, 300))
def test_genotypes_of_a_larger_space_are_made_to_fit(seed: int, spare: int) -> None:
    for kind, least in ((MLPSpace, 11), (RNNSpace, 50 + 10 + 8)):
        rng = np.random.default_rng(seed)
        large, narrow = kind(50, 10, 20_000), kind(50, 10, least + spare)
        first, second = large.sample(rng), large.sample(rng)
        assert_valid(narrow, narrow.mutate(first, rng))
        assert_valid(narrow, narrow.cross(first, second, rng))
