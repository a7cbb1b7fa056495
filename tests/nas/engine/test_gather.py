from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.gather import Inputs, gather_batch


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(seed=st.integers(0, 2**32), n_inputs=st.integers(1, 50), batch=st.integers(1, 50), unused=st.integers(0, 20))
@settings(deadline=None, max_examples=50)
def test_a_batch_is_the_rows_scaled_and_then_zeros(
    dtype: type, seed: int, n_inputs: int, batch: int, unused: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(256, size=(40, n_inputs)).astype(dtype)
    scale, shift = rng.standard_normal((2, n_inputs)).astype(np.float32)
    rows = rng.integers(40, size=batch).astype(np.int32)
    out = np.full((n_inputs, batch + unused), np.nan, np.float32)
    gather_batch(Inputs(values, scale, shift), rows, out)
    np.testing.assert_allclose(out[:, :batch], (scale * values[rows] + shift).T, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(out[:, batch:], 0)


def test_plain_inputs_come_out_as_they_are() -> None:
    values = np.random.default_rng(0).standard_normal((3, 50)).astype(np.float32)
    out = np.empty((3, 16), np.float32)
    inputs = Inputs.plain(values)
    assert inputs.n_inputs == 3
    gather_batch(inputs, np.arange(16, dtype=np.int32), out)
    np.testing.assert_array_equal(out, values[:, :16])
