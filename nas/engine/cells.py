"""What one unit of a recurrent cell computes, forward and backward, for one step of a batch.

The equations are torch's. A unit has a row for each plane of ``CELLS``, ``plane`` apart, which holds a sum on entry and
what the cell made of it on return:

- "tanh" and "relu": ``h = f(a)``.
- "lstm": planes i, f, g, o; ``c = f c' + i g``, ``h = o tanh(c)`` (Hochreiter & Schmidhuber 1997, with forget gates).
- "gru": planes n, r, z, m; ``n = tanh(n + r m)``, ``h = n + z (h' - n)`` (Cho et al. 2014): n gathers what is read in
  the same step, m what is read of the previous one. Hence the weights of the inputs belong to n, r, z, and those of the
  recurrence to r, z, m: three neighbouring planes each.

All functions take addresses of rows (``lanes.at``); ``width`` is a multiple of 16.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nas.engine.activations import TANH_DENOMINATOR, TANH_LIMIT, TANH_NUMERATOR
from nas.engine.compiler import compiled
from nas.engine.lanes import clamped, load, positive, store

SIMPLE_TANH, SIMPLE_RELU, LSTM, GRU = range(4)
CODES = {"tanh": SIMPLE_TANH, "relu": SIMPLE_RELU, "lstm": LSTM, "gru": GRU}


class Cell(NamedTuple):
    """How a kind of cell is laid out."""

    code: int
    n_gates: int  # weight sets of the inputs, and of the recurrence
    n_planes: int  # sums, each with a bias
    recurrent_plane: int  # the plane of the first weight set of the recurrence; that of the inputs is 0


CELLS = {
    "tanh": Cell(SIMPLE_TANH, 1, 1, 0),
    "relu": Cell(SIMPLE_RELU, 1, 1, 0),
    "lstm": Cell(LSTM, 4, 4, 0),
    "gru": Cell(GRU, 3, 4, 1),
}

_f32 = np.float32
_ONE, _HALF = _f32(1), _f32(0.5)
_P0, _P1, _P2, _P3, _P4 = TANH_NUMERATOR
_Q1, _Q2, _Q3, _Q4 = TANH_DENOMINATOR
WIDTH = 16


@compiled
def tanh_of_lanes(x: Any) -> Any:
    """`activations.tanh` of lanes."""
    x = clamped(x, TANH_LIMIT)
    z = x * x
    numerator = x * (_P0 + z * (_P1 + z * (_P2 + z * (_P3 + z * _P4))))
    return numerator / (_ONE + z * (_Q1 + z * (_Q2 + z * (_Q3 + z * _Q4))))


@compiled
def sigmoid_of_lanes(x: Any) -> Any:
    """The logistic function of lanes."""
    return _HALF + _HALF * tanh_of_lanes(_HALF * x)


@compiled
def cell_forward(
    code: int, sums: Any, plane: int, cell_before: Any, cell: Any, hidden_before: Any, hidden: Any, width: int
) -> None:
    """One step of one unit.

    Args:
        code: Of ``CODES``.
        sums: Row of the first plane; all planes are changed in place.
        plane: Elements from one plane to the next.
        cell_before, cell: Cell states of the previous step and of this one, which is filled; of LSTM.
        hidden_before, hidden: Outputs of the previous step and of this one, which is filled.
        width: Samples.
    """
    if code == SIMPLE_TANH:
        for k in range(0, width, WIDTH):
            h = tanh_of_lanes(load(sums, k, WIDTH))
            store(h, hidden, k)
    elif code == SIMPLE_RELU:
        for k in range(0, width, WIDTH):
            a = load(sums, k, WIDTH)
            store(positive(a, a), hidden, k)
    elif code == LSTM:
        for k in range(0, width, WIDTH):
            i, f = sigmoid_of_lanes(load(sums, k, WIDTH)), sigmoid_of_lanes(load(sums, plane + k, WIDTH))
            g, o = tanh_of_lanes(load(sums, 2 * plane + k, WIDTH)), sigmoid_of_lanes(load(sums, 3 * plane + k, WIDTH))
            c = f * load(cell_before, k, WIDTH) + i * g
            store(i, sums, k)
            store(f, sums, plane + k)
            store(g, sums, 2 * plane + k)
            store(o, sums, 3 * plane + k)
            store(c, cell, k)
            store(o * tanh_of_lanes(c), hidden, k)
    else:
        for k in range(0, width, WIDTH):
            r, z = sigmoid_of_lanes(load(sums, plane + k, WIDTH)), sigmoid_of_lanes(load(sums, 2 * plane + k, WIDTH))
            n = tanh_of_lanes(load(sums, k, WIDTH) + r * load(sums, 3 * plane + k, WIDTH))
            store(n, sums, k)
            store(r, sums, plane + k)
            store(z, sums, 2 * plane + k)
            store(n + z * (load(hidden_before, k, WIDTH) - n), hidden, k)


@compiled
def cell_backward(
    code: int, sums: Any, plane: int, cell_before: Any, cell: Any, hidden_before: Any, hidden: Any, gradient: Any,
    carried: Any, out: Any, out_plane: int, width: int,
) -> None:  # fmt: skip
    """The gradients of one step of one unit.

    Args:
        code, sums, plane, cell_before, cell, hidden_before, hidden: As `cell_forward` left them.
        gradient: Row of the gradient of ``hidden``.
        carried: Row of what comes from the next step past all weights, and, on return, of what goes to the previous
            one: the gradient of the cell state of LSTM, a part of that of the output of GRU (which is already in
            ``gradient``), else nothing.
        out, out_plane: Rows of the gradients of the sums, filled.
        width: Samples.
    """
    if code == SIMPLE_TANH:
        for k in range(0, width, WIDTH):
            h = load(hidden, k, WIDTH)
            store(load(gradient, k, WIDTH) * (_ONE - h * h), out, k)
    elif code == SIMPLE_RELU:
        for k in range(0, width, WIDTH):
            store(positive(load(hidden, k, WIDTH), load(gradient, k, WIDTH)), out, k)
    elif code == LSTM:
        for k in range(0, width, WIDTH):
            i, f = load(sums, k, WIDTH), load(sums, plane + k, WIDTH)
            g, o = load(sums, 2 * plane + k, WIDTH), load(sums, 3 * plane + k, WIDTH)
            t, d = tanh_of_lanes(load(cell, k, WIDTH)), load(gradient, k, WIDTH)
            dc = load(carried, k, WIDTH) + d * o * (_ONE - t * t)
            store(dc * g * i * (_ONE - i), out, k)
            store(dc * load(cell_before, k, WIDTH) * f * (_ONE - f), out, out_plane + k)
            store(dc * i * (_ONE - g * g), out, 2 * out_plane + k)
            store(d * t * o * (_ONE - o), out, 3 * out_plane + k)
            store(dc * f, carried, k)
    else:
        for k in range(0, width, WIDTH):
            n, r = load(sums, k, WIDTH), load(sums, plane + k, WIDTH)
            z, m = load(sums, 2 * plane + k, WIDTH), load(sums, 3 * plane + k, WIDTH)
            d = load(gradient, k, WIDTH)
            dn = d * (_ONE - z) * (_ONE - n * n)
            store(dn, out, k)
            store(dn * m * r * (_ONE - r), out, out_plane + k)
            store(d * (load(hidden_before, k, WIDTH) - n) * z * (_ONE - z), out, 2 * out_plane + k)
            store(dn * r, out, 3 * out_plane + k)
            store(d * z, carried, k)
