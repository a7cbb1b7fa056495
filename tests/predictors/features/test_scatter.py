from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.graph import Graph
from predictors.features.scatter import (
    SCATTER_NAMES,
    JunctionWindows,
    best_scatter,
    junction_scatter,
    scatter_features,
    scatter_vector,
    windows,
)


def biregular(n_right: int, n_left: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random junction with equal fan-in and equal fan-out, by trades between the neurons of one side.

    Strona et al., "A fast and unbiased procedure to randomize ecological binary matrices" (2014).
    """
    fan_in = n_left * fan_out // n_right
    junction = np.zeros((n_right, n_left))
    for row in range(n_right):
        junction[row, (row * fan_in + np.arange(fan_in)) % n_left] = 1
    side = junction if n_right < n_left else junction.T
    for _ in range(10 * len(side)):
        one, other = rng.choice(len(side), 2, replace=False)
        apart = np.flatnonzero(side[one] != side[other])
        dealt = rng.permutation(side[one, apart])
        side[one, apart], side[other, apart] = dealt, 1 - dealt
    return junction


# Dey et al., the 64-1024-64 network for Morse code: windows of 8 on both sides of both junctions, single neurons for
# inputs and outputs. The values are those of one random draw.
MORSE_WINDOWS = [
    JunctionWindows(windows((64,), (8,)), windows((1024,), (8,))),
    JunctionWindows(windows((1024,), (8,)), windows((64,), (8,))),
    JunctionWindows(windows((64,), (1,)), windows((64,), (1,))),
]


@pytest.mark.parametrize(
    ("fan_outs", "expected"),
    [
        ((1024, 64), [1, 1, 1, 1, 1, 1]),
        ((512, 32), [0.866, 0.865, 0.864, 0.870, 0.985, 0.985]),
        ((128, 8), [0.676, 0.657, 0.661, 0.683, 0.913, 0.913]),
        ((64, 4), [0.425, 0.405, 0.406, 0.420, 0.814, 0.814]),
        ((32, 2), [0.238, 0.225, 0.225, 0.237, 0.648, 0.648]),
    ],
)
def test_the_network_for_morse_code_has_the_known_scatter(fan_outs: tuple[int, int], expected: list[float]) -> None:
    rng = np.random.default_rng(1)
    junctions = [biregular(1024, 64, fan_outs[0], rng), biregular(64, 1024, fan_outs[1], rng)]
    assert scatter_vector(junctions, MORSE_WINDOWS) == pytest.approx(expected, abs=0.01)


def test_scatter_is_the_mean_of_truncated_ratios() -> None:
    junction = np.array([[1, 1, 0, 0], [1, 0, 0, 1]])
    halves = windows((4,), (2,))
    assert junction_scatter(junction, halves) == (1 + 0 + 1 + 1) / 4
    assert junction_scatter(junction, halves, n_right=1) == 0.5
    assert junction_scatter(junction.T, windows((2,), (1,))) == (1 + 1 + 1 + 0 + 0 + 0 + 0 + 1) / 8
    assert junction_scatter(np.zeros((2, 4)), halves) == 0.0


def test_left_and_right_are_told_apart_and_padding_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    junction = rng.random((6, 8)) < 0.4
    sides = JunctionWindows(windows((8,), (4,)), windows((6,), (3,)), n_left=5, n_right=4)
    left, right, *paths = scatter_vector([junction], [sides, sides])
    assert left == junction_scatter(junction, sides.left, 4)
    assert right == junction_scatter(junction.T, sides.right, 5)
    assert paths == [left, right]
    with pytest.raises(ValueError, match="1 windows for 1 junctions; give 1 more"):
        scatter_vector([junction], [sides])


@pytest.mark.parametrize("fan_in", [1, 2, 3, 4, 6])
def test_no_junction_is_better_than_the_best_and_an_even_one_attains_it(fan_in: int) -> None:
    n, pairs = 8, windows((8,), (2,))
    ideal = 2 * fan_in / n
    even = np.zeros((n, n))
    for row in range(n):  # the four windows in turns
        places = [(row + 2 * turn + (turn // 4)) % n for turn in range(fan_in)]
        even[row, places] = 1
    assert even.sum(axis=1).tolist() == [fan_in] * n
    assert junction_scatter(even, pairs) == pytest.approx(best_scatter(ideal))
    random = biregular(n, n, fan_in, np.random.default_rng(2))
    assert junction_scatter(random, pairs) <= best_scatter(ideal) + 1e-12


def test_windows_cover_lines_images_and_feature_maps() -> None:
    assert windows((6,), (2,)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert windows((5,), (3,), (1,)).tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert windows((4, 4), (2, 2)).tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    volume = windows((2, 2, 3), (2, 1, 2), (1, 1, 1))
    cells = itertools.product([0], [0, 1], [0, 1])
    expected = [[x * 6 + y * 3 + z for x in (u, u + 1) for y in (v,) for z in (w, w + 1)] for u, v, w in cells]
    assert volume.tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(((4,), (5,)), "do not fit"), (((4, 4), (2,)), "different axes"), (((4,), (2,), (0,)), "do not fit")],
)
def test_windows_that_do_not_fit_are_refused(arguments: tuple[tuple[int, ...], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        windows(*arguments)


def features_of(graph: nx.Graph) -> dict[str, float]:
    own = Graph.from_edges(list(graph.edges), len(graph), is_directed=graph.is_directed())
    return dict(zip(SCATTER_NAMES, scatter_features(own).tolist(), strict=True))


@settings(deadline=None, max_examples=30)
@given(side=st.integers(1, 5), probability=st.floats(0, 1), seed=st.integers(0, 1000), is_directed=st.booleans())
def test_scatter_of_a_graph_is_that_of_its_matrix(side: int, probability: float, seed: int, is_directed: bool) -> None:
    n = side**2
    graph = nx.gnp_random_graph(n, probability, seed=seed)
    if is_directed:
        graph = nx.DiGraph((min(edge), max(edge)) for edge in graph.edges)
        graph.add_nodes_from(range(n))
    reads = nx.to_numpy_array(graph, nodelist=range(n)).T
    blocks = windows((n,), (side,))
    found = features_of(graph)
    assert found["block_scatter_in"] == pytest.approx(junction_scatter(reads, blocks))
    assert found["block_scatter_out"] == pytest.approx(junction_scatter(reads.T, blocks))
    assert found["block_scatter"] == min(found["block_scatter_in"], found["block_scatter_out"])
    assert 0 <= found["block_scatter_attained"] <= 1 + 1e-9


def test_a_ring_is_less_scattered_than_a_random_graph() -> None:
    ring, random = nx.watts_strogatz_graph(100, 10, 0, seed=1), nx.gnm_random_graph(100, 500, seed=1)
    assert features_of(ring)["block_scatter"] < 0.3 < 0.5 < features_of(random)["block_scatter_attained"]
