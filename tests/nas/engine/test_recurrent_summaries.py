"""Summaries over the true steps of each sequence, against numpy; their gradients in networks are tested in training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.layout import aligned_empty, padded
from nas.engine.recurrent_layout import RecurrentNetwork, RecurrentWorkspace, lay_out_recurrent, recurrent_workspace
from nas.engine.recurrent_summaries import summarise, summary_gradients_of_step
from search_spaces.recurrent_wiring import RecurrentWiring

N_VERTICES = 3
ALL = (0, 1, 2)


@compiled
def gradients_of_step(network, t, vertex, n_active, work, out):
    summary_gradients_of_step(network, t, vertex, n_active, work, at(out, 0), out.shape[0], out.shape[0])


def network_that_reads(summaries: tuple[int, ...]) -> RecurrentNetwork:
    """Three units that read an embedded value, and an output that reads summaries of them all."""
    units = np.arange(N_VERTICES)
    read = np.concatenate([place * N_VERTICES + units for place in summaries])
    none = np.zeros(0, np.int64)
    edges = (np.zeros_like(units), units), (none, none), (read, np.zeros_like(read))
    return lay_out_recurrent(RecurrentWiring.from_edges(1, 1, 1, "tanh", units, *edges))


def workspace_of(network: RecurrentNetwork, values: np.ndarray) -> RecurrentWorkspace:
    """Buffers full of NaN but for the values (n_steps, N_VERTICES, batch) of vertices."""
    n_steps, _, batch = values.shape
    work = recurrent_workspace([network], n_steps, batch)
    for buffer in work:
        buffer[...] = np.nan
    work.values[:, 1:, :batch] = values
    return work


def active(lengths: np.ndarray) -> np.ndarray:
    return (lengths > np.arange(lengths.max() + 1)[:, None]).sum(axis=1).astype(np.int32)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_only_the_true_steps_of_a_sequence_count(drawn: list[int], seed: int) -> None:
    lengths = np.sort(drawn)[::-1].copy()
    values = np.random.default_rng(seed).standard_normal((lengths.max(), N_VERTICES, len(lengths)))
    values[np.broadcast_to((np.arange(lengths.max())[:, None] >= lengths)[:, None], values.shape)] = np.nan
    network = network_that_reads(ALL)
    work = workspace_of(network, values)
    summarise(network, active(lengths), work)
    last, means, maxima = work.summaries[:, : len(lengths)].reshape(3, N_VERTICES, -1)
    for k, length in enumerate(lengths):
        own = values[:length, :, k]
        np.testing.assert_allclose(last[:, k], own[-1], rtol=1e-6)
        np.testing.assert_allclose(means[:, k], own.mean(axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(maxima[:, k], own.max(axis=0), rtol=1e-6)
        np.testing.assert_array_equal(work.peaks[:, k], own.argmax(axis=0))  # the first, as of summaries


def test_the_gradient_of_a_maximum_goes_to_the_first_step_that_has_it() -> None:
    values = np.zeros((4, N_VERTICES, 2))
    values[1:3, :, 0] = 5.0  # twice the same
    network, lengths = network_that_reads(ALL), np.array([4, 2])
    work, n_active = workspace_of(network, values), active(lengths)
    summarise(network, n_active, work)
    work.summary_gradients[...] = 0
    work.summary_gradients[:, :2] = np.repeat([1.0, 10.0, 100.0], N_VERTICES)[:, None]  # last, mean, max
    found = []
    for t in range(4):
        out = aligned_empty((padded(2),))
        gradients_of_step(network, t, 1, n_active, work, out)
        assert not out[n_active[t] :].any()
        found.append(out[:2].tolist())
    assert found == [[2.5, 105.0], [102.5, 6.0], [2.5, 0.0], [3.5, 0.0]]


@pytest.mark.parametrize(("summaries", "is_left_out"), [((0,), (1, 2)), ((1,), (2,)), ((0, 2), (1,)), (ALL, ())])
def test_what_no_output_reads_is_left_out(summaries: tuple[int, ...], is_left_out: tuple[int, ...]) -> None:
    network = network_that_reads(summaries)
    work = workspace_of(network, np.ones((2, N_VERTICES, 3)))
    summarise(network, np.array([3, 2, 0], np.int32), work)
    by_kind = work.summaries[:, :3].reshape(3, N_VERTICES, 3)
    for place in ALL:
        assert np.isnan(by_kind[place]).all() == (place in is_left_out)
    np.testing.assert_array_equal(by_kind[list(summaries)], 1)
