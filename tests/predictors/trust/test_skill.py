from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.cross_validation import CrossValidated, ExpectsMean, cross_validate
from predictors.trust.resampling import draw_resamples
from predictors.trust.scores import kendall_tau, r_squared, spearman, top_regret
from predictors.trust.skill import Skill, estimate, repeated_scores, repeated_tau

Draw = Callable[..., Examples]


def validate(examples: Examples, make: Make, repeats: Iterable[int] = (0,)) -> CrossValidated:
    return cross_validate(examples.rows, examples.targets, make, 1, repeats=repeats)


def test_scores_are_averages_inside_folds_and_r2_of_all(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    model = validate(examples, least_squares, repeats=range(2))
    scores = repeated_scores(examples.targets, model, draw_resamples(60, 0, n_resamples=3))
    assert scores.shape == (4, 4, 2)
    for repeat in range(2):
        truth, predicted, folds = examples.targets, model.predicted[repeat], model.folds[repeat]
        for place, score in ((0, kendall_tau), (1, spearman), (3, top_regret)):
            by_fold = [score(truth[folds == fold], predicted[folds == fold]) for fold in range(5)]
            assert scores[place, 0, repeat] == pytest.approx(np.mean(by_fold))
        assert scores[2, 0, repeat] == pytest.approx(r_squared(truth, predicted))


def test_tau_alone_is_the_same(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0, n=33)
    model, counts = validate(examples, least_squares, repeats=range(2)), draw_resamples(33, 0, n_resamples=5)
    np.testing.assert_allclose(
        repeated_tau(examples.targets, model, counts), repeated_scores(examples.targets, model, counts)[0], rtol=1e-12
    )


def test_expecting_the_mean_has_no_rank_skill(draw_examples: Draw) -> None:
    examples = draw_examples(0)
    model = validate(examples, ExpectsMean)
    assert kendall_tau(examples.targets, model.predicted[0]) < -0.1  # what ranks across folds would say
    assert (
        repeated_scores(examples.targets, model, draw_resamples(60, 0))[:2].tolist() == np.zeros((2, 201, 1)).tolist()
    )


def test_a_regressor_does_not_differ_from_itself(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    model = validate(examples, least_squares, repeats=range(2))
    scores = repeated_scores(examples.targets, model, draw_resamples(60, 0))
    difference = Skill.of(scores - scores)
    assert (difference.tau.value, difference.tau.error, difference.r2.value, difference.r2.error) == (0, 0, 0, 0)


def test_errors_of_a_difference_are_paired(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    model = validate(examples, least_squares)
    nearly = cross_validate(examples.rows[:, :3], examples.targets, least_squares, 1)
    counts = draw_resamples(60, 0)
    of_model, of_nearly = (repeated_scores(examples.targets, one, counts) for one in (model, nearly))
    skill, other, difference = Skill.of(of_model), Skill.of(of_nearly), Skill.of(of_model - of_nearly)
    assert difference.tau.value == pytest.approx(skill.tau.value - other.tau.value)
    assert difference.tau.error < 0.5 * skill.tau.error


def test_networks_alone_in_their_fold_are_left_out_of_ranks() -> None:
    truth = np.array([1.0, 2.0, 3.0, 9.0])
    model = CrossValidated(np.array([[0, 0, 0, 1]]), -truth[None], np.zeros((1, 4, 0, 2)), 1)
    assert repeated_tau(truth, model, np.ones((1, 4))).tolist() == [[-1.0], [-1.0]]
    alone = CrossValidated(np.array([[0, 1, 2, 3]]), -truth[None], np.zeros((1, 4, 0, 2)), 3)
    assert repeated_tau(truth, alone, np.ones((1, 4))).tolist() == [[0.0], [0.0]]


def test_the_error_of_tau_is_its_deviation_over_fresh_tables(draw_examples: Draw, least_squares: Make) -> None:
    found = []
    for seed in range(80):
        examples = draw_examples(seed, n=150)
        model = validate(examples, least_squares, repeats=range(2))
        found.append(estimate(repeated_tau(examples.targets, model, draw_resamples(150, seed, n_resamples=40))))
    deviation = np.std([one.value for one in found], ddof=1)
    assert 0.85 < np.mean([one.error for one in found]) / deviation < 1.4
