from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.layout import Network, lay_out
from nas.engine.networks import first_state
from nas.engine.reference import reference_forward, reference_loss
from nas.training_free import training_free_scores
from predictors.features.training_free import TRAINING_FREE_NAMES
from search_spaces import MLPSpace, Wiring

N_INPUTS, N_OUTPUTS, BATCH = 6, 3, 12
SPACE = MLPSpace(n_inputs=N_INPUTS, n_outputs=N_OUTPUTS, max_weights=300)


def drawn(seed: int, activation: str | None = None) -> tuple[Network, Any, Any, Any]:
    """A network with its first weights, a batch and classes."""
    rng = np.random.default_rng(seed)
    genotype = SPACE.sample(rng)
    network = lay_out(SPACE.wire(genotype), activation or genotype.activation)
    (parameters,) = first_state(network, [[seed]]).parameters
    parameters[len(network.indices) :] = 0.1 * rng.standard_normal(len(network.middle))
    return network, parameters, rng.standard_normal((N_INPUTS, BATCH)), rng.integers(N_OUTPUTS, size=BATCH)


def scores(
    network: Network, parameters: Any, inputs: Any, targets: Any, task: str = "classification"
) -> dict[str, Any]:
    values = training_free_scores(network, parameters, inputs, targets, task)
    return dict(zip(TRAINING_FREE_NAMES, values.tolist(), strict=True))


def as_torch(parameters: Any, n_edges: int) -> tuple[Any, Any]:
    leaf = torch.tensor(parameters, dtype=torch.float64)
    return leaf[:n_edges].clone().requires_grad_(), leaf[n_edges:].clone().requires_grad_()


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu"])
def test_gradient_norm_is_that_of_autograd(activation: str) -> None:
    network, parameters, inputs, targets = drawn(1, activation)
    weights, biases = as_torch(parameters, len(network.indices))
    outputs = reference_forward(network, weights, biases, torch.tensor(inputs))
    reference_loss(outputs, torch.tensor(targets), "classification").backward()
    length = math.sqrt(float((weights.grad**2).sum() + (biases.grad**2).sum()))
    assert scores(network, parameters, inputs, targets)["log_gradient_norm"] == pytest.approx(math.log10(length))


def test_gradient_norm_of_a_regression() -> None:
    wiring = Wiring.from_edges(2, 1, 1, np.array([0, 1, 2]), np.array([0, 0, 1]))
    network, rng = lay_out(wiring, "tanh"), np.random.default_rng(0)
    parameters, inputs, targets = rng.standard_normal(5), rng.standard_normal((2, 7)), rng.standard_normal(7)
    weights, biases = as_torch(parameters, 3)
    outputs = reference_forward(network, weights, biases, torch.tensor(inputs))
    reference_loss(outputs, torch.tensor(targets), "regression").backward()
    length = math.sqrt(float((weights.grad**2).sum() + (biases.grad**2).sum()))
    found = scores(network, parameters, inputs, targets, "regression")["log_gradient_norm"]
    assert found == pytest.approx(math.log10(length))


@pytest.mark.parametrize("seed", range(4))
def test_synflow_counts_the_weight_of_paths(seed: int) -> None:
    network, parameters, inputs, targets = drawn(seed)
    graph = nx.DiGraph()
    n_sources = network.n_inputs + network.n_hidden
    for j in range(len(network.middle)):
        target = network.n_inputs + j if j < network.n_hidden else n_sources + j
        for e in range(network.indptr[j], network.indptr[j + 1]):
            graph.add_edge(int(network.indices[e]), target, weight=abs(float(parameters[e])))
    outgoing = {v: 1.0 if graph.out_degree(v) == 0 else 0.0 for v in graph}
    incoming = {v: 1.0 if v < network.n_inputs else 0.0 for v in graph}
    order = list(nx.topological_sort(graph))
    for v in order:
        for _, w, data in graph.out_edges(v, data=True):
            incoming[w] += data["weight"] * incoming[v]
    for v in reversed(order):
        for _, w, data in graph.out_edges(v, data=True):
            outgoing[v] += data["weight"] * outgoing[w]
    total = sum(data["weight"] * incoming[v] * outgoing[w] for v, w, data in graph.edges(data=True))
    assert scores(network, parameters, inputs, targets)["log_synflow"] == pytest.approx(math.log10(total), rel=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu"])
def test_jacobian_covariance_from_autograd(activation: str) -> None:
    network, parameters, inputs, targets = drawn(6, activation)
    weights, biases = as_torch(parameters, len(network.indices))
    x = torch.tensor(inputs, requires_grad=True)
    reference_forward(network, weights, biases, x).sum().backward()
    gradients = x.grad.numpy().T
    assert gradients.any(axis=1).all()
    values = np.linalg.eigvalsh(np.corrcoef(gradients)) + 1e-5
    expected = -np.sum(np.log(values) + 1 / values)
    # Eigenvalues of 0 come out as rounding, and 1 / (0 + 1e-5) is large.
    assert scores(network, parameters, inputs, targets)["jacobian_covariance"] == pytest.approx(expected, rel=1e-4)


def test_naswot_by_counting() -> None:
    network, parameters, inputs, targets = drawn(3)
    values, n_edges = list(inputs), len(network.indices)
    on = []
    for j in range(network.n_hidden):
        edges = slice(network.indptr[j], network.indptr[j + 1])
        total = sum(w * values[s] for w, s in zip(parameters[edges], network.indices[edges], strict=True))
        total = total + parameters[n_edges + j]
        on.append(total > 0)
        module = {0: torch.relu, 1: torch.tanh, 3: torch.nn.functional.silu}.get(network.activation)
        as_tensor = torch.tensor(total)
        values.append(
            (module(as_tensor) if module else torch.nn.functional.gelu(as_tensor, approximate="tanh")).numpy()
        )
    kernel = [[sum(row[a] == row[b] for row in on) + (a == b) for b in range(BATCH)] for a in range(BATCH)]
    expected = np.log(np.linalg.det(np.array(kernel, float)))
    assert scores(network, parameters, inputs, targets)["naswot"] == pytest.approx(expected, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e-3, 1.0, 1e3]))
def test_scores_are_finite_and_do_not_depend_on_the_order_of_rows(seed: int, scale: float) -> None:
    network, parameters, inputs, targets = drawn(seed)
    found = training_free_scores(network, scale * parameters, inputs, targets, "classification")
    assert np.isfinite(found).all()
    turned = training_free_scores(network, scale * parameters, inputs[:, ::-1], targets[::-1], "classification")
    assert turned == pytest.approx(found, rel=1e-3, abs=1e-6)
