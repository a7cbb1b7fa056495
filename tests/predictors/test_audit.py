from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import relative_risk

from predictors.audit import FEWEST, AuditReport, Found, Training, audit, audit_lines, doubt, lift_of

trainings = st.lists(
    st.builds(
        Training,
        st.sampled_from([True, False, None]),
        st.integers(0, 3),
        st.integers(1, 6),
        st.none() | st.integers(-4, 4).map(lambda score: score / 4),
    ),
    max_size=12,
)


def enters(one: Training, others: list[Training]) -> bool:
    """Whether it is not dominated, by the definition."""
    return one.score is not None and not any(
        other.score is not None
        and other.score >= one.score
        and other.n_weights <= one.n_weights
        and (other.score > one.score or other.n_weights < one.n_weights)
        for other in others
    )


@settings(deadline=None, max_examples=60)
@given(trainings, st.integers(0, 50))
def test_those_are_counted_that_nothing_of_earlier_generations_dominates(
    all_of: list[Training], n_skipped: int
) -> None:
    report = audit(all_of, n_skipped)
    assert (report.n_trained, report.n_skipped) == (len(all_of), n_skipped)
    for is_good, found in ((True, report.good), (False, report.others)):
        of = [t for t in all_of if t.is_good is is_good]
        entered = [t for t in of if enters(t, [o for o in all_of if o.generation < t.generation])]
        assert found == Found(len(entered), len(of))
    assert (report.lift is None) == (report.good.n == 0 or report.others.n == 0)
    assert (report.lift is None) == (report.lift_interval is None)
    if report.lift is not None and report.lift_interval is not None:
        assert report.lift_interval[0] < report.lift < report.lift_interval[1]


def test_the_lift_of_many_is_the_relative_risk_with_the_interval_of_its_logarithm() -> None:
    lift, interval = lift_of(Found(3000, 9000), Found(1000, 9000))
    expected = relative_risk(3000, 9000, 1000, 9000)
    between = expected.confidence_interval(0.95)
    assert lift == pytest.approx(expected.relative_risk, rel=1e-3)
    assert interval == pytest.approx((between.low, between.high), rel=1e-3)


def test_the_lift_exists_where_nothing_entered_the_front() -> None:
    lift, (low, high) = lift_of(Found(2, 10), Found(0, 30))
    assert 1.0 < lift < math.inf and 0.0 < low < 1.0 < high


def test_intervals_of_a_gate_that_chooses_at_random_hold_one() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        good, others = (Found(int(rng.binomial(n, 0.1)), n) for n in (80, 120))
        low, high = lift_of(good, others)[1]
        held += low <= 1.0 <= high
    assert 465 <= held <= 500


def entered_first(is_good: bool, n_entered: int, n: int) -> list[Training]:
    """Trainings of one generation, some of which are on the front, all alike, and the others nowhere."""
    return [Training(is_good, 0, 10, 0.9 if number < n_entered else None) for number in range(n)]


def test_a_gate_is_doubted_while_what_it_likes_enters_the_front_no_more_often() -> None:
    better = entered_first(True, 6, 20) + entered_first(False, 2, 20)
    worse = entered_first(True, 2, 20) + entered_first(False, 6, 20)
    assert doubt(better) is None
    assert doubt(worse) == (
        "networks that the predictor liked entered the front no more often than others: 2 of 20 against 6 of 20"
    )
    few = entered_first(True, 0, FEWEST - 1) + entered_first(False, 6, 20)
    assert doubt(few) is None


def test_regret_is_the_expected_best_of_the_skipped_over_what_was_found_without_the_others() -> None:
    base = [Training(None, 0, 100, 0.5), Training(True, 1, 100, 0.8)]
    better = [Training(False, 1, 100, 0.9), Training(False, 1, 100, 0.7)]
    # One of two draws with replacement is the better with a chance of 3/4.
    report = audit(base + better, 2, floor_of=lambda _: 0.5)
    assert report.best_score_regret == pytest.approx(0.75 * 0.1)
    assert report.front_regret == pytest.approx(0.75 * (0.4 - 0.3) / 0.3)
    assert report.best_score_interval == pytest.approx((0.0, 0.1))


def test_regret_draws_agree_with_a_simulation() -> None:
    rng = np.random.default_rng(0)
    scores = [0.8, 0.7, 0.75, 0.6, 0.3]
    report = audit([Training(True, 0, 9, 0.65)] + [Training(False, 0, 9, score) for score in scores], 3)
    gains = np.maximum(np.array(scores) - 0.65, 0.0)
    simulated = gains[rng.integers(5, size=(20_000, 3))].max(axis=1).mean()
    assert report.best_score_regret == pytest.approx(simulated, rel=0.02)


def test_a_smaller_network_of_equal_score_raises_the_front_but_not_the_best_score() -> None:
    report = audit([Training(True, 0, 100, 0.8), Training(False, 0, 50, 0.8)], 10, floor_of=lambda _: 0.5)
    assert report.best_score_regret == 0.0
    assert report.front_regret == pytest.approx(1.0)  # the width is ln 2 and becomes ln 4


def test_below_the_floor_nothing_is_on_a_front() -> None:
    report = audit([Training(True, 0, 100, 0.8), Training(False, 0, 5, 0.4)], 10, floor_of=lambda _: 0.5)
    assert (report.others, report.front_regret) == (Found(0, 1), 0.0)


def test_the_front_of_a_time_is_of_what_was_worthwhile_then() -> None:
    found = [Training(True, 0, 100, 0.8), Training(False, 1, 90, 0.85), Training(True, 2, 80, 0.98)]
    assert audit(found, 10, floor_of=lambda scores: max(scores, default=0.0) - 0.1).others == Found(1, 1)


REPORT = AuditReport(
    n_trained=140,
    n_skipped=412,
    good=Found(12, 60),
    others=Found(2, 40),
    lift=3.4,
    lift_interval=(0.9, 12.6),
    best_score_regret=0.0,
    best_score_interval=(0.0, 0.0),
    front_regret=0.01,
    front_interval=(0.0, 0.02),
)


def test_the_lines_say_the_lift_and_the_regret() -> None:
    assert audit_lines(REPORT) == [
        "412 candidates were skipped by their prediction, 140 trained.",
        "Networks that the predictor liked entered the front 3.4 times as often as those that it would skip (95 % "
        "interval 0.9 to 12.6): 12 of 60 against 2 of 40.",
        "Regret: the best of the skipped is expected to raise the best score by 0.0000 (0.0000 to 0.0000, as far as "
        "the trained show), and the area under the front by 1.0 % (0.0 to 2.0 %).",
    ]
    nothing = replace(REPORT, front_regret=0.0, front_interval=(0.0, 0.0))
    assert audit_lines(nothing)[-1] == (
        "Regret: none of the 40 that it would have skipped raised the best score or the area under the front."
    )


def test_the_lines_say_that_and_why_nothing_was_skipped() -> None:
    none = replace(REPORT, n_skipped=0, lift=None, lift_interval=None)
    assert audit_lines(none) == ["No candidate was skipped."]
    closed = "the predictor does not beat size alone"
    assert audit_lines(none, closed) == [f"The gate was closed at the end: {closed}.", "No candidate was skipped."]
    assert audit_lines(REPORT, closed)[1:] == audit_lines(REPORT)


def test_without_skips_there_is_a_lift_and_no_regret() -> None:
    assert len(audit_lines(replace(REPORT, n_skipped=0))) == 2
