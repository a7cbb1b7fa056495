from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, bootstrap
from sklearn.metrics import r2_score

from nas.results import significance
from nas.results.significance import compare, mcnemar_mid_p, r2, standard_error


def answers(n: int, accuracy: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and the answers of who is right with some probability."""
    targets = rng.integers(5, size=n).astype(np.float32)
    wrong = (targets + rng.integers(1, 5, size=n)) % 5
    return np.where(rng.random(n) < accuracy, targets, wrong).astype(np.float32), targets


def test_the_error_of_an_accuracy_is_how_much_it_varies_between_draws_of_the_rows() -> None:
    rng, n = np.random.default_rng(0), 400
    drawn = [answers(n, 0.8, rng) for _ in range(2000)]
    accuracies = [np.mean(predicted == targets) for predicted, targets in drawn]
    errors = [standard_error(*pair, "classification", 0) for pair in drawn]
    assert np.mean(errors) == pytest.approx(np.std(accuracies), rel=0.05)
    predicted, targets = drawn[0]
    accuracy = np.mean(predicted == targets)
    assert errors[0] == pytest.approx(binom.std(n, accuracy) / n)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test_with_half_of_what_was_observed(only_first: int, only_second: int) -> None:
    n = only_first + only_second
    if n == 0:
        assert mcnemar_mid_p(0, 0) == 1.0
        return
    exact = binomtest(only_first, n, 0.5).pvalue
    expected = exact - binom.pmf(only_first, n, 0.5) if only_first != only_second else 1.0
    assert mcnemar_mid_p(only_first, only_second) == pytest.approx(expected)
    assert mcnemar_mid_p(only_second, only_first) == mcnemar_mid_p(only_first, only_second)
    assert 0.0 < mcnemar_mid_p(only_first, only_second) <= 1.0


def test_mcnemar_of_many_rows_neither_overflows_nor_is_rounded() -> None:
    assert mcnemar_mid_p(4900, 5100) == pytest.approx(
        2 * binom.cdf(4900, 10_000, 0.5) - binom.pmf(4900, 10_000, 0.5), rel=1e-9
    )


def test_a_difference_in_accuracy_has_the_error_of_paired_rows() -> None:
    rng = np.random.default_rng(1)
    first, targets = answers(500, 0.9, rng)
    second = np.where(rng.random(500) < 0.9, first, answers(500, 0.5, rng)[0]).astype(np.float32)
    comparison = compare(first, second, targets, "classification", 0)
    differences = (first == targets).astype(float) - (second == targets)
    assert comparison.difference == pytest.approx(differences.mean())
    assert comparison.standard_error == pytest.approx(differences.std() / math.sqrt(500))
    only_first, only_second = int(np.sum(differences == 1)), int(np.sum(differences == -1))
    assert comparison.p_value == mcnemar_mid_p(only_first, only_second)
    other = compare(second, first, targets, "classification", 0)
    assert (other.difference, other.p_value) == (-comparison.difference, comparison.p_value)


def values(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and predictions of them with an r2 of about .8."""
    targets = rng.standard_normal(n).astype(np.float32)
    return (targets + 0.45 * rng.standard_normal(n)).astype(np.float32), targets


def test_the_error_of_an_r2_is_that_of_the_bootstrap() -> None:
    predicted, targets = values(300, np.random.default_rng(2))
    expected = bootstrap(
        (targets, predicted), r2_score, paired=True, n_resamples=3000, vectorized=False, rng=np.random.default_rng(0)
    ).standard_error
    assert standard_error(predicted, targets, "regression", 5) == pytest.approx(expected, rel=0.1)
    assert standard_error(predicted, targets, "regression", 5) == standard_error(predicted, targets, "regression", 5)
    assert r2(predicted, targets) == pytest.approx(r2_score(targets, predicted))


def test_a_difference_in_r2_is_judged_on_the_same_drawn_rows() -> None:
    rng = np.random.default_rng(3)
    first, targets = values(300, rng)
    second = (first + 0.05 * rng.standard_normal(300)).astype(np.float32)
    comparison = compare(first, second, targets, "regression", 0)
    assert comparison.difference == pytest.approx(r2_score(targets, first) - r2_score(targets, second), abs=1e-6)
    assert comparison.p_value is None
    expected = bootstrap(
        (targets, first, second),
        lambda y, one, other: r2_score(y, one) - r2_score(y, other),
        paired=True,
        n_resamples=3000,
        vectorized=False,
        rng=np.random.default_rng(0),
    ).standard_error
    assert comparison.standard_error == pytest.approx(expected, rel=0.1)
    # The two are much alike, so that the difference is known better than either score.
    assert comparison.standard_error < 0.5 * standard_error(first, targets, "regression", 0)


def test_a_bootstrap_of_many_rows_has_fewer_resamples_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted, targets = values(2000, np.random.default_rng(4))
    whole = standard_error(predicted, targets, "regression", 0)
    monkeypatch.setattr(significance, "DRAWS_AT_ONCE", 5000)
    assert standard_error(predicted, targets, "regression", 0) == pytest.approx(whole)
    monkeypatch.setattr(significance, "MAX_DRAWS", 10)
    scores = significance._resampled_r2([predicted], targets, 0)
    assert scores.shape == (1, significance.MIN_RESAMPLES)
    assert np.std(scores) == pytest.approx(whole, rel=0.25)


def test_resamples_of_one_value_do_not_count() -> None:
    targets = np.array([0, 0, 1], np.float32)
    assert math.isfinite(standard_error(np.array([0.1, 0, 1], np.float32), targets, "regression", 0))
