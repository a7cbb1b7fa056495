"""A network batch first against the same in plain torch, with the gradients of its inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.activations import ACTIVATIONS
from nas.engine.layer import BLOCK, TILE
from nas.engine.layout import lay_out, padded
from nas.engine.network_batch_first import edges_of_inputs, network_backward, network_forward
from nas.engine.reference import reference_forward


def unset(*shape: int) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(
    seed=st.integers(0, 2**32),
    n_inputs=st.integers(1, 40),
    n_hidden=st.integers(1, 30),
    density=st.floats(0.02, 0.9),
    batch=st.one_of(st.integers(0, 20), st.sampled_from([128, 200])),
    with_dx=st.booleans(),
)
@settings(deadline=None, max_examples=10)
def test_outputs_and_gradients_are_those_of_autograd(
    activation: str, seed: int, n_inputs: int, n_hidden: int, density: float, batch: int, with_dx: bool
) -> None:
    wiring = random_wiring(seed, n_inputs, n_hidden, 3, density)
    network, n_edges, n_neurons = lay_out(wiring, activation), wiring.n_edges, n_hidden + 3
    rng = np.random.default_rng(seed)
    parameters, x = 0.5 * rng.standard_normal((1, n_edges + n_neurons)), rng.standard_normal((batch, n_inputs))
    dy = rng.standard_normal((batch, 3))
    exact = [torch.tensor(a, requires_grad=True) for a in (parameters[0, :n_edges], parameters[0, n_edges:], x)]
    expected = reference_forward(network, exact[0], exact[1], exact[2].T).T
    expected.backward(torch.tensor(dy))

    parameters, x, dy = (a.astype(np.float32) for a in (parameters, x, dy))
    tiles, out = unset((n_inputs + n_neurons + n_hidden) * padded(batch)), unset(batch, 3)
    network_forward(network, parameters, x, tiles, out)
    dx, dw, db = unset(batch, n_inputs) if with_dx else unset(0, 0), unset(n_edges), unset(n_neurons)
    buffers = unset(n_neurons * TILE), unset(BLOCK)
    network_backward(network, edges_of_inputs(network), parameters, tiles, dy, *buffers, dx, dw, db)
    found = [out, dw, db, dx] if with_dx else [out, dw, db]
    for array, tensor in zip(found, [expected, *(t.grad for t in exact)], strict=False):
        difference = np.linalg.norm(array - tensor.detach().numpy())
        assert difference <= 1e-5 * np.linalg.norm(tensor.detach().numpy()) + 1e-6
