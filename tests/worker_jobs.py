"""Jobs of feed-forward networks for tests of worker processes, and what their results must equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from support import random_wiring

from nas.engine.batches import plan_batches
from nas.engine.recipe import Hyperparameters, Recipe
from nas.jobs import Job, Leg, Result

N_TRAIN, N_ROWS = 300, 400
RECIPE = Recipe("classification", plan_batches(N_TRAIN, (1, 2)), total_steps=30_000)
WHOLE = Leg(RECIPE, RECIPE.total_steps, (N_TRAIN, N_ROWS))
ENDLESS = replace(RECIPE, total_steps=10**7)


def job(seed: int, weight_seeds: Any = None) -> Job:
    seeds = ((seed, 0), (seed, 1)) if weight_seeds is None else weight_seeds
    return Job(f"candidate {seed}", random_wiring(seed), "relu", Hyperparameters(1e-2, dropout=seed % 2 / 10), seeds)


JOBS = [job(seed) for seed in range(6)]


def check(results: list[Result], expected: dict[str, Any], keys: list[str]) -> None:
    """Exactly one result for each key, equal to the expected one bit for bit."""
    assert sorted(result.key for result in results) == sorted(keys)
    for result in results:
        state, scores = expected[result.key]
        assert result.failure is None
        assert result.state is not None
        assert result.scores == scores
        for part in ("parameters", "first_moment", "second_moment"):
            assert np.array_equal(getattr(result.state, part), getattr(state, part))
