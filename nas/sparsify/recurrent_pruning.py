"""Pruning of recurrent networks after training: edges of the same step, edges from the step before, or both.

Stier's study of recurrent networks prunes the smallest weights of trained layers, input-to-hidden, hidden-to-hidden, or
both together. Here an edge has a weight for each gate, and goes with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nas.engine.layout import Float32
from nas.engine.recurrent_layout import lay_out_recurrent
from nas.engine.state import TrainingState
from nas.sparsify.amounts import Amount
from nas.sparsify.dropping import lowest
from nas.sparsify.pruning import Retraining, Rows, retrained
from nas.sparsify.recurrent_edges import Float, Mask, OfEdges, lifelines, strengths, without_edges
from nas.sparsify.saliency import ranks_within
from search_spaces.recurrent_wiring import RecurrentWiring

RecurrentPart = Literal["inputs", "recurrent", "both"]
RecurrentSaliency = Literal["random", "magnitude", "magnitude-uniform"]
RECURRENT_PARTS: tuple[RecurrentPart, ...] = get_args(RecurrentPart)
RECURRENT_SALIENCIES: tuple[RecurrentSaliency, ...] = get_args(RecurrentSaliency)


@dataclass(frozen=True, eq=False)
class PrunedRecurrent:
    """A recurrent network after a step of pruning.

    Attributes:
        wiring: What is left.
        parameters: float32 (n_parameters,).
        epochs: Of its retraining.
        score_before: On validation sequences, before the retraining.
        score: After it.
    """

    wiring: RecurrentWiring
    parameters: Float32
    epochs: float
    score_before: float
    score: float


def prune_recurrent(
    wiring: RecurrentWiring,
    parameters: Float32,
    part: RecurrentPart,
    saliency: RecurrentSaliency,
    amount: Amount,
    retraining: Retraining,
    rows: Rows,
    fewest_weights: int,
    rng: np.random.Generator,
    first: Float32 | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[PrunedRecurrent]:
    """Prune a trained network step by step; end when so few weights are left, or a step finds no edge to drop.

    Args:
        wiring, parameters: The network, float32 (n_parameters,).
        part: Which edges go: those of the same step, from embedded values and vertices ("inputs"); those from the step
            before ("recurrent"); or both. Embedding and outputs stay.
        saliency: Which of them go first: those of small weights over all; the same share of either kind; or any.
        amount: How many edges go in a step.
        retraining: What follows each step.
        rows: The sequences that it is trained on.
        fewest_weights: Never prune below, but for units that go because they are of no use any more.
        rng: For random saliencies.
        first: The parameters at the beginning of the training, to rewind to.
        should_stop: Asked while it is retrained.
    """
    task, per_epoch = retraining.recipe.task, retraining.recipe.batches.steps_per_epoch
    while not should_stop():
        most = (wiring.n_weights - fewest_weights) // wiring.n_gates
        is_kept = _kept(wiring, parameters, part, saliency, amount, most, rng)
        if is_kept is None:
            return
        if retraining.is_rewound and first is not None:
            _, first = without_edges(wiring, first, is_kept)
        wiring, parameters = without_edges(wiring, parameters, is_kept)
        start = first if retraining.is_rewound and first is not None else parameters
        network, zeros = lay_out_recurrent(wiring), np.zeros_like(start[None])
        state = TrainingState(start[None].copy(), zeros, zeros.copy())
        before = rows.score(network, state, task)
        state = retrained(network, state, retraining, rows, should_stop)
        parameters = state.parameters[0]
        yield PrunedRecurrent(
            wiring, parameters, state.steps_done / per_epoch, before, rows.score(network, state, task)
        )


def _kept(
    wiring: RecurrentWiring,
    parameters: Float32,
    part: RecurrentPart,
    saliency: RecurrentSaliency,
    amount: Amount,
    most: int,
    rng: np.random.Generator,
) -> OfEdges[Mask] | None:
    """The edges that a step leaves, at most `most` fewer; None if it leaves all."""
    n_inputs, lines = len(wiring.input_indices), lifelines(wiring, parameters)
    is_recurrent = np.arange(n_inputs + len(wiring.recurrent_indices)) >= n_inputs
    is_of_part = np.ones(len(is_recurrent), bool)
    if part != "both":
        is_of_part = is_recurrent == (part == "recurrent")
    values = _saliencies(saliency, wiring, parameters, is_recurrent, rng)
    is_free = is_of_part & ~np.concatenate([lines.inputs, lines.recurrent])
    n_dropped = min(amount.n_dropped(values[is_of_part]), most, int(is_free.sum()))
    if n_dropped <= 0:
        return None
    is_kept = ~lowest(np.where(is_free, values, np.inf), n_dropped)
    return OfEdges(is_kept[:n_inputs], is_kept[n_inputs:])


def _saliencies(
    name: RecurrentSaliency,
    wiring: RecurrentWiring,
    parameters: Float32,
    is_recurrent: Mask,
    rng: np.random.Generator,
) -> Float:
    """The saliency of each edge, (n_edges,): edges of the same step first, then edges from the step before."""
    if name == "random":
        return rng.random(len(is_recurrent))
    strong = strengths(wiring, parameters)
    values = np.concatenate([strong.inputs, strong.recurrent])
    return ranks_within(values, is_recurrent.astype(np.int64)) if name == "magnitude-uniform" else values
