from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.sparsify.small_world import _layers, _measured, junction_sizes, small_world, small_worldness

LENET = (784, 300, 100, 10)


@given(st.lists(st.integers(1, 30), min_size=3, max_size=5), st.floats(0.0, 1.0))
@settings(deadline=None)
def test_it_has_as_many_links_as_wanted_and_every_neuron_reads_and_is_read(widths: list[int], share: float) -> None:
    fewest, most = sum(max(pair) for pair in pairwise(widths)), sum(a * b for a, b in pairwise(widths))
    n_weights = round(fewest + share * (most - fewest))
    assert sum(junction_sizes(tuple(widths), n_weights)) == n_weights
    try:
        wiring = small_world(tuple(widths), n_weights, np.random.default_rng(0))
    except ValueError as error:
        assert "so few links cannot connect all inputs" in str(error) and n_weights < most
        return
    assert wiring.n_weights == n_weights
    layers = _layers(wiring)
    assert [links.shape for links in layers] == [(b, a) for a, b in pairwise(widths)]
    assert all(links.any(axis=0).all() and links.any(axis=1).all() for links in layers)


@pytest.mark.parametrize(("widths", "n_weights"), [((6, 2, 5), 19), ((20, 8, 5), 150), ((30, 20, 20, 6), 400)])
def test_links_are_moved_until_every_output_is_reached_from_every_input(
    widths: tuple[int, ...], n_weights: int
) -> None:
    for seed in range(5):
        wiring = small_world(widths, n_weights, np.random.default_rng(seed))
        assert wiring.n_weights == n_weights
        assert small_worldness(wiring, np.random.default_rng(0)).is_connected


@pytest.mark.parametrize("share", [0.023, 0.09])
def test_it_is_a_small_world_that_connects_all_inputs_with_all_outputs(share: float) -> None:
    n_weights = round(share * sum(a * b for a, b in pairwise(LENET)))
    wiring = small_world(LENET, n_weights, np.random.default_rng(1))
    found = small_worldness(wiring, np.random.default_rng(0))
    assert found.sigma > 1.5
    assert found.is_connected
    random = small_world(LENET, n_weights, np.random.default_rng(1), far_share=1.0, near_share=0.0)
    assert small_worldness(random, np.random.default_rng(0)).sigma == pytest.approx(1.0, abs=0.4)


def test_clustering_and_length_are_those_of_a_graph_library() -> None:
    wiring = small_world((6, 5, 4, 2), 30, np.random.default_rng(3))
    graph = wiring.to_networkx().to_undirected()
    clustering, length = _measured(_layers(wiring))
    distances = [d for _, of_one in nx.all_pairs_shortest_path_length(graph) for d in of_one.values() if d > 0]
    assert length == pytest.approx(np.mean(distances))
    squares = paths = 0.0
    for links in _layers(wiring):
        two = nx.Graph([(("a", r), ("b", s)) for r, s in zip(*np.nonzero(links), strict=True)])
        squares += sum(1 for c in nx.simple_cycles(two, length_bound=4) if len(c) == 4)
        paths += sum((two.degree(u) - 1) * (two.degree(v) - 1) for u, v in two.edges)
    assert clustering == pytest.approx(4 * squares / paths)


def test_too_few_or_too_many_links_are_refused() -> None:
    for n_weights in (5, 61):
        with pytest.raises(ValueError, match="can have 12 to 60"):
            small_world((6, 6, 4), n_weights, np.random.default_rng(0))
