from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.transpose import transpose


@compiled
def turn(source, first, n_rows, n_columns, source_stride, target, target_first, target_stride):
    transpose(at(source, first), n_rows, n_columns, source_stride, at(target, target_first), target_stride)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    n_rows=st.integers(0, 70),
    n_columns=st.integers(0, 70),
    gaps=st.tuples(st.integers(0, 3), st.integers(0, 20)),
    firsts=st.tuples(st.integers(0, 17), st.integers(0, 17)),
)
@settings(deadline=None, max_examples=60)
def test_every_element_moves_and_nothing_else_is_written(
    dtype: type, n_rows: int, n_columns: int, gaps: tuple[int, int], firsts: tuple[int, int]
) -> None:
    stride, target_stride = n_columns + gaps[0], n_rows + gaps[1]
    source = np.arange(firsts[0] + n_rows * stride, dtype=dtype)
    target = np.full(firsts[1] + n_columns * target_stride, -1, dtype)
    expected = target.copy()
    matrix = source[firsts[0] :].reshape(n_rows, stride)[:, :n_columns]
    expected[firsts[1] :].reshape(n_columns, target_stride)[:, :n_rows] = matrix.T
    turn(source, firsts[0], n_rows, n_columns, stride, target, firsts[1], target_stride)
    np.testing.assert_array_equal(target, expected)
