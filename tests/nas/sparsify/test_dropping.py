from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.layout import lay_out
from nas.sparsify.dropping import kept_edges, lifelines
from nas.sparsify.edges import Ends, ends_of, lie_on_paths


@given(st.integers(0, 1000), st.floats(0.0, 0.95))
def test_so_many_are_dropped_and_every_output_is_still_reached(seed: int, share: float) -> None:
    network = lay_out(random_wiring(seed), "relu")
    saliency = np.random.default_rng(seed).random(len(network.indices)).astype(np.float32)
    everything = np.ones(len(saliency), bool)
    ends = ends_of(network)
    lines = lifelines(network, ends, saliency)
    n_dropped = round(share * len(saliency))
    is_kept = kept_edges(network, saliency, everything, n_dropped)
    assert (~is_kept).sum() == min(n_dropped, (~lines).sum())
    left = Ends(ends.sources[is_kept], ends.targets[is_kept])
    useful = lie_on_paths(network, left)
    assert set(left.targets[useful].tolist()) >= set(range(network.n_hidden, len(network.middle)))
    assert useful.mean() > 0.7  # only what a last exchange has cut off


def test_the_lowest_go_first_where_paths_do_not_matter() -> None:
    network = lay_out(random_wiring(1, n_hidden=4, density=1.0), "relu")
    saliency = np.random.default_rng(0).random(len(network.indices))
    is_kept = kept_edges(network, saliency, np.ones(len(saliency), bool), 5)
    assert sorted(saliency[~is_kept]) == sorted(saliency)[:5]


def test_edges_that_may_not_be_dropped_stay() -> None:
    network = lay_out(random_wiring(2), "relu")
    saliency = np.arange(len(network.indices), dtype=np.float64)
    may = np.arange(len(saliency)) % 2 == 0
    is_kept = kept_edges(network, saliency, may, len(saliency))
    assert is_kept[~may].all()
    assert not is_kept[may].all()


def test_edges_on_no_path_go_before_those_of_the_lowest_saliency() -> None:
    network = lay_out(random_wiring(4, n_hidden=6, density=0.8), "relu")
    ends, saliency = ends_of(network), 10.0 + np.arange(len(network.indices))
    into_first = ends.targets == 0  # without these, hidden neuron 0 is a constant
    out_of_first = ends.sources == network.n_inputs
    saliency[into_first], saliency[out_of_first] = 0.0, 9.0
    everything = np.ones(len(saliency), bool)
    is_kept = kept_edges(network, saliency, everything, int(into_first.sum() + out_of_first.sum()))
    assert not is_kept[into_first | out_of_first].any()
