"""Train candidates side by side on shared batches.

A batch is gathered from the training matrix once and used by the whole population: for small networks
that costs as much as a training step. What a candidate learns does not depend on who else is in the population.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nas.engine.feed import AnyNetwork, Feed, RowFeed, SequenceFeed
from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network, aligned_empty, workspace
from nas.engine.networks import as_changed
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_layout import RecurrentNetwork
from nas.engine.recurrent_prediction import predict_sequences
from nas.engine.sequence_batches import Sequences
from nas.engine.state import TrainingState
from nas.engine.training import predict_rows
from nas.engine.wiring_changes import WiringChanges

EVALUATION_BATCH = 128
LONG_S = 0.1  # after which it is asked again whether to stop


def train(
    networks: Sequence[AnyNetwork],
    hyperparameters: Sequence[Hyperparameters],
    states: Sequence[TrainingState],
    rows: Inputs | Sequences,
    targets: Float32,
    recipe: Recipe,
    until_step: int,
    should_stop: Callable[[], bool] = lambda: False,
    changes: Sequence[WiringChanges | None] = (),
) -> list[TrainingState]:
    """Train a population up to a step.

    Args:
        networks: The wirings, all with the inputs of ``rows``: feed-forward for rows, recurrent for sequences.
        hyperparameters: Those of each.
        states: Where each stands; all with the same ``steps_done``. Left as they are.
        rows: The matrix (n, n_inputs), or n sequences.
        targets: float32 (n,), class numbers or values.
        recipe: How to train.
        until_step: Step to stop before, at most ``recipe.total_steps``.
        should_stop: Asked between batches, and between networks where a batch takes them long; when true, training ends
            at the steps reached.
        changes: How the edges of each change meanwhile; None, or no list at all, for networks that stay as they are.
            Those whose edges change have one set of weights each.

    Returns:
        The new states. A candidate whose loss is not finite has a ``failure``; the others reached ``until_step``, or,
        when stopped, an earlier step, at most a batch apart.
    """
    if len({state.steps_done for state in states}) != 1:
        raise ValueError(f"All states must have the same steps_done. Got {[s.steps_done for s in states]}.")
    n_seeds = max(len(state.parameters) for state in states)
    feed: RowFeed | SequenceFeed
    if isinstance(rows, Sequences):
        feed = SequenceFeed(rows, targets, recipe, networks, n_seeds)
    else:
        feed = RowFeed(rows, targets, recipe, networks, n_seeds)
    states = [_copied(state) for state in states]
    networks = [as_changed(network, state) for network, state in zip(networks, states, strict=True)]
    changes = changes or [None] * len(networks)
    step = states[0].steps_done
    reached, is_stopped = [step] * len(states), False
    while step < until_step and not (is_stopped or should_stop()):
        last, asked = min(step + feed.steps_a_call, until_step), time.monotonic()
        feed.load(step, last)
        for i in range(len(networks)):
            if time.monotonic() - asked > LONG_S:  # of long sequences a batch takes seconds
                is_stopped, asked = should_stop(), time.monotonic()
                if is_stopped:
                    break
            if states[i].failure is None:
                networks[i], states[i] = _trained(
                    feed, networks[i], states[i], hyperparameters[i], step, last, changes[i]
                )
            reached[i] = last
        step = last
    return [replace(state, steps_done=steps) for state, steps in zip(states, reached, strict=True)]


def _trained(
    feed: Feed,
    network: AnyNetwork,
    state: TrainingState,
    own: Hyperparameters,
    first: int,
    last: int,
    changes: WiringChanges | None,
) -> tuple[AnyNetwork, TrainingState]:
    """A network and its state after the loaded steps first..last-1, with the changes that fall due on the way."""
    due = [] if changes is None else [step for step in changes.steps if first < step <= last]
    for step in [*due, last] if last not in due else due:
        loss = feed.train(network, state, own, first, step)
        if not math.isfinite(loss):
            return network, replace(state, failure=f"diverged: the loss was {loss} before step {last}")
        if step in due:
            assert changes is not None and isinstance(network, Network) and isinstance(feed, RowFeed)
            network, state = changes.change(step, network, state, partial(feed.look, network, state, own, step))
        first = step
    return network, state


def _copied(state: TrainingState) -> TrainingState:
    return replace(
        state,
        parameters=state.parameters.copy(),
        first_moment=state.first_moment.copy(),
        second_moment=state.second_moment.copy(),
    )


def predict(
    network: AnyNetwork, parameters: Float32, rows: Inputs | Sequences, first: int = 0, last: int | None = None
) -> Float32:
    """Outputs of a network for rows of a matrix, or for sequences.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        rows: The matrix (n, n_inputs), or n sequences.
        first, last: The rows or sequences first..last-1; all by default.

    Returns:
        float32 (n_outputs, last - first): logits, or values.
    """
    if isinstance(rows, Sequences):
        assert isinstance(network, RecurrentNetwork)
        last = len(rows.offsets) - 1 if last is None else last
        if first == last:
            return np.empty((len(network.output_indptr) - 1, 0), np.float32)
        return predict_sequences(network, parameters, rows, first, last)
    assert isinstance(network, Network)
    last = len(rows.values) if last is None else last
    outputs = np.empty((len(network.middle) - network.n_hidden, last - first), np.float32)
    inputs = aligned_empty((rows.n_inputs, EVALUATION_BATCH))
    work = workspace([network], 1, EVALUATION_BATCH)
    predict_rows(network, np.ascontiguousarray(parameters[None]), rows, first, last, outputs, inputs, work)
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
