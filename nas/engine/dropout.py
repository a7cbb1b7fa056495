"""Dropout on hidden neurons: masks that are a pure function of seed, step, neuron and sample.

Srivastava et al. 2014, in the inverted form: what is kept is scaled up in training, and nothing changes in prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.engine.compiler import compiled

_u32 = np.uint32
_f32 = np.float32
_STRIDE_1, _STRIDE_2 = _u32(0x9E3779B9), _u32(0x85EBCA6B)  # odd, so that neither maps two numbers to one
_MIX_1, _MIX_2 = _u32(0x7FEB352D), _u32(0x846CA68B)


@compiled
def mixed(number: Any) -> Any:
    """A hash of one uint32 (the "lowbias32" of C. Wellons' hash prospector, 2018)."""
    number = _u32(number)  # compiled arithmetic on 32 bits gives 64, which is cut back after each product
    number = _u32((number ^ (number >> _u32(16))) * _MIX_1)
    number = _u32((number ^ (number >> _u32(15))) * _MIX_2)
    return _u32(number ^ (number >> _u32(16)))


@compiled
def drop(key: Any, step: int, neuron: int, share: Any, values: Any, slopes: Any, n: int) -> None:
    """Set a random share of a neuron's values and slopes to zero, and scale up the others.

    Args:
        key: uint32 of the weight set.
        step: Number of the step.
        neuron: Number of the neuron.
        share: float32 in [0, 1), what to drop.
        values, slopes: float32 (n,) or the address of so many, changed in place.
        n: How many.
    """
    row_key = _u32(mixed(key + _u32(step) * _STRIDE_1) ^ mixed(_u32(neuron) * _STRIDE_2 + _u32(1)))
    threshold = _u32(np.int64(share * _f32(4294967040.0)))  # the highest float32 below 2^32
    scale = _f32(1) / (_f32(1) - share)
    for k in range(n):
        factor = scale if mixed(row_key + _u32(k) * _STRIDE_1) >= threshold else _f32(0)
        values[k] *= factor
        slopes[k] *= factor
