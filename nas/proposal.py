"""Propose the candidates of a generation: children of the evolution that pass the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nas.config import PredictorConfig
from nas.description import Described
from nas.evolution import Child, Evolution
from nas.generation import N_RUNGS, Candidate
from nas.outcome import Ending
from nas.recorder import Trial
from nas.seeding import Stream, generator, seed_words
from nas.status import front_of, score_of
from predictors import REGRESSORS, Decision, GateSettings, Prediction, decide, final_score_estimates


@dataclass(frozen=True, eq=False)
class Proposal:
    """A child with what the gate said of it."""

    candidate: Candidate
    decision: Decision


def propose(
    evolution: Evolution,
    history: Sequence[Trial],
    n_children: int,
    settings: PredictorConfig,
    run_seed: int,
    describe: Callable[[Sequence[Child]], list[Described]],
) -> list[Proposal]:
    """Ask for children and decide which are trained.

    Depends on the history of earlier generations alone, so that a resumed run decides alike.

    Args:
        evolution: Where children come from.
        history: All trials so far.
        n_children: How many to train.
        settings: When to skip.
        run_seed: Seed of the run.
        describe: Gives wiring and features of children, in order.

    Returns:
        All children that were looked at, in the order in which they were proposed.
    """
    generation = evolution.generation
    before = [trial for trial in history if trial.generation < generation]
    labelled = [t for t in before if t.outcome is not None and t.outcome.ending is not Ending.FAILED]
    is_ready = settings.enabled and len(labelled) >= settings.warm_up
    children = evolution.ask(n_children * settings.pool_factor if is_ready else n_children)
    candidates = [
        Candidate(child.genotype.key(), child.genotype, child.parents, wiring, features)
        for child, (wiring, features) in zip(children, describe(children), strict=True)
    ]
    decisions = decide(
        [candidate.key for candidate in candidates],
        np.array([candidate.wiring.n_weights for candidate in candidates], np.int64),
        _predict(labelled, candidates, seed_words(run_seed, Stream.PREDICTOR, generation)) if is_ready else None,
        [(trial.n_weights, score_of(trial)) for trial in front_of(before)],
        n_children,
        generator(run_seed, Stream.GATE, generation),
        GateSettings(warm_up=settings.warm_up, exploration_share=settings.exploration_share),
    )
    return [Proposal(candidate, decision) for candidate, decision in zip(candidates, decisions, strict=True)]


def _predict(labelled: Sequence[Trial], candidates: Sequence[Candidate], seed: list[int]) -> Prediction:
    rows = np.array([trial.features for trial in labelled])
    scores = [trial.outcome.rung_scores for trial in labelled if trial.outcome is not None]
    regressor = REGRESSORS["forest"](int(np.random.default_rng(seed).integers(2**31)))
    regressor.fit(rows, final_score_estimates(scores, N_RUNGS))
    return regressor.predict(np.array([candidate.features for candidate in candidates]))
