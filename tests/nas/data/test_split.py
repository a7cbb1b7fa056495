from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.split import MAX_VALIDATION_ROWS, TEST_SHARE, VALIDATION_SHARE, quantile_bins, split_rows


@settings(deadline=None, max_examples=100)
@given(
    sizes=st.lists(st.integers(3, 60), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
    has_test=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_each_part_has_its_share_of_every_stratum_and_no_row_is_lost(
    sizes: list[int], seed: int, has_test: bool, order: np.random.Generator
) -> None:
    rows = [stratum for stratum, size in enumerate(sizes) for _ in range(size)]
    order.shuffle(rows)  # type: ignore[arg-type]
    strata = np.array(rows)
    split = split_rows(strata, seed=seed, has_test=has_test)
    together = np.concatenate((split.train, split.validation, split.test))
    assert sorted(together.tolist()) == list(range(len(strata)))
    counts = [np.bincount(strata[part], minlength=len(sizes)) for part in (split.train, split.validation, split.test)]
    n_test = np.zeros(len(sizes)) if has_test else TEST_SHARE * np.array(sizes)
    n_validation = (0.20 if has_test else VALIDATION_SHARE) * np.array(sizes)
    assert (counts[0] >= 1).all() and (counts[1] >= 1).all() and (has_test or (counts[2] >= 1).all())
    assert (np.abs(counts[1] - n_validation) <= 1).all()
    assert (np.abs(counts[2] - n_test) <= 1).all()
    assert len(split.test) == 0 or not has_test


def test_a_stratum_of_two_rows_is_enough_where_the_source_brings_test_rows() -> None:
    split = split_rows(np.array([0, 0, 1, 1]), seed=0, has_test=True)
    assert [len(split.train), len(split.validation), len(split.test)] == [2, 2, 0]


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    strata = np.arange(300) % 3
    first, again, other = (split_rows(strata, seed=seed, has_test=False) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.test, again.test)
    assert set(first.test.tolist()) != set(other.test.tolist())


def test_rows_of_a_part_are_in_random_order() -> None:
    strata = np.repeat([0, 1], [900, 100])
    split = split_rows(strata, seed=3, has_test=False)
    for part in (split.train, split.validation, split.test):
        first, second = np.array_split(strata[part], 2)
        assert abs(first.mean() - second.mean()) < 0.1  # neither sorted by stratum ...
        assert abs(np.corrcoef(part, np.arange(len(part)))[0, 1]) < 0.2  # ... nor by row


@pytest.mark.parametrize("has_test", [True, False])
def test_validation_rows_are_capped(has_test: bool) -> None:
    split = split_rows(np.arange(200_000) % 7, seed=0, has_test=has_test)
    assert MAX_VALIDATION_ROWS - 7 <= len(split.validation) <= MAX_VALIDATION_ROWS
    assert abs(len(split.test) - (0 if has_test else 40_000)) <= 7


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_quantile_bins_are_ordered_and_about_equal(values: list[float]) -> None:
    bins = quantile_bins(np.array(values))
    sizes = np.bincount(bins)
    assert sizes.min() >= min(5, len(values))
    assert sizes.max() - sizes.min() <= 1
    assert len(sizes) == max(1, min(10, len(values) // 5))
    assert (np.diff(bins[np.argsort(values, kind="stable")]) >= 0).all()
