"""Summaries of the vertices of a recurrent network over its steps, which outputs read, and their gradients.

They are the values at the last step, the means and the maxima, in this order, each of all vertices. Sequences of a
batch are sorted by length, longest first, and only their own steps count. Means and maxima are left out where no output
reads them. The gradient of a maximum goes to the first step that has it.

``n_active`` is int32 (n_steps + 1,): how many sequences have a step t, and 0 at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.lanes import at, fill
from nas.engine.recurrent_layout import LAST, MAX, MEAN, RecurrentNetwork, RecurrentWorkspace

_f32 = np.float32


@compiled
def summarise(network: RecurrentNetwork, n_active: Any, work: RecurrentWorkspace) -> None:
    """Fill ``work.summaries`` from ``work.values``, and ``work.peaks`` and ``work.shares`` as far as needed."""
    n_vertices, stride, n_steps = network.n_vertices, work.summaries.shape[1], n_active.shape[0] - 1
    value_step, shares = work.values.shape[1] * stride, work.shares
    for t in range(n_steps):
        for k in range(n_active[t + 1], n_active[t]):
            shares[k] = _f32(1) / _f32(t + 1)
    for v in range(n_vertices):
        last = at(work.summaries, (LAST * n_vertices + v) * stride)
        mean = at(work.summaries, (MEAN * n_vertices + v) * stride)
        highest, peak = at(work.summaries, (MAX * n_vertices + v) * stride), at(work.peaks, v * stride)
        fill(last, _f32(0), stride)
        if network.reads_means:
            fill(mean, _f32(0), stride)
        if network.reads_maxima:
            fill(highest, _f32(0), stride)
            fill(peak, _f32(0), stride)
        for t in range(n_steps):
            value, n = at(work.values, t * value_step + (network.n_embedded + v) * stride), n_active[t]
            for k in range(n_active[t + 1], n):
                last[k] = value[k]
            if network.reads_means:
                for k in range(n):
                    mean[k] += value[k]
            if network.reads_maxima:
                for k in range(n):
                    is_higher = t == 0 or not value[k] <= highest[k]  # not a number stays
                    peak[k] = _f32(t) if is_higher else peak[k]
                    highest[k] = value[k] if is_higher else highest[k]
        if network.reads_means:
            for k in range(n_active[0]):
                mean[k] *= shares[k]


@compiled
def summary_gradients_of_step(
    network: RecurrentNetwork, t: int, vertex: int, n_active: Any, work: RecurrentWorkspace, out: Any, stride: int,
    width: int,
) -> None:  # fmt: skip
    """What comes to a vertex at a step from ``work.summary_gradients``.

    Args:
        network, work: As `summarise` left them.
        t: The step.
        vertex: The vertex.
        n_active: As there.
        out: Address of a row, filled up to ``width`` with zeros where a sequence has ended.
        stride: Elements of a row.
        width: A number of samples.
    """
    n_vertices, n = network.n_vertices, n_active[t]
    fill(out, _f32(0), width)
    last = at(work.summary_gradients, (LAST * n_vertices + vertex) * stride)
    for k in range(n_active[t + 1], n):
        out[k] = last[k]
    if network.reads_means:
        mean, shares = at(work.summary_gradients, (MEAN * n_vertices + vertex) * stride), work.shares
        for k in range(n):
            out[k] += shares[k] * mean[k]
    if network.reads_maxima:
        highest, peak = (
            at(work.summary_gradients, (MAX * n_vertices + vertex) * stride),
            at(work.peaks, vertex * stride),
        )
        for k in range(n):
            out[k] += highest[k] if peak[k] == t else _f32(0)
