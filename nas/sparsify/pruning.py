"""Pruning after training: step by step edges of low saliency go, and what is left is trained again.

The saliencies, amounts and retrainings are those of Haeusner's study of feed-forward networks, on which Stier, Darji &
Granitzer (2021) build. Gradual pruning in the middle of a training is in `nas.sparsify.changes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nas.engine.feed import AnyNetwork
from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network
from nas.engine.networks import as_changed
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.sequence_batches import Sequences
from nas.engine.state import TrainingState
from nas.sparsify.amounts import Amount
from nas.sparsify.curvature import made_up_for
from nas.sparsify.dropping import kept_edges
from nas.sparsify.edges import Int64, codes_of, ends_of, without
from nas.sparsify.frame import Frame
from nas.sparsify.saliency import SaliencyName, saliencies


@dataclass(frozen=True)
class Retraining:
    """How what is left is trained again.

    Attributes:
        recipe: Of one retraining: its rows, its schedule, and at most so many steps.
        own: Learning rate and more.
        least_gain: Of the score on validation rows by an epoch, for which it goes on; None to train to the end of the
            recipe.
        is_rewound: Whether the weights that are left go back to what they were when training began.
    """

    recipe: Recipe
    own: Hyperparameters
    least_gain: float | None = None
    is_rewound: bool = False


@dataclass(frozen=True, eq=False)
class Pruned:
    """A network after a step of pruning.

    Attributes:
        network, state: What is left, with one set of weights.
        epochs: Of its retraining.
        score_before: On validation rows, before the retraining.
        score: After it.
    """

    network: Network
    state: TrainingState
    epochs: float
    score_before: float
    score: float


@dataclass(frozen=True, eq=False)
class Rows:
    """What a network is pruned and retrained on: rows, or sequences.

    Attributes:
        inputs, targets: Training rows, and behind them validation rows; or sequences.
        n_train: How many of them are trained on.
        n_derivatives: On how many of them saliencies take derivatives.
    """

    inputs: Inputs | Sequences
    targets: Float32
    n_train: int
    n_derivatives: int = 10_000

    def score(self, network: AnyNetwork, state: TrainingState, task: str) -> float:
        """The score of the network on the validation rows; NaN if there are none."""
        if len(self.targets) == self.n_train:
            return float("nan")
        outputs = predict(network, state.parameters[0], self.inputs, self.n_train, len(self.targets))
        return score(outputs, self.targets[self.n_train :], task)


def prune(
    network: Network,
    state: TrainingState,
    frame: Frame,
    saliency: SaliencyName,
    amount: Amount,
    retraining: Retraining,
    rows: Rows,
    fewest_edges: int,
    rng: np.random.Generator,
    first: TrainingState | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Pruned]:
    """Prune a trained network step by step; end when so few edges are left, or a step finds none to drop.

    Args:
        network, state: The network, with one set of weights.
        frame: Of its wiring as it was drawn.
        saliency, amount: What goes.
        retraining: What follows each step.
        rows: What it is trained on.
        fewest_edges: Never prune below.
        rng: For random saliencies.
        first: The state at the beginning of the training, of the same network, to rewind to.
        should_stop: Asked while it is retrained.
    """
    assert isinstance(rows.inputs, Inputs)
    task, codes = retraining.recipe.task, codes_of(network, ends_of(network))
    some = Inputs(rows.inputs.values[: rows.n_derivatives], rows.inputs.scale, rows.inputs.shift)
    targets = rows.targets[: rows.n_derivatives]
    while len(network.indices) > fewest_edges and not should_stop():
        values = saliencies(saliency, network, state.parameters[0], frame, some, targets, task, rng)
        n_edges = len(values)
        n_dropped = min(amount.n_dropped(values), n_edges - fewest_edges)
        is_kept = kept_edges(network, values, np.ones(n_edges, bool), n_dropped)
        if is_kept.all():
            return
        if saliency == "layer-wise-surgeon":
            state = replace(state, parameters=made_up_for(network, state.parameters[0], some, is_kept)[None])
        network, state = without(network, state, is_kept)
        if retraining.is_rewound and first is not None:
            state = replace(state, parameters=_rewound(network, state, codes, first))
        before = rows.score(network, state, task)
        state = retrained(network, state, retraining, rows, should_stop)
        epochs = state.steps_done / retraining.recipe.batches.steps_per_epoch
        yield Pruned(network, state, epochs, before, rows.score(network, state, task))


def retrained(
    network: AnyNetwork, state: TrainingState, how: Retraining, rows: Rows, should_stop: Callable[[], bool]
) -> TrainingState:
    """The state of one set of weights after a retraining, from fresh moments."""
    recipe, per_epoch = how.recipe, how.recipe.batches.steps_per_epoch
    zeros = np.zeros_like(state.parameters)
    state = replace(state, first_moment=zeros, second_moment=zeros.copy(), steps_done=0)
    best = rows.score(network, state, recipe.task)
    while state.steps_done < recipe.total_steps and not should_stop():
        until = recipe.total_steps
        if how.least_gain is not None:
            until = min(until, state.steps_done + per_epoch)
        base = as_changed(network, state)
        (state,) = train([base], [how.own], [state], rows.inputs, rows.targets, recipe, until, should_stop)
        if state.failure is not None:
            return state
        now = rows.score(network, state, recipe.task)
        if how.least_gain is not None and not now - best >= how.least_gain:
            break
        best = now
    return state


def _rewound(network: Network, state: TrainingState, codes: Int64, first: TrainingState) -> Float32:
    """The first weights of the edges that are left, and the first biases: float32 (1, n_parameters)."""
    places = np.searchsorted(codes, codes_of(network, ends_of(network)))
    n_first = len(codes)
    parts = first.parameters[0, :n_first][places], first.parameters[0, n_first:]
    return np.concatenate(parts)[None].astype(np.float32)
