"""The compiled kernels against plain torch: the oracle of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out, padded, workspace
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.reference import reference_forward, reference_loss, reference_train
from nas.engine.state import initial_state
from nas.engine.training import loss_and_gradients
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
    batch=st.integers(1, 150),
    n_seeds=st.integers(1, 5),
    smoothing=st.sampled_from([0.0, 0.2]),
)
@settings(deadline=None, max_examples=15)
def test_gradients_are_those_of_autograd(
    task: str,
    activation: str,
    seed: int,
    n_inputs: int,
    n_hidden: int,
    density: float,
    batch: int,
    n_seeds: int,
    smoothing: float,
) -> None:
    n_outputs = 1 if task == "regression" else 4
    wiring = random_wiring(seed, n_inputs, n_hidden, n_outputs, density)
    network = lay_out(wiring, activation)
    rows, targets = example(seed, task, n_inputs, n_outputs, batch)
    parameters = initial_state(network, [[seed, k] for k in range(n_seeds)]).parameters
    parameters[:, wiring.n_edges :] = 0.1 * np.random.default_rng(seed).standard_normal(wiring.n_hidden + n_outputs)
    work = workspace([network], n_seeds, batch)
    inputs = np.zeros((n_inputs, padded(batch)), np.float32)
    inputs[:, :batch] = rows
    recipe = Recipe(task, BatchPlan(batch, batch, (0,)), 1)
    objective = recipe.objective(Hyperparameters(1e-2, label_smoothing=smoothing))
    worst = loss_and_gradients(network, parameters, inputs, targets, objective, recipe.dropout_keys(n_seeds), 1, work)
    losses = []
    for weights, found in zip(parameters, work.parameter_gradients, strict=True):
        exact = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
        outputs = reference_forward(
            network, exact[: wiring.n_edges], exact[wiring.n_edges :], torch.tensor(rows, dtype=torch.float64)
        )
        loss = reference_loss(outputs, torch.tensor(targets, dtype=torch.float64), task, smoothing)
        loss.backward()
        losses.append(loss.item())
        gradients = exact.grad.numpy()
        difference = np.linalg.norm(found[: len(weights)] - gradients)
        assert difference <= 1e-4 * np.linalg.norm(gradients) + 1e-7
    assert worst == pytest.approx(max(losses), rel=1e-5, abs=1e-6)  # a square of a difference may be tiny


RECIPES: dict[str, dict[str, Any]] = {
    "adamw, cosine": {},
    "sgd, constant": {"optimiser": "sgd", "schedule": "constant"},
    "sgd, one-cycle, clipped, smoothed": {
        "optimiser": "sgd",
        "schedule": "one-cycle",
        "clip_norm": 0.5,
        "label_smoothing": 0.1,
    },
    "adamw, one-cycle, clipped": {"schedule": "one-cycle", "clip_norm": 0.1},
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("options", RECIPES.values(), ids=RECIPES)
@given(
    seed=st.integers(0, 2**32),
    activation=st.sampled_from(ACTIVATIONS),
    n_hidden=st.integers(2, 24),
)
@settings(deadline=None, max_examples=4)
def test_fifty_steps_agree_with_torch(
    task: str, options: dict[str, Any], seed: int, activation: str, n_hidden: int
) -> None:
    n_outputs = 1 if task == "regression" else 3
    wiring = random_wiring(seed, 6, n_hidden, n_outputs)
    network = lay_out(wiring, activation)
    rows, targets = example(seed, task, 6, n_outputs, n=200)
    own = Hyperparameters(3e-3, label_smoothing=options.get("label_smoothing", 0.0))
    of_recipe = {name: value for name, value in options.items() if name != "label_smoothing"}
    recipe = Recipe(task, BatchPlan(200, 32, (seed,)), total_steps=60, **of_recipe)
    state = initial_state(network, [[seed]])
    (trained,) = train([network], [own], [state], Inputs.plain(rows), targets, recipe, 50)
    expected, _ = reference_train(network, state.parameters[0], own, rows, targets, recipe, 50)
    assert trained.failure is None and trained.steps_done == 50
    assert np.linalg.norm(trained.parameters[0] - expected) <= 1e-4 * np.linalg.norm(expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("task", TASKS)
def test_training_on_cuda_agrees_with_the_kernels(task: str) -> None:
    n_outputs = 1 if task == "regression" else 3
    network = lay_out(random_wiring(5, 6, 20, n_outputs), "tanh")
    rows, targets = example(5, task, 6, n_outputs, n=200)
    recipe = Recipe(task, BatchPlan(200, 32, (5,)), total_steps=60, clip_norm=0.5)
    state = initial_state(network, [[5]])
    own = Hyperparameters(3e-3)
    (trained,) = train([network], [own], [state], Inputs.plain(rows), targets, recipe, 50)
    expected, _ = reference_train(network, state.parameters[0], own, rows, targets, recipe, 50, device="cuda")
    assert np.linalg.norm(trained.parameters[0] - expected) <= 1e-3 * np.linalg.norm(expected)
