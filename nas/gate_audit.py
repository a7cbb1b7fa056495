"""The audit of a run's gate, from its trials."""

from __future__ import annotations

from collections.abc import Sequence

from nas.proposal import worthwhile_floor
from nas.recorder import Trial
from nas.status import comparable_trials, score_of
from predictors.audit import AuditReport, Training, audit


def audit_of(history: Sequence[Trial], n_skipped: int) -> AuditReport:
    """What the gate's skipping cost and saved.

    Only trials whose scores may be compared can be on a front, and only worthwhile ones, by the measure of the end.

    Args:
        history: All trials.
        n_skipped: Children that were skipped, recorded as trials or not.
    """
    comparable = {trial.number: score_of(trial) for trial in comparable_trials(history)}
    trainings = [
        Training(t.decision.kind, t.generation, t.n_weights, comparable.get(t.number), t.outcome.seconds)
        for t in history
        if t.outcome is not None
    ]
    return audit(trainings, n_skipped, floor=worthwhile_floor(list(comparable.values())))
