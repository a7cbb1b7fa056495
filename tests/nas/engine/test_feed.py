"""Batches are those of the plan, in the order of the steps, and nothing of an earlier batch is left in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import padded_batch, random_sequences
from support import any_recurrent_wiring, random_recurrent_wiring, random_wiring

from nas.engine.batches import BatchPlan
from nas.engine.cells import CELLS
from nas.engine.feed import BATCHES_IN_CACHE_BYTES, MAX_STEPS_A_CALL, RowFeed, SequenceFeed
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.networks import first_state
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_layout import lay_out_recurrent
from nas.engine.recurrent_reference import reference_recurrent_forward
from nas.engine.reference import reference_forward, reference_loss
from nas.engine.sequence_batches import Sequences
from nas.engine.state import TrainingState

N, BATCH_SIZE = 50, 12
RECIPE = Recipe("classification", BatchPlan(N, BATCH_SIZE, (4,)), total_steps=40, schedule="constant")
STILL, MOVING = Hyperparameters(0.0), Hyperparameters(1e-2)  # at a learning rate of 0 nothing changes


def labels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, size=N).astype(np.float32)


def rows_of_a_table(n_inputs: int = 5) -> Inputs:
    return Inputs.plain(np.random.default_rng(1).standard_normal((n_inputs, N)).astype(np.float32))


def loss_of_rows(network, state: TrainingState, table: Inputs, recipe: Recipe, step: int) -> float:
    """The loss of the rows that the plan has for a step."""
    (rows,) = recipe.batches.rows(step, step + 1)
    parameters = torch.tensor(state.parameters[0], dtype=torch.float64)
    weights, biases = parameters.split([len(network.indices), len(network.middle)])
    outputs = reference_forward(network, weights, biases, torch.tensor(table.values[rows].T, dtype=torch.float64))
    return reference_loss(outputs, torch.tensor(labels()[rows]), recipe.task).item()


def loss_of_sequences(network, state: TrainingState, sequences: Sequences, step: int) -> float:
    """The loss of the sequences that the plan has for a step."""
    (rows,) = RECIPE.batches.rows(step, step + 1)
    inputs, lengths = padded_batch(sequences, rows, network.view)
    parameters = torch.tensor(state.parameters[0], dtype=torch.float64)
    outputs = reference_recurrent_forward(network, parameters, torch.tensor(inputs), torch.tensor(lengths))
    return reference_loss(outputs, torch.tensor(labels()[rows]), RECIPE.task).item()


@given(steps=st.lists(st.integers(0, 30), min_size=1, max_size=4))
@settings(deadline=None, max_examples=10)
def test_rows_are_those_of_the_plan(steps: list[int]) -> None:
    table, network = rows_of_a_table(), lay_out(random_wiring(0), "tanh")
    recipe = replace(RECIPE, batches=BatchPlan(N, 16, (4,)))
    feed, state = RowFeed(table, labels(), recipe, [network], 1), first_state(network, [[0]])
    for step in steps:
        feed.load(step, step + 1)
        loss = feed.train(network, state, STILL, step, step + 1)
        assert loss == pytest.approx(loss_of_rows(network, state, table, recipe, step), rel=1e-5)


def test_the_loss_of_several_steps_is_that_of_the_last() -> None:
    table, network = rows_of_a_table(), lay_out(random_wiring(0), "tanh")
    feed, state = RowFeed(table, labels(), RECIPE, [network], 1), first_state(network, [[0]])
    feed.load(3, 8)
    assert feed.train(network, state, STILL, 3, 8) == pytest.approx(
        loss_of_rows(network, state, table, RECIPE, 7), rel=1e-5
    )


def test_steps_one_by_one_are_the_steps_of_one_call() -> None:
    table, network = rows_of_a_table(), lay_out(random_wiring(0), "relu")
    feed = RowFeed(table, labels(), RECIPE, [network], 2)
    at_once, one_by_one = (first_state(network, [[0], [1]]) for _ in range(2))
    feed.load(0, 9)
    feed.train(network, at_once, MOVING, 0, 9)
    for step in range(9):
        feed.load(step, step + 1)
        feed.train(network, one_by_one, MOVING, step, step + 1)
    np.testing.assert_array_equal(at_once.parameters, one_by_one.parameters)
    assert not np.array_equal(at_once.parameters, first_state(network, [[0], [1]]).parameters)


@pytest.mark.parametrize("n_inputs", [1, 5, 700, 20_000])
def test_as_many_batches_are_gathered_at_once_as_fit_the_cache(n_inputs: int) -> None:
    table = Inputs.plain(np.zeros((n_inputs, N), np.float32))
    network = lay_out(random_wiring(0, n_inputs=n_inputs, density=0.01), "relu")
    feed = RowFeed(table, labels(), RECIPE, [network], 1)
    batch_bytes = 4 * n_inputs * BATCH_SIZE
    assert 1 <= feed.steps_a_call <= MAX_STEPS_A_CALL
    assert feed.steps_a_call == 1 or feed.steps_a_call * batch_bytes <= BATCHES_IN_CACHE_BYTES
    assert feed.steps_a_call == MAX_STEPS_A_CALL or (feed.steps_a_call + 1) * batch_bytes > BATCHES_IN_CACHE_BYTES


@pytest.mark.parametrize("cell", CELLS)
@given(
    seed=st.integers(0, 2**32), longest=st.integers(1, 9), steps=st.lists(st.integers(0, 30), min_size=1, max_size=4)
)
@settings(deadline=None, max_examples=5)
def test_sequences_are_those_of_the_plan(cell: str, seed: int, longest: int, steps: list[int]) -> None:
    sequences, network = random_sequences(seed, N, longest=longest), lay_out_recurrent(any_recurrent_wiring(seed, cell))
    feed, state = SequenceFeed(sequences, labels(), RECIPE, [network], 1), first_state(network, [[0]])
    for step in steps:
        feed.load(step, step + 1)
        loss = feed.train(network, state, STILL, step, step + 1)
        assert loss == pytest.approx(loss_of_sequences(network, state, sequences, step), rel=1e-4)


def test_short_sequences_after_long_ones_see_nothing_of_them() -> None:
    sequences, network = random_sequences(0, N, longest=9), lay_out_recurrent(random_recurrent_wiring(0, "lstm"))
    state = first_state(network, [[0]])
    longest = [sequences.lengths()[RECIPE.batches.rows(step, step + 1)].max() for step in range(40)]
    long, short = int(np.argmax(longest)), int(np.argmin(longest))
    assert longest[short] < longest[long]
    used, fresh = (SequenceFeed(sequences, labels(), RECIPE, [network], 1) for _ in range(2))
    used.load(long, long + 1)
    used.train(network, state, STILL, long, long + 1)
    for feed in (used, fresh):
        feed.load(short, short + 1)
    assert used.train(network, state, STILL, short, short + 1) == fresh.train(network, state, STILL, short, short + 1)


def test_a_loaded_batch_serves_any_network_and_each_changes_its_own_state_only() -> None:
    sequences = random_sequences(0, N)
    networks = [lay_out_recurrent(any_recurrent_wiring(seed, cell)) for seed, cell in enumerate(CELLS)]
    feed = SequenceFeed(sequences, labels(), RECIPE, networks, 1)
    states = [first_state(network, [[0]]) for network in networks]
    feed.load(6, 7)
    for network, state in zip(networks, states, strict=True):
        others = [other.parameters.copy() for other in states if other is not state]
        before = state.parameters.copy()
        expected = loss_of_sequences(network, state, sequences, 6)
        assert feed.train(network, state, MOVING, 6, 7) == pytest.approx(expected, rel=1e-4)
        assert not np.array_equal(state.parameters, before)
        for other, copy in zip((other for other in states if other is not state), others, strict=True):
            np.testing.assert_array_equal(other.parameters, copy)


def test_the_highest_loss_over_weight_sets_is_given_and_one_that_is_not_a_number_at_once() -> None:
    sequences, network = random_sequences(0, N), lay_out_recurrent(random_recurrent_wiring(0, "gru"))
    feed, both = SequenceFeed(sequences, labels(), RECIPE, [network], 2), first_state(network, [[0], [1]])
    feed.load(0, 1)
    losses = [feed.train(network, first_state(network, [[seed]]), STILL, 0, 1) for seed in (0, 1)]
    assert feed.train(network, both, STILL, 0, 1) == max(losses)
    both.parameters[1, -1] = np.nan
    assert np.isnan(feed.train(network, both, STILL, 0, 1))
