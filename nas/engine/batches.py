"""Which training rows are in which batch: a pure function of the seed and the step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS_OF_A_CACHE_LINE = 16  # float32
LARGE_MATRIX_BYTES = 1 << 20


@dataclass(frozen=True)
class BatchPlan:
    """Shuffled batches over rows 0..n_rows-1, epoch after epoch.

    Feature-major matrices that exceed the cache are shuffled in runs of 16 neighbouring rows, one cache line each:
    gathering a batch is then much cheaper. The rows are in random order to begin with, and the runs start at
    another row in each epoch. At most two runs and an incomplete batch are left out of an epoch, others each time.

    Attributes:
        n_rows: Rows of the training matrix.
        batch_size: Rows of a batch, a multiple of ``block``.
        block: Rows of a run.
        seed: Words of the seed of the order.
    """

    n_rows: int
    batch_size: int
    block: int
    seed: tuple[int, ...]

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, at least 1."""
        n_runs = self.n_rows // self.block if self.block == 1 else self.n_rows // self.block - 1
        return max(1, n_runs // (self.batch_size // self.block))

    def epoch_starts(self, epoch: int) -> NDArray[np.int32]:
        """First row of each run of each batch of an epoch, int32 (steps_per_epoch, batch_size // block)."""
        rng = np.random.default_rng([*self.seed, epoch])
        offset = int(rng.integers(self.block))
        n_runs = (self.n_rows - offset) // self.block
        runs_per_batch = self.batch_size // self.block
        order = rng.permutation(n_runs)[: self.steps_per_epoch * runs_per_batch]
        return (offset + self.block * order).astype(np.int32).reshape(self.steps_per_epoch, runs_per_batch)

    def starts(self, first_step: int, last_step: int) -> NDArray[np.int32]:
        """The runs of steps first_step..last_step-1, int32 (last_step - first_step, batch_size // block)."""
        per_epoch = self.steps_per_epoch
        epochs = range(first_step // per_epoch, (last_step - 1) // per_epoch + 1)
        steps = np.concatenate([self.epoch_starts(epoch) for epoch in epochs])
        begin = first_step - epochs.start * per_epoch
        return steps[begin : begin + last_step - first_step]


def plan_batches(n_features: int, n_rows: int, seed: Sequence[int]) -> BatchPlan:
    """The batches for a training matrix of this shape.

    Small data get small batches (more updates an epoch), large data 128 rows, where the kernels are at their best.
    """
    if n_rows >= 8192:
        batch_size = 128
    elif n_rows >= 2048:
        batch_size = 64
    else:
        batch_size = min(32, n_rows)
    is_large = 4 * n_features * n_rows > LARGE_MATRIX_BYTES and batch_size % ROWS_OF_A_CACHE_LINE == 0
    has_runs = n_rows >= 2 * batch_size
    block = ROWS_OF_A_CACHE_LINE if is_large and has_runs else 1
    return BatchPlan(n_rows=n_rows, batch_size=batch_size, block=block, seed=tuple(seed))
