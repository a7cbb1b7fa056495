"""What is expected of a candidate at its first rung is learned from how others ended, while that ranks better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from candidates import candidate, complete, trial

from nas import early_evidence
from nas.early_evidence import OFTEN, RARELY, EarlyEvidence, is_better, n_when_judged, nothing_expected
from nas.outcome import Ending, Outcome
from nas.recorder import Trial

SEED = 3


def ended(n: int, *, share_of_score: float, first: int = 0) -> list[Trial]:
    """Trials whose final score is a share of the score at the first rung, and else what their first feature says.

    Every third is complete, the others were stopped at the first rung.
    """
    trials = []
    for number in range(first, first + n):
        rng = np.random.default_rng(number)
        early, hidden = rng.uniform(0.3, 0.6, 2)
        final = 0.3 + share_of_score * early + (1 - share_of_score) * hidden
        outcome = complete(100, early, (early + final) / 2, final)
        if number % 3:
            outcome = Outcome(Ending.STOPPED, 100, ((early,),), 1.0)
        one = trial(number, outcome)
        trials.append(replace(one, features=(hidden, *one.features[1:])))
    return trials


@pytest.mark.parametrize(("growth", "expected"), [(OFTEN, [0, 30, 30, 45, 68, 102]), (RARELY, [0, 30, 30, 30, 30, 90])])
def test_the_number_of_candidates_grows_by_a_factor_from_one_judgement_to_the_next(
    growth: float, expected: Sequence[int]
) -> None:
    assert [n_when_judged(n, 30, growth) for n in (29, 30, 44, 45, 70, 110)] == list(expected)


def test_features_that_tell_the_end_make_it_better_and_noise_does_not() -> None:
    rng = np.random.default_rng(0)
    early, hidden, is_complete = rng.random(90), rng.random(90), np.arange(90) % 2 == 0
    rows = np.column_stack([hidden, early])
    assert is_better(rows, hidden + 0.3 * early, is_complete, SEED)
    assert not is_better(rows, early, is_complete, SEED)


def test_before_there_are_enough_candidates_nothing_is_expected() -> None:
    assert EarlyEvidence(30, SEED).expected(ended(29, share_of_score=0.1)) is nothing_expected


def test_where_the_score_alone_ranks_as_well_nothing_is_expected() -> None:
    assert EarlyEvidence(30, SEED).expected(ended(60, share_of_score=1.0)) is nothing_expected


def test_expected_scores_follow_what_the_features_say_and_only_at_the_first_rung() -> None:
    expected = EarlyEvidence(30, SEED).expected(ended(90, share_of_score=0.1))
    candidates = [candidate(number, 100) for number in range(40)]
    hidden = np.random.default_rng(9).uniform(0.3, 0.6, 40)
    known = [
        replace(one, features=np.array([of_one, *one.features[1:]]))
        for one, of_one in zip(candidates, hidden, strict=True)
    ]
    told = expected(0, known, [0.45] * 40)
    assert told is not None and told.shape == (40,)
    assert np.corrcoef(told, hidden)[0, 1] > 0.8
    assert expected(1, known, [0.45] * 40) is None


def test_it_is_fitted_once_for_as_many_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []
    fit = EarlyEvidence._fit
    monkeypatch.setattr(
        early_evidence.EarlyEvidence, "_fit", lambda self, learned: (fitted.append(len(learned)), fit(self, learned))[1]
    )
    often, rarely = EarlyEvidence(30, SEED), EarlyEvidence(30, SEED, RARELY)
    trials = ended(91, share_of_score=0.1)
    for n in (20, 30, 40, 46, 91):
        often.expected(trials[:n])
    assert fitted == [30, 45, 68]
    fitted.clear()
    for n in (20, 30, 40, 46, 91):
        rarely.expected(trials[:n])
    assert fitted == [30, 90]
