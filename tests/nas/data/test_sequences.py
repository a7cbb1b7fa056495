from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from nas.data.sequences import Sequences, sequences_of_array, sequences_of_strings
from nas.errors import DataError

KEYS = ("x_train", "lengths_train")
texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=8)


def parts(sequences: Sequences) -> list[NDArray[Any]]:
    """Each sequence's steps."""
    return np.split(sequences.values, sequences.offsets[1:-1])


def strings_of(sequences: Sequences) -> list[str]:
    return ["".join(map(chr, part.tolist())) for part in parts(sequences)]


@settings(deadline=None, max_examples=60)
@given(texts, st.data())
def test_strings_survive_and_are_taken_in_any_order(strings: list[str], data: st.DataObject) -> None:
    sequences = sequences_of_strings("s.csv", strings)
    assert strings_of(sequences) == strings and len(sequences) == len(strings) and sequences.are_strings
    assert sequences.values.dtype == np.uint32 and sequences.offsets.dtype == np.int64
    rows = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=12))
    assert strings_of(sequences.take(np.array(rows, dtype=np.int64))) == [strings[row] for row in rows] or not rows


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 5), st.integers(1, 6), st.integers(1, 3))
def test_only_true_steps_of_a_padded_array_are_kept(data: st.DataObject, n: int, time: int, channels: int) -> None:
    x = data.draw(arrays.arrays(np.float32, (n, time, channels), elements=st.floats(-9, 9, width=32)))
    lengths = np.array(data.draw(st.lists(st.integers(1, time), min_size=n, max_size=n)), dtype=np.int16)
    for row, length in enumerate(lengths):
        x[row, length:] = np.nan  # some write padding so
    sequences = sequences_of_array("d.npz", KEYS, x, lengths)
    assert not sequences.are_strings and sequences.values.dtype == np.float32
    assert len(sequences) == n
    for row, part in enumerate(parts(sequences)):
        np.testing.assert_array_equal(part, x[row, : lengths[row]])


def test_two_dimensions_are_one_channel() -> None:
    x = np.arange(6, dtype=np.uint8).reshape(2, 3)
    sequences = sequences_of_array("d.npz", KEYS, x, np.array([3, 1]))
    assert sequences.values.tolist() == [[0], [1], [2], [3]] and sequences.offsets.tolist() == [0, 3, 4]
    assert sequences.values.dtype == np.uint8


def test_empty_strings_are_counted_and_the_first_is_placed() -> None:
    with pytest.raises(DataError, match=r"^s\.csv: 2 strings without a character, the first in row 2\. Remove"):
        sequences_of_strings("s.csv", ["ab", "", "c", ""])


X = np.zeros((2, 5, 3))


@pytest.mark.parametrize(
    ("x", "lengths", "message"),
    [
        (X, [5, 0], r"^d\.npz: lengths_train is 0 in row 1, but x_train holds 5 steps\. Store lengths from 1 to 5\.$"),
        (X, [-1, 2], r"lengths_train is -1 in row 0"),
        (X, [5, 6], r"lengths_train is 6 in row 1"),
        (X, [5], r"lengths_train is int64 of shape \(1,\), but x_train has 2 sequences\. Store one integer"),
        (X, [[5], [5]], r"lengths_train is int64 of shape \(2, 1\)"),
        (X, [5.0, 2.0], r"lengths_train is float64 of shape \(2,\)"),
        (X[:0], [], r"x_train has shape \(0, 5, 3\)\. Store sequences as \(n, time, channels\)"),
        (X[0, 0], [1, 1, 1], r"x_train has shape \(3,\)"),
        (X[None], [1], r"x_train has shape \(1, 2, 5, 3\)"),
        (X + 1j, [5, 5], r"x_train has dtype complex128\. Store real numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(x: NDArray[Any], lengths: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        sequences_of_array("d.npz", KEYS, x, np.array(lengths))


def test_values_that_are_not_finite_are_counted_and_the_first_is_placed() -> None:
    x = X.copy()
    x[1, 2, 1], x[1, 3, 0], x[0, 4, 0] = np.nan, 1e39, np.inf
    message = r"x_train has 2 values beyond float32, NaN or infinite, the first in row 1 at step 2, channel 1\."
    with pytest.raises(DataError, match=message):
        sequences_of_array("d.npz", KEYS, x, np.array([4, 5]))
