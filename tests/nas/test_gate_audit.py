from __future__ import annotations

from dataclasses import replace

from candidates import complete, trial

from nas.gate_audit import audit_of, doubt_of
from nas.outcome import Ending, Outcome
from nas.recorder import Trial
from predictors import Decision
from predictors.audit import FEWEST, Found
from predictors.gate import AUDIT, EXPLORATION, GATE_OFF, PREDICTED, SKIPPED


def of_kind(kind: str, number: int, outcome: Outcome | None, improvement: float = 0.0, generation: int = 1) -> Trial:
    decision = Decision(outcome is not None, "", 0.5, 0.1, None, kind, improvement, 0.1)
    return replace(trial(number, outcome, generation), decision=decision)


STOPPED = Outcome(Ending.STOPPED, 1, ((0.99,),), 3.0, "not among the best")
HISTORY = [
    replace(trial(8, complete(100, 0.5, 0.6, 0.90)), generation=0),
    of_kind(PREDICTED, 0, complete(90, 0.5, 0.6, 0.92)),  # on the front of its time
    of_kind(AUDIT, 1, complete(50, 0.5, 0.6, 0.80)),  # likewise
    of_kind(EXPLORATION, 2, complete(200, 0.5, 0.6, 0.85)),  # dominated
    of_kind(AUDIT, 3, complete(5, 0.1, 0.2, 0.30)),  # not worthwhile
    of_kind(EXPLORATION, 4, STOPPED),  # its score is of an earlier rung
    of_kind(GATE_OFF, 6, complete(95, 0.5, 0.6, 0.91), improvement=0.2),  # drawn at random, and liked
    of_kind(GATE_OFF, 7, complete(400, 0.5, 0.6, 0.60), improvement=0.05),
    of_kind(SKIPPED, 5, None),
]


def test_worthwhile_networks_trained_to_the_end_are_on_the_front_of_their_time() -> None:
    report = audit_of(HISTORY, 40)
    assert (report.n_trained, report.n_skipped) == (8, 40)
    assert (report.good, report.others) == (Found(2, 2), Found(1, 5))


def test_what_the_end_of_the_budget_cut_off_says_nothing() -> None:
    cut_off = of_kind(AUDIT, 9, Outcome(Ending.CUT_OFF, 1, ((0.5,),), 3.0, "the budget ended after rung 1"))
    assert audit_of([*HISTORY, cut_off], 40) == audit_of(HISTORY, 40)


def test_without_a_trial_there_is_nothing_to_say() -> None:
    report = audit_of([], 0)
    assert (report.n_trained, report.good, report.others, report.lift) == (0, Found(0, 0), Found(0, 0), None)


def test_a_lift_below_one_speaks_against_the_gate() -> None:
    liked = [of_kind(PREDICTED, 20 + n, complete(500, 0.5, 0.6, 0.70)) for n in range(FEWEST)]
    others = [of_kind(AUDIT, 40 + n, complete(30, 0.5, 0.6, 0.82)) for n in range(FEWEST)]
    said = doubt_of([*HISTORY, *liked, *others])
    assert said is not None and said.startswith("networks that the predictor liked entered the front no more often")
    assert doubt_of(HISTORY) is None  # too few to tell
