from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.results.dense_networks import dense_wiring, n_dense_weights
from nas.results.density import density_of
from search_spaces import MLPSpace, RNNSpace
from search_spaces.wiring import Wiring

widths = st.lists(st.integers(1, 6), min_size=3, max_size=6).map(tuple)


@settings(deadline=None)
@given(widths)
def test_a_dense_network_has_every_weight_of_itself(widths: tuple[int, ...]) -> None:
    wiring = dense_wiring(widths)
    assert density_of(wiring) == 1.0
    assert wiring.n_weights == n_dense_weights(widths)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_a_network_is_compared_with_the_dense_one_that_has_its_levels(seed: int) -> None:
    wiring = MLPSpace(7, 3, 300).wire(MLPSpace(7, 3, 300).sample(np.random.default_rng(seed)))
    levels = wiring.levels()
    widths = (7, *(int(np.sum(levels == level)) for level in range(wiring.depth)), 3)
    assert density_of(wiring) == pytest.approx(wiring.n_weights / dense_wiring(widths).n_weights)


def test_edges_that_skip_levels_can_be_more_than_a_dense_network_has() -> None:
    # Inputs 0 and 1; neurons 0, 1, 2 in a chain, each of which reads both inputs; the output reads all.
    sources = [0, 1, 0, 1, 2, 0, 1, 3, 2, 3, 4]
    targets = [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    wiring = Wiring.from_edges(2, 3, 1, np.array(sources), np.array(targets))
    assert density_of(wiring) == 11 / (2 + 1 + 1 + 1)


def test_recurrent_networks_have_a_density_of_their_own() -> None:
    space = RNNSpace(3, 2, 400)
    wiring = space.wire(space.sample(np.random.default_rng(0)))
    assert density_of(wiring) == wiring.density
