"""How the loss depends on each weight: to first order, to second order, and layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.gather import Inputs, gather_batch
from nas.engine.layout import Float32, Network, aligned_empty, padded, workspace
from nas.engine.network import forward
from nas.sparsify.edges import ends_of

BATCH = 128
DAMPING = 1e-4  # of the mean square of what a neuron reads, added to the diagonal before it is inverted
Float64 = NDArray[np.float64]


def first_order(network: Network, parameters: Float32, rows: Inputs, targets: Float32, task: str) -> Float64:
    """What the loss would rise by, to first order, without each edge: |weight x gradient|, float64 (n_edges,).

    Molchanov et al., "Importance estimation for neural network pruning", CVPR 2019, equation 6, with the gradient of
    the mean loss over all rows.

    Args:
        network, parameters: After training; float32 (n_parameters,).
        rows, targets: n rows, and float32 (n,) class numbers or values.
        task: "classification" or "regression".
    """
    ends, gradient = ends_of(network), np.zeros(len(network.indices))
    for batch in _batches(network, parameters, rows):
        some = targets[batch.rows]
        if task == "classification":
            errors = _shares_of(batch.outputs)
            errors[some.astype(np.int64), np.arange(len(some))] -= 1.0
        else:
            errors = 2.0 * (batch.outputs - some)
        deltas = _carried_back(network, parameters, batch.slopes, errors[:, None])[:, 0]  # (n_neurons, n)
        gradient += np.einsum("eb,eb->e", batch.values[ends.sources], deltas[ends.targets])
    return np.abs(parameters[: len(gradient)] * gradient) / len(targets)


def brain_damage(network: Network, parameters: Float32, rows: Inputs, task: str) -> Float64:
    """What the loss would rise by, to second order, without each edge: h w^2 / 2, float64 (n_edges,).

    LeCun, Denker & Solla, "Optimal brain damage", NIPS 1989. h is the second derivative of the mean loss by the weight,
    the bends of the activations left aside, which is exact for rectifiers: the variance, under the predicted classes,
    of how much each output answers to the weight.

    Args:
        network, parameters, rows, task: As for `first_order`.
    """
    n_neurons = len(network.middle)
    n_outputs = n_neurons - network.n_hidden
    ends, curvature = ends_of(network), np.zeros(len(network.indices))
    for batch in _batches(network, parameters, rows):
        n = batch.outputs.shape[1]
        each_output = np.repeat(np.eye(n_outputs)[:, :, None], n, axis=2)
        answers = _carried_back(network, parameters, batch.slopes, each_output)  # (n_neurons, n_outputs, n)
        if task == "classification":
            shares = _shares_of(batch.outputs)
            mean = np.einsum("cb,jcb->jb", shares, answers)
            bend = np.einsum("cb,jcb->jb", shares, answers**2) - mean**2  # (n_neurons, n)
        else:
            bend = 2.0 * answers[:, 0] ** 2
        curvature += np.einsum("eb,eb->e", batch.values[ends.sources] ** 2, bend[ends.targets])
    weights = parameters[: len(curvature)].astype(np.float64)
    return 0.5 * curvature / len(rows.values) * weights**2


def layerwise_surgeon(network: Network, parameters: Float32, rows: Inputs) -> Float64:
    """How much a neuron's sum would change without each edge, its other edges making up for it, float64 (n_edges,).

    Dong, Chen & Pan, "Learning to prune deep neural networks via layer-wise optimal brain surgeon", NIPS 2017: half
    of w^2 over the diagonal of the inverse of the second moments of what the neuron reads.

    Args:
        network, parameters: After training; float32 (n_parameters,).
        rows: Rows to take the moments on.
    """
    saliency = np.empty(len(network.indices))
    for first, last, inverse in _inverse_moments(network, parameters, rows):
        weights = parameters[first:last].astype(np.float64)
        saliency[first:last] = 0.5 * weights**2 / np.diag(inverse)
    return saliency


def made_up_for(network: Network, parameters: Float32, rows: Inputs, is_kept: NDArray[np.bool_]) -> Float32:
    """The parameters with the remaining weights of each neuron changed so that its sum changes least, float32.

    The update of the layer-wise surgeon for all dropped edges of a neuron at once: the dropped weights are 0 in it.

    Args:
        network, parameters, rows: As for `layerwise_surgeon`.
        is_kept: bool (n_edges,).
    """
    changed = parameters.copy()
    for first, last, inverse in _inverse_moments(network, parameters, rows):
        dropped = ~is_kept[first:last]
        if not dropped.any():
            continue
        weights = parameters[first:last].astype(np.float64)
        factors = np.linalg.solve(inverse[np.ix_(dropped, dropped)], weights[dropped])
        weights -= inverse[:, dropped] @ factors
        weights[dropped] = 0.0
        changed[first:last] = weights
    return changed


def _inverse_moments(network: Network, parameters: Float32, rows: Inputs) -> Iterator[tuple[int, int, Float64]]:
    """For each neuron its first and last + 1 edge, and the inverse of the second moments of what it reads."""
    parts = [batch.values for batch in _batches(network, parameters, rows)]
    values = np.concatenate(parts, axis=1)  # (n_inputs + n_hidden, n)
    kept: dict[bytes, Float64] = {}
    for j in range(len(network.middle)):
        first, last = int(network.indptr[j]), int(network.indptr[j + 1])
        if first == last:
            continue
        sources = network.indices[first:last]
        if (key := sources.tobytes()) not in kept:  # dense layers read the same
            read = values[sources]
            moments = read @ read.T / read.shape[1]
            moments[np.diag_indices_from(moments)] += DAMPING * np.mean(np.diag(moments)) + 1e-12
            kept = {key: np.linalg.inv(moments)}
        yield first, last, kept[key]


class _Batch(NamedTuple):
    """Some rows in a network."""

    rows: slice
    values: Float64  # (n_inputs + n_hidden, n) what edges read
    slopes: Float64  # (n_hidden, n) of the activations
    outputs: Float64  # (n_outputs, n)


def _batches(network: Network, parameters: Float32, rows: Inputs) -> Iterator[_Batch]:
    """All rows, some at a time."""
    work, inputs = workspace([network], 1, BATCH), aligned_empty((network.n_inputs, padded(BATCH)))
    alone, no_keys = np.ascontiguousarray(parameters[None]), np.zeros(1, np.uint32)
    n_rows, n_hidden, n_neurons = len(rows.values), network.n_hidden, len(network.middle)
    for start in range(0, n_rows, BATCH):
        numbers = np.arange(start, min(start + BATCH, n_rows), dtype=np.int32)
        gather_batch(rows, numbers, inputs)
        forward(network, alone, inputs, work, np.float32(0), no_keys, 0)
        n, hidden = len(numbers), work.activations[0, :n_hidden]
        yield _Batch(
            slice(start, start + n),
            np.concatenate([inputs[:, :n], hidden[:, :n]]).astype(np.float64),
            work.slopes[0, :n_hidden, :n].astype(np.float64),
            work.activations[0, n_hidden:n_neurons, :n].astype(np.float64),
        )


def _shares_of(outputs: Float64) -> Float64:
    """Probabilities of the classes, float64 (n_outputs, n)."""
    shares = np.exp(outputs - outputs.max(axis=0))
    return np.asarray(shares / shares.sum(axis=0))


def _carried_back(network: Network, parameters: Float32, slopes: Float64, of_outputs: Float64) -> Float64:
    """Derivatives by the sum of each neuron, float64 (n_neurons, k, n), given k of them by the outputs' sums.

    Args:
        network, parameters: After training.
        slopes: (n_hidden, n).
        of_outputs: (n_outputs, k, n).
    """
    n_hidden, n_neurons = network.n_hidden, len(network.middle)
    back = np.zeros((n_neurons, *of_outputs.shape[1:]))
    back[n_hidden:] = of_outputs
    for j in range(n_hidden - 1, -1, -1):
        leaving = slice(network.out_indptr[j], network.out_indptr[j + 1])
        weights = parameters[network.out_edges[leaving]].astype(np.float64)
        back[j] = np.einsum("e,ekn->kn", weights, back[network.out_targets[leaving]]) * slopes[j]
    return back
