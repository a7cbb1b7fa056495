from __future__ import annotations

import numpy as np
import pytest
import torch

from nas.engine.optimisers import OPTIMISERS, Optimiser, clip, update


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("clip_norm", [0.0, 0.3])
def test_updates_are_those_of_torch_and_biases_do_not_decay(name: str, clip_norm: float) -> None:
    rng = np.random.default_rng(0)
    start, n_weights = rng.standard_normal(30).astype(np.float32), 20
    parameters, first, second = start.copy(), np.zeros(30, np.float32), np.zeros(30, np.float32)
    weights, biases = (torch.tensor(part, requires_grad=True) for part in (start[:n_weights], start[n_weights:]))
    groups = [{"params": [weights], "weight_decay": 0.1}, {"params": [biases], "weight_decay": 0.0}]
    torchs = torch.optim.AdamW(groups, lr=0.01) if name == "adamw" else torch.optim.SGD(groups, lr=0.01, momentum=0.8)
    optimiser = Optimiser(OPTIMISERS[name], 0.1, 0.8, clip_norm)
    for step in range(1, 20):
        gradient = rng.standard_normal(30).astype(np.float32)
        weights.grad, biases.grad = torch.tensor(gradient[:n_weights]), torch.tensor(gradient[n_weights:])
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([weights, biases], clip_norm)
        torchs.step()
        update(optimiser, parameters, gradient, first, second, np.float32(0.01), n_weights, step)
    expected = torch.cat([weights, biases]).detach().numpy()
    np.testing.assert_allclose(parameters, expected, rtol=2e-5, atol=1e-6)


def test_short_gradients_are_not_clipped() -> None:
    gradient = np.array([0.3, 0.4], np.float32)
    clip(gradient, 0.51)
    np.testing.assert_array_equal(gradient, np.array([0.3, 0.4], np.float32))
    clip(gradient, 0.25)
    assert np.linalg.norm(gradient) == pytest.approx(0.25, rel=1e-4)
