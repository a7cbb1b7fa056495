from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.batches import BatchPlan, plan_batches

N_ROWS = st.integers(1, 60_000)


@given(n_rows=N_ROWS, epoch=st.integers(0, 50))
@settings(deadline=None, max_examples=60)
def test_no_row_is_twice_in_an_epoch_and_all_are_rows(n_rows: int, epoch: int) -> None:
    plan = plan_batches(n_rows, [1])
    rows = plan.epoch(epoch)
    assert rows.shape == (plan.steps_per_epoch, plan.batch_size) and rows.dtype == np.int32
    assert rows.min() >= 0 and rows.max() < plan.n_rows
    assert len(np.unique(rows)) == rows.size


@given(n_rows=N_ROWS)
@settings(deadline=None, max_examples=40)
def test_less_than_a_batch_of_an_epoch_is_left_out(n_rows: int) -> None:
    plan = plan_batches(n_rows, [1])
    assert 0 <= plan.n_rows - plan.steps_per_epoch * plan.batch_size < plan.batch_size


@given(first=st.integers(0, 40), length=st.integers(1, 60), split=st.integers(0, 60))
@settings(deadline=None, max_examples=40)
def test_steps_in_parts_are_the_steps_as_a_whole(first: int, length: int, split: int) -> None:
    plan, middle = BatchPlan(100, 16, (3,)), first + min(split, length)
    whole = plan.rows(first, first + length)
    assert whole.shape == (length, 16)
    parts = [plan.rows(a, b) for a, b in ((first, middle), (middle, first + length)) if a < b]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    plan = plan_batches(5000, [1])
    assert not np.array_equal(plan.epoch(0), plan.epoch(1))
    assert not np.array_equal(plan.epoch(0), plan_batches(5000, [2]).epoch(0))
    np.testing.assert_array_equal(plan.epoch(3), plan_batches(5000, [1]).epoch(3))


def test_small_data_get_small_batches() -> None:
    assert [plan_batches(n, [0]).batch_size for n in (1, 20, 500, 2048, 8192)] == [1, 20, 32, 64, 128]
