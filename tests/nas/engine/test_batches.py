from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.batches import BatchPlan, plan_batches

SHAPES = st.tuples(st.integers(1, 900), st.integers(1, 60_000))


@given(shape=SHAPES, epoch=st.integers(0, 50))
@settings(deadline=None, max_examples=80)
def test_no_row_is_twice_in_an_epoch_and_all_are_rows(shape: tuple[int, int], epoch: int) -> None:
    plan = plan_batches(*shape, [1])
    starts = plan.epoch_starts(epoch)
    rows = (starts[..., None] + np.arange(plan.block)).reshape(plan.steps_per_epoch, -1)
    assert rows.shape[1] == plan.batch_size
    assert rows.min() >= 0 and rows.max() < plan.n_rows
    assert len(np.unique(rows)) == rows.size


@given(shape=SHAPES)
@settings(deadline=None, max_examples=40)
def test_little_of_an_epoch_is_left_out(shape: tuple[int, int]) -> None:
    plan = plan_batches(*shape, [1])
    assert plan.n_rows - plan.steps_per_epoch * plan.batch_size < plan.batch_size + 2 * plan.block


@given(first=st.integers(0, 40), length=st.integers(1, 60), split=st.integers(0, 60))
@settings(deadline=None, max_examples=60)
def test_steps_are_the_same_however_they_are_asked_for(first: int, length: int, split: int) -> None:
    plan = BatchPlan(n_rows=100, batch_size=16, block=4, seed=(3,))
    whole = plan.starts(first, first + length)
    middle = first + min(split, length)
    parts = [plan.starts(a, b) for a, b in ((first, middle), (middle, first + length)) if b > a]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_epochs_differ_and_seeds_differ() -> None:
    plan, other = (BatchPlan(n_rows=100, batch_size=10, block=1, seed=(s,)) for s in (1, 2))
    assert not np.array_equal(plan.epoch_starts(0), plan.epoch_starts(1))
    assert not np.array_equal(plan.epoch_starts(0), other.epoch_starts(0))


def test_every_row_of_a_large_matrix_has_its_turn() -> None:
    plan = plan_batches(500, 10_007, [0])
    assert plan.block == 16
    seen = {
        int(row)
        for epoch in range(40)
        for start in plan.epoch_starts(epoch).ravel()
        for row in range(start, start + 16)
    }
    assert seen == set(range(10_007))
