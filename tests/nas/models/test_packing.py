from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.models.packing import packed, unpacked


@given(lengths=st.lists(st.integers(0, 5), max_size=6), seed=st.integers(0, 99))
def test_arrays_come_back(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.integers(-(2**31), 2**31, n).astype(np.int32) for n in lengths]
    found = unpacked(packed(arrays))
    assert len(found) == len(arrays)
    for array, expected in zip(found, arrays, strict=True):
        assert array.dtype == np.int32
        np.testing.assert_array_equal(array, expected)
