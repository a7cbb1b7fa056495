"""Optimisers: one update of all parameters of a network, in place.

Weights decay, biases do not; they come first in the vector of parameters.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from nas.engine.compiler import compiled

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of AdamW; torch's defaults
CLIP_EPSILON = 1e-6  # torch's

ADAMW, SGD = range(2)
OPTIMISERS: dict[str, int] = {"adamw": ADAMW, "sgd": SGD}

_f32 = np.float32


class Optimiser(NamedTuple):
    """Settings of an update."""

    code: int  # of OPTIMISERS
    weight_decay: float
    momentum: float  # of SGD, in [0, 1)
    clip_norm: float  # the longest a gradient may be; 0 for no limit


@compiled
def update(
    optimiser: Optimiser, parameters: Any, gradients: Any, first: Any, second: Any, rate: Any, n_decayed: int, step: int
) -> None:
    """One update.

    Args:
        optimiser: Settings.
        parameters: float32 (n,), changed.
        gradients: float32 (n,), changed when they are clipped.
        first: float32 (n,), the first moment of AdamW, or the velocity of SGD; changed.
        second: float32 (n,), the second moment of AdamW; changed.
        rate: Learning rate of this step, float32.
        n_decayed: How many parameters, from the first on, are weights.
        step: Number of this update, from 1.
    """
    if optimiser.clip_norm > 0:
        clip(gradients, optimiser.clip_norm)
    decay = _f32(optimiser.weight_decay)
    if optimiser.code == ADAMW:
        adamw(parameters, gradients, first, second, rate, decay, n_decayed, step)
    else:
        sgd(parameters, gradients, first, rate, decay, _f32(optimiser.momentum), n_decayed)


@compiled
def adamw(
    parameters: Any, gradients: Any, first: Any, second: Any, rate: Any, decay: Any, n_decayed: int, step: int
) -> None:
    """AdamW (Loshchilov & Hutter 2019, algorithm 2), in torch's parametrisation; arguments as for `update`."""
    step_size = rate / _f32(1.0 - BETA_1**step)
    correction = _f32(1.0 / math.sqrt(1.0 - BETA_2**step))
    shrink = _f32(1) - rate * decay
    b1, b2, a1, a2, epsilon = _f32(BETA_1), _f32(BETA_2), _f32(1 - BETA_1), _f32(1 - BETA_2), _f32(EPSILON)
    for i in range(n_decayed):
        parameters[i] *= shrink
    for i in range(parameters.shape[0]):
        g = gradients[i]
        first[i] = b1 * first[i] + a1 * g
        second[i] = b2 * second[i] + a2 * g * g
        parameters[i] -= step_size * first[i] / (np.sqrt(second[i]) * correction + epsilon)


@compiled
def sgd(parameters: Any, gradients: Any, velocity: Any, rate: Any, decay: Any, momentum: Any, n_decayed: int) -> None:
    """Gradient descent with momentum, in torch's form: the decay is part of the gradient; arguments as for `update`."""
    for i in range(n_decayed):
        velocity[i] = momentum * velocity[i] + (gradients[i] + decay * parameters[i])
        parameters[i] -= rate * velocity[i]
    for i in range(n_decayed, parameters.shape[0]):
        velocity[i] = momentum * velocity[i] + gradients[i]
        parameters[i] -= rate * velocity[i]


@compiled
def clip(gradients: Any, longest: float) -> None:
    """Scale a gradient down to a length (Pascanu et al. 2013, algorithm 1); shorter ones stay as they are."""
    squares = _f32(0)
    for i in range(gradients.shape[0]):
        squares += gradients[i] * gradients[i]
    factor = _f32(longest / (math.sqrt(squares) + CLIP_EPSILON))
    if factor < _f32(1):
        for i in range(gradients.shape[0]):
            gradients[i] *= factor
