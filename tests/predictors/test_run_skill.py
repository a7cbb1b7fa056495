from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kendalltau

from predictors.prediction import Prediction
from predictors.run_skill import (
    FEWEST_RECORDED,
    MOST_ROWS,
    Comparison,
    RunSkill,
    assess_foreign,
    assess_skill,
    compare,
    taus_without_each,
)

Array = NDArray[np.float64]
SIZE = np.array([0])


def least_squares(rows: Array, targets: Array, unseen: Array) -> Prediction:
    """A regressor that is over at once."""
    weights, *_ = np.linalg.lstsq(np.column_stack([rows, np.ones(len(rows))]), targets, rcond=None)
    return Prediction(np.column_stack([unseen, np.ones(len(unseen))]) @ weights, np.ones(len(unseen)))


def table(n: int, effect: float, seed: int = 0) -> tuple[Array, Array]:
    """Size and one more feature, and scores on which both have an effect."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 2))
    return rows, rows[:, 0] + effect * rows[:, 1] + 0.5 * rng.standard_normal(n)


def tau(predicted: Array, targets: Array) -> float:
    found = float(kendalltau(predicted, targets).statistic)
    return 0.0 if np.isnan(found) else found


few_values = st.integers(3, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-3, 3), min_size=n, max_size=n) for _ in range(2)])
)


@settings(deadline=None, max_examples=40)
@given(few_values)
def test_taus_are_those_of_scipy_with_and_without_each_pair(pairs: tuple[list[int], list[int]]) -> None:
    predicted, targets = (np.array(values, np.float64) for values in pairs)
    of_all, without = taus_without_each(predicted, targets)
    assert of_all == pytest.approx(tau(predicted, targets))
    left_out = [tau(np.delete(predicted, i), np.delete(targets, i)) for i in range(len(targets))]
    np.testing.assert_allclose(without, left_out, atol=1e-12)


def test_the_standard_error_is_about_the_spread_over_samples() -> None:
    rng = np.random.default_rng(0)

    def sample() -> Comparison:
        quality = rng.standard_normal(60)
        one, other = (quality + scale * rng.standard_normal(60) for scale in (0.5, 1.0))
        return compare(one[None], [other[None]], quality)

    samples = [sample() for _ in range(200)]
    spread = np.std([s.difference for s in samples])
    assert np.mean([s.standard_error for s in samples]) == pytest.approx(spread, rel=0.2)


def test_the_predictor_is_compared_with_the_best_baseline() -> None:
    targets = np.arange(8.0)
    comparison = compare(np.array([targets, -targets]), [-targets[None], targets[None]], targets)
    assert (comparison.tau, comparison.tau_size, comparison.n_outcomes) == (0.0, 1.0, 8)


def test_a_feature_that_matters_beside_size_is_skill() -> None:
    skill = assess_skill(*table(80, effect=1.0), SIZE, least_squares, 0)
    assert skill.is_trusted and skill.unseen.difference > 0.1 and skill.recorded is None
    assert skill.reason.startswith("the predictor beats size alone by more than its standard error: tau 0.")


def test_without_one_it_is_not() -> None:
    verdicts = [assess_skill(*table(80, 0.0, seed), SIZE, least_squares, 0) for seed in range(12)]
    assert sum(skill.is_trusted for skill in verdicts) <= 3  # a standard error is exceeded by chance in one of six
    refused = next(skill for skill in verdicts if not skill.is_trusted)
    assert refused.reason.startswith("the predictor does not beat size alone by more than its standard error: tau 0.")
    assert refused.reason.endswith(" on 80 outcomes")


def test_what_size_says_by_itself_is_a_baseline_too() -> None:
    rows, targets = table(60, 1.0)

    def expects_the_mean(rows: Array, targets: Array, unseen: Array) -> Prediction:
        return Prediction(np.full(len(unseen), targets.mean()), np.ones(len(unseen)))

    for sign in (1.0, -1.0):
        skill = assess_skill(rows * sign, targets, SIZE, expects_the_mean, 0)
        assert skill.unseen.tau_size == pytest.approx(tau(rows[:, 0], targets))
        assert not skill.is_trusted


def test_outcomes_that_are_all_equal_say_nothing() -> None:
    skill = assess_skill(table(30, 1.0)[0], np.zeros(30), SIZE, least_squares, 0)
    assert skill.unseen == Comparison(0.0, 0.0, 0.0, 30) and not skill.is_trusted


def test_predictions_on_record_that_were_wrong_take_the_trust_away() -> None:
    rows, targets = table(80, 1.0)
    recorded = np.where(np.arange(80) < 40, -targets, np.nan)
    skill = assess_skill(rows, targets, SIZE, least_squares, 0, recorded)
    assert skill.recorded is not None and skill.recorded.n_outcomes == 40 and skill.recorded.tau == -1.0
    assert not skill.is_trusted
    assert skill.reason.startswith("what was predicted before training did worse than size alone: tau -1.00 against")

    right = assess_skill(rows, targets, SIZE, least_squares, 0, -recorded)
    assert right.recorded is not None and right.recorded.tau == 1.0 and right.is_trusted


def test_few_predictions_on_record_are_no_evidence() -> None:
    rows, targets = table(80, 1.0)
    for n, is_evidence in ((FEWEST_RECORDED - 1, False), (FEWEST_RECORDED, True)):
        recorded = np.where(np.arange(80) < n, -targets, np.nan)
        skill = assess_skill(rows, targets, SIZE, least_squares, 0, recorded)
        assert (skill.recorded is not None) == is_evidence == (not skill.is_trusted)


def test_of_many_outcomes_the_last_are_judged_and_alike_when_judged_again() -> None:
    rows, targets = table(MOST_ROWS + 50, 0.3)
    targets[:50] = -100.0  # would spoil any fit
    skills = [assess_skill(rows, targets, SIZE, least_squares, seed, n_repeats=2) for seed in (0, 0, 1)]
    assert skills[0] == skills[1] != skills[2]
    assert skills[0] == assess_skill(rows[50:], targets[50:], SIZE, least_squares, 0, n_repeats=2)
    assert skills[0].unseen.n_outcomes == MOST_ROWS


def test_the_margin_is_in_standard_errors() -> None:
    comparison = Comparison(0.5, 0.4, 0.06, 50)
    assert [RunSkill(comparison, margin=margin).is_trusted for margin in (-100.0, 1.0, 2.0)] == [True, True, False]


def test_a_predictor_from_elsewhere_is_judged_by_its_predictions_as_they_are() -> None:
    rows, targets = table(40, 1.0)
    found = assess_foreign(targets + 0.1, rows, targets, SIZE, least_squares, 0)
    assert found.unseen.tau == 1.0 and 0.2 < found.unseen.tau_size < 0.8
    assert assess_foreign(-targets, rows, targets, SIZE, least_squares, 0).unseen.tau == -1.0
    assert found.is_trusted and found.recorded is None


def test_a_predictor_from_elsewhere_is_contradicted_by_what_was_said_in_advance() -> None:
    rows, targets = table(40, 1.0)
    recorded = np.where(np.arange(40) < 25, -targets, np.nan)
    found = assess_foreign(targets, rows, targets, SIZE, least_squares, 0, recorded)
    assert found.recorded is not None and (found.recorded.n_outcomes, found.recorded.tau) == (25, -1.0)
    assert not found.is_trusted and "what was predicted before training did worse" in found.reason
