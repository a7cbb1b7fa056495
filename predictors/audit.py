"""What the gate's choice is worth: how much more often the networks that it likes enter the front than the others.

What would be skipped is trained now and then all the same: drawn as an audit or as exploration while the gate is open,
and always while it is closed. These show what the skipped were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.improvement import Staircase

N_BOOTSTRAPS = 1000
CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959964  # of (1 + CONFIDENCE) / 2
FEWEST = 10
"""Trained networks that the predictor likes, and others, from which on their lift is taken for evidence."""

Interval = tuple[float, float]
FloorOf = Callable[[Sequence[float]], float]
"""From the scores of a time the one below which a network is of no use on any front."""


@dataclass(frozen=True)
class Training:
    """A candidate that was trained.

    Attributes:
        is_good: Whether its prediction alone would have had it trained; None without a prediction.
        generation: When; its decision knew the trainings of smaller generations.
        n_weights: Its size, at least 1.
        score: What it reached, larger is better; None if it was stopped or failed, so that it cannot be on a front.
    """

    is_good: bool | None
    generation: int
    n_weights: int
    score: float | None


@dataclass(frozen=True)
class Found:
    """How many of some trained networks entered the front of their time."""

    n_entered: int
    n: int


@dataclass(frozen=True)
class AuditReport:
    """What is known of the gate's choice. Intervals hold the truth in 95 of 100 runs.

    Attributes:
        n_trained: Trainings in all.
        n_skipped: Candidates never trained.
        good: Of the trained that the predictor liked.
        others: Of the trained that it would have skipped.
        lift: How many times as often those it liked entered the front; None without any of either.
        lift_interval: Of it; None likewise.
        best_score_regret: By how much the skipped are expected to have raised the best score.
        best_score_interval: Of it, by bootstrap over the others: what none of them showed is not in it.
        front_regret: By which share the one best of the skipped is expected to have raised the front's hypervolume.
        front_interval: Likewise.
    """

    n_trained: int
    n_skipped: int
    good: Found
    others: Found
    lift: float | None
    lift_interval: Interval | None
    best_score_regret: float
    best_score_interval: Interval
    front_regret: float
    front_interval: Interval


def lift_of(good: Found, others: Found) -> tuple[float, Interval]:
    """The ratio of two rates, and its interval.

    Half a network is added to those that entered the front and half to those that did not, so that it exists where
    nothing entered, or all did; the interval is that of the logarithm: Katz, Baptista, Azen and Pike, "Obtaining
    confidence intervals for the risk ratio in cohort studies", Biometrics 34 (1978).

    Args:
        good: The rate above.
        others: The rate below; both of at least one network.
    """
    a, n, b, m = good.n_entered + 0.5, good.n + 1.0, others.n_entered + 0.5, others.n + 1.0
    logarithm = math.log(a / n) - math.log(b / m)
    error = math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    low, high = (math.exp(logarithm + sign * NORMAL_QUANTILE * error) for sign in (-1.0, 1.0))
    return math.exp(logarithm), (low, high)


def doubt(trainings: Sequence[Training], floor_of: FloorOf | None = None) -> str | None:
    """Why the gate is not to prune, by what the trained networks showed; None if nothing speaks against it.

    Args:
        trainings: All of a search so far, in any order.
        floor_of: None if all networks are of use.
    """
    good, others = _found(trainings, floor_of)
    if min(good.n, others.n) < FEWEST or lift_of(good, others)[0] > 1.0:
        return None
    return f"networks that the predictor liked entered the front no more often than others: {_rates(good, others)}"


def audit(trainings: Sequence[Training], n_skipped: int, seed: int = 0, floor_of: FloorOf | None = None) -> AuditReport:
    """Say what the gate's choice was worth, and what was lost by skipping.

    Those that would have been skipped and were trained all the same stand for the skipped, since they were drawn from
    them. Regret is the gain over what was found without them. It is the expected best of n_skipped draws from the gains
    of these others, so that it cannot exceed the best of them.

    Args:
        trainings: All of a search, in any order.
        n_skipped: How many were skipped and not trained.
        seed: Of the bootstrap.
        floor_of: None if all networks are of use.
    """
    good, others = _found(trainings, floor_of)
    lift, interval = lift_of(good, others) if good.n and others.n else (None, None)
    floor = _floor(trainings, floor_of)
    unwanted = [training for training in trainings if training.is_good is False]
    without = _points([training for training in trainings if training.is_good is not False], floor)
    score_gains, front_gains = _gains(unwanted, without, floor)
    rng = np.random.default_rng(seed)
    score_regret, score_interval = _expected_best(score_gains, n_skipped, rng)
    front_regret, front_interval = _expected_best(front_gains, n_skipped, rng)
    return AuditReport(
        n_trained=len(trainings),
        n_skipped=n_skipped,
        good=good,
        others=others,
        lift=lift,
        lift_interval=interval,
        best_score_regret=score_regret,
        best_score_interval=score_interval,
        front_regret=front_regret,
        front_interval=front_interval,
    )


def audit_lines(report: AuditReport, closed: str | None = None) -> list[str]:
    """The report in sentences.

    Args:
        report: What was found.
        closed: Why the gate was closed when the search ended, such as `RunSkill.reason` or what `doubt` says; None if
            it was open.
    """
    lines = [] if closed is None else [f"The gate was closed at the end: {closed}."]
    if report.n_skipped == 0:
        lines.append("No candidate was skipped.")
    else:
        lines.append(f"{report.n_skipped:,} candidates were skipped by their prediction, {report.n_trained:,} trained.")
    if report.lift is None or report.lift_interval is None:
        return lines
    low, high = report.lift_interval
    lines.append(
        f"Networks that the predictor liked entered the front {report.lift:.1f} times as often as those that it would "
        f"skip (95 % interval {low:.1f} to {high:.1f}): {_rates(report.good, report.others)}."
    )
    return [*lines, _regret_line(report)] if report.n_skipped else lines


def _regret_line(report: AuditReport) -> str:
    if report.best_score_interval[1] == 0.0 and report.front_interval[1] == 0.0:
        return (
            f"Regret: none of the {report.others.n:,} that it would have skipped raised the best score or the area "
            "under the front."
        )
    low, high = report.front_interval
    return (
        f"Regret: the best of the skipped is expected to raise the best score by {report.best_score_regret:.4f} "
        f"({report.best_score_interval[0]:.4f} to {report.best_score_interval[1]:.4f}, as far as the trained show), "
        f"and the area under the front by {100 * report.front_regret:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)."
    )


def _rates(good: Found, others: Found) -> str:
    return f"{good.n_entered:,} of {good.n:,} against {others.n_entered:,} of {others.n:,}"


def _found(trainings: Sequence[Training], floor_of: FloorOf | None) -> tuple[Found, Found]:
    """Of those that the predictor liked, and of those that it would have skipped."""
    entered = _entered(trainings, floor_of)
    counts = []
    for is_good in (True, False):
        of = [has for training, has in zip(trainings, entered, strict=True) if training.is_good is is_good]
        counts.append(Found(sum(of), len(of)))
    return counts[0], counts[1]


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


def _entered(trainings: Sequence[Training], floor_of: FloorOf | None) -> list[bool]:
    """Which of the trainings entered the front of those of earlier generations, and would have been of use then."""
    entered: dict[int, bool] = {}
    for generation in sorted({training.generation for training in trainings}):
        before = [training for training in trainings if training.generation < generation]
        floor = _floor(before, floor_of)
        points = _points(before, floor)
        for place, training in enumerate(trainings):
            if training.generation == generation:
                entered[place] = _enters(training, points, floor)
    return [entered[place] for place in range(len(trainings))]


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
