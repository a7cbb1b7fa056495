from __future__ import annotations

from dataclasses import replace

from candidates import complete, trial

from nas.gate_audit import audit_of, refutation_of
from nas.outcome import Ending, Outcome
from nas.recorder import Trial
from predictors import Decision
from predictors.gate import AUDIT, EXPLORATION, PREDICTED, SKIPPED


def of_kind(kind: str, number: int, outcome: Outcome | None) -> Trial:
    return replace(trial(number, outcome), decision=Decision(outcome is not None, "", kind=kind))


STOPPED = Outcome(Ending.STOPPED, 1, ((0.99,),), 3.0, "not among the best")
HISTORY = [
    of_kind(PREDICTED, 0, complete(100, 0.5, 0.6, 0.90)),
    of_kind(AUDIT, 1, complete(50, 0.5, 0.6, 0.80)),  # on the front
    of_kind(EXPLORATION, 2, complete(200, 0.5, 0.6, 0.85)),  # dominated
    of_kind(AUDIT, 3, complete(5, 0.1, 0.2, 0.30)),  # not worthwhile
    of_kind(EXPLORATION, 4, STOPPED),  # its score is of an earlier rung
    of_kind(SKIPPED, 5, None),
]


def test_only_worthwhile_networks_trained_to_the_end_are_on_the_front() -> None:
    report = audit_of(HISTORY, 40)
    assert (report.n_trained, report.n_skipped, report.n_audited) == (5, 40, 4)
    assert (report.n_on_final_front, report.final_rate) == (1, 0.25)
    assert report.saved_seconds == 40 * (1.0 + 1.0 + 1.0 + 3.0) / 4


def test_what_the_end_of_the_budget_cut_off_says_nothing() -> None:
    cut_off = of_kind(AUDIT, 9, Outcome(Ending.CUT_OFF, 1, ((0.5,),), 3.0, "the budget ended after rung 1"))
    assert audit_of([*HISTORY, cut_off], 40) == audit_of(HISTORY, 40)


def test_without_a_trial_there_is_nothing_to_say() -> None:
    report = audit_of([], 0)
    assert (report.n_trained, report.n_audited, report.final_rate) == (0, 0, None)


def test_audited_networks_on_the_front_speak_against_the_gate() -> None:
    said = "2 of 5 audited that would have been skipped are on the front, too many for a false-prune rate of 5%"
    another = of_kind(AUDIT, 6, complete(20, 0.5, 0.6, 0.75))
    assert refutation_of([*HISTORY, another]) == said
    assert refutation_of(HISTORY) is None  # one of four is no surprise
    larger_and_better = of_kind(PREDICTED, 7, complete(15, 0.5, 0.6, 0.95))
    assert refutation_of([*HISTORY, another, larger_and_better]) is None
