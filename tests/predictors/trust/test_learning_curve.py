from __future__ import annotations

from collections.abc import Callable

import pytest

from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.cross_validation import CrossValidated, ExpectsMean, cross_validate
from predictors.trust.learning_curve import LearningCurve, draw_curve
from predictors.trust.resampling import draw_resamples
from predictors.trust.skill import estimate, repeated_tau

Draw = Callable[..., Examples]


def curve_of(examples: Examples, make: Make, n_repeats: int = 2) -> tuple[LearningCurve, CrossValidated]:
    model = cross_validate(examples.rows, examples.targets, make, 3, repeats=range(2))
    counts = draw_resamples(len(examples), 0, n_resamples=50)
    return draw_curve(examples, make, 3, model, counts, n_repeats), model


def test_sizes_halve_down_to_ten_and_end_with_all(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0, n=110)
    curve, model = curve_of(examples, least_squares)
    assert [point.n_learned for point in curve.points] == [11, 22, 44, 88]
    counts = draw_resamples(110, 0, n_resamples=50)
    assert curve.points[-1].tau == estimate(repeated_tau(examples.targets, model, counts))


def test_a_point_is_the_skill_after_learning_from_so_many(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    curve, _ = curve_of(examples, least_squares)
    half = cross_validate(examples.rows, examples.targets, least_squares, 3, repeats=range(2), most_learned=24)
    assert curve.points[-2].tau == estimate(repeated_tau(examples.targets, half, draw_resamples(60, 0, n_resamples=50)))
    assert curve.last_gain is not None
    assert curve.last_gain.value == pytest.approx(curve.points[-1].tau.value - curve.points[-2].tau.value)


def test_what_needs_more_networks_is_rising(draw_examples: Draw, least_squares: Make) -> None:
    class NeedsForty:
        """Least squares where it has learned from forty; a stand-in for a hungry regressor."""

        def __init__(self, seed: int) -> None:
            self.seed = seed

        def fit(self, rows, targets):  # type: ignore[no-untyped-def]
            make = least_squares if len(rows) >= 40 else ExpectsMean
            return make(self.seed).fit(rows, targets)

    assert curve_of(draw_examples(0), NeedsForty)[0].is_rising  # type: ignore[arg-type]
    assert not curve_of(draw_examples(0), ExpectsMean)[0].is_rising


def test_fewer_repeats_of_the_smaller_sizes_are_compared_with_as_many(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    curve, model = curve_of(examples, least_squares, n_repeats=1)
    counts = draw_resamples(60, 0, n_resamples=50)
    first = repeated_tau(examples.targets, model, counts)[0, 0]
    assert curve.last_gain is not None
    assert curve.last_gain.value == pytest.approx(first - curve.points[-2].tau.value)


def test_few_networks_make_one_point_without_a_gain(draw_examples: Draw, least_squares: Make) -> None:
    curve, _ = curve_of(draw_examples(0, n=20), least_squares)
    assert [point.n_learned for point in curve.points] == [15]
    assert curve.last_gain is None and not curve.is_rising
