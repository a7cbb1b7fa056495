from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.regressors.folds import draw_folds, equal_row_groups, out_of_fold


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=2, max_size=60), st.integers(0, 100), st.integers(2, 10))
def test_groups_stay_together_and_folds_are_even(groups: list[int], seed: int, n_folds: int) -> None:
    names = np.array(groups)
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="two groups"):
            draw_folds(len(groups), seed, names, n_folds)
        return
    folds = draw_folds(len(groups), seed, names, n_folds)
    assert all(len(set(folds[names == group].tolist())) == 1 for group in set(groups))
    assert sorted(set(folds.tolist())) == list(range(min(n_folds, len(set(groups)))))
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= np.bincount(names).max()


def test_rows_without_groups_fall_into_equal_folds_that_depend_on_the_seed() -> None:
    folds = draw_folds(23, 0)
    assert sorted(np.bincount(folds).tolist()) == [4, 4, 5, 5, 5]
    assert (folds == draw_folds(23, 0)).all()
    assert (folds != draw_folds(23, 1)).any()


def test_no_row_is_predicted_from_its_own_fold() -> None:
    folds = draw_folds(20, 0)

    def predict_unseen(learned: np.ndarray, unseen: np.ndarray) -> np.ndarray:
        assert not set(folds[learned]) & set(folds[unseen])
        assert len(learned) + len(unseen) == 20
        return np.column_stack([unseen, -unseen]).astype(float)

    found = out_of_fold(predict_unseen, folds)
    np.testing.assert_array_equal(found[:, 0], np.arange(20))
    np.testing.assert_array_equal(found[:, 1], -np.arange(20))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=20))
def test_equal_rows_and_rows_of_a_group_are_together_and_no_others(drawn: list[tuple[int, int, int]]) -> None:
    rows = np.array([one[:2] for one in drawn], dtype=np.float64)
    given_groups = np.array([one[2] for one in drawn])
    found = equal_row_groups(rows, given_groups)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(drawn)))
    for i, one in enumerate(drawn):
        graph.add_edges_from((i, j) for j, other in enumerate(drawn) if one[:2] == other[:2] or one[2] == other[2])
    parts = {frozenset(np.flatnonzero(found == group).tolist()) for group in range(int(found.max()) + 1)}
    assert parts == {frozenset(part) for part in nx.connected_components(graph)}
    alone = equal_row_groups(rows)
    assert (alone == equal_row_groups(rows, np.empty(0, np.int64))).all()
    assert ((alone[:, None] == alone) == (rows[:, None] == rows).all(axis=2)).all()
