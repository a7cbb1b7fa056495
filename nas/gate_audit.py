"""The audit of a run's gate, from its trials."""

from __future__ import annotations

from collections.abc import Sequence

from nas.outcome import Ending
from nas.ranking import worthwhile_floor
from nas.recorder import Trial
from nas.status import comparable_trials, score_of
from predictors.audit import AuditReport, Training, audit, doubt


def audit_of(history: Sequence[Trial], n_skipped: int) -> AuditReport:
    """What the gate's choice was worth.

    Only trials whose scores may be compared can be on a front, and only worthwhile ones, by the measure of their time.
    Trainings that the end of the budget cut off say nothing, and are left out.

    Args:
        history: All trials.
        n_skipped: Children that were skipped, recorded as trials or not.
    """
    return audit(_trainings(history), n_skipped, floor_of=worthwhile_floor)


def doubt_of(history: Sequence[Trial]) -> str | None:
    """Why the gate is not to prune, by what the trained networks showed so far; None if nothing speaks against it."""
    return doubt(_trainings(history), worthwhile_floor)


def _trainings(history: Sequence[Trial]) -> list[Training]:
    comparable = {trial.number: score_of(trial) for trial in comparable_trials(history)}
    return [
        Training(t.decision.is_predicted_good, t.generation, t.n_weights, comparable.get(t.number))
        for t in history
        if t.outcome is not None and t.outcome.ending is not Ending.CUT_OFF
    ]
