"""Train candidates side by side on shared batches.

A batch is gathered from the feature-major training matrix once and used by the whole population: for small networks
that costs as much as a training step. What a candidate learns does not depend on who else is in the population.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nas.engine.batches import BatchPlan
from nas.engine.kernels import gather_batch, predict_columns, train_network
from nas.engine.layout import Float32, Network, aligned_empty, workspace
from nas.engine.losses import CROSS_ENTROPY, SQUARED_ERROR
from nas.engine.state import TrainingState

BATCHES_IN_CACHE_BYTES = 1 << 18  # how much of the second-level cache batches may take
MAX_STEPS_A_CALL = 64
EVALUATION_BATCH = 128

LOSSES = {"classification": CROSS_ENTROPY, "regression": SQUARED_ERROR}


@dataclass(frozen=True)
class Recipe:
    """How candidates are trained; the same for all candidates of a run.

    Attributes:
        task: "classification" (softmax cross-entropy) or "regression" (squared error).
        batches: The order of the rows.
        total_steps: Updates of a complete training; the cosine schedule ends there.
        weight_decay: Decoupled weight decay of AdamW.
    """

    task: str
    batches: BatchPlan
    total_steps: int
    weight_decay: float = 0.05


def cosine_rates(peak: float, first_step: int, last_step: int, total_steps: int) -> Float32:
    """Learning rates of steps first_step..last_step-1 of a cosine schedule without restarts.

    Loshchilov & Hutter 2017 (SGDR), equation 5, with a lowest rate of 0.
    """
    steps = np.arange(first_step, last_step)
    return (peak * 0.5 * (1.0 + np.cos(math.pi * steps / total_steps))).astype(np.float32)


def train(
    networks: Sequence[Network],
    learning_rates: Sequence[float],
    states: Sequence[TrainingState],
    rows: Float32,
    targets: Float32,
    recipe: Recipe,
    until_step: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[TrainingState]:
    """Train a population up to a step.

    Args:
        networks: The wirings, all with the inputs of ``rows``.
        learning_rates: Peak learning rate of each.
        states: Where each stands; all with the same ``steps_done``. Left as they are.
        rows: float32 (n_inputs, n), feature-major.
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
    work = workspace(list(networks), recipe.batches.batch_size)
    parameters = [state.parameters.copy() for state in states]
    firsts = [state.first_moment.copy() for state in states]
    seconds = [state.second_moment.copy() for state in states]
    failures: list[str | None] = [state.failure for state in states]

    n_inputs, batch_size = rows.shape[0], recipe.batches.batch_size
    n_fitting = BATCHES_IN_CACHE_BYTES // (4 * n_inputs * batch_size)
    steps_a_call = min(max(1, n_fitting), MAX_STEPS_A_CALL)
    batches = aligned_empty((steps_a_call, n_inputs, batch_size))
    batch_targets = aligned_empty((steps_a_call, 1, batch_size))
    target_row = np.ascontiguousarray(targets, np.float32).reshape(1, -1)

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
                LOSSES[recipe.task],
                cosine_rates(learning_rates[i], step, last, recipe.total_steps),
                recipe.weight_decay,
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


def predict(network: Network, parameters: Float32, rows: Float32, first: int = 0, last: int | None = None) -> Float32:
    """Outputs of a network for columns of a feature-major matrix.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        rows: float32 (n_inputs, n).
        first, last: The columns first..last-1; all by default.

    Returns:
        float32 (n_outputs, last - first): logits, or values.
    """
    last = rows.shape[1] if last is None else last
    outputs = np.empty((len(network.middle) - network.n_hidden, last - first), np.float32)
    predict_columns(network, parameters, rows, first, last, outputs, workspace([network], EVALUATION_BATCH))
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
