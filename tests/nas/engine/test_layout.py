from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.activations import ACTIVATIONS
from nas.engine.layout import CACHE_LINE_BYTES, LANES, Network, aligned_empty, lay_out, padded, workspace
from nas.results.dense_networks import dense_wiring
from search_spaces.wiring import Wiring

wirings = st.builds(
    random_wiring,
    st.integers(0, 10**6),
    n_inputs=st.integers(1, 6),
    n_hidden=st.integers(1, 20),
    n_outputs=st.integers(1, 4),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)


def edges_of(wiring: Wiring) -> list[tuple[int, int]]:
    """Edges as (source, target) in the order of ``indices``."""
    return [
        (int(source), target)
        for target in range(wiring.n_hidden + wiring.n_outputs)
        for source in wiring.indices[wiring.indptr[target] : wiring.indptr[target + 1]]
    ]


@settings(deadline=None, max_examples=80)
@given(wirings, st.sampled_from(sorted(ACTIVATIONS)))
def test_rows_are_the_wirings_and_split_where_hidden_sources_begin(wiring: Wiring, activation: str) -> None:
    network = lay_out(wiring, activation)
    assert (network.n_inputs, network.n_hidden) == (wiring.n_inputs, wiring.n_hidden)
    assert network.activation == ACTIVATIONS[activation]
    np.testing.assert_array_equal(network.indptr, wiring.indptr)
    np.testing.assert_array_equal(network.indices, wiring.indices)
    for j, middle in enumerate(network.middle):
        assert (network.indices[network.indptr[j] : middle] < wiring.n_inputs).all()
        assert (network.indices[middle : network.indptr[j + 1]] >= wiring.n_inputs).all()


@settings(deadline=None, max_examples=80)
@given(wirings)
def test_the_backward_direction_has_each_hidden_edge_once_with_its_place(wiring: Wiring) -> None:
    network, edges = lay_out(wiring, "relu"), edges_of(wiring)
    found = []
    for hidden in range(wiring.n_hidden):
        for place in range(network.out_indptr[hidden], network.out_indptr[hidden + 1]):
            edge = int(network.out_edges[place])
            assert edges[edge] == (wiring.n_inputs + hidden, int(network.out_targets[place]))
            found.append(edge)
    assert sorted(found) == [place for place, (source, _) in enumerate(edges) if source >= wiring.n_inputs]
    assert network.out_indptr[-1] == len(network.out_edges) == len(network.out_targets)


@settings(deadline=None, max_examples=80)
@given(wirings)
def test_neurons_are_taken_together_where_three_read_the_same(wiring: Wiring) -> None:
    network = lay_out(wiring, "relu")
    read = [tuple(network.indices[a:b]) for a, b in pairwise(network.indptr)]
    expected: list[int] = []
    while len(expected) < len(read):
        j = len(expected)
        is_one_of_three = read[j] and read[j : j + 3] == [read[j]] * 3
        expected += [3, 0, 0] if is_one_of_three else [1]
    assert network.together.tolist() == expected


def test_dense_layers_are_computed_three_neurons_at_a_time() -> None:
    assert lay_out(dense_wiring((5, 7, 4, 6)), "relu").together.tolist() == [
        3,
        0,
        0,
        3,
        0,
        0,
        1,
        3,
        0,
        0,
        1,
        *[3, 0, 0] * 2,
    ]


def test_arrays_are_int32_and_writeable_so_that_kernels_are_compiled_once() -> None:
    network = lay_out(random_wiring(0), "tanh")
    for name, array in network._asdict().items():
        if isinstance(array, np.ndarray):
            assert (array.dtype, array.flags.writeable, array.flags.c_contiguous) == (np.int32, True, True), name


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(KeyError, match=r"sigmoid"):
        lay_out(random_wiring(0), "sigmoid")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 9), max_size=3).map(tuple))
def test_buffers_start_on_a_cache_line(shape: tuple[int, ...]) -> None:
    buffer = aligned_empty(shape)
    assert (buffer.shape, buffer.dtype) == (shape, np.float32)
    assert buffer.ctypes.data % CACHE_LINE_BYTES == 0
    assert buffer.flags.c_contiguous and buffer.flags.writeable
    buffer[...] = 1.0
    assert buffer.sum() == np.prod(shape)


@settings(deadline=None, max_examples=50)
@given(st.lists(wirings, min_size=1, max_size=4), st.integers(1, 4), st.integers(1, 40))
def test_a_workspace_has_room_for_each_network(wirings: list[Wiring], n_seeds: int, batch_size: int) -> None:
    networks: list[Network] = [lay_out(wiring, "relu") for wiring in wirings]
    work = workspace(networks, n_seeds, batch_size)
    n_neurons = max(wiring.n_hidden + wiring.n_outputs for wiring in wirings)
    length = padded(batch_size)
    assert batch_size <= length < batch_size + LANES and length % LANES == 0
    for buffer in (work.activations, work.slopes, work.gradients):
        assert buffer.shape == (n_seeds, n_neurons, length)
    n_parameters = max(w.n_edges + w.n_hidden + w.n_outputs for w in wirings)
    assert work.parameter_gradients.shape == (n_seeds, n_parameters)
    assert work.scratch.shape == (2 * length,)
    starts = [buffer.ctypes.data for buffer in work]
    assert len(set(starts)) == len(starts)
