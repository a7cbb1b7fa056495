from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import padded_batch, random_sequences

from nas.engine.gather import Inputs
from nas.engine.layout import LANES, padded
from nas.engine.sequence_batches import Sequences, gather_sequences, longest_first

batches = st.tuples(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))


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
    chosen, n_active = longest_first(sequences, rows)
    lengths = sequences.lengths()
    assert chosen.tolist() == sorted(rows.tolist(), key=lambda row: -lengths[row])  # Python's sort is stable
    assert n_active.tolist() == [(lengths[rows] > t).sum() for t in range(lengths[rows].max() + 1)]
    assert (chosen.dtype, n_active.dtype) == (np.int32, np.int32)
    assert (n_active[0], n_active[-1]) == (batch, 0) and n_active[-2] > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(batches, st.integers(0, 3), st.integers(0, 20))
@settings(deadline=None, max_examples=30)
def test_a_batch_is_the_sequences_scaled_and_then_zeros(
    dtype: type, drawn: tuple[int, int, int, int], n_more_steps: int, n_more_lanes: int
) -> None:
    seed, n, batch, longest = drawn
    plain, rows, rng = random_sequences(seed, n, 3, longest), rows_of(seed, n, batch), np.random.default_rng(seed)
    stored = rng.integers(256, size=plain.inputs.values.shape).astype(dtype)
    scale, shift = rng.standard_normal((2, 3)).astype(np.float32)
    sequences = Sequences(Inputs(stored, scale, shift), plain.offsets)
    chosen, n_active = longest_first(sequences, rows)
    expected, _ = padded_batch(sequences, chosen)
    n_steps = len(expected)
    out = np.full((n_steps + n_more_steps, 3, padded(batch + n_more_lanes)), np.nan, np.float32)
    gather_sequences(sequences, chosen, n_active, out)
    np.testing.assert_allclose(out[:n_steps, :, :batch], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(out[:n_steps, :, :batch] == 0, expected == 0)  # zeros beyond an end, not the shift
    np.testing.assert_array_equal(out[:n_steps, :, batch:], 0)
    assert np.isnan(out[n_steps:]).all()


def test_sequences_that_are_not_chosen_are_not_looked_at() -> None:
    sequences = random_sequences(0, 20)
    rows = np.array([3, 11, 4], np.int32)
    chosen, n_active = longest_first(sequences, rows)
    expected, _ = padded_batch(sequences, chosen)
    is_of_others = np.repeat(~np.isin(np.arange(20), rows), sequences.lengths())
    sequences.inputs.values[is_of_others] = np.nan
    out = np.empty((len(expected), 3, LANES), np.float32)
    gather_sequences(sequences, chosen, n_active, out)
    np.testing.assert_array_equal(out[:, :, :3], expected)
    np.testing.assert_array_equal(out[:, :, 3:], 0)
