"""What a run says of its predictor: how far to trust it, and what its pruning cost and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from nas.config import PredictorConfig
from nas.gate_audit import audit_of
from nas.generation import N_RUNGS
from nas.outcome import Ending
from nas.proposal import family_of
from nas.recorder import Trial
from nas.seeding import Stream, seed_words
from predictors import Examples, feature_names, final_score_estimates
from predictors.audit import audit_lines
from predictors.features import recorded_names, size_names
from predictors.features.training_genes import training_names
from predictors.regressors import make_regressor
from predictors.trust import OutOfTime, assess
from predictors.trust_report import to_dict, trust_lines

FEWEST_OUTCOMES = 30
MOST_OUTCOMES = 200
"""Outcomes that the predictor is judged on; of more, this many are drawn: errors are small then, within seconds."""
NO_TIME = "No time was left to cross-validate the predictor."


def predictor_report(
    history: Sequence[Trial],
    n_skipped: int,
    settings: PredictorConfig,
    closed: str | None,
    run_seed: int,
    *,
    with_trust: bool = True,
    deadline: float | None = None,
) -> dict[str, Any] | None:
    """Trust and audit of a run's predictor in JSON types, with the sentences to print; None if it has none.

    Args:
        history: All trials.
        n_skipped: Candidates that were skipped and never trained.
        settings: Those of the predictor.
        closed: Why the gate was closed at the end; None if it was open.
        run_seed: Seed of the run.
        with_trust: Whether to cross-validate.
        deadline: When to stop that, in seconds of `time.monotonic`; what is known by then is told, and what is not. At
            most the one fit that has begun goes on beyond it. None to take the time it needs.
    """
    if not settings.enabled:
        return None
    report = audit_of(history, n_skipped)
    examples = examples_of(history, run_seed)
    trust, lines = None, []
    if with_trust and len(examples) >= FEWEST_OUTCOMES and np.ptp(examples.targets) > 0:
        seed = int(np.random.default_rng(seed_words(run_seed, Stream.TRUST)).integers(2**31))
        # By ranks, as the gate learns: see `ScoreScale`.
        make = partial(make_regressor, settings.regressor, target="ranks")
        try:
            trust = assess(examples, make, seed, n_repeats=1, n_curve_repeats=0, deadline=deadline)
            lines = trust_lines(trust)
        except OutOfTime:
            lines = [NO_TIME]
    return {
        "audit": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(report).items()},
        "audit_lines": audit_lines(report, closed),
        "trust": None if trust is None else to_dict(trust),
        "trust_lines": lines,
    }


def examples_of(history: Sequence[Trial], run_seed: int) -> Examples:
    """What the predictor of a run learned from, or a part of it: features, and scores as at the last rung."""
    pairs = [(t, t.outcome) for t in history if t.outcome is not None and t.outcome.ending is not Ending.FAILED]
    space = pairs[0][0].genotype.space if pairs else "mlp"
    names = recorded_names(space, len(pairs[0][0].features)) if pairs else feature_names(space)
    labels = final_score_estimates([outcome.rung_scores for _, outcome in pairs], N_RUNGS)
    seeds = [np.array(outcome.scores[-1]) for _, outcome in pairs]
    repeats = None
    if seeds and min(map(len, seeds)) == max(map(len, seeds)) > 1:
        repeats = np.array([label + of - of.mean() for label, of in zip(labels, seeds, strict=True)])
    examples = Examples(
        names=names,
        rows=np.array([trial.features for trial, _ in pairs], np.float64).reshape(len(pairs), len(names)),
        targets=labels,
        repeats=repeats,
        size_names=size_names(space),
        training_names=training_names(names),
        families=tuple(family_of(trial.genotype) for trial, _ in pairs),
    )
    if len(pairs) <= MOST_OUTCOMES:
        return examples
    drawn = np.random.default_rng(seed_words(run_seed, Stream.TRUST)).permutation(len(pairs))[:MOST_OUTCOMES]
    return examples.take(np.sort(drawn))
