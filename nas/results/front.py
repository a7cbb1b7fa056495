"""The front of a run: one network for each doubling of size, by the best evidence there is.

What is known of a network is its mean score over new folds, if it was cross-validated. Of the others it is what the
search expects of them, by their own scores and those of networks like them. That still flatters: the best of hundreds
is in part the luckiest. So it counts less by as much as it fell, on average, for those that were cross-validated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nas.estimation import Estimates
from nas.ranking import doubling, is_worthwhile
from nas.recorder import Trial
from nas.status import comparable_trials, score_of


@dataclass(frozen=True)
class Known:
    """A trial and what is known of it.

    Attributes:
        trial: The trial.
        score: What a report shows: its mean over folds if it was cross-validated, else its score in the search.
        is_confirmed: Whether it was cross-validated.
        expected: The score to compare it by.
    """

    trial: Trial
    score: float
    is_confirmed: bool
    expected: float


def known_of(history: Iterable[Trial], confirmed: Mapping[str, float], estimates: Estimates) -> list[Known]:
    """What is known of each trial whose score may be compared.

    Args:
        history: All trials.
        confirmed: Cross-validated scores by key.
        estimates: What is expected of trials by key; of others their scores are.
    """
    trials = comparable_trials(history)
    expected = {trial.key: estimates.get(trial.key, score_of(trial)) for trial in trials}
    falls = [expected[key] - score for key, score in confirmed.items() if key in expected]
    fall = math.fsum(falls) / len(falls) if falls else 0.0
    return [
        Known(trial, confirmed[trial.key], True, confirmed[trial.key])
        if trial.key in confirmed
        else Known(trial, score_of(trial), False, expected[trial.key] - fall)
        for trial in trials
    ]


def front_by_doubling(known: Sequence[Known]) -> list[Known]:
    """The front, from small to large.

    - Networks that fall short of a perfect score by more than three times as much as the best are left out.
    - Each doubling of size is represented by its best, and by a cross-validated one if it has any: the best of many
      scores of the search is lucky even after the deduction.
    - It is left out if a smaller network of the front is at least as good.
    """
    wanted = [
        one for one, is_wanted in zip(known, is_worthwhile([k.expected for k in known]), strict=True) if is_wanted
    ]
    best_of: dict[int, Known] = {}
    for one in sorted(wanted, key=_worst_first):
        best_of[doubling(one.trial.n_weights)] = one
    front: list[Known] = []
    for size in sorted(best_of):
        if not front or best_of[size].expected > front[-1].expected:
            front.append(best_of[size])
    return front


def best_of_front(front: Sequence[Known]) -> Known:
    """The network of the highest score of a front that is not empty: among the cross-validated, if any is."""
    confirmed = [one for one in front if one.is_confirmed]
    return (confirmed or front)[-1]


def _worst_first(one: Known) -> tuple[bool, float, int, int]:
    return one.is_confirmed, one.expected, -one.trial.n_weights, -one.trial.number
