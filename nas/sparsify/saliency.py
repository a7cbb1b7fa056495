"""How much a network would miss an edge, by its weight or its gradient: what has a high saliency stays.

The magnitudes are those of See, Luong & Manning, "Compression of neural machine translation models via pruning",
CoNLL 2016: class-blinded over all edges, class-uniform the same share of each junction, class-distributed in units of
the deviation of a junction. What needs second derivatives is in `nas.sparsify.curvature`.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network
from nas.sparsify.curvature import brain_damage, first_order, layerwise_surgeon
from nas.sparsify.edges import Int64, ends_of
from nas.sparsify.frame import Frame

Float = NDArray[np.floating]
SaliencyName = Literal[
    "random",
    "magnitude",
    "magnitude-uniform",
    "magnitude-distributed",
    "first-order",
    "brain-damage",
    "layer-wise-surgeon",
]
SALIENCIES: tuple[SaliencyName, ...] = get_args(SaliencyName)


def saliencies(
    name: SaliencyName,
    network: Network,
    parameters: Float32,
    frame: Frame,
    rows: Inputs,
    targets: Float32,
    task: str,
    rng: np.random.Generator,
) -> Float:
    """The saliency of each edge, (n_edges,).

    Args:
        name: Which.
        network, parameters: After training; float32 (n_parameters,).
        frame: Its junctions.
        rows, targets: Rows to take derivatives on, n of them, and float32 (n,).
        task: "classification" or "regression".
        rng: For the random ones.
    """
    weights, ends = parameters[: len(network.indices)], ends_of(network)
    if name == "random":
        return rng.random(len(weights))
    if name == "magnitude":
        return np.abs(weights)
    if name == "magnitude-uniform":
        return ranks_within(np.abs(weights), frame.junctions(ends))
    if name == "magnitude-distributed":
        return np.abs(weights) / deviations(weights, frame.junctions(ends), frame.room(frame.junctions(ends)))
    if name == "first-order":
        return first_order(network, parameters, rows, targets, task)
    if name == "brain-damage":
        return brain_damage(network, parameters, rows, task)
    return layerwise_surgeon(network, parameters, rows)


def ranks_within(values: Float, groups: Int64) -> NDArray[np.float64]:
    """Where each value stands in its group: from 0, the lowest, to below 1, float64 (n,).

    The lowest of them all are about the same share of each group.

    Args:
        values: (n,).
        groups: int64 (n,): the number of each value's group.
    """
    order = np.lexsort((values, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    sizes = np.diff(np.append(starts, len(ordered)))
    ranks = np.empty(len(values))
    ranks[order] = (np.arange(len(ordered)) - np.repeat(starts, sizes)) / np.repeat(sizes, sizes)
    return ranks


def deviations(weights: Float, groups: Int64, room: Int64) -> NDArray[np.float64]:
    """For each edge the standard deviation of the weights of its junction, with 0 for edges that are not there.

    Args:
        weights: (n_edges,).
        groups: int64 (n_edges,): the number of each edge's junction.
        room: int64 (n_edges,): how many edges that junction could have.
    """
    n_groups = int(groups.max(initial=0)) + 1
    counts = np.zeros(n_groups)
    counts[groups] = room
    totals, squares = (np.bincount(groups, weights.astype(np.float64) ** power, n_groups) for power in (1, 2))
    counts = np.maximum(counts, 1)
    spread = np.sqrt(np.maximum(squares / counts - (totals / counts) ** 2, 1e-30))
    return np.asarray(spread[groups])
