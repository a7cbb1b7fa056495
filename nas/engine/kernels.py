"""The training kernels: forward, backward and update of a sparse network of any shape in one compiled call.

Activations are feature-major, (neuron, batch), so that each edge is one vectorised multiply-add over the batch, and
eight edges are fused a pass. The backward pass gathers along out-edges, so nothing is scattered. Cost is proportional
to the number of edges; depth costs nothing. Kernels release the GIL, use one thread and are deterministic.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nas.engine.activations import activate
from nas.engine.compiler import compiled
from nas.engine.denormals import FLUSH_BITS, floating_point_control, set_floating_point_control
from nas.engine.layout import Network, Workspace
from nas.engine.losses import CROSS_ENTROPY, softmax_cross_entropy, squared_error

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of AdamW; torch's defaults

_f32 = np.float32


@compiled
def gather_batch(rows: Any, starts: Any, block: int, out: Any) -> None:
    """Copy runs of neighbouring columns of a feature-major matrix into a batch.

    Args:
        rows: float32 (features, n).
        starts: int32 (runs,), the first column of each run.
        block: Columns a run.
        out: float32 (features, runs * block), filled.
    """
    for i in range(rows.shape[0]):
        source, target = rows[i], out[i]
        if block == 1:
            for k in range(starts.shape[0]):
                target[k] = source[starts[k]]
        else:
            for r in range(starts.shape[0]):
                first, place = starts[r], r * block
                for k in range(block):
                    target[place + k] = source[first + k]


@compiled
def add_products(first: int, last: int, sources: Any, shift: int, weights: Any, values: Any, out: Any) -> None:
    """Add to ``out`` the rows ``values[sources[e] - shift]`` times ``weights[e]``, e from ``first`` to ``last`` - 1."""
    batch = out.shape[0]
    e = first
    while e + 8 <= last:
        v0, v1 = values[sources[e] - shift], values[sources[e + 1] - shift]
        v2, v3 = values[sources[e + 2] - shift], values[sources[e + 3] - shift]
        v4, v5 = values[sources[e + 4] - shift], values[sources[e + 5] - shift]
        v6, v7 = values[sources[e + 6] - shift], values[sources[e + 7] - shift]
        w0, w1, w2, w3 = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
        w4, w5, w6, w7 = weights[e + 4], weights[e + 5], weights[e + 6], weights[e + 7]
        for k in range(batch):
            left = w0 * v0[k] + w1 * v1[k] + w2 * v2[k] + w3 * v3[k]
            right = w4 * v4[k] + w5 * v5[k] + w6 * v6[k] + w7 * v7[k]
            out[k] += left + right
        e += 8
    if e + 4 <= last:
        v0, v1 = values[sources[e] - shift], values[sources[e + 1] - shift]
        v2, v3 = values[sources[e + 2] - shift], values[sources[e + 3] - shift]
        w0, w1, w2, w3 = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
        for k in range(batch):
            out[k] += w0 * v0[k] + w1 * v1[k] + w2 * v2[k] + w3 * v3[k]
        e += 4
    while e < last:
        v0, w0 = values[sources[e] - shift], weights[e]
        for k in range(batch):
            out[k] += w0 * v0[k]
        e += 1


@compiled
def dot_products(first: int, last: int, sources: Any, shift: int, values: Any, gradient: Any, out: Any) -> None:
    """Set ``out[e]`` to ``values[sources[e] - shift]`` dot ``gradient``, e from ``first`` to ``last`` - 1."""
    batch = gradient.shape[0]
    e = first
    while e + 4 <= last:
        v0, v1 = values[sources[e] - shift], values[sources[e + 1] - shift]
        v2, v3 = values[sources[e + 2] - shift], values[sources[e + 3] - shift]
        s0, s1, s2, s3 = _f32(0), _f32(0), _f32(0), _f32(0)
        for k in range(batch):
            g = gradient[k]
            s0 += g * v0[k]
            s1 += g * v1[k]
            s2 += g * v2[k]
            s3 += g * v3[k]
        out[e], out[e + 1], out[e + 2], out[e + 3] = s0, s1, s2, s3
        e += 4
    while e < last:
        v0, s0 = values[sources[e] - shift], _f32(0)
        for k in range(batch):
            s0 += gradient[k] * v0[k]
        out[e] = s0
        e += 1


@compiled
def forward(network: Network, parameters: Any, inputs: Any, activations: Any, slopes: Any) -> None:
    """Compute all neurons of a network for one batch.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        inputs: float32 (n_inputs, batch).
        activations: float32 (at least n_neurons, batch), filled: hidden neurons, then outputs.
        slopes: The same shape, filled for the hidden neurons with the derivative of the activation.
    """
    indptr, middle, indices = network.indptr, network.middle, network.indices
    n_edges = indices.shape[0]
    for j in range(middle.shape[0]):
        row, bias = activations[j], parameters[n_edges + j]
        for k in range(row.shape[0]):
            row[k] = bias
        first, half, last = indptr[j], middle[j], indptr[j + 1]
        add_products(first, half, indices, 0, parameters, inputs, row)
        add_products(half, last, indices, network.n_inputs, parameters, activations, row)
        if j < network.n_hidden:
            activate(network.activation, row, slopes[j])


@compiled
def backward(network: Network, parameters: Any, inputs: Any, work: Workspace) -> None:
    """Fill ``work.parameter_gradients``, given the gradients of the outputs in ``work.gradients``."""
    indptr, middle, indices = network.indptr, network.middle, network.indices
    n_edges = indices.shape[0]
    weights, out = work.out_weights, work.parameter_gradients
    for j in range(middle.shape[0] - 1, -1, -1):
        gradient = work.gradients[j]
        if j < network.n_hidden:
            first, last = network.out_indptr[j], network.out_indptr[j + 1]
            for e in range(first, last):
                weights[e] = parameters[network.out_edges[e]]
            for k in range(gradient.shape[0]):
                gradient[k] = _f32(0)
            add_products(first, last, network.out_targets, 0, weights, work.gradients, gradient)
            slope = work.slopes[j]
            for k in range(gradient.shape[0]):
                gradient[k] *= slope[k]
        total = _f32(0)
        for k in range(gradient.shape[0]):
            total += gradient[k]
        out[n_edges + j] = total
        first, half, last = indptr[j], middle[j], indptr[j + 1]
        dot_products(first, half, indices, 0, inputs, gradient, out)
        dot_products(half, last, indices, network.n_inputs, work.activations, gradient, out)


@compiled
def adamw(
    parameters: Any, gradients: Any, first: Any, second: Any, rate: Any, decay: Any, n_decayed: int, step: int
) -> None:
    """One AdamW update in place (Loshchilov & Hutter 2019, algorithm 2, in torch's parametrisation).

    Args:
        parameters, gradients, first, second: float32 (n,): values, gradient, and the two moments.
        rate: Learning rate of this step.
        decay: Weight decay, applied to the first ``n_decayed`` parameters (biases are not decayed).
        step: Number of this update, from 1.
    """
    step_size = rate / _f32(1.0 - BETA_1**step)
    correction = _f32(math.sqrt(1.0 - BETA_2**step))
    shrink = _f32(1) - rate * decay
    b1, b2, a1, a2, epsilon = _f32(BETA_1), _f32(BETA_2), _f32(1 - BETA_1), _f32(1 - BETA_2), _f32(EPSILON)
    for i in range(n_decayed):
        parameters[i] *= shrink
    for i in range(parameters.shape[0]):
        g = gradients[i]
        first[i] = b1 * first[i] + a1 * g
        second[i] = b2 * second[i] + a2 * g * g
        parameters[i] -= step_size * first[i] / (np.sqrt(second[i]) / correction + epsilon)


@compiled
def loss_and_gradients(
    network: Network, parameters: Any, inputs: Any, targets: Any, loss_code: int, work: Workspace
) -> Any:
    """The mean loss of one batch; fills ``work.parameter_gradients``.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        inputs: float32 (n_inputs, batch).
        targets: float32 (batch,), class numbers or values.
        loss_code: ``CROSS_ENTROPY`` or ``SQUARED_ERROR``.
        work: Buffers.
    """
    first, last = network.n_hidden, network.middle.shape[0]
    forward(network, parameters, inputs, work.activations, work.slopes)
    outputs, gradients = work.activations[first:last], work.gradients[first:last]
    if loss_code == CROSS_ENTROPY:
        loss = softmax_cross_entropy(outputs, targets, gradients, work.scratch)
    else:
        loss = squared_error(outputs, targets, gradients)
    backward(network, parameters, inputs, work)
    return loss


@compiled
def train_network(
    network: Network,
    parameters: Any,
    first_moment: Any,
    second_moment: Any,
    batches: Any,
    targets: Any,
    loss_code: int,
    rates: Any,
    decay: float,
    steps_done: int,
    work: Workspace,
) -> float:
    """Train every seed of one network on a few batches, in place.

    Args:
        network: The wiring.
        parameters, first_moment, second_moment: float32 (n_seeds, n_parameters).
        batches: float32 (n_steps, n_inputs, batch).
        targets: float32 (n_steps, batch).
        loss_code: ``CROSS_ENTROPY`` or ``SQUARED_ERROR``.
        rates: float32 (n_steps,), learning rate of each step.
        decay: Weight decay.
        steps_done: Steps taken before this call.
        work: Buffers.

    Returns:
        The highest loss over seeds at the last step; NaN or infinity, at once, when a loss is.
    """
    n_edges = network.indices.shape[0]
    n_parameters = parameters.shape[1]
    control = floating_point_control()
    set_floating_point_control(np.int32(control | FLUSH_BITS))
    worst = 0.0
    for s in range(batches.shape[0]):
        worst = 0.0
        for seed in range(parameters.shape[0]):
            loss = loss_and_gradients(network, parameters[seed], batches[s], targets[s], loss_code, work)
            worst = loss if not loss <= worst else worst  # a NaN stays
            if not math.isfinite(worst):
                break
            adamw(
                parameters[seed],
                work.parameter_gradients[:n_parameters],
                first_moment[seed],
                second_moment[seed],
                rates[s],
                _f32(decay),
                n_edges,
                steps_done + s + 1,
            )
        if not math.isfinite(worst):
            break
    set_floating_point_control(control)
    return worst


@compiled
def predict_columns(
    network: Network, parameters: Any, rows: Any, first: int, last: int, outputs: Any, work: Workspace
) -> None:
    """Compute the outputs for some columns of a feature-major matrix.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        rows: float32 (n_inputs, n).
        first, last: The columns first..last-1.
        outputs: float32 (n_outputs, last - first), filled.
        work: Buffers.
    """
    batch = work.activations.shape[1]
    inputs = np.empty((rows.shape[0], batch), np.float32)
    for start in range(first, last, batch):
        width = min(batch, last - start)
        for i in range(rows.shape[0]):
            for k in range(batch):
                inputs[i, k] = rows[i, start + min(k, width - 1)]
        forward(network, parameters, inputs, work.activations, work.slopes)
        for c in range(outputs.shape[0]):
            for k in range(width):
                outputs[c, start - first + k] = work.activations[network.n_hidden + c, k]
