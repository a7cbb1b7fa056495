from __future__ import annotations

import numpy as np
import pytest

from predictors.features import edge_sets
from predictors.features.edge_sets import are_among, pair_codes


@pytest.mark.parametrize("limit", [0, 10_000], ids=["search", "table"])
def test_membership_is_that_of_a_set_of_pairs(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_sets, "TABLE_LIMIT", limit)
    rng = np.random.default_rng(0)
    edges, asked = rng.integers(0, 9, (20, 2)), rng.integers(0, 9, (40, 2))
    known = {frozenset(edge) for edge in edges.tolist()}
    found = are_among(9, pair_codes(9, *asked.T), pair_codes(9, *edges.T))
    assert found.tolist() == [frozenset(pair) in known for pair in asked.tolist()]
    assert not are_among(9, pair_codes(9, *asked.T), np.empty(0, dtype=np.int64)).any()
