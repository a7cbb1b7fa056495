"""How a network lies in memory for the kernels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.activations import ACTIVATIONS
from search_spaces.wiring import Wiring

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

CACHE_LINE_BYTES = 64
LANES = CACHE_LINE_BYTES // 4  # rows are a multiple of so many float32


class Network(NamedTuple):
    """A wiring in both directions.

    Parameters of a network are one float32 vector: a weight for each edge, in the order of ``indices``, then a bias for
    each neuron.
    """

    n_inputs: int
    n_hidden: int
    activation: int
    indptr: Int32  # (n_neurons + 1,) row j: the sources of neuron j
    middle: Int32  # (n_neurons,) where row j goes over from inputs to hidden neurons
    together: Int32  # (n_neurons,) 3 for a neuron that reads the same as the two after it, 0 for these two, else 1
    indices: Int32  # (n_edges,) inputs first, then n_inputs + hidden neuron
    out_indptr: Int32  # (n_hidden + 1,) row j: the neurons that hidden neuron j feeds
    out_targets: Int32  # (n_hidden_edges,)
    out_edges: Int32  # (n_hidden_edges,) the place of that edge in indices


class Workspace(NamedTuple):
    """Buffers of a kernel, large enough for every network that it is to train.

    Rows of neurons are as long as a batch, rounded up to whole vectors; what is beyond the batch never counts.
    """

    activations: Float32  # (n_seeds, n_neurons, padded batch)
    slopes: Float32  # the same shape
    gradients: Float32  # the same shape
    parameter_gradients: Float32  # (n_seeds, n_parameters)
    scratch: Float32  # (2 * padded batch,)


def lay_out(wiring: Wiring, activation: str) -> Network:
    """Give the kernels' form of a wiring.

    Args:
        wiring: Any valid wiring.
        activation: A key of ``ACTIVATIONS``, used by all hidden neurons; outputs are linear.
    """
    return lay_out_edges(wiring.n_inputs, wiring.n_hidden, wiring.indptr, wiring.indices, ACTIVATIONS[activation])


def lay_out_edges(n_inputs: int, n_hidden: int, indptr: Int32, indices: Int32, activation: int) -> Network:
    """The same for edges as such: in the middle of a training there may be neurons that read nothing.

    Args:
        n_inputs, n_hidden, indptr, indices: As of a `Wiring`, but that rows may be empty.
        activation: A value of ``ACTIVATIONS``.
    """
    n_neurons = len(indptr) - 1
    targets = np.repeat(np.arange(n_neurons, dtype=np.int32), np.diff(indptr))
    from_hidden = np.flatnonzero(indices >= n_inputs)
    sources = indices[from_hidden] - n_inputs
    by_source = np.argsort(sources, kind="stable")
    out_edges = from_hidden[by_source].astype(np.int32)
    n_from_hidden = np.bincount(targets[from_hidden], minlength=n_neurons)
    return Network(
        n_inputs=n_inputs,
        n_hidden=n_hidden,
        activation=activation,
        indptr=indptr.copy(),
        middle=(indptr[1:] - n_from_hidden).astype(np.int32),
        together=_together(indptr, indices),
        indices=indices.copy(),
        out_indptr=np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=n_hidden))]).astype(np.int32),
        out_targets=targets[out_edges],
        out_edges=out_edges,
    )


def _together(indptr: Int32, indices: Int32) -> Int32:
    """See `Network`: dense layers are computed three neurons at a time, from one load of what they read."""
    fan_in, n_edges = np.diff(indptr), len(indices)
    place_in_next = np.minimum(np.arange(n_edges) + np.repeat(fan_in, fan_in), n_edges - 1)
    n_shared = np.concatenate([[0], np.cumsum(indices == indices[place_in_next])])
    is_as_next = (n_shared[indptr[1:]] - n_shared[indptr[:-1]] == fan_in) & (fan_in > 0)
    is_as_next[:-1] &= fan_in[:-1] == fan_in[1:]
    is_as_next[-1:] = False
    starts = np.flatnonzero(~np.concatenate([[False], is_as_next[:-1]]))
    lengths = np.diff(starts, append=len(fan_in))
    position, length = np.arange(len(fan_in)) - np.repeat(starts, lengths), np.repeat(lengths, lengths)
    is_whole = position // 3 * 3 + 3 <= length
    return np.where(is_whole, np.where(position % 3 == 0, 3, 0), 1).astype(np.int32)


def aligned_empty(shape: tuple[int, ...]) -> Float32:
    """An uninitialised float32 array that starts on a cache line: vector loads that straddle two lines cost double."""
    n_bytes = 4 * math.prod(shape)
    memory = np.empty(n_bytes + CACHE_LINE_BYTES, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE_BYTES
    return memory[start : start + n_bytes].view(np.float32).reshape(shape)


def padded(n_samples: int) -> int:
    """A number of samples, rounded up to whole vectors."""
    return -(-n_samples // LANES) * LANES


def workspace(networks: list[Network], n_seeds: int, batch_size: int) -> Workspace:
    """Buffers for the largest of several networks, with so many weight sets of each."""
    n_neurons = max(len(network.middle) for network in networks)
    n_parameters = max(len(network.indices) + len(network.middle) for network in networks)
    shape = (n_seeds, n_neurons, padded(batch_size))
    return Workspace(
        activations=aligned_empty(shape),
        slopes=aligned_empty(shape),
        gradients=aligned_empty(shape),
        parameter_gradients=aligned_empty((n_seeds, n_parameters)),
        scratch=aligned_empty((2 * padded(batch_size),)),
    )
