"""What a run is doing, as the command line shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nas.outcome import Counts, Ending
from nas.ranking import pareto_front
from nas.recorder import Trial


@dataclass(frozen=True)
class Status:
    """One look at a run.

    Attributes:
        phase: What it is doing, a short phrase.
        used_s: Seconds used so far.
        budget_s: Seconds it may use; None if it ends by trials.
        n_trials: Candidates trained, stopped or failed; ``trials``: how many there may be, or None.
        generation: Current generation, from 0.
        counts: Candidates by what became of them.
        best: The best complete trial so far, or None.
    """

    phase: str
    used_s: float
    budget_s: float | None
    n_trials: int
    trials: int | None
    generation: int
    counts: Counts
    best: Trial | None = field(default=None, repr=False)


def count(history: Iterable[Trial], n_skipped: int) -> Counts:
    """Counts of a history; the skipped are counted apart, since only some of them are trials."""
    endings = [trial.outcome.ending for trial in history if trial.outcome is not None]
    return Counts(
        trained=endings.count(Ending.COMPLETE),
        stopped=endings.count(Ending.STOPPED) + endings.count(Ending.CUT_OFF),
        skipped=n_skipped,
        failed=endings.count(Ending.FAILED),
    )


def in_order(history: Iterable[Trial]) -> list[Trial]:
    """Trials by generation, and within one in the order of the record, which does not depend on the time."""
    return sorted(history, key=lambda trial: trial.generation)


def comparable_trials(history: Iterable[Trial]) -> list[Trial]:
    """The trials whose scores may be compared: complete ones, or, without any, those that came furthest."""
    scored = [trial for trial in history if trial.outcome is not None and trial.outcome.scores]
    scored = [trial for trial in scored if trial.outcome is not None and trial.outcome.ending is not Ending.FAILED]
    furthest = max((_n_rungs(trial) for trial in scored), default=0)
    return [trial for trial in scored if _n_rungs(trial) == furthest]


def front_of(history: Iterable[Trial]) -> list[Trial]:
    """The Pareto front of (score, number of weights), from small to large."""
    trials = comparable_trials(history)
    return [trials[place] for place in pareto_front([score_of(t) for t in trials], [t.n_weights for t in trials])]


def best_of(history: Iterable[Trial]) -> Trial | None:
    """The trial of highest validation score; of equals the smallest."""
    front = front_of(history)
    return front[-1] if front else None


def score_of(trial: Trial) -> float:
    """The validation score of a trial that has one."""
    assert trial.outcome is not None
    return trial.outcome.score


def _n_rungs(trial: Trial) -> int:
    return 0 if trial.outcome is None else len(trial.outcome.scores)
