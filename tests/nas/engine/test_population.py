from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score
from support import random_wiring

from nas.engine import population as population_module
from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState, initial_state

RECIPE = Recipe("classification", BatchPlan(96, 16, (5,)), total_steps=40)
OWN = Hyperparameters(1e-2)


def separable(n: int = 96) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=n)
    rows = rng.standard_normal((5, n)) * 0.3
    rows[labels, np.arange(n)] += 2
    return Inputs.plain(rows.astype(np.float32)), labels.astype(np.float32)


def population(n: int = 4) -> list:
    return [lay_out(random_wiring(seed, n_hidden=6 + 3 * seed), "relu") for seed in range(n)]


def same(first: TrainingState, second: TrainingState) -> bool:
    return first.steps_done == second.steps_done and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("parameters", "first_moment", "second_moment")
    )


def test_training_learns_what_can_be_learned() -> None:
    rows, targets = separable()
    networks = population(2)
    states = [initial_state(network, [[0], [1]]) for network in networks]
    recipe = replace(RECIPE, total_steps=600)
    trained = train(networks, [OWN, OWN], states, rows, targets, recipe, recipe.total_steps)
    for network, state in zip(networks, trained, strict=True):
        assert all(score(predict(network, p, rows), targets, "classification") > 0.9 for p in state.parameters)


def test_what_a_candidate_learns_does_not_depend_on_the_others() -> None:
    rows, targets = separable()
    networks, owns = population(), [Hyperparameters(rate, 0.1 * (rate > 5e-3)) for rate in (1e-2, 3e-3, 1e-3, 2e-2)]
    states = [initial_state(network, [[7]]) for network in networks]
    together = train(networks, owns, states, rows, targets, RECIPE, 40)
    for network, own, state, trained in zip(networks, owns, states, together, strict=True):
        (alone,) = train([network], [own], [state], rows, targets, RECIPE, 40)
        assert same(alone, trained)


def test_each_set_of_weights_learns_as_if_alone() -> None:
    rows, targets = separable()
    network = population(1)[0]
    (both,) = train([network], [OWN], [initial_state(network, [[1], [2]])], rows, targets, RECIPE, 40)
    (second,) = train([network], [OWN], [initial_state(network, [[2]])], rows, targets, RECIPE, 40)
    np.testing.assert_array_equal(both.parameters[1], second.parameters[0])


def test_each_of_several_sets_of_weights_learns_nearly_as_if_alone() -> None:
    rows, targets = separable()
    network = population(4)[3]
    (all_five,) = train([network], [OWN], [initial_state(network, [[k] for k in range(5)])], rows, targets, RECIPE, 40)
    for k, parameters in enumerate(all_five.parameters):
        (alone,) = train([network], [OWN], [initial_state(network, [[k]])], rows, targets, RECIPE, 40)
        np.testing.assert_allclose(parameters, alone.parameters[0], rtol=1e-3, atol=1e-5)  # sums in another order


def test_bytes_and_the_numbers_they_stand_for_train_alike() -> None:
    rng = np.random.default_rng(3)
    stored = rng.integers(256, size=(5, 96), dtype=np.uint8)
    scale, shift = rng.random(5).astype(np.float32), rng.random(5).astype(np.float32)
    labels = rng.integers(3, size=96).astype(np.float32)
    network = population(1)[0]
    state = initial_state(network, [[0]])
    meant = scale[:, None] * stored.astype(np.float32) + shift[:, None]
    (of_bytes,) = train([network], [OWN], [state], Inputs.of(stored, scale, shift), labels, RECIPE, 40)
    (of_numbers,) = train([network], [OWN], [state], Inputs.plain(meant), labels, RECIPE, 40)
    np.testing.assert_allclose(of_bytes.parameters, of_numbers.parameters, rtol=1e-3, atol=1e-5)


