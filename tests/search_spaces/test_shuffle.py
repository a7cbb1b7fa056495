from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.shuffle import keys, sample_rows


def permutations(size: int, n_rows: int) -> np.ndarray:
    _, numbers = sample_rows(np.full(n_rows, size), size, keys(7, 1, n_rows))
    return numbers.reshape(n_rows, size)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 97, 784])
def test_a_full_draw_is_a_permutation(size: int) -> None:
    assert np.array_equal(np.sort(permutations(size, 20), axis=1), np.tile(np.arange(size), (20, 1)))


@settings(deadline=None, max_examples=50)
@given(size=st.integers(1, 300), shares=st.lists(st.floats(0, 1), min_size=1, max_size=10), seed=st.integers(0))
def test_draws_are_distinct_and_shorter_ones_begin_longer_ones(size: int, shares: list[float], seed: int) -> None:
    counts = np.array([int(share * size) for share in shares])
    row_keys = keys(seed % 2**63, 0, len(counts))
    rows, numbers = sample_rows(counts, size, row_keys)
    assert np.array_equal(np.bincount(rows, minlength=len(counts)), counts)
    _, complete = sample_rows(np.full(len(counts), size), size, row_keys)
    for row, count in enumerate(counts.tolist()):
        assert numbers[rows == row].tolist() == complete.reshape(-1, size)[row, :count].tolist()


def test_every_permutation_of_four_occurs_equally_often() -> None:
    counts = Counter(map(tuple, permutations(4, 24_000).tolist()))
    assert len(counts) == 24
    chi_square = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert chi_square < 24 * 4  # 23 degrees of freedom: far above any chance, far below any pattern


@pytest.mark.parametrize("size", [2, 3, 16, 64, 784])
def test_each_number_is_drawn_first_equally_often(size: int) -> None:
    n_rows = 200 * size
    counts = np.bincount(permutations(size, n_rows)[:, 0] if size < 100 else first_numbers(size, n_rows))
    chi_square = ((counts - 200) ** 2 / 200).sum()
    assert len(counts) == size
    assert chi_square < size + 5 * np.sqrt(2 * size)


def first_numbers(size: int, n_rows: int) -> np.ndarray:
    return sample_rows(np.ones(n_rows, dtype=np.int64), size, keys(3, 1, n_rows))[1]


def test_neighbouring_positions_are_unrelated() -> None:
    size, n_rows = 100, 20_000
    _, numbers = sample_rows(np.full(n_rows, 2), size, keys(1, 1, n_rows))
    steps = np.diff(numbers.reshape(n_rows, 2), axis=1).ravel() % size
    counts = np.bincount(steps, minlength=size)[1:]
    expected = n_rows / (size - 1)
    assert ((counts - expected) ** 2 / expected).sum() < size + 5 * np.sqrt(2 * size)


def test_keys_depend_on_seed_purpose_and_index_alone() -> None:
    assert keys(5, 1, 3).tolist() == keys(5, 1, 9)[:3].tolist()
    streams = [keys(seed, purpose, 100) for seed in (0, 1, 2**63 - 1) for purpose in (1, 2)]
    assert len(set(np.concatenate(streams).tolist())) == 600
