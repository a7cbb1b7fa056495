"""Batches out of a training matrix."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.layout import Float32
from nas.engine.transpose import SIDE, scale_square

_f32 = np.float32


class Inputs(NamedTuple):
    """A matrix of rows as it is stored, and what its values mean.

    Bytes stay bytes until they are in a batch: a fourth of the memory, and of the traffic.
    """

    values: NDArray[Any]  # (n, n_inputs), float32 or uint8
    scale: Float32  # (n_inputs,) a value v of input i stands for scale[i] * v + shift[i]
    shift: Float32  # (n_inputs,)

    @property
    def n_inputs(self) -> int:
        """Values of a row."""
        return int(self.values.shape[1])

    @classmethod
    def of(cls, values: NDArray[Any], scale: Float32, shift: Float32) -> Inputs:
        """The rows of a feature-major matrix (n_inputs, n), float32 or uint8."""
        return cls(np.ascontiguousarray(values.T), scale, shift)

    @classmethod
    def plain(cls, values: Float32) -> Inputs:
        """The rows of a feature-major matrix, float32 (n_inputs, n), that stands for itself."""
        return cls.of(values, np.ones(len(values), np.float32), np.zeros(len(values), np.float32))


@compiled
def gather_batch(inputs: Inputs, rows: Any, out: Any) -> None:
    """Write rows of a matrix into a feature-major batch.

    Sixteen rows and sixteen inputs at a time are turned in registers, so that memory is read and written in pieces of a
    row: three to five times as fast as number by number.

    Args:
        inputs: The matrix.
        rows: int32 (batch,), the numbers of the rows.
        out: float32 (n_inputs, at least batch), filled; columns beyond the batch with zeros.
    """
    values, scale, shift = inputs.values, inputs.scale, inputs.shift
    batch, (n_inputs, stride) = rows.shape[0], out.shape
    whole_batch, whole_inputs = batch - batch % SIDE, n_inputs - n_inputs % SIDE
    for first in range(0, whole_batch, SIDE):
        for i in range(0, whole_inputs, SIDE):
            scale_square(
                at(values, i),
                at(rows, first),
                n_inputs,
                at(scale, i),
                at(shift, i),
                at(out, i * stride + first),
                stride,
            )
        for i in range(whole_inputs, n_inputs):
            for k in range(first, first + SIDE):
                out[i, k] = scale[i] * _f32(values[rows[k], i]) + shift[i]
    for k in range(whole_batch, batch):
        row = at(values, np.int64(rows[k]) * n_inputs)
        for i in range(n_inputs):
            out[i, k] = scale[i] * _f32(row[i]) + shift[i]
    for i in range(n_inputs):
        for k in range(batch, stride):
            out[i, k] = _f32(0)
