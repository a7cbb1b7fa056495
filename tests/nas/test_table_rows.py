from __future__ import annotations

import pytest

from nas.table_rows import columns, edge_text
from predictors import feature_names
from predictors.tables.network_table import is_network_table, network_features
from search_spaces import SPACES


@pytest.mark.parametrize("space", SPACES)
def test_names_differ_and_features_are_found_among_them(space: str) -> None:
    names = columns(space, n_rungs=3, n_seeds=2)
    assert len(set(names)) == len(names)
    assert is_network_table(names)
    assert network_features(names) == feature_names(space)
    assert [name for name in names if name.startswith("score_")] == [
        f"score_rung{r}_seed{s}" for r in (1, 2, 3) for s in (1, 2)
    ]


def test_edges_as_text() -> None:
    assert edge_text([0, 0, 12], [1, 2, 3]) == "0-1 0-2 12-3"
    assert edge_text([], []) == ""
