from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import padded_batch, random_sequences

from nas.engine.gather import Inputs
from nas.engine.layout import LANES, padded
from nas.engine.sequence_batches import Sequences, View, active_counts, gather_sequences, longest_first

batches = st.tuples(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))


views = st.builds(
    lambda n_channels, stride, overlap, n_directions: View(n_channels, stride + overlap, stride, n_directions),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(0, 4),
    st.integers(1, 2),
)


def rows_of(seed: int, n: int, batch: int) -> np.ndarray:
    """Some sequences, in any order, one or the other more than once."""
    return np.random.default_rng(seed).integers(n, size=batch).astype(np.int32)


def test_lengths_are_between_offsets() -> None:
    sequences = Sequences(Inputs.plain(np.zeros((2, 9), np.float32)), np.array([0, 3, 4, 9]))
    assert sequences.lengths().tolist() == [3, 1, 5]
    assert sequences.longest() == 5


@given(batches)
@settings(deadline=None, max_examples=60)
def test_rows_are_sorted_by_length_and_stay_in_order_otherwise(drawn: tuple[int, int, int, int]) -> None:
    seed, n, batch, longest = drawn
    sequences, rows = random_sequences(seed, n, 1, longest), rows_of(seed, n, batch)
    chosen = longest_first(sequences, rows)
    lengths = sequences.lengths()
    assert chosen.tolist() == sorted(rows.tolist(), key=lambda row: -lengths[row])  # Python's sort is stable
    for stride in (1, 2, 5):
        n_active, n_windows = active_counts(sequences, chosen, stride), np.ceil(lengths[rows] / stride)
        assert n_active.tolist() == [(n_windows > t).sum() for t in range(int(n_windows.max()) + 1)]
        assert (chosen.dtype, n_active.dtype) == (np.int32, np.int32)
        assert (n_active[0], n_active[-1]) == (batch, 0) and n_active[-2] > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(batches, st.integers(0, 3), st.integers(0, 20), views)
@settings(deadline=None, max_examples=40)
def test_a_batch_is_the_windows_of_sequences_scaled_and_then_zeros(
    dtype: type, drawn: tuple[int, int, int, int], n_more_steps: int, n_more_lanes: int, view: View
) -> None:
    seed, n, batch, longest = drawn
    plain, rows, rng = random_sequences(seed, n, 3, longest), rows_of(seed, n, batch), np.random.default_rng(seed)
    stored = rng.integers(256, size=plain.inputs.values.shape).astype(dtype)
    scale, shift = rng.standard_normal((2, 3)).astype(np.float32)
    sequences = Sequences(Inputs(stored, scale, shift), plain.offsets)
    chosen = longest_first(sequences, rows)
    expected, _ = padded_batch(sequences, chosen, view)
    n_steps, n_rows = len(expected), view.n_directions * view.n_inputs
    out = np.full((n_steps + n_more_steps, n_rows, padded(batch + n_more_lanes)), np.nan, np.float32)
    gather_sequences(sequences, chosen, active_counts(sequences, chosen, view.stride), view, out)
    np.testing.assert_allclose(out[:n_steps, :, :batch], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(out[:n_steps, :, :batch] == 0, expected == 0)  # zeros beyond an end, not the shift
    np.testing.assert_array_equal(out[:n_steps, :, batch:], 0)
    assert np.isnan(out[n_steps:]).all()


def test_windows_end_with_the_sequence_and_begin_with_zeros() -> None:
    sequences = Sequences(Inputs.plain(np.arange(1, 8, dtype=np.float32)[None]), np.array([0, 7]))
    rows, out = np.zeros(1, np.int32), np.empty((3, 8, LANES), np.float32)
    gather_sequences(sequences, rows, active_counts(sequences, rows, 3), View(1, 4, 3, 2), out)
    assert out[:, :4, 0].tolist() == [[0, 0, 0, 1], [1, 2, 3, 4], [4, 5, 6, 7]]
    assert out[:, 4:, 0].tolist() == [[0, 0, 0, 7], [7, 6, 5, 4], [4, 3, 2, 1]]


def test_sequences_that_are_not_chosen_are_not_looked_at() -> None:
    sequences = random_sequences(0, 20)
    rows = np.array([3, 11, 4], np.int32)
    chosen, view = longest_first(sequences, rows), View(3, 2, 1, 2)
    expected, _ = padded_batch(sequences, chosen, view)
    is_of_others = np.repeat(~np.isin(np.arange(20), rows), sequences.lengths())
    sequences.inputs.values[is_of_others] = np.nan
    out = np.empty((len(expected), 12, LANES), np.float32)
    gather_sequences(sequences, chosen, active_counts(sequences, chosen, view.stride), view, out)
    np.testing.assert_array_equal(out[:, :, :3], expected)
    np.testing.assert_array_equal(out[:, :, 3:], 0)
