from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.layout import Network, lay_out
from nas.engine.state import TrainingState, initial_state
from nas.sparsify.edges import Ends, changed, codes_of, ends_of, lie_on_paths, without
from search_spaces.wiring import Wiring

SEEDS = st.integers(0, 1000)


def begun(seed: int) -> tuple[Wiring, Network, TrainingState]:
    """A network whose parameters and moments all differ."""
    wiring = random_wiring(seed)
    network = lay_out(wiring, "silu")
    state = initial_state(network, [[seed]])
    shape = state.parameters.shape
    numbers = np.arange(state.parameters.size, dtype=np.float32).reshape(shape)
    return wiring, network, TrainingState(numbers, numbers + 10_000, numbers + 20_000, steps_done=7)


def of_edges(network: Network, values: np.ndarray) -> dict[tuple[int, int], float]:
    ends = ends_of(network)
    pairs = zip(ends.sources.tolist(), ends.targets.tolist(), strict=True)
    return dict(zip(pairs, values[0, : len(network.indices)].tolist(), strict=True))


@given(SEEDS)
def test_edges_keep_their_weights_and_moments_whatever_else_goes_or_comes(seed: int) -> None:
    _, network, state = begun(seed)
    rng = np.random.default_rng(seed)
    ends = ends_of(network)
    is_kept = rng.random(len(ends.sources)) < 0.6
    free = [
        (s, t)
        for t in range(len(network.middle))
        for s in range(network.n_inputs + min(t, network.n_hidden))
        if (s, t) not in of_edges(network, state.parameters)
    ]
    chosen = [free[i] for i in rng.permutation(len(free))[:5]]
    grown = Ends(*(np.array([pair[k] for pair in chosen], np.int64) for k in (0, 1)))
    weights = -1 - np.arange(len(chosen), dtype=np.float32)
    after, moved = changed(network, state, is_kept, grown, weights)
    pairs = list(zip(ends.sources.tolist(), ends.targets.tolist(), strict=True))
    kept = {pair for pair, keep in zip(pairs, is_kept, strict=True) if keep}
    for name, of_grown in (("parameters", weights), ("first_moment", 0 * weights), ("second_moment", 0 * weights)):
        before, now = of_edges(network, getattr(state, name)), of_edges(after, getattr(moved, name))
        expected = {pair: value for pair, value in before.items() if pair in kept}
        assert now == expected | dict(zip(chosen, of_grown.tolist(), strict=True))
        n_biases = len(network.middle)
        np.testing.assert_array_equal(getattr(moved, name)[0, -n_biases:], getattr(state, name)[0, -n_biases:])
    assert moved.steps_done == 7
    assert (np.diff(codes_of(after, ends_of(after))) > 0).all()
    np.testing.assert_array_equal(moved.indptr, [after.indptr])
    np.testing.assert_array_equal(moved.indices, [after.indices])


@given(SEEDS, st.floats(0.1, 1.0))
def test_an_edge_counts_if_networkx_finds_a_path_over_it(seed: int, share: float) -> None:
    _, network, _ = begun(seed)
    ends = ends_of(network)
    chosen = np.random.default_rng(seed).random(len(ends.sources)) < share
    some = Ends(ends.sources[chosen], ends.targets[chosen])
    graph = nx.DiGraph([("in", s) for s in range(network.n_inputs)])
    n_vertices = network.n_inputs + len(network.middle)
    graph.add_edges_from((v, "out") for v in range(network.n_inputs + network.n_hidden, n_vertices))
    graph.add_edges_from(zip(some.sources.tolist(), (network.n_inputs + some.targets).tolist(), strict=True))
    fed, read = nx.descendants(graph, "in"), nx.ancestors(graph, "out")
    expected = [s in fed and network.n_inputs + t in read for s, t in zip(*some, strict=True)]
    assert lie_on_paths(network, some).tolist() == expected


def test_nothing_dropped_is_nothing_changed() -> None:
    _, network, state = begun(3)
    after, moved = without(network, state, np.ones(len(network.indices), bool))
    for name in ("indptr", "indices", "middle", "out_indptr", "out_targets", "out_edges"):
        np.testing.assert_array_equal(getattr(after, name), getattr(network, name))
    np.testing.assert_array_equal(moved.parameters, state.parameters)
