from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from predictors.audit import DOUBT, TOLERATED_RATE, AuditReport, Training, audit, audit_lines, refutation
from predictors.gate import AUDIT, EXPLORATION, KINDS, PREDICTED, WARM_UP

trainings = st.lists(
    st.builds(
        Training,
        st.sampled_from([kind for kind in KINDS if kind != "skipped"]),
        st.integers(0, 3),
        st.integers(1, 6),
        st.none() | st.integers(-4, 4).map(lambda score: score / 4),
        st.floats(0, 9),
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


@settings(deadline=None, max_examples=40)
@given(trainings, st.integers(0, 50), st.randoms())
def test_rates_count_the_audited_that_nothing_dominates(all_of: list[Training], n_skipped: int, order: object) -> None:
    report = audit(all_of, n_skipped)
    audited = [t for t in all_of if t.kind in (EXPLORATION, AUDIT)]
    assert (report.n_trained, report.n_audited, report.n_skipped) == (len(all_of), len(audited), n_skipped)
    assert report.n_on_final_front == sum(enters(t, all_of) for t in audited)
    assert report.n_on_front_then == sum(enters(t, [o for o in all_of if o.generation < t.generation]) for t in audited)
    if audited:
        assert report.final_rate == report.n_on_final_front / len(audited)
        assert report.final_interval[0] <= report.final_rate <= report.final_interval[1]
    else:
        assert report.final_rate is None and report.final_interval == (0.0, 1.0)
    assert audit(sorted(all_of, key=repr), n_skipped).final_interval == report.final_interval


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    found = [Training(AUDIT, 0, 10, 0.9)] * 2 + [Training(AUDIT, 0, 20, 0.5)] * 19
    report = audit(found, 100)
    assert report.final_rate == 2 / 21
    assert report.final_interval == pytest.approx((beta.ppf(0.025, 2, 20), beta.ppf(0.975, 3, 19)))


def test_regret_is_the_expected_best_of_the_skipped_over_what_was_found_without_an_audit() -> None:
    base = [Training(WARM_UP, 0, 100, 0.5), Training(PREDICTED, 1, 100, 0.8)]
    better = [Training(AUDIT, 1, 100, 0.9), Training(EXPLORATION, 1, 100, 0.7)]
    # One of two draws with replacement is the better with a chance of 3/4.
    report = audit(base + better, 2, floor_of=lambda _: 0.5)
    assert report.best_score_regret == pytest.approx(0.75 * 0.1)
    assert report.front_regret == pytest.approx(0.75 * (0.4 - 0.3) / 0.3)
    assert report.best_score_interval == pytest.approx((0.0, 0.1))


def test_regret_draws_agree_with_a_simulation() -> None:
    rng = np.random.default_rng(0)
    scores = [0.8, 0.7, 0.75, 0.6, 0.3]
    report = audit([Training(PREDICTED, 0, 9, 0.65)] + [Training(AUDIT, 0, 9, score) for score in scores], 3)
    gains = np.maximum(np.array(scores) - 0.65, 0.0)
    simulated = gains[rng.integers(5, size=(20_000, 3))].max(axis=1).mean()
    assert report.best_score_regret == pytest.approx(simulated, rel=0.02)


def test_a_smaller_network_of_equal_score_raises_the_front_but_not_the_best_score() -> None:
    report = audit([Training(PREDICTED, 0, 100, 0.8), Training(AUDIT, 0, 50, 0.8)], 10, floor_of=lambda _: 0.5)
    assert report.best_score_regret == 0.0
    assert report.front_regret == pytest.approx(1.0)  # the width is ln 2 and becomes ln 4


def test_below_the_floor_nothing_is_on_a_front() -> None:
    report = audit([Training(PREDICTED, 0, 100, 0.8), Training(AUDIT, 0, 5, 0.4)], 10, floor_of=lambda _: 0.5)
    assert (report.n_on_final_front, report.n_on_front_then, report.front_regret) == (0, 0, 0.0)


def test_the_front_of_a_time_is_of_what_was_worthwhile_then() -> None:
    found = [Training(PREDICTED, 0, 100, 0.8), Training(AUDIT, 1, 90, 0.85), Training(PREDICTED, 2, 80, 0.98)]
    report = audit(found, 10, floor_of=lambda scores: max(scores) - 0.1)
    assert (report.n_on_front_then, report.n_on_final_front) == (1, 0)


def test_what_was_saved_is_counted_in_trainings_and_seconds_of_the_audited() -> None:
    found = [Training(WARM_UP, 0, 10, 0.5, 100.0), Training(AUDIT, 1, 10, None, 2.0), Training(AUDIT, 1, 10, None, 4.0)]
    report = audit(found, 9)
    assert report.saved_share == 0.75
    assert report.saved_seconds == 9 * 3.0


REPORT = AuditReport(140, 412, 21, 0, 2, 0.0, (0.0, 0.161), 2 / 21, (0.012, 0.304), 0.0, (0, 0), 0.01, (0, 0.02), 412 / 552, 99)  # fmt: skip  # noqa: E501


def test_the_lines_say_what_it_cost_and_saved() -> None:
    assert audit_lines(REPORT) == [
        "412 candidates were skipped unseen, 75% of all; that saved as many trainings and about 99 s.",
        "21 that would have been skipped were drawn and trained all the same; none of them is on the final front: "
        "false-prune rate 0.0 % (95 % interval 0.0 to 16.1 %).",
        "2 of them improved the front of their time: 9.5 % (95 % interval 1.2 to 30.4 %).",
        "Regret: the best of the skipped is expected to raise the best score by 0.0000 (0.0000 to 0.0000, as far as "
        "the audited show), and the area under the front by 1.0 % (95 % interval 0.0 to 2.0 %).",
    ]
    nothing = replace(REPORT, front_regret=0.0, front_interval=(0.0, 0.0))
    assert audit_lines(nothing)[-1] == (
        "Regret: none of the 21 would have raised the best score or the area under the front; that leaves room for up "
        "to 16.1 % of the skipped that would."
    )


def test_the_lines_say_that_and_why_nothing_was_skipped() -> None:
    none = replace(REPORT, n_skipped=0)
    assert audit_lines(none) == ["No candidate was skipped."]
    refusal = "the predictor does not beat size alone"
    assert audit_lines(none, refusal) == [f"At the end the gate refused to prune: {refusal}."]
    assert audit_lines(REPORT, refusal)[1:] == audit_lines(REPORT)


def test_the_lines_say_if_there_was_no_audit() -> None:
    lines = audit_lines(audit([Training(PREDICTED, 0, 10, 0.5)], 7))
    assert lines == ["7 candidates were skipped, and none of them was trained as an audit."]


def test_numbers_of_found_agree_with_their_verbs() -> None:
    one, two = (audit_lines(replace(REPORT, n_on_final_front=n))[1] for n in (1, 2))
    assert "; 1 of them is on the final front" in one and "; 2 of them are on the final front" in two


@given(st.integers(0, 12), st.integers(0, 200))
def test_a_gate_is_refuted_by_what_it_would_seldom_show_if_it_kept_its_promise(n_on_front: int, n_others: int) -> None:
    n = n_on_front + n_others
    fewer = sum(comb(n, k) * TOLERATED_RATE**k * (1 - TOLERATED_RATE) ** (n - k) for k in range(n_on_front))
    said = refutation(n_on_front, n)
    assume(abs(1 - fewer - DOUBT) > 1e-9)
    assert (said is not None) == (1 - fewer < DOUBT)
    if said is not None:
        assert said.startswith(f"{n_on_front} of {n} audited")


def test_a_word_for_one() -> None:
    assert "1 of 2 audited that would have been skipped is on the front" in str(refutation(1, 2))
