"""Kernels in real worker processes: recurrent networks, and what is compiled when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_runs
from ragged import random_sequences
from support import random_recurrent_wiring
from worker_jobs import JOBS, N_ROWS, N_TRAIN, RECIPE, check

from nas.data.shared import SharedRows
from nas.engine.batches import plan_batches
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters
from nas.inputs import engine_rows, mean_square
from nas.jobs import Job, Leg, compile_kernels
from nas.workers import Workers
from search_spaces.recurrent_wiring import CELLS

N_SEQUENCES, N_CHANNELS = 90, 3
SEQUENCE_RECIPE = replace(RECIPE, batches=plan_batches(70, (1, 2)), total_steps=60, clip_norm=1.0)
SEQUENCE_LEG = Leg(SEQUENCE_RECIPE, SEQUENCE_RECIPE.total_steps, (70, N_SEQUENCES))
RECURRENT_JOBS = [
    Job(
        cell,
        random_recurrent_wiring(number, cell),
        None,
        Hyperparameters(1e-2, dropout=0.2),
        ((number, 0), (number, 1)),
    )
    for number, cell in enumerate(CELLS)
]


@pytest.fixture(scope="module", params=[np.uint8, np.float32], ids=["symbols", "channels"])
def sequence_rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SharedRows:
    sequences = random_sequences(0, N_SEQUENCES, N_CHANNELS)
    values = sequences.inputs.values  # (n_steps, n_channels)
    if request.param == np.uint8:
        values = (values == values.max(axis=1, keepdims=True)).astype(np.uint8)  # one symbol a step
    y = np.random.default_rng(0).integers(3, size=N_SEQUENCES)
    return SharedRows.write(tmp_path_factory.mktemp("sequences"), values, y, sequences.offsets)


def test_workers_train_recurrent_networks_as_this_process_does(sequence_rows: SharedRows) -> None:
    stored = sequence_rows.open()
    sequences, y, expected = engine_rows(stored), stored.y, {}
    square = mean_square(sequences)
    for each in RECURRENT_JOBS:
        network = network_of(each.wiring, None)
        start = first_state(network, each.weight_seeds, square)
        recipe = SEQUENCE_RECIPE
        (state,) = train([network], [each.hyperparameters], [start], sequences, y, recipe, recipe.total_steps)
        outputs = [predict(network, parameters, sequences, 70, N_SEQUENCES) for parameters in state.parameters]
        expected[each.key] = state, tuple(score(o, y[70:], recipe.task) for o in outputs)
    with Workers(2, sequence_rows) as workers:
        check(list(workers.train(RECURRENT_JOBS, SEQUENCE_LEG)), expected, list(CELLS))
        parts = list(workers.train(RECURRENT_JOBS, Leg(SEQUENCE_RECIPE, 17, None)))
        state_of = {result.key: result.state for result in parts}
        rest = [replace(each, state=state_of[each.key]) for each in RECURRENT_JOBS]
        check(list(workers.train(rest, SEQUENCE_LEG)), expected, list(CELLS))


def check_compiled(space: str, rows: SharedRows, jobs: list[Job], leg: Leg) -> None:
    """Training and scoring jobs compiles nothing that was not compiled at the start."""
    with Workers(1, rows) as workers:
        workers.map(compile_kernels, [space])
        (before,) = workers.map(small_runs.n_compiled, [space])
        assert all(result.scores for result in workers.train(jobs, leg))
        assert workers.map(small_runs.n_compiled, [space]) == [before]
    assert before > 0


def test_all_that_recurrent_networks_need_is_compiled_at_the_start(sequence_rows: SharedRows) -> None:
    check_compiled("rnn", sequence_rows, RECURRENT_JOBS, SEQUENCE_LEG)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_all_that_feed_forward_networks_need_is_compiled_at_the_start(tmp_path: Path, dtype: type) -> None:
    x = np.random.default_rng(0).integers(0, 2, (N_ROWS, 5)).astype(dtype)
    rows = SharedRows.write(tmp_path, x, np.arange(N_ROWS) % 3)
    check_compiled("mlp", rows, JOBS, Leg(RECIPE, 2, (N_TRAIN, N_ROWS)))


def test_what_is_compiled_already_is_not_compiled_again(tmp_path: Path) -> None:
    rows = SharedRows.write(tmp_path, np.zeros((N_ROWS, 5), np.float32), np.arange(N_ROWS) % 3)
    with Workers(1, rows) as workers:
        workers.map(compile_kernels, ["mlp", "rnn"])
    with Workers(1, rows) as workers:
        assert workers.map(compile_kernels, ["mlp", "rnn"]) == [False, False]
