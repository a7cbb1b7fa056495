"""Feeding batches to the networks of a population: gathered once, used by all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from nas.engine.gather import Inputs, gather_batch
from nas.engine.layout import Float32, Network, aligned_empty, padded, workspace
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_layout import RecurrentNetwork, parameter_sizes, recurrent_workspace, sequence_batch
from nas.engine.recurrent_training import train_recurrent_network
from nas.engine.sequence_batches import Sequences, active_counts, gather_sequences, longest_first
from nas.engine.state import TrainingState
from nas.engine.training import loss_and_gradients, train_network
from nas.engine.wiring_changes import Look

BATCHES_IN_CACHE_BYTES = 1 << 18  # how much of the second-level cache batches may take
MAX_STEPS_A_CALL = 64

AnyNetwork = Network | RecurrentNetwork


class Feed(Protocol):
    """Batches of the steps that come next, and how a network takes them."""

    @property
    def steps_a_call(self) -> int:
        """How many steps are gathered at once, at most."""

    def load(self, first_step: int, last_step: int) -> None:
        """Gather the batches of the steps first_step..last_step-1."""

    def train(
        self, network: AnyNetwork, state: TrainingState, own: Hyperparameters, first_step: int, last_step: int
    ) -> float:
        """Train all weight sets of a network on the batches of some loaded steps, in place.

        Returns:
            The highest loss over weight sets at the last step; NaN or infinity, at once, when a loss is.
        """


class RowFeed:
    """Batches of rows of a table, for feed-forward networks."""

    def __init__(
        self, rows: Inputs, targets: Float32, recipe: Recipe, networks: Sequence[AnyNetwork], n_seeds: int
    ) -> None:
        n_inputs, batch_size = rows.n_inputs, recipe.batches.batch_size
        n_fitting = BATCHES_IN_CACHE_BYTES // (4 * n_inputs * batch_size)
        self.steps_a_call = min(max(1, n_fitting), MAX_STEPS_A_CALL)
        self._rows, self._plan = rows, recipe.batches
        self._targets = np.ascontiguousarray(targets, np.float32)
        self._batches = aligned_empty((self.steps_a_call, n_inputs, padded(batch_size)))
        self._batch_targets = aligned_empty((self.steps_a_call, batch_size))
        self._first_loaded = 0
        self._work = workspace([n for n in networks if isinstance(n, Network)], n_seeds, batch_size)
        self._recipe, self._update = recipe, recipe.update()
        self._keys = recipe.dropout_keys(n_seeds)

    def load(self, first_step: int, last_step: int) -> None:
        """As `Feed` says."""
        self._first_loaded = first_step
        for place, rows in enumerate(self._plan.rows(first_step, last_step)):
            gather_batch(self._rows, rows, self._batches[place])
            self._batch_targets[place] = self._targets[rows]

    def train(
        self, network: AnyNetwork, state: TrainingState, own: Hyperparameters, first_step: int, last_step: int
    ) -> float:
        """As `Feed` says."""
        steps = slice(first_step - self._first_loaded, last_step - self._first_loaded)
        rates = self._recipe.rates(own.learning_rate, first_step, last_step)
        loss: float = train_network(
            network, state.parameters, state.first_moment, state.second_moment, self._batches[steps],
            self._batch_targets[steps], self._recipe.objective(own), self._update, rates, self._keys, first_step,
            self._work,
        )  # fmt: skip
        return loss

    def look(self, network: AnyNetwork, state: TrainingState, own: Hyperparameters, step: int) -> Look:
        """What a network of one weight set does on the batch of the loaded step before this one, without dropout."""
        assert isinstance(network, Network)
        place = step - 1 - self._first_loaded
        objective = self._recipe.objective(own)._replace(dropout=0.0)
        inputs, work = self._batches[place], self._work
        loss_and_gradients(
            network, state.parameters, inputs, self._batch_targets[place], objective, self._keys, step, work
        )
        values = np.concatenate([inputs, work.activations[0, : network.n_hidden]])
        return Look(values, work.gradients[0, : len(network.middle)].copy())


class SequenceFeed:
    """Batches of sequences, for recurrent networks; one step of the training at a time, since they are large.

    Networks that read the sequences in the same way share a batch.
    """

    steps_a_call = 1

    def __init__(
        self, sequences: Sequences, targets: Float32, recipe: Recipe, networks: Sequence[AnyNetwork], n_seeds: int
    ) -> None:
        self._sequences, self._plan = sequences, recipe.batches
        self._targets = np.ascontiguousarray(targets, np.float32)
        batch_size = recipe.batches.batch_size
        recurrent = [network for network in networks if isinstance(network, RecurrentNetwork)]
        views = sorted({network.view for network in recurrent})
        self._batches = {view: sequence_batch(view, sequences.longest(), batch_size) for view in views}
        self._n_active = dict.fromkeys(views, np.zeros(1, np.int32))
        self._batch_targets = aligned_empty((batch_size,))
        most_windows = max((len(batch) for batch in self._batches.values()), default=0)
        self._work = recurrent_workspace(recurrent, most_windows, batch_size)
        self._recipe, self._update = recipe, recipe.update()
        self._keys = recipe.dropout_keys(n_seeds)

    def load(self, first_step: int, last_step: int) -> None:
        """As `Feed` says."""
        (chosen,) = self._plan.rows(first_step, last_step)
        rows = longest_first(self._sequences, chosen)
        for view, batch in self._batches.items():
            self._n_active[view] = active_counts(self._sequences, rows, view.stride)
            gather_sequences(self._sequences, rows, self._n_active[view], view, batch)
        self._batch_targets[:] = self._targets[rows]

    def train(
        self, network: AnyNetwork, state: TrainingState, own: Hyperparameters, first_step: int, last_step: int
    ) -> float:
        """As `Feed` says."""
        assert isinstance(network, RecurrentNetwork)
        (rate,) = self._recipe.rates(own.learning_rate, first_step, first_step + 1)
        batch, n_active = self._batches[network.view], self._n_active[network.view]
        loss: float = train_recurrent_network(
            network, parameter_sizes(network), state.parameters, state.first_moment, state.second_moment, batch,
            n_active, self._batch_targets, self._recipe.objective(own), self._update, rate, self._keys,
            first_step + 1, self._work,
        )  # fmt: skip
        return loss
