"""Steps of training, and prediction, in one compiled call each: one thread, no allocation, no lock held."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.denormals import FLUSH_BITS, floating_point_control, set_floating_point_control
from nas.engine.gather import Inputs, gather_batch
from nas.engine.layout import Network, Workspace
from nas.engine.losses import CROSS_ENTROPY, softmax_cross_entropy, squared_error
from nas.engine.network import backward, forward
from nas.engine.optimisers import Optimiser, update

_f32 = np.float32


class Objective(NamedTuple):
    """What is minimised."""

    loss: int  # CROSS_ENTROPY or SQUARED_ERROR
    label_smoothing: float  # in [0, 1)
    dropout: float  # share of hidden neurons, in [0, 1)


@compiled
def loss_and_gradients(
    network: Network,
    parameters: Any,
    inputs: Any,
    targets: Any,
    objective: Objective,
    keys: Any,
    step: int,
    work: Workspace,
) -> float:
    """The highest mean loss of the weight sets on one batch; fills ``work.parameter_gradients``.

    Args:
        network: The wiring.
        parameters: float32 (n_seeds, n_parameters).
        inputs: float32 (n_inputs, padded batch).
        targets: float32 (batch,), class numbers or values.
        objective: What is minimised.
        keys: uint32 (n_seeds,), of the dropout.
        step: Number of the step, for the dropout.
        work: Buffers.

    Returns:
        NaN, without gradients, if any loss is.
    """
    first, last, batch = network.n_hidden, network.middle.shape[0], targets.shape[0]
    forward(network, parameters, inputs, work, _f32(objective.dropout), keys, step)
    worst = 0.0
    for seed in range(parameters.shape[0]):
        outputs, gradients = work.activations[seed, first:last], work.gradients[seed, first:last]
        for c in range(outputs.shape[0]):
            for k in range(batch, gradients.shape[1]):
                gradients[c, k] = _f32(0)
        if objective.loss == CROSS_ENTROPY:
            loss = softmax_cross_entropy(outputs, targets, _f32(objective.label_smoothing), gradients, work.scratch)
        else:
            loss = squared_error(outputs, targets, gradients)
        worst = loss if not loss <= worst else worst  # a NaN stays
        if not math.isfinite(worst):
            return worst
    backward(network, parameters, inputs, work)
    return worst


@compiled
def train_network(
    network: Network,
    parameters: Any,
    first_moment: Any,
    second_moment: Any,
    batches: Any,
    targets: Any,
    objective: Objective,
    optimiser: Optimiser,
    rates: Any,
    keys: Any,
    steps_done: int,
    work: Workspace,
) -> float:
    """Train every weight set of one network on a few batches, in place.

    Args:
        network: The wiring.
        parameters, first_moment, second_moment: float32 (n_seeds, n_parameters).
        batches: float32 (n_steps, n_inputs, padded batch).
        targets: float32 (n_steps, batch).
        objective: What is minimised.
        optimiser: How.
        rates: float32 (n_steps,), learning rate of each step.
        keys: uint32 (n_seeds,), of the dropout.
        steps_done: Steps taken before this call.
        work: Buffers.

    Returns:
        The highest loss over weight sets at the last step; NaN or infinity, at once, when a loss is.
    """
    n_edges, n_parameters = network.indices.shape[0], parameters.shape[1]
    control = floating_point_control()
    set_floating_point_control(np.int32(control | FLUSH_BITS))
    worst = 0.0
    for s in range(batches.shape[0]):
        step = steps_done + s + 1
        worst = loss_and_gradients(network, parameters, batches[s], targets[s], objective, keys, step, work)
        if not math.isfinite(worst):
            break
        for seed in range(parameters.shape[0]):
            gradients = work.parameter_gradients[seed, :n_parameters]
            update(
                optimiser, parameters[seed], gradients, first_moment[seed], second_moment[seed], rates[s], n_edges, step
            )
    set_floating_point_control(control)
    return worst


@compiled
def predict_rows(
    network: Network, parameters: Any, rows: Inputs, first: int, last: int, outputs: Any, inputs: Any, work: Workspace
) -> None:
    """Compute the outputs for some rows of a matrix.

    Args:
        network: The wiring.
        parameters: float32 (1, n_parameters).
        rows: The matrix (n, n_inputs) as stored.
        first, last: The rows first..last-1.
        outputs: float32 (n_outputs, last - first), filled.
        inputs: float32 (n_inputs, batch), a buffer; the batch is whole vectors.
        work: Buffers of one weight set and that batch.
    """
    batch = inputs.shape[1]
    numbers = np.arange(first, last).astype(np.int32)
    no_keys = np.zeros(1, np.uint32)
    for start in range(first, last, batch):
        width = min(batch, last - start)
        gather_batch(rows, numbers[start - first : start - first + width], inputs)
        forward(network, parameters, inputs, work, _f32(0), no_keys, 0)
        for c in range(outputs.shape[0]):
            for k in range(width):
                outputs[c, start - first + k] = work.activations[0, network.n_hidden + c, k]
