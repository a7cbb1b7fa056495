from __future__ import annotations

import numpy as np
import pytest

from nas.engine.dropout import drop


def mask(key: int, step: int, neuron: int, share: float, n: int = 4096) -> np.ndarray:
    values, slopes = np.ones(n, np.float32), np.full(n, 2, np.float32)
    drop(np.uint32(key), step, neuron, np.float32(share), values, slopes, n)
    np.testing.assert_array_equal(slopes, 2 * values)
    return values


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_is_dropped_and_the_mean_stays(share: float) -> None:
    values = np.concatenate([mask(1, step, 3, share) for step in range(8)])
    kept = values > 0
    assert abs(kept.mean() - (1 - share)) < 5 * np.sqrt(share * (1 - share) / len(values))
    np.testing.assert_allclose(values[kept], 1 / (1 - share), rtol=1e-6)


def test_masks_repeat_for_the_same_numbers_and_differ_for_others() -> None:
    first = mask(7, 5, 2, 0.5)
    np.testing.assert_array_equal(first, mask(7, 5, 2, 0.5))
    for other in (mask(8, 5, 2, 0.5), mask(7, 6, 2, 0.5), mask(7, 5, 3, 0.5)):
        agreement = np.mean((first > 0) == (other > 0))
        assert 0.45 < agreement < 0.55  # independent
