from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import any_recurrent_wiring, random_recurrent_wiring

from nas.engine.cells import CELLS
from nas.engine.layout import CACHE_LINE_BYTES, padded
from nas.engine.recurrent_layout import lay_out_recurrent, out_edges, parameter_sizes, recurrent_workspace
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.rnn import RNNSpace

space = RNNSpace(n_inputs=4, n_outputs=2, max_weights=400)

drawn = st.builds(
    any_recurrent_wiring,
    st.integers(0, 10**6),
    st.sampled_from(sorted(CELLS)),
    n_inputs=st.integers(1, 5),
    n_embedded=st.integers(1, 5),
    n_vertices=st.integers(1, 9),
    n_outputs=st.integers(1, 4),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
sampled = st.integers(0, 10**6).map(lambda seed: space.wire(space.sample(np.random.default_rng(seed))))
wirings = st.one_of(drawn, sampled)


@settings(deadline=None, max_examples=80)
@given(wirings)
def test_the_layout_is_that_of_the_wiring(wiring: RecurrentWiring) -> None:
    network = lay_out_recurrent(wiring)
    for name in ("n_embedded", "n_vertices", "unit_vertex"):
        np.testing.assert_array_equal(getattr(network, name), getattr(wiring, name))
    assert network.view == (wiring.n_inputs, wiring.window, wiring.stride, 1 + wiring.bidirectional)
    assert network.n_inputs == wiring.n_inputs * wiring.window
    assert network.n_forward * (1 + wiring.bidirectional) == wiring.n_embedded
    read = set((wiring.output_indices // wiring.n_vertices).tolist())
    assert (network.reads_means, network.reads_maxima) == (1 in read, 2 in read)
    for ours, name in (("", "input_"), ("recurrent_", "recurrent_"), ("output_", "output_")):
        for part in ("indptr", "indices"):
            np.testing.assert_array_equal(getattr(network, ours + part), getattr(wiring, name + part))
    assert network.cell == CELLS[wiring.cell]
    np.testing.assert_array_equal(network.channels, np.arange(network.n_inputs))
    for vertex in range(wiring.n_vertices):
        units = np.flatnonzero(wiring.unit_vertex == vertex)
        assert (network.first_unit[vertex], network.last_unit[vertex]) == (units[0], units[-1])


@settings(deadline=None, max_examples=80)
@given(wirings)
def test_parts_divide_the_parameters_among_them(wiring: RecurrentWiring) -> None:
    sizes = parameter_sizes(lay_out_recurrent(wiring))
    n_gates, cell = wiring.n_gates, CELLS[wiring.cell]
    parts = np.diff([0, *sizes])  # the fields are in the order of the parts: nothing overlaps, nothing is left out
    assert parts.tolist() == [
        n_gates * len(wiring.input_indices),
        wiring.n_recurrent_weights,
        wiring.n_embedded * wiring.n_inputs * wiring.window,
        len(wiring.output_indices),
        cell.n_planes * wiring.n_units,
        wiring.n_outputs,
    ]
    assert (sizes.bias, cell.n_gates) == (wiring.n_weights, n_gates)


@settings(deadline=None, max_examples=80)
@given(wirings)
def test_each_edge_is_once_among_the_edges_that_leave_its_source(wiring: RecurrentWiring) -> None:
    network = lay_out_recurrent(wiring)
    for name, n_sources in (
        ("", wiring.n_embedded + wiring.n_vertices),
        ("recurrent_", wiring.n_units),
        ("output_", 3 * wiring.n_vertices),
    ):
        indptr, indices, out_indptr, targets, edges = (
            getattr(network, name + part) for part in ("indptr", "indices", "out_indptr", "out_targets", "out_edges")
        )
        assert len(out_indptr) == n_sources + 1 and out_indptr[0] == 0 and out_indptr[-1] == len(targets)
        np.testing.assert_array_equal(np.sort(edges), np.arange(len(indices)))
        np.testing.assert_array_equal(indices[edges], np.repeat(np.arange(n_sources), np.diff(out_indptr)))
        assert ((indptr[targets] <= edges) & (edges < indptr[targets + 1])).all()


def test_out_edges_of_a_known_graph() -> None:
    indptr, indices = np.array([0, 2, 2, 5], np.int32), np.array([1, 3, 0, 1, 3], np.int32)
    starts, targets, edges = out_edges(indptr, indices, n_sources=5)
    assert starts.tolist() == [0, 1, 3, 3, 5, 5]
    assert targets.tolist() == [2, 0, 2, 0, 2]
    assert edges.tolist() == [2, 0, 3, 1, 4]


@pytest.mark.parametrize("cell", CELLS)
def test_arrays_are_int32_and_writeable_so_that_kernels_are_compiled_once(cell: str) -> None:
    network = lay_out_recurrent(random_recurrent_wiring(0, cell))
    for name, array in network._asdict().items():
        if isinstance(array, np.ndarray):
            assert (array.dtype, array.flags.writeable, array.flags.c_contiguous) == (np.int32, True, True), name


@settings(deadline=None, max_examples=40)
@given(st.lists(wirings, min_size=1, max_size=4), st.integers(1, 9), st.integers(1, 40))
def test_a_workspace_has_room_for_each_network(wirings: list[RecurrentWiring], n_steps: int, batch_size: int) -> None:
    networks = [lay_out_recurrent(wiring) for wiring in wirings]
    work = recurrent_workspace(networks, n_steps, batch_size)
    length = padded(batch_size)
    for wiring, network in zip(wirings, networks, strict=True):
        units, vertices, planes = wiring.n_units, wiring.n_vertices, network.cell.n_planes
        needed = {
            "values": (n_steps, wiring.n_embedded + vertices, length),
            "hidden": (n_steps + 1, units, length),
            "cells": (n_steps + 1, units, length),
            "sums": (n_steps, planes, units, length),
            "vertex_gradients": (1, vertices, length),
            "sum_gradients": (2, planes, units, length),
            "carried": (units, length),
            "row": (length,),
            "summaries": (3 * vertices, length),
            "summary_gradients": (3 * vertices, length),
            "peaks": (vertices, length),
            "shares": (length,),
            "outputs": (wiring.n_outputs, length),
            "output_gradients": (wiring.n_outputs, length),
            "parameter_gradients": (parameter_sizes(network).end,),
            "scratch": (2 * length,),
        }
        assert set(needed) == set(work._fields)
        for name, shape in needed.items():
            buffer = getattr(work, name)
            assert buffer.ndim == len(shape) and all(np.array(buffer.shape) >= shape), name
            assert buffer.shape[-1] == length or name in ("parameter_gradients", "scratch")
    starts = np.array([buffer.ctypes.data for buffer in work])
    assert (starts % CACHE_LINE_BYTES == 0).all()
    order = np.argsort(starts)
    ends = starts + [4 * math.prod(buffer.shape) for buffer in work]
    assert (ends[order][:-1] <= starts[order][1:]).all()  # no two share memory
