from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nas.engine.activations import ACTIVATIONS, activate, exp_of_nonpositive, tanh

FUNCTIONS = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_those_of_torch(name: str) -> None:
    points = np.concatenate([np.linspace(-30, 30, 4001), np.geomspace(1e-30, 1, 200)]).astype(np.float32)
    values, slopes = points.copy(), np.empty_like(points)
    activate(ACTIVATIONS[name], values, slopes, len(values))
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = FUNCTIONS[name](x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    np.testing.assert_allclose(values, y.detach().numpy(), rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(slopes, gradient.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_value_that_is_not_a_number_stays_so(name: str) -> None:
    values = np.array([math.nan] * 16, np.float32)
    activate(ACTIVATIONS[name], values, np.empty_like(values), len(values))
    assert np.isnan(values).all()


@given(st.floats(-100, 100, width=32))
@settings(deadline=None)
def test_tanh_is_within_four_ten_millionths(x: float) -> None:
    assert abs(tanh(np.float32(x)) - math.tanh(x)) <= 4e-7


@given(st.floats(-87, 0, width=32))
@settings(deadline=None)
def test_the_exponential_is_within_a_few_units_in_the_last_place(x: float) -> None:
    assert exp_of_nonpositive(np.float32(x)) == pytest.approx(math.exp(x), rel=4e-7)


def test_the_exponential_of_the_very_negative_is_tiny_but_normal() -> None:
    assert 0 < exp_of_nonpositive(np.float32(-1e30)) < 1.7e-38
