"""A training step of the engine on made-up data, as a call to be timed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nas.engine.layout import aligned_empty, lay_out, workspace
from nas.engine.losses import CROSS_ENTROPY
from nas.engine.optimisers import ADAMW, Optimiser
from nas.engine.state import initial_state
from nas.engine.training import Objective, train_network
from search_spaces.wiring import Wiring

BATCH, LEARNING_RATE = 128, 1e-4


def engine_step(wiring: Wiring, n_seeds: int = 1) -> Callable[[], float]:
    """Forward, softmax cross-entropy, backward and Adam on one batch, for so many weight sets; gives the loss."""
    network = lay_out(wiring, "relu")
    state = initial_state(network, [(seed,) for seed in range(n_seeds)])
    work = workspace([network], n_seeds, BATCH)
    rng = np.random.default_rng(0)
    batches = aligned_empty((1, wiring.n_inputs, BATCH))
    batches[0] = rng.standard_normal((wiring.n_inputs, BATCH))
    targets = rng.integers(0, wiring.n_outputs, (1, BATCH)).astype(np.float32)
    objective, optimiser = Objective(CROSS_ENTROPY, 0.0, 0.0), Optimiser(ADAMW, 0.0, 0.9, 0.0)
    keys, rates = np.zeros(n_seeds, np.uint32), np.array([LEARNING_RATE], np.float32)
    steps_done = 0

    def step() -> float:
        nonlocal steps_done
        loss: float = train_network(
            network, state.parameters, state.first_moment, state.second_moment, batches, targets, objective,
            optimiser, rates, keys, steps_done, work,
        )  # fmt: skip
        steps_done += 1
        return loss

    return step
