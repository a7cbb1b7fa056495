"""Prunings that follow the training of a candidate, each with a short training of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network
from nas.engine.networks import as_changed
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.sparsify.changes import Changes
from nas.sparsify.frame import Frame
from nas.sparsify.schedules import change_steps
from search_spaces.sparse_training import (
    FURTHER_CHANGES,
    FURTHER_TRAINING,
    FURTHER_UNTIL,
    SparseTraining,
    share_left,
)
from search_spaces.wiring import Wiring

FURTHER_WORD = 0xF02  # sets the seed of these changes apart


def pruned_further(
    network: Network,
    wiring: Wiring,
    state: TrainingState,
    own: Hyperparameters,
    rows: Inputs,
    targets: Float32,
    recipe: Recipe,
    seed: Sequence[int],
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainingState | None:
    """The state of one set of weights after all prunings that follow its training.

    Args:
        network, wiring: As they were drawn.
        state: At the end of the training, or after some of the prunings.
        own: Says which prunings follow.
        rows, targets: What it is trained on.
        recipe: Of the training itself; a pruning takes `FURTHER_TRAINING` of it.
        seed: Words of the seed of the weights.
        should_stop: Asked between batches.

    Returns:
        None if it was stopped; a state with a ``failure`` if a loss was not finite.
    """
    frame = Frame.of(wiring)
    short = replace(recipe, total_steps=max(1, math.ceil(FURTHER_TRAINING * recipe.total_steps)))
    for number in range(state.n_prunings, len(own.sparse_training.further)):
        before = as_changed(network, state)
        assert isinstance(before, Network)
        n_edges, share = len(before.indices), own.sparse_training.further[number]
        training = SparseTraining("pruned", "all", share, FURTHER_CHANGES, FURTHER_UNTIL)
        steps = change_steps(training, short.total_steps)
        words = (*seed, FURTHER_WORD, number)
        changes = Changes(training, frame, n_edges, share_left(share, n_edges, wiring), steps, words)
        zeros = np.zeros_like(state.parameters)
        begun = replace(state, first_moment=zeros, second_moment=zeros.copy(), steps_done=0)
        (after,) = train([network], [own], [begun], rows, targets, short, short.total_steps, should_stop, [changes])
        if after.failure is not None:
            return replace(after, steps_done=recipe.total_steps)
        if after.steps_done < short.total_steps:
            return None
        state = replace(after, steps_done=recipe.total_steps, n_prunings=number + 1)
    return state
