"""Steps of training of recurrent networks, and prediction, in one compiled call each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.denormals import FLUSH_BITS, floating_point_control, set_floating_point_control
from nas.engine.dropout import drop
from nas.engine.lanes import at, fill, moved
from nas.engine.losses import CROSS_ENTROPY, softmax_cross_entropy, squared_error
from nas.engine.optimisers import Optimiser, update
from nas.engine.products import add_backward_products, add_products
from nas.engine.recurrent import backward_steps, forward_steps, vectors_of
from nas.engine.recurrent_layout import RecurrentNetwork, RecurrentWorkspace, Sizes
from nas.engine.recurrent_summaries import summarise
from nas.engine.training import Objective

_f32 = np.float32


@compiled
def outputs_of(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, inputs: Any, n_active: Any, work: RecurrentWorkspace
) -> None:
    """Fill ``work.outputs``, which read summaries of vertices over the steps of each sequence.

    Args:
        network: The wiring.
        sizes: Of its parameters.
        parameters: Their address.
        inputs: float32 (at least n_steps, n_directions * n_inputs, padded batch).
        n_active: int32 (n_steps + 1,), how many sequences have a step t.
        work: Buffers.
    """
    n_units, stride, cell_size = network.unit_vertex.shape[0], inputs.shape[2], work.cells.shape[1]
    fill(at(work.hidden, 0), _f32(0), n_units * stride)
    fill(at(work.cells, 0), _f32(0), min(n_units, cell_size) * stride)
    forward_steps(network, sizes, parameters, True, inputs, n_active, work)
    summarise(network, n_active, work)
    gather_outputs(network, sizes, parameters, work, stride, vectors_of(n_active[0]))


@compiled
def gather_outputs(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, work: RecurrentWorkspace, stride: int, width: int
) -> None:
    """Fill ``work.outputs`` from ``work.summaries``."""
    for o in range(network.output_indptr.shape[0] - 1):
        row = at(work.outputs, o * stride)
        fill(row, parameters[sizes.output_bias + o], width)
        add_products(
            network.output_indptr[o], network.output_indptr[o + 1], at(network.output_indices, 0), 0,
            moved(parameters, sizes.output), at(work.summaries, 0), row, stride, width,
        )  # fmt: skip


@compiled
def loss_and_gradients_of_sequences(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, inputs: Any, n_active: Any, targets: Any,
    objective: Objective, key: Any, step: int, work: RecurrentWorkspace,
) -> float:  # fmt: skip
    """The mean loss of one batch; fills ``work.parameter_gradients``.

    Args:
        network, sizes, inputs, n_active: As for `outputs_of`.
        parameters: float32 (n_parameters,).
        targets: float32 (batch,), class numbers or values, in the order of the batch.
        objective: What is minimised. Dropout is that of the summaries that outputs read.
        key: uint32, of the dropout.
        step: Number of the step, for the dropout.
        work: Buffers.

    Returns:
        NaN, without gradients, if the loss is.
    """
    stride, batch = inputs.shape[2], targets.shape[0]
    width, n_outputs = vectors_of(n_active[0]), network.output_indptr.shape[0] - 1
    weights, gradients = at(parameters, 0), at(work.parameter_gradients, 0)
    outputs_of(network, sizes, weights, inputs, n_active, work)
    n_summaries = network.output_out_indptr.shape[0] - 1
    if objective.dropout > 0:
        for s in range(n_summaries):
            if network.output_out_indptr[s] == network.output_out_indptr[s + 1]:
                continue
            row = at(work.summary_gradients, s * stride)  # holds what each is multiplied with, until it is needed
            fill(row, _f32(1), stride)
            drop(key, step, s, _f32(objective.dropout), at(work.summaries, s * stride), row, stride)
        gather_outputs(network, sizes, weights, work, stride, width)
    outputs, output_gradients = work.outputs[:n_outputs], work.output_gradients[:n_outputs]
    for o in range(n_outputs):
        for k in range(batch, stride):
            output_gradients[o, k] = _f32(0)
    if objective.loss == CROSS_ENTROPY:
        smoothing = _f32(objective.label_smoothing)
        loss = softmax_cross_entropy(outputs, targets, smoothing, output_gradients, work.scratch)
    else:
        loss = squared_error(outputs, targets, output_gradients)
    if not math.isfinite(loss):
        return loss  # type: ignore[no-any-return]
    fill(gradients, _f32(0), sizes.end)
    for o in range(n_outputs):
        total = _f32(0)
        for k in range(batch):
            total += output_gradients[o, k]
        gradients[sizes.output_bias + o] = total
    for s in range(n_summaries):
        first, last = network.output_out_indptr[s], network.output_out_indptr[s + 1]
        row, gradient = at(work.row, 0), at(work.summary_gradients, s * stride)
        fill(row, _f32(0), width)
        if first < last:
            add_backward_products(
                first, last, at(network.output_out_targets, 0), at(network.output_out_edges, 0),
                moved(weights, sizes.output), at(work.summaries, s * stride), at(work.output_gradients, 0), row,
                moved(gradients, sizes.output), stride, width,
            )  # fmt: skip
        for k in range(width):
            gradient[k] = row[k] * gradient[k] if objective.dropout > 0 and first < last else row[k]
    fill(at(work.carried, 0), _f32(0), network.unit_vertex.shape[0] * stride)
    backward_steps(network, sizes, weights, True, inputs, n_active, work, True, gradients, at(work.row, 0))
    return loss  # type: ignore[no-any-return]


@compiled
def train_recurrent_network(
    network: RecurrentNetwork, sizes: Sizes, parameters: Any, first_moment: Any, second_moment: Any, inputs: Any,
    n_active: Any, targets: Any, objective: Objective, optimiser: Optimiser, rate: Any, keys: Any, step: int,
    work: RecurrentWorkspace,
) -> float:  # fmt: skip
    """Train every weight set of one network on one batch, in place.

    Args:
        network, sizes, inputs, n_active, targets, objective, work: As for `loss_and_gradients_of_sequences`.
        parameters, first_moment, second_moment: float32 (n_seeds, n_parameters).
        optimiser: How to update.
        rate: float32, the learning rate.
        keys: uint32 (n_seeds,), of the dropout.
        step: Number of this step, from 1.

    Returns:
        The highest loss over weight sets; NaN or infinity, at once, when a loss is.
    """
    control = floating_point_control()
    set_floating_point_control(np.int32(control | FLUSH_BITS))
    worst = 0.0
    for seed in range(parameters.shape[0]):
        loss = loss_and_gradients_of_sequences(
            network, sizes, parameters[seed], inputs, n_active, targets, objective, keys[seed], step, work
        )
        worst = loss if not loss <= worst else worst  # a NaN stays
        if not math.isfinite(worst):
            break
        gradients = work.parameter_gradients[: sizes.end]
        update(optimiser, parameters[seed], gradients, first_moment[seed], second_moment[seed], rate, sizes.bias, step)
    set_floating_point_control(control)
    return worst
