"""The engine's arithmetic in plain torch autograd: the oracle of the tests, and the path for other devices."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from nas.engine.activations import ACTIVATIONS
from nas.engine.layout import Float32, Network
from nas.engine.optimisers import BETA_1, BETA_2, EPSILON
from nas.engine.recipe import Hyperparameters, Recipe

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
}


def reference_forward(network: Network, weights: Tensor, biases: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of a network, neuron by neuron.

    Args:
        network: The wiring.
        weights: (n_edges,), of any floating dtype and device.
        biases: (n_neurons,).
        inputs: (n_inputs, batch).

    Returns:
        (n_outputs, batch).
    """
    activate = _FUNCTIONS[{code: name for name, code in ACTIVATIONS.items()}[network.activation]]
    indices = torch.as_tensor(network.indices, dtype=torch.int64, device=inputs.device)
    values = list(inputs)  # one (batch,) a source
    for j in range(len(network.middle)):
        edges = slice(int(network.indptr[j]), int(network.indptr[j + 1]))
        sources = torch.stack([values[s] for s in indices[edges].tolist()])  # (fan_in, batch)
        total = weights[edges] @ sources + biases[j]
        values.append(activate(total) if j < network.n_hidden else total)
    return torch.stack(values[len(inputs) + network.n_hidden :])


def reference_loss(outputs: Tensor, targets: Tensor, task: str, label_smoothing: float = 0.0) -> Tensor:
    """Mean softmax cross-entropy or mean squared error of outputs (n_outputs, batch) against targets (batch,)."""
    if task == "classification":
        return functional.cross_entropy(outputs.T, targets.long(), label_smoothing=label_smoothing)
    return functional.mse_loss(outputs[0], targets)


def reference_train(
    network: Network,
    parameters: Float32,
    own: Hyperparameters,
    rows: Float32,
    targets: Float32,
    recipe: Recipe,
    n_steps: int,
    device: str = "cpu",
) -> tuple[Float32, list[float]]:
    """Train one set of weights for the first steps of a recipe, without its dropout, with torch's own optimiser.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,), the initial weights and biases.
        own: Learning rate and label smoothing.
        rows: float32 (n_inputs, n).
        targets: float32 (n,).
        recipe: How to train.
        n_steps: Steps to take.
        device: A torch device.

    Returns:
        The trained parameters, and the loss before each step.
    """
    n_edges = len(network.indices)
    weights = torch.tensor(parameters[:n_edges], device=device, requires_grad=True)
    biases = torch.tensor(parameters[n_edges:], device=device, requires_grad=True)
    groups = [
        {"params": [weights], "weight_decay": recipe.weight_decay},
        {"params": [biases], "weight_decay": 0.0},
    ]
    optimiser: torch.optim.Optimizer
    if recipe.optimiser == "adamw":
        optimiser = torch.optim.AdamW(groups, lr=own.learning_rate, betas=(BETA_1, BETA_2), eps=EPSILON)
    else:
        optimiser = torch.optim.SGD(groups, lr=own.learning_rate, momentum=recipe.momentum)
    rates = recipe.rates(own.learning_rate, 0, n_steps)
    losses = []
    for step, index in enumerate(recipe.batches.rows(0, n_steps)):
        batch = torch.tensor(rows[:, index], device=device)
        for group in optimiser.param_groups:
            group["lr"] = float(rates[step])
        optimiser.zero_grad()
        outputs = reference_forward(network, weights, biases, batch)
        loss = reference_loss(outputs, torch.tensor(targets[index], device=device), recipe.task, own.label_smoothing)
        torch.autograd.backward(loss)
        if recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_([weights, biases], recipe.clip_norm)
        optimiser.step()
        losses.append(loss.item())
    trained = torch.cat([weights, biases]).detach().cpu().numpy()
    return trained, losses
