"""Torch's own recurrent cells with the weights of sparse units: dense matrices that are zero where no edge is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from nas.engine.recurrent_layout import RecurrentNetwork, parameter_sizes

CELLS = {
    "tanh": lambda n, m: nn.RNNCell(n, m, nonlinearity="tanh"),
    "relu": lambda n, m: nn.RNNCell(n, m, nonlinearity="relu"),
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}
LAYERS = {
    "tanh": lambda n, m: nn.RNN(n, m, nonlinearity="tanh"),
    "relu": lambda n, m: nn.RNN(n, m, nonlinearity="relu"),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}
# Torch stacks the gates i, f, g, o of LSTM as we do. It has r, z, n for GRU, where we have n, r, z among the inputs and
# r, z, m in the recurrence, and biases of the planes n, r, z, m.
GRU_INPUT_GATES, GRU_RECURRENT_GATES = [1, 2, 0], [0, 1, 2]


def masked_weights(
    network: RecurrentNetwork, parameters: Tensor, units: slice = slice(None), sources: slice = slice(None)
) -> dict[str, Tensor]:
    """Weights of a layer of neighbouring units in torch's form, differentiable in the parameters.

    Args:
        network: The wiring.
        parameters: (n_parameters,).
        units: The units of the layer, which read each other in the step before; all by default.
        sources: What they read in the same step; everything by default.

    Returns:
        "weight_ih" (gates * units, sources), "weight_hh" (gates * units, units), "bias_ih", "bias_hh" (gates * units,).
    """
    cell, sizes, n_units = network.cell, parameter_sizes(network), len(network.unit_vertex)
    n_sources = network.n_embedded + network.n_vertices
    of_edges = parameters[: sizes.embedding].split([sizes.recurrent, sizes.embedding - sizes.recurrent])
    inputs = dense(network.indptr, network.indices, of_edges[0].reshape(cell.n_gates, -1), n_sources)
    recurrent = dense(
        network.recurrent_indptr, network.recurrent_indices, of_edges[1].reshape(cell.n_gates, -1), n_units
    )
    biases = parameters[sizes.bias : sizes.output_bias].reshape(cell.n_planes, n_units)
    inputs, recurrent, biases = inputs[:, units, sources], recurrent[:, units, units], biases[:, units]
    zeros = torch.zeros_like(biases)
    other_biases = zeros
    if cell.n_planes != cell.n_gates:  # GRU
        inputs, recurrent = inputs[GRU_INPUT_GATES], recurrent[GRU_RECURRENT_GATES]
        n, r, z, m = biases
        biases, other_biases = torch.stack([r, z, n]), torch.stack([zeros[0], zeros[0], m])
    return {
        "weight_ih": inputs.flatten(0, 1),
        "weight_hh": recurrent.flatten(0, 1),
        "bias_ih": biases.flatten(),
        "bias_hh": other_biases.flatten(),
    }


def dense(indptr: np.ndarray, indices: np.ndarray, weights: Tensor, n_sources: int) -> Tensor:
    """Compressed rows with so many weight sets (n_sets, n_edges) as matrices (n_sets, n_rows, n_sources)."""
    matrices = weights.new_zeros(len(weights), len(indptr) - 1, n_sources)
    for row, (first, last) in enumerate(pairwise(indptr.tolist())):
        matrices[:, row, indices[first:last].tolist()] = weights[:, first:last]
    return matrices
