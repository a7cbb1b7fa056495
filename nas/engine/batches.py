"""Which training rows are in which batch: a pure function of the seed and the step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPOCHS_KEPT = 4
"""Orders of epochs that are kept: large batches are gathered one step at a time, and drawing an order takes longer."""


@dataclass(frozen=True)
class BatchPlan:
    """Shuffled batches over rows 0..n_rows-1, epoch after epoch.

    An incomplete batch is left out of an epoch, other rows each time.

    Attributes:
        n_rows: Rows of the training matrix.
        batch_size: Rows of a batch, at most ``n_rows``.
        seed: Words of the seed of the order.
    """

    n_rows: int
    batch_size: int
    seed: tuple[int, ...]

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, at least 1."""
        return max(1, self.n_rows // self.batch_size)

    def epoch(self, number: int) -> NDArray[np.int32]:
        """The rows of each batch of an epoch, int32 (steps_per_epoch, batch_size), read-only."""
        return _epoch(self, number)

    def rows(self, first_step: int, last_step: int) -> NDArray[np.int32]:
        """The rows of the steps first_step..last_step-1, int32 (last_step - first_step, batch_size)."""
        per_epoch = self.steps_per_epoch
        epochs = range(first_step // per_epoch, (last_step - 1) // per_epoch + 1)
        orders = [self.epoch(number) for number in epochs]
        steps = orders[0] if len(orders) == 1 else np.concatenate(orders)
        begin = first_step - epochs.start * per_epoch
        return steps[begin : begin + last_step - first_step]


@functools.lru_cache(maxsize=EPOCHS_KEPT)
def _epoch(plan: BatchPlan, number: int) -> NDArray[np.int32]:
    order = np.random.default_rng([*plan.seed, number]).permutation(plan.n_rows)
    chosen = order[: plan.steps_per_epoch * plan.batch_size].astype(np.int32)
    chosen.setflags(write=False)
    return chosen.reshape(plan.steps_per_epoch, plan.batch_size)


def plan_batches(n_rows: int, seed: Sequence[int]) -> BatchPlan:
    """The batches for so many rows.

    Small data get small batches (more updates an epoch), large data 128 rows, where the kernels are at their best.
    """
    if n_rows >= 8192:
        batch_size = 128
    elif n_rows >= 2048:
        batch_size = 64
    else:
        batch_size = min(32, n_rows)
    return BatchPlan(n_rows=n_rows, batch_size=batch_size, seed=tuple(seed))
