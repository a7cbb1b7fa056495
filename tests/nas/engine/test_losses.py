from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nas.engine.losses import softmax_cross_entropy, squared_error


@given(
    seed=st.integers(0, 2**32),
    n_classes=st.integers(2, 30),
    batch=st.integers(1, 70),
    scale=st.sampled_from([0.1, 5.0, 50.0]),
    smoothing=st.sampled_from([0.0, 0.1, 0.9]),
)
@settings(deadline=None, max_examples=60)
def test_cross_entropy_and_its_gradient_are_those_of_torch(
    seed: int, n_classes: int, batch: int, scale: float, smoothing: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = (scale * rng.standard_normal((n_classes, batch))).astype(np.float32)
    labels = rng.integers(n_classes, size=batch)
    gradient = np.empty_like(logits)
    scratch = np.empty(2 * batch, np.float32)
    loss = softmax_cross_entropy(logits, labels.astype(np.float32), np.float32(smoothing), gradient, scratch)
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    expected = functional.cross_entropy(x.T, torch.tensor(labels), label_smoothing=float(np.float32(smoothing)))
    expected.backward()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, x.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_a_logit_that_is_not_a_number_shows_in_the_loss() -> None:
    logits = np.zeros((3, 4), np.float32)
    logits[1, 2] = np.nan
    labels, scratch = np.zeros(4, np.float32), np.empty(8, np.float32)
    loss = softmax_cross_entropy(logits, labels, np.float32(0), np.empty_like(logits), scratch)
    assert np.isnan(loss)


@given(seed=st.integers(0, 2**32), batch=st.integers(1, 70))
@settings(deadline=None, max_examples=40)
def test_squared_error_and_its_gradient_are_those_of_torch(seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, targets = rng.standard_normal((2, 1, batch)).astype(np.float32)
    gradient = np.empty_like(outputs)
    loss = squared_error(outputs, targets[0], gradient)
    x = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
    expected = functional.mse_loss(x, torch.tensor(targets, dtype=torch.float64))
    expected.backward()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-5)
    np.testing.assert_allclose(gradient, x.grad.numpy(), rtol=1e-5, atol=1e-7)
