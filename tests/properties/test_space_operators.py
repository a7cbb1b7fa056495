"""The operators of the MLP space are closed: whatever they are given and in whatever order."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import Genotype, MLPSpace, Wiring


@st.composite
def spaces(draw: st.DrawFn) -> MLPSpace:
    n_outputs = draw(st.integers(1, 30))
    least = n_outputs + 1
    max_weights = draw(st.one_of(st.integers(least, least + 20), st.integers(least, 5000)))
    return MLPSpace(draw(st.one_of(st.integers(1, 20), st.integers(1, 800))), n_outputs, max_weights)


def assert_valid(space: MLPSpace, genotype: Genotype) -> Wiring:
    wiring = space.wire(genotype)  # refuses cycles, repeated edges, and neurons without use
    assert (wiring.n_inputs, wiring.n_outputs) == (space.n_inputs, space.n_outputs)
    assert wiring.n_weights <= space.max_weights
    assert wiring.depth <= genotype.max_depth
    assert Genotype.from_dict(json.loads(json.dumps(genotype.to_dict()))) == genotype
    return wiring


seeds = st.integers(0, 2**63)


@settings(deadline=None, max_examples=60)
@given(space=spaces(), seed=seeds)
def test_a_mutant_of_a_valid_genotype_is_valid_and_another(space: MLPSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parent = space.sample(rng)
    assert_valid(space, parent)
    child = space.mutate(parent, rng)
    assert_valid(space, child)
    assert child != parent
    assert child.key() != parent.key()


@settings(deadline=None, max_examples=60)
@given(space=spaces(), seed=seeds)
def test_a_child_of_valid_genotypes_is_valid(space: MLPSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert_valid(space, space.cross(space.sample(rng), space.sample(rng), rng))


@settings(deadline=None, max_examples=25)
@given(space=spaces(), seed=seeds, steps=st.lists(st.sampled_from(["mutate", "cross"]), min_size=20, max_size=20))
def test_long_lines_of_descent_stay_valid(space: MLPSpace, seed: int, steps: list[str]) -> None:
    rng = np.random.default_rng(seed)
    line = [space.sample(rng), space.sample(rng)]
    for step in steps:
        first, second = (line[int(rng.integers(len(line)))] for _ in range(2))
        line.append(space.mutate(first, rng) if step == "mutate" else space.cross(first, second, rng))
        assert_valid(space, line[-1])


@settings(deadline=None, max_examples=30)
@given(space=spaces(), seed=seeds)
def test_every_hidden_neuron_lies_on_a_path_from_an_input_to_an_output(space: MLPSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wiring = assert_valid(space, space.mutate(space.sample(rng), rng))
    graph = wiring.to_networkx()
    roles = nx.get_node_attributes(graph, "role")
    graph.add_edges_from(("in", node) for node, role in roles.items() if role == "input")
    graph.add_edges_from((node, "out") for node, role in roles.items() if role == "output")
    useful = nx.descendants(graph, "in") & nx.ancestors(graph, "out")
    assert {node for node, role in roles.items() if role != "input"} <= useful


@settings(deadline=None, max_examples=30)
@given(seed=seeds, small=st.integers(11, 300))
def test_genotypes_of_a_larger_space_are_made_to_fit(seed: int, small: int) -> None:
    rng = np.random.default_rng(seed)
    large, narrow = MLPSpace(50, 10, 20_000), MLPSpace(50, 10, small)
    first, second = large.sample(rng), large.sample(rng)
    assert_valid(narrow, narrow.mutate(first, rng))
    assert_valid(narrow, narrow.cross(first, second, rng))
