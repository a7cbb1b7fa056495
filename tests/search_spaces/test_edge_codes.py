from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search_spaces.edge_codes import (
    contains,
    decode,
    distinct,
    encode,
    n_pairs,
    pair_codes,
    repeats,
    with_random_edges,
)

codes_arrays = arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 20))


def test_decode_reverses_encode_and_orders_the_ends() -> None:
    low, high = decode(encode(np.array([3, 5, 0]), np.array([4, 1, 2]), 6), 6)
    assert low.tolist() == [3, 1, 0]
    assert high.tolist() == [4, 5, 2]


@pytest.mark.parametrize("n", [2, 3, 7, 100])
def test_pair_codes_count_through_the_complete_graph(n: int) -> None:
    low, high = decode(pair_codes(np.arange(n_pairs(n)), n), n)
    assert [(u, v) for v in range(n) for u in range(v)] == list(zip(low.tolist(), high.tolist(), strict=True))


def test_pair_codes_are_exact_at_the_largest_graphs() -> None:
    n = 100_000
    high = np.array([1, 2, n - 2, n - 1])
    first = high * (high - 1) // 2
    assert pair_codes(first, n).tolist() == (high * n).tolist()
    assert pair_codes(first + high - 1, n).tolist() == (high * n + high - 1).tolist()


@settings(deadline=None)
@given(codes_arrays, codes_arrays)
def test_set_operations_agree_with_numpy(first: np.ndarray, second: np.ndarray) -> None:
    assert np.array_equal(distinct(first), np.unique(first))
    assert np.array_equal(contains(np.sort(first), second), np.isin(second, first))
    seen: set[int] = set()
    for code, is_repeat in zip(first.tolist(), repeats(first).tolist(), strict=True):
        assert is_repeat == (code in seen)
        seen.add(code)


def test_random_edges_fill_up_and_keep_what_is_there() -> None:
    start = pair_codes(np.arange(5), 20)
    for n_edges in (0, 5, 6, 60, 120):
        codes = with_random_edges(start, n_edges, 20, np.random.default_rng(1))
        assert len(codes) == max(n_edges, 5)
        assert np.array_equal(codes, np.unique(codes))
        assert np.isin(start, codes).all()
        low, high = decode(codes, 20)
        assert ((low >= 0) & (low < high) & (high < 20)).all()
    assert len(with_random_edges(start[:0], 100, 1, np.random.default_rng(1))) == 0
