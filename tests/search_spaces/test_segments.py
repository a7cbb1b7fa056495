from __future__ import annotations

from dataclasses import replace

import numpy as np

from search_spaces.edge_codes import decode
from search_spaces.genotype import Segment
from search_spaces.segments import HiddenGraph, join_segments

RING = Segment("watts-strogatz", (("neighbours", 2), ("rewiring", 0.0)), 10, 4, 0, 10)
DENSE = Segment("erdos-renyi", (("mean_degree", 6.0),), 20, 5, 0, 20)


def edges(graph: HiddenGraph) -> set[tuple[int, int]]:
    sources, targets = decode(graph.codes, graph.n_neurons)
    return set(zip(sources.tolist(), targets.tolist(), strict=True))


def test_a_whole_segment_is_its_graph() -> None:
    graph = join_segments([RING], "index")
    assert graph.n_neurons == 10
    assert edges(graph) == {(i, i + 1) for i in range(9)} | {(0, 9)}


def test_the_front_of_a_segment_keeps_its_edges_and_keys() -> None:
    whole = join_segments([DENSE], "index")
    front = join_segments([replace(DENSE, stop=12)], "index")
    assert edges(front) == {(s, t) for s, t in edges(whole) if t < 12}
    assert np.array_equal(front.keys, whole.keys[:12])


def test_the_back_alone_drops_edges_from_before_it() -> None:
    back = join_segments([replace(DENSE, start=12)], "index")
    assert edges(back) == {(s - 12, t - 12) for s, t in edges(join_segments([DENSE], "index")) if s >= 12}


def test_the_back_behind_another_reads_it_at_the_same_relative_place() -> None:
    # In the ring, neuron 5 reads 4, and 9 reads 0: before the cut at 5 stand 0..4, now three other neurons.
    joined = join_segments([replace(RING, seed=1, stop=3), replace(RING, start=5)], "index")
    assert joined.n_neurons == 8
    assert edges(joined) == {(0, 1), (1, 2), (4 * 3 // 5, 3), (0, 7)} | {(i, i + 1) for i in range(3, 7)}


def test_a_segment_cut_in_two_and_joined_is_itself() -> None:
    for segment in (RING, DENSE):
        for orientation in ("index", "random"):
            whole = join_segments([segment], orientation)
            parts = [replace(segment, stop=7), replace(segment, start=7)]
            joined = join_segments(parts, orientation)
            assert np.array_equal(joined.codes, whole.codes)
            assert np.array_equal(joined.keys, whole.keys)


def test_edges_that_fall_together_are_kept_once() -> None:
    joined = join_segments([replace(RING, stop=1), replace(DENSE, start=10)], "index")
    assert np.array_equal(joined.codes, np.unique(joined.codes))
    sources, targets = decode(joined.codes, joined.n_neurons)
    assert (sources < targets).all()


def test_layers_keep_their_direction_whatever_the_orientation() -> None:
    layers = Segment("layered", (("density", 0.5), ("layers", 3)), 12, 1, 0, 12)
    assert edges(join_segments([layers], "random")) == edges(join_segments([layers], "index"))
