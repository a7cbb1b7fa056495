from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.edge_codes import decode, encode
from search_spaces.genotype import Orientation
from search_spaces.graphs import erdos_renyi, watts_strogatz
from search_spaces.orientation import cut_to_depth, orient
from search_spaces.wiring import longest_path_levels

RING = watts_strogatz(30, np.random.default_rng(0), neighbours=4, rewiring=0.0)


def depth(codes: np.ndarray, n: int) -> int:
    return int(longest_path_levels(*decode(codes, n), n).max()) + 1


def test_index_orientation_leads_from_low_to_high_numbers() -> None:
    codes = orient(RING, 30, "index", np.random.default_rng(0))
    assert codes.tolist() == np.sort(encode(RING[:, 0], RING[:, 1], 30)).tolist()


def test_random_orientation_renumbers_the_same_graph() -> None:
    codes = orient(RING, 30, "random", np.random.default_rng(0))
    assert codes.tolist() != orient(RING, 30, "index", np.random.default_rng(0)).tolist()
    assert codes.tolist() == orient(RING, 30, "random", np.random.default_rng(0)).tolist()
    sources, targets = decode(codes, 30)
    assert (sources < targets).all()
    renumbered = nx.Graph(zip(sources.tolist(), targets.tolist(), strict=True))
    assert nx.is_isomorphic(renumbered, nx.Graph(RING.tolist()))


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(2, 60),
    degree=st.floats(0.5, 8),
    orientation=st.sampled_from(["index", "random"]),
    max_depth=st.integers(1, 20),
    seed=st.integers(0, 2**32),
)
def test_cutting_keeps_to_the_depth_and_to_the_edges(
    n: int, degree: float, orientation: Orientation, max_depth: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = orient(erdos_renyi(n, rng, mean_degree=min(degree, n - 1.0)), n, orientation, rng)
    cut = cut_to_depth(codes, n, max_depth)
    assert depth(cut, n) <= max_depth
    assert depth(codes, n) > max_depth or np.array_equal(cut, codes)
    assert np.isin(cut, codes).all()
    assert np.array_equal(cut, np.sort(cut))


@pytest.mark.parametrize(("length", "n_left"), [(3, 8), (4, 9), (12, 11), (1, 0)])
def test_a_chain_is_cut_into_parallel_chains(length: int, n_left: int) -> None:
    chain = encode(np.arange(11), np.arange(1, 12), 12)
    cut = cut_to_depth(chain, 12, length)
    assert len(cut) == n_left
    assert depth(cut, 12) == length


def test_a_complete_graph_becomes_complete_layers() -> None:
    sources, targets = np.triu_indices(12, 1)
    kept_sources, kept_targets = decode(cut_to_depth(np.sort(encode(sources, targets, 12)), 12, 3), 12)
    assert len(kept_sources) == 3 * 4 * 4
    assert (kept_sources // 4 < kept_targets // 4).all()
