"""Losses, gradients and trainings of recurrent networks, against autograd of the oracle and torch's optimisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import padded_batch, random_sequences
from support import any_recurrent_wiring

from nas.engine.batches import BatchPlan
from nas.engine.cells import CELLS
from nas.engine.gather import Inputs
from nas.engine.layout import aligned_empty, padded
from nas.engine.networks import first_state
from nas.engine.optimisers import BETA_1, BETA_2, EPSILON
from nas.engine.population import predict, score, train
from nas.engine.recipe import LOSSES, Hyperparameters, Recipe
from nas.engine.recurrent_layout import RecurrentNetwork, lay_out_recurrent, parameter_sizes, recurrent_workspace
from nas.engine.recurrent_reference import reference_recurrent_forward
from nas.engine.recurrent_training import loss_and_gradients_of_sequences
from nas.engine.reference import reference_loss
from nas.engine.sequence_batches import Sequences, active_counts, gather_sequences, longest_first
from nas.engine.state import TrainingState
from nas.engine.training import Objective

TASKS = tuple(LOSSES)
RECIPE = Recipe("classification", BatchPlan(60, 20, (5,)), total_steps=20)  # 20 are not whole vectors
OWN = Hyperparameters(1e-2)


def network_of(seed: int, cell: str, **others: Any) -> RecurrentNetwork:
    return lay_out_recurrent(any_recurrent_wiring(seed, cell, **others))


def population() -> list[RecurrentNetwork]:
    """One network of each cell, of different sizes."""
    return [network_of(seed, cell, n_vertices=3 + seed) for seed, cell in enumerate(CELLS)]


def parameters_of(network: RecurrentNetwork, seed: int) -> np.ndarray:
    parameters = first_state(network, [[seed]]).parameters[0]
    return parameters + 0.2 * np.random.default_rng(seed).standard_normal(parameters.shape).astype(np.float32)


def targets_of(seed: int, n: int, task: str = "classification") -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(3, size=n) if task == "classification" else rng.standard_normal(n)).astype(np.float32)


def same(first: TrainingState, second: TrainingState) -> bool:
    return (first.steps_done, first.failure) == (second.steps_done, second.failure) and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("parameters", "first_moment", "second_moment")
    )


class Batch(NamedTuple):
    """Sequences as kernels take them, with NaN wherever nothing has been written."""

    inputs: np.ndarray
    n_active: np.ndarray
    rows: np.ndarray  # the sequences, longest first

    @classmethod
    def of(cls, network: RecurrentNetwork, sequences: Sequences, rows: np.ndarray) -> Batch:
        chosen, view = longest_first(sequences, rows.astype(np.int32)), network.view
        n_active = active_counts(sequences, chosen, view.stride)
        inputs = aligned_empty((len(n_active) + 1, view.n_directions * view.n_inputs, padded(len(rows))))
        inputs[...] = np.nan
        gather_sequences(sequences, chosen, n_active, view, inputs)
        return cls(inputs, n_active, chosen)


def loss_and_gradients(
    network: RecurrentNetwork, parameters: np.ndarray, batch: Batch, targets: np.ndarray, objective: Objective,
    key: int = 0, step: int = 1,
) -> tuple[float, np.ndarray]:  # fmt: skip
    """What the kernel finds in buffers that are too large and hold nothing but NaN."""
    larger = network_of(99, "lstm", n_vertices=12, n_outputs=5)
    work = recurrent_workspace([network, larger], len(batch.n_active) + 2, len(batch.rows))
    for buffer in work:
        buffer[...] = np.nan
    sizes = parameter_sizes(network)
    loss = loss_and_gradients_of_sequences(
        network, sizes, parameters, batch.inputs, batch.n_active, targets[batch.rows], objective, np.uint32(key), step,
        work,
    )  # fmt: skip
    return loss, work.parameter_gradients[: sizes.end].copy()


def exact_outputs(
    network: RecurrentNetwork, parameters: torch.Tensor, sequences: Sequences, rows: np.ndarray
) -> torch.Tensor:
    inputs, lengths = padded_batch(sequences, rows, network.view)
    return reference_recurrent_forward(network, parameters, torch.tensor(inputs), torch.tensor(lengths))


@pytest.mark.parametrize("cell", CELLS)
@given(
    seed=st.integers(0, 2**32),
    task=st.sampled_from(TASKS),
    shape=st.tuples(*(st.integers(1, 4) for _ in range(2)), st.integers(2, 6)),
    density=st.sampled_from([0.1, 0.4, 0.9]),
    longest=st.integers(1, 6),
    n=st.integers(1, 40),
    smoothing=st.sampled_from([0.0, 0.2]),
)
@settings(deadline=None, max_examples=20)
def test_losses_and_gradients_are_those_of_autograd(
    cell: str, seed: int, task: str, shape: tuple[int, int, int], density: float, longest: int, n: int, smoothing: float
) -> None:
    n_inputs, n_embedded, n_vertices = shape
    network = network_of(
        seed, cell, n_inputs=n_inputs, n_embedded=n_embedded, n_vertices=n_vertices,
        n_outputs=1 if task == "regression" else 3, density=density,
    )  # fmt: skip
    sequences, targets = random_sequences(seed, n, n_inputs, longest), targets_of(seed, n, task)
    parameters = parameters_of(network, seed)
    batch = Batch.of(network, sequences, np.random.default_rng(seed).permutation(n))
    objective = Objective(LOSSES[task], smoothing, 0.0)
    loss, gradients = loss_and_gradients(network, parameters, batch, targets, objective)
    leaf = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    outputs = exact_outputs(network, leaf, sequences, batch.rows)
    expected = reference_loss(outputs, torch.tensor(targets[batch.rows], dtype=torch.float64), task, smoothing)
    (exact,) = torch.autograd.grad(expected, leaf)
    assert loss == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    assert np.linalg.norm(gradients - exact.numpy()) <= 1e-4 * torch.linalg.norm(exact).item() + 1e-7


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_a_batch_are_the_mean_of_those_of_each_sequence(cell: str) -> None:
    network, sequences, targets = network_of(1, cell), random_sequences(1, 21), targets_of(1, 21)
    parameters, objective = parameters_of(network, 1), RECIPE.objective(OWN)
    together = loss_and_gradients(network, parameters, Batch.of(network, sequences, np.arange(21)), targets, objective)
    alone = [
        loss_and_gradients(network, parameters, Batch.of(network, sequences, np.array([k])), targets, objective)
        for k in range(21)
    ]
    assert together[0] == pytest.approx(np.mean([loss for loss, _ in alone]), rel=1e-5)
    mean = np.mean([gradients for _, gradients in alone], axis=0)
    assert np.linalg.norm(together[1] - mean) <= 1e-5 * np.linalg.norm(mean)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_with_dropout_are_the_slope_of_the_loss(cell: str) -> None:
    network, sequences, targets = network_of(2, cell), random_sequences(2, 20), targets_of(2, 20)
    parameters, batch = parameters_of(network, 2), Batch.of(network, sequences, np.arange(20))
    objective = Objective(LOSSES["classification"], 0.1, 0.5)

    def loss_at(moved: np.ndarray) -> float:
        return loss_and_gradients(network, moved, batch, targets, objective, key=7, step=3)[0]

    _, gradients = loss_and_gradients(network, parameters, batch, targets, objective, key=7, step=3)
    direction = gradients / np.linalg.norm(gradients)
    slope = (loss_at(parameters + 0.005 * direction) - loss_at(parameters - 0.005 * direction)) / 0.01
    assert slope == pytest.approx(np.linalg.norm(gradients), rel=5e-3)


def test_dropout_repeats_for_a_key_and_a_step_and_changes_with_them() -> None:
    network, sequences, targets = network_of(2, "gru"), random_sequences(2, 20), targets_of(2, 20)
    parameters, batch = parameters_of(network, 2), Batch.of(network, sequences, np.arange(20))

    def gradients(dropout: float, key: int, step: int) -> np.ndarray:
        objective = Objective(LOSSES["classification"], 0.0, dropout)
        return loss_and_gradients(network, parameters, batch, targets, objective, key, step)[1]

    np.testing.assert_array_equal(gradients(0.5, 1, 1), gradients(0.5, 1, 1))
    np.testing.assert_array_equal(gradients(0.0, 1, 1), gradients(0.0, 2, 2))
    for other in (gradients(0.5, 2, 1), gradients(0.5, 1, 2), gradients(0.0, 1, 1)):
        assert not np.allclose(gradients(0.5, 1, 1), other, rtol=0.1)


def test_a_loss_that_is_not_a_number_is_said() -> None:
    network, sequences, targets = network_of(0, "lstm"), random_sequences(0, 5), targets_of(0, 5)
    parameters = parameters_of(network, 0)
    parameters[-1] = np.nan
    loss, _ = loss_and_gradients(
        network, parameters, Batch.of(network, sequences, np.arange(5)), targets, RECIPE.objective(OWN)
    )
    assert np.isnan(loss)


def test_what_a_rectifier_would_make_of_padding_never_counts() -> None:
    # One unit that doubles and adds 1 at each step, but for inputs that keep it at 0: without them it soon overflows.
    network = network_of(0, "relu", n_inputs=1, n_embedded=1, n_vertices=1, n_outputs=1, density=1.0)
    sizes = parameter_sizes(network)
    parameters = np.zeros(sizes.end, np.float32)
    parameters[: sizes.recurrent], parameters[sizes.recurrent : sizes.embedding] = -5.0, 2.0
    parameters[sizes.embedding : sizes.bias], parameters[sizes.bias : sizes.output_bias] = 1.0, 1.0
    sequences = Sequences(Inputs.plain(np.ones((1, 203), np.float32)), np.array([0, 200, 203]))
    objective, targets = Objective(LOSSES["regression"], 0.0, 0.0), np.ones(2, np.float32)
    loss, gradients = loss_and_gradients(
        network, parameters, Batch.of(network, sequences, np.arange(2)), targets, objective
    )
    assert loss == 1.0 and np.isfinite(gradients).all()


OPTIMISERS = {
    "adamw, cosine": {},
    "sgd, constant, clipped": {"optimiser": "sgd", "schedule": "constant", "clip_norm": 0.5},
    "sgd, one-cycle": {"optimiser": "sgd", "schedule": "one-cycle"},
    "adamw, one-cycle, clipped": {"schedule": "one-cycle", "clip_norm": 0.1},
}


def torch_trained(
    network: RecurrentNetwork, parameters: np.ndarray, own: Hyperparameters, sequences: Sequences,
    targets: np.ndarray, recipe: Recipe,
) -> np.ndarray:  # fmt: skip
    """Parameters after all steps of a recipe, with torch's optimisers in float64."""
    n_weights = parameter_sizes(network).bias
    weights, biases = (
        torch.tensor(part, dtype=torch.float64, requires_grad=True)
        for part in (parameters[:n_weights], parameters[n_weights:])
    )
    groups = [{"params": [weights], "weight_decay": recipe.weight_decay}, {"params": [biases], "weight_decay": 0.0}]
    if recipe.optimiser == "adamw":
        optimiser = torch.optim.AdamW(groups, lr=own.learning_rate, betas=(BETA_1, BETA_2), eps=EPSILON)
    else:
        optimiser = torch.optim.SGD(groups, lr=own.learning_rate, momentum=recipe.momentum)
    rates = recipe.rates(own.learning_rate, 0, recipe.total_steps)
    for rate, rows in zip(rates, recipe.batches.rows(0, recipe.total_steps), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = float(rate)
        optimiser.zero_grad()
        outputs = exact_outputs(network, torch.cat([weights, biases]), sequences, rows)
        wanted = torch.tensor(targets[rows], dtype=torch.float64)
        reference_loss(outputs, wanted, recipe.task, own.label_smoothing).backward()
        if recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_([weights, biases], recipe.clip_norm)
        optimiser.step()
    return torch.cat([weights, biases]).detach().numpy()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize("task", TASKS)
def test_twenty_steps_agree_with_torch(task: str, options: dict[str, Any], cell: str) -> None:
    network = network_of(3, cell, n_vertices=3, n_outputs=1 if task == "regression" else 3)
    sequences, targets = random_sequences(3, 60, longest=4), targets_of(3, 60, task)
    recipe = replace(RECIPE, task=task, **options)
    before = parameters_of(network, 3)
    state = TrainingState(before[None], *np.zeros((2, 1, len(before)), np.float32))
    own = replace(OWN, label_smoothing=0.1)
    (trained,) = train([network], [own], [state], sequences, targets, recipe, 20)
    expected = torch_trained(network, before, own, sequences, targets, recipe)
    assert trained.failure is None and trained.steps_done == 20
    assert np.linalg.norm(trained.parameters[0] - expected) <= 1e-4 * np.linalg.norm(expected - before)


def first_symbol(n: int = 200) -> tuple[Sequences, np.ndarray]:
    """Strings of 2 to 8 of four symbols, as bytes; the first symbol decides the class."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 9, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    symbols = rng.integers(4, size=offsets[-1])
    values = (symbols == np.arange(4)[:, None]).astype(np.uint8)
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    return Sequences(Inputs.of(values, ones, zeros), offsets), (symbols[offsets[:-1]] % 2).astype(np.float32)


@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_what_can_be_learned(cell: str) -> None:
    sequences, targets = first_symbol()
    network = network_of(0, cell, n_inputs=4, n_vertices=12, n_outputs=2)
    recipe = replace(RECIPE, batches=BatchPlan(150, 25, (5,)), total_steps=600, clip_norm=1.0)
    (trained,) = train(
        [network], [Hyperparameters(2e-2)], [first_state(network, [[0], [1]])], sequences, targets, recipe, 600
    )
    for parameters in trained.parameters:  # the last 50 sequences were never seen
        assert score(predict(network, parameters, sequences, 150, 200), targets[150:], "classification") > 0.9


@pytest.mark.parametrize("pause", [1, 13, 19])
def test_a_paused_training_goes_on_as_if_it_had_not_been_paused(pause: int) -> None:
    sequences, targets, networks = random_sequences(0, 60), targets_of(0, 60), population()
    states, owns = [first_state(network, [[3]]) for network in networks], [replace(OWN, dropout=0.3)] * len(networks)
    whole = train(networks, owns, states, sequences, targets, RECIPE, 20)
    first = train(networks, owns, states, sequences, targets, RECIPE, pause)
    second = train(networks, owns, first, sequences, targets, RECIPE, 20)
    assert {state.steps_done for state in first} == {pause}
    assert all(same(a, b) for a, b in zip(whole, second, strict=True))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_what_a_candidate_learns_does_not_depend_on_the_others(dropout: float) -> None:
    sequences, targets, networks = random_sequences(0, 60), targets_of(0, 60), population()
    owns = [Hyperparameters(rate, dropout) for rate in (1e-2, 3e-3, 1e-3, 2e-2)]
    states = [first_state(network, [[7]] * n) for n, network in enumerate(networks, start=1)]
    together = train(networks, owns, states, sequences, targets, RECIPE, 20)
    for network, own, state, trained in zip(networks, owns, states, together, strict=True):
        (alone,) = train([network], [own], [state], sequences, targets, RECIPE, 20)
        assert same(alone, trained)


@pytest.mark.parametrize("cell", CELLS)
def test_each_set_of_weights_learns_as_if_alone(cell: str) -> None:
    sequences, targets, network = random_sequences(0, 60), targets_of(0, 60), network_of(1, cell)
    (all_three,) = train([network], [OWN], [first_state(network, [[1], [2], [3]])], sequences, targets, RECIPE, 20)
    for k in range(3):
        (alone,) = train([network], [OWN], [first_state(network, [[k + 1]])], sequences, targets, RECIPE, 20)
        np.testing.assert_array_equal(all_three.parameters[k], alone.parameters[0])


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_regularises_training_and_not_prediction(cell: str) -> None:
    sequences, targets, network = random_sequences(0, 60), targets_of(0, 60), network_of(2, cell)
    state, own = first_state(network, [[0], [0]]), replace(OWN, dropout=0.5)
    (trained,) = train([network], [own], [state], sequences, targets, RECIPE, 20)
    (again,) = train([network], [own], [state], sequences, targets, RECIPE, 20)
    (without,) = train([network], [OWN], [state], sequences, targets, RECIPE, 20)
    assert same(trained, again)
    assert not np.array_equal(trained.parameters[0], trained.parameters[1])  # masks of their own
    np.testing.assert_array_equal(without.parameters[0], without.parameters[1])
    assert not np.array_equal(trained.parameters, without.parameters)
    exact = exact_outputs(network, torch.tensor(trained.parameters[0].astype(np.float64)), sequences, np.arange(60))
    np.testing.assert_allclose(predict(network, trained.parameters[0], sequences), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("place", "value"), [(0, np.nan), (-1, np.nan), (-1, np.inf)])
def test_a_weight_that_is_not_finite_fails_that_candidate_alone(place: int, value: float) -> None:
    sequences, targets, networks = random_sequences(0, 60), targets_of(0, 60), population()
    states = [first_state(network, [[0]]) for network in networks]
    states[2].parameters[0, place] = value
    trained = train(networks, [OWN] * 4, states, sequences, targets, RECIPE, 20)
    failures = [state.failure for state in trained]
    assert failures[2] is not None and failures[2].startswith("diverged: the loss was")
    assert failures[:2] + failures[3:] == [None] * 3
    for i in (0, 1, 3):
        (alone,) = train([networks[i]], [OWN], [states[i]], sequences, targets, RECIPE, 20)
        assert same(trained[i], alone)


def test_bytes_and_the_numbers_they_stand_for_train_alike() -> None:
    plain, targets, rng = random_sequences(0, 60), targets_of(0, 60), np.random.default_rng(3)
    stored = rng.integers(256, size=plain.inputs.values.shape, dtype=np.uint8)
    scale, shift = rng.random(3).astype(np.float32) / 100, rng.random(3).astype(np.float32)
    meant = (scale * stored.astype(np.float32) + shift).T
    network = network_of(1, "gru")
    state = first_state(network, [[0]])
    of_bytes, of_numbers = (
        train([network], [OWN], [state], Sequences(inputs, plain.offsets), targets, RECIPE, 20)[0]
        for inputs in (Inputs(stored, scale, shift), Inputs.plain(meant))
    )
    np.testing.assert_allclose(of_bytes.parameters, of_numbers.parameters, rtol=1e-3, atol=1e-4)


def test_states_given_are_left_as_they_are() -> None:
    sequences, targets, network = random_sequences(0, 60), targets_of(0, 60), network_of(1, "lstm")
    state = first_state(network, [[0]])
    before = state.parameters.copy()
    train([network], [OWN], [state], sequences, targets, RECIPE, 10)
    np.testing.assert_array_equal(state.parameters, before)
    assert not state.first_moment.any() and not state.second_moment.any()


def test_a_request_to_stop_is_heard_between_batches() -> None:
    sequences, targets, network = random_sequences(0, 60), targets_of(0, 60), network_of(1, "tanh")
    answers = iter([False, False, True])
    state = first_state(network, [[0]])
    (stopped,) = train([network], [OWN], [state], sequences, targets, RECIPE, 20, lambda: next(answers))
    assert stopped.steps_done == 2 and stopped.failure is None
