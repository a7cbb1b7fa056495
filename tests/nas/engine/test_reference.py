"""The compiled kernels against plain torch: the oracle of the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.batches import BatchPlan
from nas.engine.kernels import loss_and_gradients
from nas.engine.layout import lay_out, workspace
from nas.engine.population import LOSSES, Recipe, train
from nas.engine.reference import reference_forward, reference_loss, reference_train
from nas.engine.state import initial_state
from search_spaces.genotype import ACTIVATIONS

TASKS = ("classification", "regression")


def example(seed: int, task: str, n_inputs: int, n_outputs: int, n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n_inputs, n)).astype(np.float32)
    targets = rng.integers(n_outputs, size=n) if task == "classification" else rng.standard_normal(n)
    return rows, targets.astype(np.float32)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(
    seed=st.integers(0, 2**32),
    n_inputs=st.integers(1, 30),
    n_hidden=st.integers(1, 40),
    density=st.floats(0.02, 0.9),
)
@settings(deadline=None, max_examples=12)
def test_gradients_are_those_of_autograd(
    task: str, activation: str, seed: int, n_inputs: int, n_hidden: int, density: float
) -> None:
    n_outputs = 1 if task == "regression" else 4
    wiring = random_wiring(seed, n_inputs, n_hidden, n_outputs, density)
    network = lay_out(wiring, activation)
    rows, targets = example(seed, task, n_inputs, n_outputs)
    parameters = initial_state(network, [[seed]]).parameters[0]
    parameters[wiring.n_edges :] = 0.1 * np.random.default_rng(seed).standard_normal(len(parameters) - wiring.n_edges)
    work = workspace([network], rows.shape[1])
    loss = loss_and_gradients(network, parameters, rows, targets, LOSSES[task], work)

    exact = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    outputs = reference_forward(
        network, exact[: wiring.n_edges], exact[wiring.n_edges :], torch.tensor(rows, dtype=torch.float64)
    )
    expected = reference_loss(outputs, torch.tensor(targets, dtype=torch.float64), task)
    expected.backward()
    gradients = exact.grad.numpy()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    difference = np.linalg.norm(work.parameter_gradients[: len(parameters)] - gradients)
    assert difference <= 1e-4 * np.linalg.norm(gradients) + 1e-7


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(seed=st.integers(0, 2**32), n_hidden=st.integers(2, 24), block=st.sampled_from([1, 4]))
@settings(deadline=None, max_examples=5)
def test_fifty_steps_agree_with_torch(task: str, activation: str, seed: int, n_hidden: int, block: int) -> None:
    n_outputs = 1 if task == "regression" else 3
    wiring = random_wiring(seed, 6, n_hidden, n_outputs)
    network = lay_out(wiring, activation)
    rows, targets = example(seed, task, 6, n_outputs, n=200)
    recipe = Recipe(task, BatchPlan(200, 32, block, (seed,)), total_steps=60)
    state = initial_state(network, [[seed]])
    (trained,) = train([network], [3e-3], [state], rows, targets, recipe, 50)
    expected, _ = reference_train(network, state.parameters[0], 3e-3, rows, targets, recipe, 50)
    assert trained.failure is None and trained.steps_done == 50
    assert np.linalg.norm(trained.parameters[0] - expected) <= 1e-4 * np.linalg.norm(expected)
