"""Recurrent networks in plain torch autograd: the oracle of the tests, and the path for other devices."""

from __future__ import annotations

import torch
from torch import Tensor

from nas.engine.cells import CODES, GRU, LSTM
from nas.engine.recurrent_layout import RecurrentNetwork, parameter_sizes

_NAMES = {code: name for name, code in CODES.items()}


def reference_recurrent_forward(
    network: RecurrentNetwork, parameters: Tensor, inputs: Tensor, lengths: Tensor
) -> Tensor:
    """Outputs of a recurrent network, unit by unit; a step is one of the network.

    Args:
        network: The wiring.
        parameters: (n_parameters,), of any floating dtype and device.
        inputs: (n_steps, n_directions * n_inputs, batch), windows as `gather_sequences` gives them; what is beyond the
            end of a sequence is not looked at.
        lengths: int64 (batch,), 1..n_steps.

    Returns:
        (n_outputs, batch).
    """
    sizes, n_steps, batch = parameter_sizes(network), inputs.shape[0], inputs.shape[2]
    embedding = parameters[sizes.embedding : sizes.output].reshape(network.n_embedded, network.n_inputs)
    zeros = parameters.new_zeros(batch)
    is_over = torch.arange(n_steps, device=inputs.device)[:, None] >= lengths  # (n_steps, batch)
    inputs = inputs.masked_fill(is_over[:, None], 0)  # not a number times nothing is not nothing
    hidden, cells = [zeros] * len(network.unit_vertex), [zeros] * len(network.unit_vertex)
    steps: list[Tensor] = []  # (n_vertices, batch) each
    for t in range(n_steps):
        forward, backward = inputs[t, : network.n_inputs], inputs[t, -network.n_inputs :]
        embedded = [weights @ (forward if e < network.n_forward else backward) for e, weights in enumerate(embedding)]
        vertices = [zeros] * network.n_vertices
        new_hidden, new_cells = [], []
        for u, vertex in enumerate(network.unit_vertex.tolist()):
            sums = _sums(network, parameters, u, embedded + vertices, hidden)
            h, c = _cell(network.cell.code, sums, hidden[u], cells[u])
            new_hidden.append(h)
            new_cells.append(c)
            vertices[vertex] = vertices[vertex] + h
        hidden, cells = new_hidden, new_cells
        steps.append(torch.stack(vertices))
    summaries = _summaries(torch.stack(steps), is_over, lengths)
    outputs = []
    for o in range(len(network.output_indptr) - 1):
        edges = slice(int(network.output_indptr[o]), int(network.output_indptr[o + 1]))
        weights = parameters[sizes.output : sizes.bias][edges]
        read = torch.stack([summaries[s] for s in network.output_indices[edges].tolist()])
        outputs.append(weights @ read + parameters[sizes.output_bias + o])
    return torch.stack(outputs)


def _summaries(values: Tensor, is_over: Tensor, lengths: Tensor) -> Tensor:
    """Last values, means and maxima of all vertices, (3 * n_vertices, batch), of (n_steps, n_vertices, batch)."""
    last = torch.gather(values, 0, (lengths - 1).expand(1, *values.shape[1:]))[0]
    mean = values.masked_fill(is_over[:, None], 0).sum(0) / lengths
    highest = values.masked_fill(is_over[:, None], -torch.inf).max(0).values
    return torch.cat([last, mean, highest])


def _sums(
    network: RecurrentNetwork, parameters: Tensor, unit: int, values: list[Tensor], hidden: list[Tensor]
) -> list[Tensor]:
    """The sum of each plane of a unit."""
    cell, sizes, n_units = network.cell, parameter_sizes(network), len(network.unit_vertex)
    sums = [
        parameters[sizes.bias + plane * n_units + unit] + torch.zeros_like(hidden[0]) for plane in range(cell.n_planes)
    ]
    parts = (
        (0, 0, network.indptr, network.indices, values),
        (sizes.recurrent, cell.recurrent_plane, network.recurrent_indptr, network.recurrent_indices, hidden),
    )
    for start, first_plane, indptr, indices, rows in parts:
        for gate in range(cell.n_gates):
            for e in range(int(indptr[unit]), int(indptr[unit + 1])):
                weight = parameters[start + gate * len(indices) + e]
                sums[first_plane + gate] = sums[first_plane + gate] + weight * rows[int(indices[e])]
    return sums


def _cell(code: int, sums: list[Tensor], hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Output and cell state of one unit, from its sums and what it gave before."""
    if code == LSTM:
        i, f, g, o = sums
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell
    if code == GRU:
        n, r, z, m = sums
        new = torch.tanh(n + torch.sigmoid(r) * m)
        return new + torch.sigmoid(z) * (hidden - new), cell
    return (torch.tanh if _NAMES[code] == "tanh" else torch.relu)(sums[0]), cell
