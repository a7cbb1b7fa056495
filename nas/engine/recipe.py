"""How candidates are trained."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.engine.batches import BatchPlan
from nas.engine.layout import Float32
from nas.engine.losses import CROSS_ENTROPY, SQUARED_ERROR
from nas.engine.optimisers import OPTIMISERS, Optimiser
from nas.engine.schedules import learning_rates
from nas.engine.training import Objective
from search_spaces.sparse_training import STATIC, SparseTraining

LOSSES = {"classification": CROSS_ENTROPY, "regression": SQUARED_ERROR}
DROPOUT_WORD = 0xD209  # sets the seed apart from that of the batches
SCHEDULES_KEPT = 64  # of candidates that are trained side by side


@dataclass(frozen=True)
class Hyperparameters:
    """What each candidate has of its own in how it is trained.

    Attributes:
        learning_rate: Peak learning rate, above 0.
        dropout: Share of hidden neurons that a step drops, in [0, 1).
        label_smoothing: In [0, 1); of classification.
        sparse_training: What training does to the edges.
    """

    learning_rate: float
    dropout: float = 0.0
    label_smoothing: float = 0.0
    sparse_training: SparseTraining = STATIC


@dataclass(frozen=True)
class Recipe:
    """How candidates are trained; the same for all candidates of a run.

    Attributes:
        task: "classification" (softmax cross-entropy) or "regression" (squared error).
        batches: The order of the rows.
        total_steps: Updates of a complete training, where the schedule ends.
        weight_decay: Decoupled for AdamW, a part of the gradient for SGD; biases do not decay.
        optimiser: A key of ``OPTIMISERS``.
        schedule: One of ``SCHEDULES``.
        momentum: Of SGD, in [0, 1).
        clip_norm: The longest a gradient may be; 0 for no limit.
    """

    task: str
    batches: BatchPlan
    total_steps: int
    weight_decay: float = 0.05
    optimiser: str = "adamw"
    schedule: str = "cosine"
    momentum: float = 0.9
    clip_norm: float = 0.0

    def over(self, batches: BatchPlan) -> Recipe:
        """The recipe over other rows, for as many epochs."""
        epochs = self.total_steps / self.batches.steps_per_epoch
        return replace(self, batches=batches, total_steps=max(1, round(epochs * batches.steps_per_epoch)))

    def objective(self, own: Hyperparameters) -> Objective:
        """What the kernels minimise for a candidate."""
        return Objective(LOSSES[self.task], float(own.label_smoothing), float(own.dropout))

    def update(self) -> Optimiser:
        """How the kernels update."""
        code = OPTIMISERS[self.optimiser]
        return Optimiser(code, float(self.weight_decay), float(self.momentum), float(self.clip_norm))

    def dropout_keys(self, n_seeds: int) -> NDArray[np.uint32]:
        """A key for each weight set, uint32 (n_seeds,)."""
        words = [*self.batches.seed, DROPOUT_WORD]
        return np.random.default_rng(words).integers(2**32, size=n_seeds, dtype=np.uint32)

    def rates(self, peak: float, first_step: int, last_step: int) -> Float32:
        """Learning rates of the steps first_step..last_step-1, float32."""
        return _whole_schedule(self.schedule, peak, self.total_steps)[first_step:last_step].copy()


@functools.lru_cache(maxsize=SCHEDULES_KEPT)
def _whole_schedule(schedule: str, peak: float, total_steps: int) -> Float32:
    """Learning rates of all steps: a call of a kernel often is a single step, which takes less time than its rate."""
    return learning_rates(schedule, peak, 0, total_steps, total_steps)
