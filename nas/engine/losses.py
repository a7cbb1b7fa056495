"""Losses and scores over feature-major outputs of shape (outputs, batch)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nas.engine.activations import exp_of_nonpositive
from nas.engine.compiler import compiled

CROSS_ENTROPY, SQUARED_ERROR = range(2)

_f32 = np.float32


@compiled
def softmax_cross_entropy(outputs: Any, labels: Any, gradient: Any, scratch: Any) -> Any:
    """Mean cross-entropy of softmax outputs, and its gradient.

    Args:
        outputs: float32 (classes, batch), the logits.
        labels: float32 (batch,), whole numbers in 0..classes-1.
        gradient: float32 (classes, batch), filled with d loss / d logits.
        scratch: float32 (at least 2 * batch,), overwritten.

    Returns:
        The mean loss; NaN if any logit is.
    """
    n_classes, batch = outputs.shape
    highest, total = scratch[:batch], scratch[batch : 2 * batch]
    for k in range(batch):
        highest[k] = outputs[0, k]
        total[k] = _f32(0)
    for c in range(1, n_classes):
        row = outputs[c]
        for k in range(batch):
            highest[k] = row[k] if row[k] > highest[k] else highest[k]
    for c in range(n_classes):
        row, slope = outputs[c], gradient[c]
        for k in range(batch):
            e = exp_of_nonpositive(row[k] - highest[k])
            slope[k] = e
            total[k] += e
    loss = 0.0
    for k in range(batch):
        label = np.int32(labels[k])
        loss += math.log(total[k]) + highest[k] - outputs[label, k]
        total[k] = _f32(1) / (total[k] * _f32(batch))
    for c in range(n_classes):
        slope = gradient[c]
        for k in range(batch):
            slope[k] *= total[k]
    for k in range(batch):
        gradient[np.int32(labels[k]), k] -= _f32(1) / _f32(batch)
    return loss / batch


@compiled
def squared_error(outputs: Any, targets: Any, gradient: Any) -> Any:
    """Mean squared error of one output, and its gradient.

    Args:
        outputs: float32 (1, batch).
        targets: float32 (batch,).
        gradient: float32 (1, batch), filled with d loss / d output.

    Returns:
        The mean loss.
    """
    batch = outputs.shape[1]
    row, slope = outputs[0], gradient[0]
    loss = 0.0
    scale = _f32(2) / _f32(batch)
    for k in range(batch):
        difference = row[k] - targets[k]
        slope[k] = scale * difference
        loss += difference * difference
    return loss / batch
