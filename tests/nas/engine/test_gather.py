from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.gather import ROWS_OF_A_RUN, Inputs, gather_batch


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(seed=st.integers(0, 2**32), block=st.sampled_from([1, ROWS_OF_A_RUN]), n_runs=st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_a_batch_is_the_columns_scaled_and_then_zeros(dtype: type, seed: int, block: int, n_runs: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(256, size=(7, 400)).astype(dtype)
    scale, shift = rng.standard_normal((2, 7)).astype(np.float32)
    starts = rng.integers(400 - block + 1, size=n_runs).astype(np.int32)
    out = np.full((7, n_runs * block + 5), np.nan, np.float32)
    gather_batch(Inputs(values, scale, shift), starts, block, out)
    columns = (starts[:, None] + np.arange(block)).ravel()
    expected = scale[:, None] * values[:, columns] + shift[:, None]
    np.testing.assert_allclose(out[:, : n_runs * block], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(out[:, n_runs * block :], 0)


def test_plain_inputs_come_out_as_they_are() -> None:
    values = np.random.default_rng(0).standard_normal((3, 50)).astype(np.float32)
    out = np.empty((3, 16), np.float32)
    gather_batch(Inputs.plain(values), np.arange(16, dtype=np.int32), 1, out)
    np.testing.assert_array_equal(out, values[:, :16])
