"""A sparse feed-forward network of any shape, forward and backward, all weight sets side by side.

Values are feature-major, (neuron, batch), so that each edge is a multiply-add of whole vectors over the batch. The
backward pass gathers along out-edges, so nothing is scattered but weight gradients. Cost is proportional to the number
of edges; depth costs nothing. Neurons that read the same, as those of a dense layer do, are computed three at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.engine.activations import activate
from nas.engine.compiler import compiled
from nas.engine.dropout import drop
from nas.engine.lanes import at, fill
from nas.engine.layout import Network, Workspace
from nas.engine.products import (
    add_backward_products,
    add_products,
    add_products_3,
    add_weight_gradients,
    add_weight_gradients_3,
)

_f32 = np.float32


@compiled
def forward(network: Network, parameters: Any, inputs: Any, work: Workspace, share: Any, keys: Any, step: int) -> None:
    """Compute all neurons of a network for one batch.

    Args:
        network: The wiring.
        parameters: float32 (n_seeds, n_parameters).
        inputs: float32 (n_inputs, padded batch).
        work: ``activations`` is filled, hidden neurons then outputs, and ``slopes`` for the hidden neurons with the
            derivative of the activation.
        share: float32, the share of hidden neurons to drop; 0 for none.
        keys: uint32 (n_seeds,), of the dropout of each weight set.
        step: Number of the step, for the dropout.
    """
    activations, slopes = work.activations, work.slopes
    indptr, middle, indices = network.indptr, network.middle, network.indices
    n_seeds, n_parameters = parameters.shape
    n_edges, stride = indices.shape[0], inputs.shape[1]
    plane = activations.shape[1] * stride  # from one weight set to the next
    for j in range(middle.shape[0]):
        first, half, last, n_together = indptr[j], middle[j], indptr[j + 1], network.together[j]
        for seed in range(n_seeds):
            for i in range(j, j + n_together):
                fill(at(activations, seed * plane + i * stride), parameters[seed, n_edges + i], stride)
            if n_together == 3:
                add_products_3(
                    first, half, at(indices, 0), 0, at(parameters, seed * n_parameters), last - first, at(inputs, 0),
                    at(activations, seed * plane + j * stride), stride, stride, stride,
                )  # fmt: skip
                add_products_3(
                    half, last, at(indices, 0), network.n_inputs, at(parameters, seed * n_parameters), last - first,
                    at(activations, seed * plane), at(activations, seed * plane + j * stride), stride, stride, stride,
                )  # fmt: skip
        if n_together == 1:
            seed = 0
            while seed + 3 <= n_seeds:
                add_products_3(
                    first, half, at(indices, 0), 0, at(parameters, seed * n_parameters), n_parameters, at(inputs, 0),
                    at(activations, seed * plane + j * stride), plane, stride, stride,
                )  # fmt: skip
                seed += 3
            while seed < n_seeds:
                add_products(
                    first, half, at(indices, 0), 0, at(parameters, seed * n_parameters), at(inputs, 0),
                    at(activations, seed * plane + j * stride), stride, stride,
                )  # fmt: skip
                seed += 1
            for seed in range(n_seeds):
                add_products(
                    half, last, at(indices, 0), network.n_inputs, at(parameters, seed * n_parameters),
                    at(activations, seed * plane), at(activations, seed * plane + j * stride), stride, stride,
                )  # fmt: skip
        for seed in range(n_seeds):
            for i in range(j, min(j + n_together, network.n_hidden)):
                row, slope = at(activations, seed * plane + i * stride), at(slopes, seed * plane + i * stride)
                activate(network.activation, row, slope, stride)
                if share > 0:
                    drop(keys[seed], step, i, share, row, slope, stride)


@compiled
def backward(network: Network, parameters: Any, inputs: Any, work: Workspace) -> None:
    """Fill ``work.parameter_gradients``, given the gradients of the outputs in ``work.gradients``.

    Args:
        network, parameters, inputs: As they were for `forward`.
        work: As `forward` left it, with the gradients of the outputs.
    """
    activations, gradients, out = work.activations, work.gradients, work.parameter_gradients
    indptr, middle, indices = network.indptr, network.middle, network.indices
    n_seeds, n_parameters = parameters.shape
    n_edges, n_neurons, stride = indices.shape[0], middle.shape[0], inputs.shape[1]
    plane, gradient_step = activations.shape[1] * stride, out.shape[1]
    for seed in range(n_seeds):
        for e in range(n_edges):
            out[seed, e] = _f32(0)
    for j in range(n_neurons - 1, -1, -1):
        first, half = indptr[j], middle[j]
        for seed in range(n_seeds):
            place = seed * plane + j * stride
            gradient = at(gradients, place)
            if j < network.n_hidden:
                slope = at(work.slopes, place)
                for k in range(stride):
                    gradient[k] = _f32(0)
                add_backward_products(
                    network.out_indptr[j], network.out_indptr[j + 1], at(network.out_targets, 0),
                    at(network.out_edges, 0), at(parameters, seed * n_parameters), at(activations, place),
                    at(gradients, seed * plane), gradient, at(out, seed * gradient_step), stride, stride,
                )  # fmt: skip
                for k in range(stride):
                    gradient[k] *= slope[k]
            total = _f32(0)
            for k in range(stride):
                total += gradient[k]
            out[seed, n_edges + j] = total
        if network.together[j] == 3:  # the other two are done
            for seed in range(n_seeds):
                add_weight_gradients_3(
                    first, half, at(indices, 0), 0, at(inputs, 0), at(gradients, seed * plane + j * stride), stride,
                    at(out, seed * gradient_step), indptr[j + 1] - first, stride, stride,
                )  # fmt: skip
        if network.together[j] != 1:
            continue
        seed = 0
        while seed + 3 <= n_seeds:
            add_weight_gradients_3(
                first, half, at(indices, 0), 0, at(inputs, 0), at(gradients, seed * plane + j * stride), plane,
                at(out, seed * gradient_step), gradient_step, stride, stride,
            )  # fmt: skip
            seed += 3
        while seed < n_seeds:
            add_weight_gradients(
                first, half, at(indices, 0), 0, at(inputs, 0), at(gradients, seed * plane + j * stride),
                at(out, seed * gradient_step), stride, stride,
            )  # fmt: skip
            seed += 1
