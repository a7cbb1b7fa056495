"""The audit of a run's gate, from its trials."""

from __future__ import annotations

from collections.abc import Sequence

from nas.evolution import worthwhile_floor
from nas.recorder import Trial
from nas.status import comparable_trials, score_of
from predictors.audit import AuditReport, Training, audit, count_false_prunes, refutation


def audit_of(history: Sequence[Trial], n_skipped: int) -> AuditReport:
    """What the gate's skipping cost and saved.

    Only trials whose scores may be compared can be on a front, and only worthwhile ones, by the measure of the end.

    Args:
        history: All trials.
        n_skipped: Children that were skipped, recorded as trials or not.
    """
    trainings, floor = _trainings(history)
    return audit(trainings, n_skipped, floor=floor)


def refutation_of(history: Sequence[Trial]) -> str | None:
    """Why the gate is not to prune, by its audit so far; None if nothing speaks against it."""
    trainings, floor = _trainings(history)
    return refutation(*count_false_prunes(trainings, floor))


def _trainings(history: Sequence[Trial]) -> tuple[list[Training], float]:
    """What was trained, and the score below which a network is of no use."""
    comparable = {trial.number: score_of(trial) for trial in comparable_trials(history)}
    trainings = [
        Training(t.decision.kind, t.generation, t.n_weights, comparable.get(t.number), t.outcome.seconds)
        for t in history
        if t.outcome is not None
    ]
    return trainings, worthwhile_floor(list(comparable.values()))
