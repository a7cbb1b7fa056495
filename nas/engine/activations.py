"""Activations and the exponential, in a form that compiles to vector instructions.

``math.tanh`` and ``math.exp`` inside a compiled loop are scalar calls of 10 to 25 ns a value; the functions here are
polynomials and a division, which the compiler spreads over the batch (under 1 ns a value).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nas.engine.compiler import compiled

RELU, TANH, GELU, SILU, LINEAR = range(5)

ACTIVATIONS: dict[str, int] = {"relu": RELU, "tanh": TANH, "gelu": GELU, "silu": SILU}

_f32 = np.float32
_ONE, _HALF = _f32(1.0), _f32(0.5)

# tanh(x) = x P(x^2) / Q(x^2) on |x| <= 9, a minimax fit; the error in float32 is below 4e-7 (tested).
TANH_LIMIT = _f32(9.0)
TANH_NUMERATOR = tuple(_f32(c) for c in (0.999999979, 0.133810247, 0.00349558702, 2.06090651e-05, 1.33546398e-08))
TANH_DENOMINATOR = tuple(_f32(c) for c in (0.467143403, 0.025876978, 0.000328563305, 7.77654894e-07))
_P0, _P1, _P2, _P3, _P4 = TANH_NUMERATOR
_Q1, _Q2, _Q3, _Q4 = TANH_DENOMINATOR

# gelu(x) = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), Hendrycks & Gimpel 2016, eq. 2 of section 2.
_GELU_SCALE, _GELU_CUBE, _GELU_CUBE_3 = _f32(math.sqrt(2 / math.pi)), _f32(0.044715), _f32(3 * 0.044715)

# exp(x) = 2^n exp(r), |r| <= ln(2)/2, and a Taylor polynomial for exp(r); ln(2) in two parts keeps r exact.
_LOG2_E, _LN2_HIGH, _LN2_LOW = _f32(1.4426950408889634), _f32(0.693359375), _f32(-2.12194440e-4)
_E2, _E3, _E4, _E5, _E6 = (_f32(1 / math.factorial(k)) for k in range(2, 7))
_EXP_LOWEST = _f32(-87.0)


@compiled
def tanh(x: Any) -> Any:
    """Hyperbolic tangent of one float32; absolute error below 4e-7."""
    z = x * x
    numerator = x * (_P0 + z * (_P1 + z * (_P2 + z * (_P3 + z * _P4))))
    ratio = numerator / (_ONE + z * (_Q1 + z * (_Q2 + z * (_Q3 + z * _Q4))))
    ratio = _ONE if x > TANH_LIMIT else ratio
    return -_ONE if x < -TANH_LIMIT else ratio


@compiled
def exp_of_nonpositive(x: Any) -> Any:
    """Exponential of one float32 that is at most 0; relative error below 3e-7, NaN stays NaN."""
    x = _EXP_LOWEST if x < _EXP_LOWEST else x
    n = np.floor(x * _LOG2_E + _HALF)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    series = _ONE + r * (_ONE + r * (_E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * _E6)))))
    power_of_two = np.int32((n + _f32(127)) * _f32(1 << 23)).view(np.float32)  # n in the exponent bits
    return series * power_of_two


@compiled
def activate(code: int, values: Any, slopes: Any, n: int) -> None:
    """Apply an activation in place and give its derivative.

    Args:
        code: One of ``ACTIVATIONS``, or ``LINEAR``.
        values: float32 (n,) or the address of so many, sums on entry, outputs on return.
        slopes: The same form, filled with the derivative at the sums.
        n: How many.
    """
    if code == RELU:
        for k in range(n):
            is_off = values[k] < _f32(0)  # false for NaN, which therefore survives
            slopes[k] = _f32(1) if values[k] > _f32(0) else _f32(0)
            values[k] = _f32(0) if is_off else values[k]
    elif code == TANH:
        for k in range(n):
            t = tanh(values[k])
            slopes[k] = _ONE - t * t
            values[k] = t
    elif code == GELU:
        for k in range(n):
            x = values[k]
            t = tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x))
            inner = _GELU_SCALE * (_ONE + _GELU_CUBE_3 * x * x)
            slopes[k] = _HALF * (_ONE + t) + _HALF * x * (_ONE - t * t) * inner
            values[k] = _HALF * x * (_ONE + t)
    elif code == SILU:
        for k in range(n):
            x = values[k]
            sigmoid = _HALF + _HALF * tanh(_HALF * x)
            slopes[k] = sigmoid * (_ONE + x * (_ONE - sigmoid))
            values[k] = x * sigmoid
    else:
        for k in range(n):
            slopes[k] = _ONE
