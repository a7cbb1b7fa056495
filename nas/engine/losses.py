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
def softmax_cross_entropy(outputs: Any, labels: Any, smoothing: Any, gradient: Any, scratch: Any) -> Any:
    """Mean cross-entropy of softmax outputs, and its gradient.

    Args:
        outputs: float32 (classes, at least batch), the logits.
        labels: float32 (batch,), whole numbers in 0..classes-1.
        smoothing: float32 in [0, 1), what of a label is spread over all classes (Szegedy et al. 2016, section 7).
        gradient: float32 (classes, at least batch), filled with d loss / d logits.
        scratch: float32 (at least 2 * batch,), overwritten.

    Returns:
        The mean loss; NaN if any logit is.
    """
    n_classes, batch = outputs.shape[0], labels.shape[0]
    uniform = smoothing / _f32(n_classes)
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
        loss += math.log(total[k]) + highest[k] - (_f32(1) - smoothing) * outputs[label, k]
        total[k] = _f32(1) / (total[k] * _f32(batch))
    if smoothing > 0:
        for c in range(n_classes):
            for k in range(batch):
                loss -= uniform * outputs[c, k]
    for c in range(n_classes):
        slope = gradient[c]
        for k in range(batch):
            slope[k] = slope[k] * total[k] - uniform / _f32(batch)
    for k in range(batch):
        gradient[np.int32(labels[k]), k] -= (_f32(1) - smoothing) / _f32(batch)
    return loss / batch


@compiled
def squared_error(outputs: Any, targets: Any, gradient: Any) -> Any:
    """Mean squared error of one output, and its gradient.

    Args:
        outputs: float32 (1, at least batch).
        targets: float32 (batch,).
        gradient: float32 (1, at least batch), filled with d loss / d output.

    Returns:
        The mean loss.
    """
    batch = targets.shape[0]
    row, slope = outputs[0], gradient[0]
    loss = 0.0
    scale = _f32(2) / _f32(batch)
    for k in range(batch):
        difference = row[k] - targets[k]
        slope[k] = scale * difference
        loss += difference * difference
    return loss / batch
