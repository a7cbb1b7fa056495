"""Train candidates side by side on shared batches.

A batch is gathered from the feature-major training matrix once and used by the whole population: for small networks
that costs as much as a training step. What a candidate learns does not depend on who else is in the population.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs, gather_batch
from nas.engine.layout import Float32, Network, aligned_empty, padded, workspace
from nas.engine.losses import CROSS_ENTROPY, SQUARED_ERROR
from nas.engine.optimisers import OPTIMISERS, Optimiser
from nas.engine.schedules import learning_rates
from nas.engine.state import TrainingState
from nas.engine.training import Objective, predict_columns, train_network

BATCHES_IN_CACHE_BYTES = 1 << 18  # how much of the second-level cache batches may take
MAX_STEPS_A_CALL = 64
EVALUATION_BATCH = 128
DROPOUT_WORD = 0xD209  # sets the seed apart from that of the batches

LOSSES = {"classification": CROSS_ENTROPY, "regression": SQUARED_ERROR}


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
        label_smoothing: In [0, 1); of classification.
        dropout: Share of hidden neurons that a step drops, in [0, 1).
    """

    task: str
    batches: BatchPlan
    total_steps: int
    weight_decay: float = 0.05
    optimiser: str = "adamw"
    schedule: str = "cosine"
    momentum: float = 0.9
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.0

    def objective(self) -> Objective:
        """What the kernels minimise."""
        return Objective(LOSSES[self.task], float(self.label_smoothing), float(self.dropout))

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
        return learning_rates(self.schedule, peak, first_step, last_step, self.total_steps)


def train(
    networks: Sequence[Network],
    peak_rates: Sequence[float],
    states: Sequence[TrainingState],
    rows: Inputs,
    targets: Float32,
    recipe: Recipe,
    until_step: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[TrainingState]:
    """Train a population up to a step.

    Args:
        networks: The wirings, all with the inputs of ``rows``.
        peak_rates: Highest learning rate of each.
        states: Where each stands; all with the same ``steps_done``. Left as they are.
        rows: The feature-major matrix (n_inputs, n).
        targets: float32 (n,), class numbers or values.
        recipe: How to train.
        until_step: Step to stop before, at most ``recipe.total_steps``.
        should_stop: Asked between batches; when true, training ends at the step reached.

    Returns:
        The new states. A candidate whose loss is not finite has a ``failure``; the others reached ``until_step``, or,
        when stopped, all the same earlier step.
    """
    if len({state.steps_done for state in states}) != 1:
        raise ValueError(f"All states must have the same steps_done. Got {[s.steps_done for s in states]}.")
    n_seeds = max(len(state.parameters) for state in states)
    work = workspace(list(networks), n_seeds, recipe.batches.batch_size)
    parameters = [state.parameters.copy() for state in states]
    firsts = [state.first_moment.copy() for state in states]
    seconds = [state.second_moment.copy() for state in states]
    failures: list[str | None] = [state.failure for state in states]

    n_inputs, batch_size = len(rows.values), recipe.batches.batch_size
    n_fitting = BATCHES_IN_CACHE_BYTES // (4 * n_inputs * batch_size)
    steps_a_call = min(max(1, n_fitting), MAX_STEPS_A_CALL)
    batches = aligned_empty((steps_a_call, n_inputs, padded(batch_size)))
    batch_targets = aligned_empty((steps_a_call, 1, batch_size))
    target_row = Inputs.plain(np.ascontiguousarray(targets, np.float32).reshape(1, -1))
    objective, update, keys = recipe.objective(), recipe.update(), recipe.dropout_keys(n_seeds)

    step = states[0].steps_done
    while step < until_step and not should_stop():
        last = min(step + steps_a_call, until_step)
        for place, starts in enumerate(recipe.batches.starts(step, last)):
            gather_batch(rows, starts, recipe.batches.block, batches[place])
            gather_batch(target_row, starts, recipe.batches.block, batch_targets[place])
        for i, network in enumerate(networks):
            if failures[i] is not None:
                continue
            loss = train_network(
                network,
                parameters[i],
                firsts[i],
                seconds[i],
                batches[: last - step],
                batch_targets[: last - step, 0],
                objective,
                update,
                recipe.rates(peak_rates[i], step, last),
                keys,
                step,
                work,
            )
            if not math.isfinite(loss):
                failures[i] = f"diverged: the loss was {loss} before step {last}"
        step = last
    return [
        replace(state, parameters=p, first_moment=f, second_moment=s, steps_done=step, failure=failure)
        for state, p, f, s, failure in zip(states, parameters, firsts, seconds, failures, strict=True)
    ]


def predict(network: Network, parameters: Float32, rows: Inputs, first: int = 0, last: int | None = None) -> Float32:
    """Outputs of a network for columns of a feature-major matrix.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        rows: The matrix (n_inputs, n).
        first, last: The columns first..last-1; all by default.

    Returns:
        float32 (n_outputs, last - first): logits, or values.
    """
    last = rows.values.shape[1] if last is None else last
    outputs = np.empty((len(network.middle) - network.n_hidden, last - first), np.float32)
    inputs = aligned_empty((len(rows.values), EVALUATION_BATCH))
    work = workspace([network], 1, EVALUATION_BATCH)
    predict_columns(network, np.ascontiguousarray(parameters[None]), rows, first, last, outputs, inputs, work)
    return outputs


def score(outputs: Float32, targets: Float32, task: str) -> float:
    """How good outputs are: accuracy in [0, 1], or r2 (at most 1).

    Args:
        outputs: float32 (n_outputs, n).
        targets: float32 (n,), class numbers or values; not all equal for regression.
        task: "classification" or "regression".

    Returns:
        NaN when an output is not finite, so that a broken network never scores.
    """
    if not np.isfinite(outputs).all():
        return math.nan
    if task == "classification":
        return float(np.mean(outputs.argmax(axis=0) == targets))
    errors = targets.astype(np.float64) - outputs[0]
    spread = targets.astype(np.float64) - targets.mean(dtype=np.float64)
    return float(1.0 - (errors @ errors) / (spread @ spread))
