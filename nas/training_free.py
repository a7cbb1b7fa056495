"""Training-free scores: what a network looks like at its first weights, from a single batch.

The zero-cost proxies of the literature (Abdelfattah et al., "Zero-cost proxies for lightweight NAS", 2021) for
feed-forward networks. They cost a forward and two backward passes; neuron by neuron in numpy, which is milliseconds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nas.engine.activations import ACTIVATIONS
from nas.engine.layout import Network

Values = NDArray[np.float64]

BATCH_SIZE = 64
SMALLEST = 1e-12  # of what a logarithm is taken of
JACOBIAN_RIDGE = 1e-5

_GELU_SCALE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715
_NAMES = {code: name for name, code in ACTIVATIONS.items()}


def training_free_scores(network: Network, parameters: Values, inputs: Values, targets: Values, task: str) -> Values:
    """Scores of one network at given weights, in the order of `predictors.features.training_free.TRAINING_FREE_NAMES`.

    - ``log_synflow``: decimal logarithm of the sum over weights of |w| times the gradient of R by |w|, where R is the
      sum of the outputs for inputs of 1 with all weights |w|, no biases, and linear neurons (Tanaka et al. 2020,
      equations 1 and 2). Each weight's term is the sum of all paths through it.
    - ``jacobian_covariance``: with the correlation matrix of the rows' gradients of the summed outputs by the inputs,
      and its eigenvalues v, - sum(log(v + k) + 1 / (v + k)), k = 1e-5 (Mellor et al. 2020, version 1). A row without
      any gradient correlates with none.
    - ``naswot``: log det(K + I), K the number of hidden neurons that are on, or off, for both of two rows (Mellor et
      al. 2021, equation 2); "on" is a sum above 0, whatever the activation. I keeps rows of equal code finite.
    - ``log_gradient_norm``: decimal logarithm of the length of the loss's gradient by all weights and biases.

    Args:
        network: The wiring.
        parameters: (n_parameters,), a weight for each edge, then a bias for each neuron.
        inputs: (n_inputs, batch), batch >= 2.
        targets: (batch,), class numbers or values.
        task: "classification" or "regression".

    Returns:
        Finite values, float64 (4,).
    """
    n_edges = len(network.indices)
    weights, biases = parameters[:n_edges].astype(np.float64), parameters[n_edges:].astype(np.float64)
    sources, sums = _forward(network, weights, biases, inputs.astype(np.float64), _NAMES[network.activation])
    slopes = _slope(sums[: network.n_hidden], _NAMES[network.activation])
    outputs = sums[network.n_hidden :]
    to_inputs, _ = _backward(network, weights, sources, slopes, np.ones_like(outputs))
    _, of_sums = _backward(network, weights, sources, slopes, _loss_gradient(outputs, targets, task))
    return np.array(
        [
            math.log10(max(_synflow(network, np.abs(weights)), SMALLEST)),
            _jacobian_covariance(to_inputs.T),
            _naswot(sums[: network.n_hidden] > 0),
            math.log10(max(_gradient_norm(network, sources, of_sums), SMALLEST)),
        ]
    )


def _forward(
    network: Network, weights: Values, biases: Values, inputs: Values, activation: str
) -> tuple[Values, Values]:
    """What neurons read, (n_inputs + n_hidden, batch), and their weighted sums, (n_neurons, batch)."""
    n_neurons, n_inputs = len(network.middle), network.n_inputs
    sources = np.concatenate([inputs, np.empty((network.n_hidden, inputs.shape[1]))])
    sums = np.empty((n_neurons, inputs.shape[1]))
    for j in range(n_neurons):
        edges = slice(network.indptr[j], network.indptr[j + 1])
        sums[j] = weights[edges] @ sources[network.indices[edges]] + biases[j]
        if j < network.n_hidden:
            sources[n_inputs + j] = _activate(sums[j], activation)
    return sources, sums


def _backward(
    network: Network, weights: Values, sources: Values, slopes: Values, output_gradients: Values
) -> tuple[Values, Values]:
    """Gradients by the inputs, (n_inputs, batch), and by the sums of all neurons, (n_neurons, batch)."""
    n_hidden, n_inputs = network.n_hidden, network.n_inputs
    by_source = np.zeros_like(sources)
    by_sum = np.concatenate([np.empty_like(slopes), output_gradients])
    for j in reversed(range(len(network.middle))):
        edges = slice(network.indptr[j], network.indptr[j + 1])
        if j < n_hidden:
            by_sum[j] = by_source[n_inputs + j] * slopes[j]
        by_source[network.indices[edges]] += weights[edges, None] * by_sum[j]  # no source twice in a row
    return by_source[:n_inputs], by_sum


def _synflow(network: Network, weights: Values) -> float:
    ones = np.ones((network.n_inputs, 1))
    sources, sums = _forward(network, weights, np.zeros(len(network.middle)), ones, "linear")
    slopes, outputs = np.ones((network.n_hidden, 1)), sums[network.n_hidden :]
    _, by_sum = _backward(network, weights, sources, slopes, np.ones_like(outputs))
    reads = np.repeat(np.arange(len(network.middle)), np.diff(network.indptr))
    return float(np.sum(weights * sources[network.indices, 0] * by_sum[reads, 0]))


def _jacobian_covariance(rows: Values) -> float:
    centred = rows - rows.mean(axis=1, keepdims=True)  # (batch, n_inputs)
    lengths = np.sqrt((centred**2).sum(axis=1))
    unit = centred / np.where(lengths > 0, lengths, 1.0)[:, None]
    correlations = unit @ unit.T
    np.fill_diagonal(correlations, 1.0)
    values = np.maximum(np.linalg.eigvalsh(correlations), 0.0) + JACOBIAN_RIDGE
    return float(-np.sum(np.log(values) + 1.0 / values))


def _naswot(is_on: NDArray[np.bool_]) -> float:
    codes = is_on.astype(np.float64)  # (n_hidden, batch)
    agreement = codes.T @ codes + (1 - codes).T @ (1 - codes)
    return float(np.linalg.slogdet(agreement + np.eye(len(agreement)))[1])


def _gradient_norm(network: Network, sources: Values, by_sum: Values) -> float:
    reads = np.repeat(np.arange(len(network.middle)), np.diff(network.indptr))
    of_weights = np.einsum("eb,eb->e", sources[network.indices], by_sum[reads])
    return math.sqrt(float(of_weights @ of_weights) + float(np.sum(by_sum.sum(axis=1) ** 2)))


def _loss_gradient(outputs: Values, targets: Values, task: str) -> Values:
    """Gradient of the mean loss by the outputs, (n_outputs, batch)."""
    n = outputs.shape[1]
    if task == "regression":
        return np.asarray(2.0 * (outputs - targets) / n)
    shares = np.exp(outputs - outputs.max(axis=0))
    shares /= shares.sum(axis=0)
    shares[targets.astype(np.int64), np.arange(n)] -= 1.0
    gradient: Values = shares / n
    return gradient


def _activate(x: Values, activation: str) -> Values:
    match activation:
        case "relu":
            return np.maximum(x, 0.0)
        case "tanh":
            return np.tanh(x)
        case "gelu":
            return 0.5 * x * (1.0 + np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x**3)))
        case "silu":
            return x * _sigmoid(x)
    return x


def _slope(x: Values, activation: str) -> Values:
    match activation:
        case "relu":
            return (x > 0).astype(np.float64)
        case "tanh":
            return 1.0 - np.tanh(x) ** 2
        case "gelu":
            t = np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x**3))
            inner: Values = _GELU_SCALE * (1.0 + 3.0 * _GELU_CUBE * x**2)
            return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t**2) * inner
        case "silu":
            s = _sigmoid(x)
            return s * (1.0 + x * (1.0 - s))
    return np.ones_like(x)


def _sigmoid(x: Values) -> Values:
    half: Values = 0.5 * (1.0 + np.tanh(0.5 * x))
    return half
