"""What the gate's pruning cost and saved, from the candidates that were trained although they would be skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.gate import AUDIT, EXPLORATION
from predictors.improvement import Staircase

AUDITED_KINDS = (EXPLORATION, AUDIT)
"""Both are drawn with equal chances from all that prediction alone would skip."""
N_BOOTSTRAPS = 1000
CONFIDENCE = 0.95
TOLERATED_RATE = 0.05
"""Share of the skipped that may be of the front: what the gate promises."""
DOUBT = 0.1
"""A gate is believed no longer if keeping its promise would so seldom look so bad."""

Interval = tuple[float, float]
FloorOf = Callable[[Sequence[float]], float]
"""From the scores of a time the one below which a network is of no use on any front."""


@dataclass(frozen=True)
class Training:
    """A candidate that was trained.

    Attributes:
        kind: Of its decision.
        generation: When; its decision knew the trainings of smaller generations.
        n_weights: Its size, at least 1.
        score: What it reached, larger is better; None if it was stopped or failed, so that it cannot be on a front.
        seconds: What its training took.
    """

    kind: str
    generation: int
    n_weights: int
    score: float | None
    seconds: float = 0.0


@dataclass(frozen=True)
class AuditReport:
    """What is known of the candidates that were skipped. Intervals of rates hold the truth in 95 of 100 runs.

    Attributes:
        n_trained: Trainings in all.
        n_skipped: Candidates never trained.
        n_audited: Candidates trained although they would be skipped.
        n_on_final_front: Those of the audited that are on the final front.
        n_on_front_then: Those that entered the front that stood when they were decided on.
        final_rate: Share of the audited on the final front: the false-prune rate; None without any audited.
        final_interval: Of it, by Clopper and Pearson (1934), exact for any number.
        rate_then, interval_then: Likewise, of the front at the time.
        best_score_regret: By how much the skipped are expected to have raised the best score.
        best_score_interval: Of it, by bootstrap over the audited: what none of them showed is not in it.
        front_regret: By which share the one best of the skipped is expected to have raised the front's hypervolume.
        front_interval: Likewise.
        saved_share: Skipped as a share of all that were proposed.
        saved_seconds: What training the skipped would have taken, if it took as long as that of the audited.
    """

    n_trained: int
    n_skipped: int
    n_audited: int
    n_on_final_front: int
    n_on_front_then: int
    final_rate: float | None
    final_interval: Interval
    rate_then: float | None
    interval_then: Interval
    best_score_regret: float
    best_score_interval: Interval
    front_regret: float
    front_interval: Interval
    saved_share: float
    saved_seconds: float


def count_false_prunes(trainings: Sequence[Training], floor_of: FloorOf | None = None) -> tuple[int, int]:
    """How many of the audited are on the front of all trainings, and how many audited there are.

    Args:
        trainings: All of a search so far, in any order.
        floor_of: None if all networks are of use.
    """
    audited = [training for training in trainings if training.kind in AUDITED_KINDS]
    floor = _floor(trainings, floor_of)
    points = _points(trainings, floor) if audited else []
    return sum(_enters(training, points, floor) for training in audited), len(audited)


def refutation(n_on_front: int, n_audited: int) -> str | None:
    """Why the audit says that the gate skips what belongs on the front; None if it does not say so.

    A binomial test: were `TOLERATED_RATE` of the skipped of the front, as many or more among the audited would be found
    with a chance below `DOUBT`.

    Args:
        n_on_front: Audited that are on the front.
        n_audited: Audited in all, at least as many.
    """
    from scipy.stats import binom

    if n_on_front == 0 or float(binom.sf(n_on_front - 1, n_audited, TOLERATED_RATE)) >= DOUBT:
        return None
    verb = "is" if n_on_front == 1 else "are"
    return (
        f"{n_on_front:,} of {n_audited:,} audited that would have been skipped {verb} on the front, too many for a "
        f"false-prune rate of {TOLERATED_RATE:.0%}"
    )


def audit(trainings: Sequence[Training], n_skipped: int, seed: int = 0, floor_of: FloorOf | None = None) -> AuditReport:
    """Say what was lost by skipping, from those that were trained all the same.

    The audited stand for the skipped, since they were drawn from them. Regret is the gain over what was found without
    the audited. It is the expected best of n_skipped draws from the gains of the audited, so that it cannot exceed the
    best of them: what happens less than once in n_audited candidates only the interval of the false-prune rate tells.

    Args:
        trainings: All of a search, in any order.
        n_skipped: How many were skipped and not trained.
        seed: Of the bootstrap.
        floor_of: None if all networks are of use.
    """
    audited = [training for training in trainings if training.kind in AUDITED_KINDS]
    n_final, n = count_false_prunes(trainings, floor_of)
    n_then = sum(
        _improves(training, [t for t in trainings if t.generation < training.generation], floor_of)
        for training in audited
    )
    floor = _floor(trainings, floor_of)
    without = _points([training for training in trainings if training.kind not in AUDITED_KINDS], floor)
    score_gains, front_gains = _gains(audited, without, floor)
    rng = np.random.default_rng(seed)
    score_regret, score_interval = _expected_best(score_gains, n_skipped, rng)
    front_regret, front_interval = _expected_best(front_gains, n_skipped, rng)
    return AuditReport(
        n_trained=len(trainings),
        n_skipped=n_skipped,
        n_audited=n,
        n_on_final_front=n_final,
        n_on_front_then=n_then,
        final_rate=n_final / n if n else None,
        final_interval=_exact_interval(n_final, n),
        rate_then=n_then / n if n else None,
        interval_then=_exact_interval(n_then, n),
        best_score_regret=score_regret,
        best_score_interval=score_interval,
        front_regret=front_regret,
        front_interval=front_interval,
        saved_share=n_skipped / max(n_skipped + len(trainings), 1),
        saved_seconds=n_skipped * sum(training.seconds for training in audited) / n if n else 0.0,
    )


def audit_lines(report: AuditReport, refusal: str | None = None) -> list[str]:
    """The report in sentences.

    Args:
        report: What was found.
        refusal: Why the gate was closed when the search ended, such as `RunSkill.reason` or what `refutation` says;
            None if it was open.
    """
    lines = [] if refusal is None else [f"At the end the gate refused to prune: {refusal}."]
    if report.n_skipped == 0:
        return lines or ["No candidate was skipped."]
    if report.final_rate is None or report.rate_then is None:
        return [*lines, f"{report.n_skipped:,} candidates were skipped, and none of them was trained as an audit."]
    which = "none" if report.n_on_final_front == 0 else f"{report.n_on_final_front:,}"
    found = "are" if report.n_on_final_front > 1 else "is"
    saved = f" and about {report.saved_seconds:,.0f} s" if report.saved_seconds >= 1.0 else ""
    return [
        *lines,
        f"{report.n_skipped:,} candidates were skipped unseen, {report.saved_share:.0%} of all; that saved as many "
        f"trainings{saved}.",
        f"{report.n_audited:,} that would have been skipped were drawn and trained all the same; {which} of them "
        f"{found} on the final front: false-prune rate {_percent(report.final_rate, report.final_interval)}.",
        f"{report.n_on_front_then:,} of them improved the front of their time: "
        f"{_percent(report.rate_then, report.interval_then)}.",
        _regret_line(report),
    ]


def _regret_line(report: AuditReport) -> str:
    if report.best_score_interval[1] == 0.0 and report.front_interval[1] == 0.0:
        return (
            f"Regret: none of the {report.n_audited:,} would have raised the best score or the area under the front; "
            f"that leaves room for up to {100 * report.final_interval[1]:.1f} % of the skipped that would."
        )
    return (
        f"Regret: the best of the skipped is expected to raise the best score by {report.best_score_regret:.4f} "
        f"({report.best_score_interval[0]:.4f} to {report.best_score_interval[1]:.4f}, as far as the audited show), "
        f"and the area under the front by {_percent(report.front_regret, report.front_interval)}."
    )


def _percent(share: float, interval: Interval) -> str:
    return f"{100 * share:.1f} % (95 % interval {100 * interval[0]:.1f} to {100 * interval[1]:.1f} %)"


def _floor(trainings: Sequence[Training], floor_of: FloorOf | None) -> float | None:
    if floor_of is None:
        return None
    return floor_of([training.score for training in trainings if training.score is not None])


def _points(trainings: Sequence[Training], floor: float | None) -> list[tuple[int, float]]:
    scored = [(training.n_weights, training.score) for training in trainings if training.score is not None]
    return [(weights, score) for weights, score in scored if floor is None or score >= floor]


def _enters(training: Training, points: Sequence[tuple[int, float]], floor: float | None) -> bool:
    """Whether it is of use and no point dominates it; a point equal to it does not."""
    if training.score is None or (floor is not None and training.score < floor):
        return False
    size, score = training.n_weights, training.score
    return not any(w <= size and s >= score and (w, s) != (size, score) for w, s in points)


def _improves(training: Training, before: Sequence[Training], floor_of: FloorOf | None) -> bool:
    """Whether it entered the front that there was, and would have been of use then."""
    floor = _floor(before, floor_of)
    return _enters(training, _points(before, floor), floor)


def _gains(
    audited: Sequence[Training], front: Sequence[tuple[int, float]], floor: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each of the audited alone adds to the best score, and to the hypervolume in shares of it, shape (n,)."""
    sizes = np.array([training.n_weights for training in audited], np.int64)
    staircase = Staircase.of(front, sizes, floor)
    scores = np.array([staircase.scores[0] if t.score is None else t.score for t in audited])
    by_score = np.maximum(scores - staircase.scores[-1], 0.0)
    excess = np.maximum(scores[:, None] - staircase.scores, 0.0)  # (n, n_steps)
    area = staircase.hypervolume()
    by_front = (staircase.widths(sizes) * excess).sum(axis=1) / area if area > 0 else np.zeros(len(audited))
    return by_score, by_front


def _expected_best(
    gains: NDArray[np.float64], n_draws: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Expected greatest of n draws with replacement from gains, and its bootstrap interval."""
    if len(gains) == 0 or n_draws == 0:
        return 0.0, (0.0, 0.0)
    places = np.arange(len(gains) + 1) / len(gains)
    chances = np.diff(places**n_draws)  # that the k-th smallest is the greatest drawn
    samples = rng.integers(len(gains), size=(N_BOOTSTRAPS, len(gains)))
    repeats = np.sort(gains[samples], axis=1) @ chances
    low, high = np.quantile(repeats, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(np.sort(gains) @ chances), (float(low), float(high))


def _exact_interval(n_found: int, n: int) -> Interval:
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    interval = binomtest(n_found, n).proportion_ci(CONFIDENCE, method="exact")
    return float(interval.low), float(interval.high)
