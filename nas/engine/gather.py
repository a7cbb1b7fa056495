"""Batches out of a training matrix."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.compiler import compiled
from nas.engine.layout import Float32

ROWS_OF_A_RUN = 16  # one cache line of float32

_f32 = np.float32


class Inputs(NamedTuple):
    """A feature-major matrix as it is stored, and what its values mean.

    Bytes stay bytes until they are in a batch: a fourth of the memory, and of the traffic.
    """

    values: Float32 | NDArray[np.uint8]  # (n_inputs, n)
    scale: Float32  # (n_inputs,) a value v of row i stands for scale[i] * v + shift[i]
    shift: Float32  # (n_inputs,)

    @classmethod
    def plain(cls, values: Float32) -> Inputs:
        """A matrix that stands for itself: float32 (n_inputs, n)."""
        return cls(values, np.ones(len(values), np.float32), np.zeros(len(values), np.float32))


@compiled
def gather_batch(inputs: Inputs, starts: Any, block: int, out: Any) -> None:
    """Copy runs of neighbouring columns of a feature-major matrix into a batch.

    Args:
        inputs: The matrix.
        starts: int32 (runs,), the first column of each run.
        block: Columns a run, 1 or ``ROWS_OF_A_RUN``.
        out: float32 (n_inputs, at least runs * block), filled; columns beyond the runs with zeros.
    """
    values, scale, shift = inputs.values, inputs.scale, inputs.shift
    n_runs = starts.shape[0]
    for i in range(values.shape[0]):
        source, target, a, b = values[i], out[i], scale[i], shift[i]
        if block == 1:
            for k in range(n_runs):
                target[k] = a * _f32(source[starts[k]]) + b
        else:
            for r in range(n_runs):
                first, place = starts[r], r * ROWS_OF_A_RUN
                for k in range(ROWS_OF_A_RUN):
                    target[place + k] = a * _f32(source[first + k]) + b
        for k in range(n_runs * block, out.shape[1]):
            target[k] = _f32(0)
