from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import random_wiring

from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.reference import reference_forward, reference_loss
from nas.engine.state import initial_state
from nas.sparsify.amounts import Amount
from nas.sparsify.curvature import brain_damage, first_order, layerwise_surgeon, made_up_for
from nas.sparsify.edges import ends_of
from nas.sparsify.frame import Frame
from nas.sparsify.saliency import SALIENCIES, SaliencyName, deviations, ranks_within, saliencies
from search_spaces.wiring import Wiring

N = 150  # more than a batch


def case(task: str = "classification", seed: int = 0):  # type: ignore[no-untyped-def]
    wiring = random_wiring(seed, n_inputs=4, n_hidden=5, n_outputs=3 if task == "classification" else 1, density=0.5)
    network = lay_out(wiring, "relu")
    parameters = initial_state(network, [[seed]]).parameters[0]
    parameters[wiring.n_edges :] = 0.1
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((4, N)).astype(np.float32)
    targets = (rng.integers(3, size=N) if task == "classification" else rng.standard_normal(N)).astype(np.float32)
    return wiring, network, parameters, rows, targets


def loss_of(network, parameters, rows, targets, task):  # type: ignore[no-untyped-def]
    """The loss as a function of the weights, in float64 torch."""
    biases = torch.tensor(parameters[len(network.indices) :], dtype=torch.float64)
    inputs, wanted = torch.tensor(rows, dtype=torch.float64), torch.tensor(targets, dtype=torch.float64)
    return lambda weights: reference_loss(reference_forward(network, weights, biases, inputs), wanted, task)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_brain_damage_has_the_second_derivatives_of_torch(task: str) -> None:
    _, network, parameters, rows, targets = case(task)
    weights = torch.tensor(parameters[: len(network.indices)], dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(loss_of(network, parameters, rows, targets, task), weights)
    expected = 0.5 * torch.diagonal(hessian) * weights**2
    found = brain_damage(network, parameters, Inputs.plain(rows), task)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_first_order_has_the_gradient_of_torch(task: str) -> None:
    _, network, parameters, rows, targets = case(task, 1)
    weights = torch.tensor(parameters[: len(network.indices)], dtype=torch.float64, requires_grad=True)
    loss_of(network, parameters, rows, targets, task)(weights).backward()
    expected = (weights * weights.grad).abs().detach()
    found = first_order(network, parameters, Inputs.plain(rows), targets, task)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-6)


def test_the_surgeon_says_how_much_a_sum_changes_when_the_others_make_up_for_an_edge() -> None:
    wiring = Wiring.from_edges(4, 1, 1, np.array([0, 1, 2, 3, 4]), np.array([0, 0, 0, 0, 1]))
    network = lay_out(wiring, "relu")
    parameters = np.array([1.0, -0.5, 0.3, 2.0, 1.0, 0.0, 0.0], np.float32)
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((4, N)).astype(np.float32)
    rows[3] = 0.9 * rows[0] + 0.1 * rows[3]  # what input 3 says, input 0 nearly says, too
    found = layerwise_surgeon(network, parameters, Inputs.plain(rows))
    for edge in range(4):
        others = [i for i in range(4) if i != edge]
        made_up = np.linalg.lstsq(rows[others].T, rows.T @ parameters[:4], rcond=None)[0]
        change = np.mean((rows[others].T @ made_up - rows.T @ parameters[:4]) ** 2)
        assert found[edge] == pytest.approx(0.5 * change, rel=3e-2)  # the damping
        is_kept = np.arange(5) != edge
        after = made_up_for(network, parameters, Inputs.plain(rows), is_kept)
        assert after[edge] == 0.0
        np.testing.assert_allclose(after[others], made_up, atol=2e-2)
        np.testing.assert_array_equal(after[4:], parameters[4:])


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 3)), min_size=1, max_size=60))
def test_ranks_are_shares_of_their_group(pairs: list[tuple[float, int]]) -> None:
    values, groups = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    ranks = ranks_within(values, groups)
    for group in set(groups.tolist()):
        own, of_group = values[groups == group], ranks[groups == group]
        assert sorted(of_group) == pytest.approx(np.arange(len(own)) / len(own))
        assert (np.diff(own[np.argsort(of_group)]) >= 0).all()


def test_a_junctions_deviation_counts_the_edges_that_are_not_there() -> None:
    weights, groups = np.array([1.0, -2.0, 3.0, 0.5]), np.array([0, 0, 1, 1])
    spread = deviations(weights, groups, np.array([5, 5, 2, 2]))
    first, second = np.std([1.0, -2.0, 0, 0, 0]), np.std([3.0, 0.5])
    np.testing.assert_allclose(spread, [first, first, second, second])


@pytest.mark.parametrize("name", SALIENCIES)
def test_each_saliency_is_a_number_for_each_edge(name: SaliencyName) -> None:
    wiring, network, parameters, rows, targets = case()
    given = (network, parameters, Frame.of(wiring), Inputs.plain(rows), targets, "classification")
    values = saliencies(name, *given, np.random.default_rng(0))
    assert values.shape == (wiring.n_edges,) and np.isfinite(values).all() and (values >= 0).all()
    again = saliencies(name, *given, np.random.default_rng(0))
    np.testing.assert_array_equal(values, again)
    assert len(ends_of(network).sources) == wiring.n_edges


def test_amounts() -> None:
    saliency = np.array([0.5, 0.1, 0.2, 0.3, 0.4])
    assert Amount("share", 0.5).n_dropped(saliency) == 2
    assert Amount("count", 3).n_dropped(saliency) == 3
    assert Amount("count", 9).n_dropped(saliency) == 5
    assert Amount("bucket", 0.61).n_dropped(saliency) == 3  # .1 + .2 + .3
    assert Amount("bucket", 0.05).n_dropped(saliency) == 0
    for kind, size in (("share", 1.0), ("share", 0.0), ("count", -1), ("bucket", 0.0)):
        with pytest.raises(ValueError, match="Amount: the size"):
            Amount(kind, size)  # type: ignore[arg-type]