def test_dropout_regularises_training_and_not_prediction() -> None:
    rows, targets = separable()
    network = population(4)[3]
    state = initial_state(network, [[0], [0]])
    own = replace(OWN, dropout=0.5)
    (trained,) = train([network], [own], [state], rows, targets, RECIPE, 40)
    (again,) = train([network], [own], [state], rows, targets, RECIPE, 40)
    (without,) = train([network], [OWN], [state], rows, targets, RECIPE, 40)
    assert same(trained, again)
    assert not np.array_equal(trained.parameters[0], trained.parameters[1])  # masks of their own
    assert not np.array_equal(trained.parameters, without.parameters)
    first, second = (predict(network, trained.parameters[0], rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("pause", [1, 13, 39])
def test_a_paused_training_goes_on_as_if_it_had_not_been_paused(pause: int) -> None:
    rows, targets = separable()
    networks = population(2)
    states = [initial_state(network, [[3]]) for network in networks]
    whole = train(networks, [OWN] * 2, states, rows, targets, RECIPE, 40)
    first = train(networks, [OWN] * 2, states, rows, targets, RECIPE, pause)
    second = train(networks, [OWN] * 2, first, rows, targets, RECIPE, 40)
    assert all(same(a, b) for a, b in zip(whole, second, strict=True))


def test_states_given_are_left_as_they_are() -> None:
    rows, targets = separable()
    network = population(1)[0]
    state = initial_state(network, [[0]])
    before = state.parameters.copy()
    train([network], [OWN], [state], rows, targets, RECIPE, 10)
    np.testing.assert_array_equal(state.parameters, before)


def test_a_request_to_stop_is_heard_between_batches() -> None:
    rows, targets = Inputs.plain(np.zeros((400, 96), np.float32)), np.zeros(96, np.float32)  # wide: few batches a call
    network = lay_out(random_wiring(0, n_inputs=400, density=0.01), "relu")
    answers = iter([False, False, True])
    (state,) = train(
        [network],
        [Hyperparameters(1e-3)],
        [initial_state(network, [[0]])],
        rows,
        targets,
        RECIPE,
        40,
        lambda: next(answers),
    )
    assert 0 < state.steps_done < 40 and state.failure is None


def test_where_networks_take_long_a_request_to_stop_is_heard_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_module, "LONG_S", -1.0)  # each takes longer
    rng = np.random.default_rng(0)  # wide: 10 batches a call
    rows, targets = Inputs.plain(rng.normal(size=(400, 96)).astype(np.float32)), np.zeros(96, np.float32)
    networks = [lay_out(random_wiring(seed, n_inputs=400, density=0.01), "relu") for seed in range(3)]
    own = [Hyperparameters(1e-2), Hyperparameters(3e-3), Hyperparameters(1e-2)]
    states = [initial_state(network, [[7]]) for network in networks]
    answers = iter([False] * 7 + [True])  # before each call, and before each network
    stopped = train(networks, own, states, rows, targets, RECIPE, 40, lambda: next(answers))
    steps = [state.steps_done for state in stopped]
    assert steps == [20, 20, 10]
    for network, mine, state, reached in zip(networks, own, states, stopped, strict=True):
        (alone,) = train([network], [mine], [state], rows, targets, RECIPE, reached.steps_done)
        assert same(alone, reached)


def test_a_loss_that_is_not_finite_fails_that_candidate_alone() -> None:
    rows, targets = separable()
    networks = population(2)
    states = [initial_state(network, [[0]]) for network in networks]
    states[0].parameters[0, 0] = np.inf
    broken, healthy = train(networks, [OWN] * 2, states, rows, targets, RECIPE, 40)
    (alone,) = train([networks[1]], [OWN], [states[1]], rows, targets, RECIPE, 40)
    assert broken.failure is not None and broken.failure.startswith("diverged: the loss was")
    assert healthy.failure is None and same(healthy, alone)


def test_states_at_different_steps_are_refused() -> None:
    rows, targets = separable()
    network = population(1)[0]
    state = initial_state(network, [[0]])
    (later,) = train([network], [OWN], [state], rows, targets, RECIPE, 10)
    with pytest.raises(ValueError, match=r"same steps_done. Got \[0, 10\]"):
        train([network] * 2, [OWN] * 2, [state, later], rows, targets, RECIPE, 20)


def test_predictions_of_some_columns_are_those_of_all() -> None:
    rows, _ = separable(300)
    network = population(1)[0]
    parameters = initial_state(network, [[0]]).parameters[0]
    whole = predict(network, parameters, rows)
    np.testing.assert_array_equal(predict(network, parameters, rows, 37, 251), whole[:, 37:251])


def test_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    logits, labels = (
        rng.standard_normal((4, 50)).astype(np.float32),
        rng.integers(4, size=50).astype(np.float32),
    )
    assert score(logits, labels, "classification") == accuracy_score(labels, logits.argmax(axis=0))
    values, targets = (
        rng.standard_normal((1, 50)).astype(np.float32),
        rng.standard_normal(50).astype(np.float32),
    )
    assert score(values, targets, "regression") == pytest.approx(r2_score(targets, values[0]), rel=1e-6)


def test_outputs_that_are_not_finite_have_no_score() -> None:
    logits = np.zeros((3, 5), np.float32)
    logits[2, 4] = np.nan
    assert math.isnan(score(logits, np.zeros(5, np.float32), "classification"))
