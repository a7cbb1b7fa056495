from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.prediction import Prediction
from predictors.regressors import make_regressor
from predictors.regressors.choice import Chosen, choose
from predictors.regressors.families import Family
from predictors.regressors.protocol import Make
from predictors.trust import OutOfTime, Trust, assess
from predictors.trust.cross_validation import ExpectsMean
from predictors.trust_report import to_dict, trust_lines, verdict

Draw = Callable[..., Examples]


def judged(examples: Examples, make: Make, **settings: Any) -> Trust:
    """Few resamples, and baselines of the same kind, which are quick."""
    return assess(examples, make, **{"seed": 1, "n_resamples": 20, "baseline": make, **settings})


def test_structure_that_matters_beats_size(draw_examples: Draw, least_squares: Make) -> None:
    trust = judged(draw_examples(0), least_squares)
    assert trust.ranks and trust.beats_size
    assert trust.size is not None and trust.size.names == ("nodes",)
    assert trust.size.advantage.tau.value == pytest.approx(trust.skill.tau.value - trust.size.skill.tau.value)
    assert trust.training is None and not trust.knows_wiring and trust.left_out == ()
    assert (trust.n, trust.n_features, trust.n_groups, trust.n_folds, trust.n_learned) == (60, 4, 60, 5, 48)
    assert sorted(told.family for told in trust.families) == list(trust.known_families)
    assert trust.ceiling is not None and trust.skill.r2.value < trust.ceiling.reliability.value + 0.1
    assert trust.curve is not None and len(trust.coverages) == 4
    assert trust.deviation == pytest.approx(draw_examples(0).targets.std(ddof=1))


def test_structure_that_does_not_matter_does_not(draw_examples: Draw, least_squares: Make) -> None:
    trust = judged(draw_examples(0, structure=0.0), least_squares, n_curve_repeats=0)
    assert trust.ranks and not trust.beats_size and trust.curve is None


def test_what_training_tells_is_no_wiring(draw_examples: Draw, least_squares: Make) -> None:
    examples = replace(draw_examples(0, n=200), names=("nodes", "dropout", "path_length", "spectral_gap"))
    trust = judged(replace(examples, training_names=("dropout",)), least_squares)
    assert trust.training is not None and trust.training.names == ("nodes", "dropout")
    assert trust.beats_size and not trust.knows_wiring
    wiring = judged(replace(examples, training_names=("path_length",)), least_squares)
    assert wiring.beats_size and wiring.knows_wiring


def test_noise_is_not_trusted(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    shuffled = replace(examples, targets=np.random.default_rng(5).normal(size=60), repeats=None)
    trust = judged(shuffled, least_squares)
    assert not trust.ranks and not trust.beats_size and trust.ceiling is None


def test_without_size_features_the_baseline_expects_the_mean(draw_examples: Draw, least_squares: Make) -> None:
    trust = judged(replace(draw_examples(0), size_names=()), least_squares)
    assert trust.size is not None
    assert (trust.size.skill.tau.value, trust.size.skill.tau.error) == (0.0, 0.0)
    assert trust.size.skill.r2.value == pytest.approx(0.0, abs=0.15)


def test_the_same_seed_gives_the_same_trust_and_another_another(draw_examples: Draw, least_squares: Make) -> None:
    first, again, other = (judged(draw_examples(0), least_squares, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_what_chooses_anew_is_what_skill_is_told_of(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    chosen = judged(examples, least_squares, baseline=least_squares)
    anew = judged(examples, ExpectsMean, baseline=least_squares)
    trust = judged(examples, least_squares, baseline=least_squares, make_anew=ExpectsMean)
    assert (trust.skill, trust.coverages) == (anew.skill, anew.coverages) != (chosen.skill, chosen.coverages)
    assert (trust.size, trust.families) == (anew.size, chosen.families)
    assert trust.curve is not None and chosen.curve is not None
    taus, expected = ([point.tau.value for point in curve.points] for curve in (trust.curve, chosen.curve))
    assert taus == pytest.approx(expected, abs=0.01)  # the order of sums may turn a pair of near ties


def test_a_choice_among_regressors_that_know_nothing_is_not_flattered() -> None:
    """Each looks at one feature, all features are noise: that which does best on all folds does so by chance."""

    def of_feature(feature: int) -> Family:
        def learn(rows: np.ndarray, targets: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
            slope = float(np.cov(rows[:, feature], targets)[0, 1])
            return lambda unseen: slope * unseen[:, feature]

        return Family(learn)

    class Named:
        """Of one feature, after the choice."""

        def __init__(self, seed: int, name: str) -> None:
            self.learn = families[name].mean

        def fit(self, rows: np.ndarray, targets: np.ndarray) -> Named:
            self.predict_mean = self.learn(rows, targets, 0)
            return self

        def predict(self, rows: np.ndarray) -> Prediction:
            return Prediction(self.predict_mean(rows), np.ones(len(rows)))

    families = {str(feature): of_feature(feature) for feature in range(12)}
    rng = np.random.default_rng(0)
    flattered, nested = [], []
    for seed in range(6):
        rows, targets = rng.normal(size=(60, 12)), rng.normal(size=60)
        examples = Examples(tuple(families), rows, targets)
        best = choose(rows, targets, families, seed).names[0]
        settings = {"seed": seed, "n_resamples": 2, "n_repeats": 1, "n_curve_repeats": 0, "baseline": ExpectsMean}
        flattered.append(judged(examples, partial(Named, name=best), **settings).skill.tau.value)
        anew = partial(Chosen, families, n_folds=3)
        nested.append(judged(examples, ExpectsMean, make_anew=anew, **settings).skill.tau.value)
    assert np.mean(flattered) > 0.1 > 0.05 > np.mean(nested)


def copies_of_noise() -> Examples:
    """Forty networks of pure noise, five rows each, which differ by a little in their scores."""
    rng = np.random.default_rng(0)
    rows, targets = np.repeat(rng.normal(size=(40, 4)), 5, axis=0), np.repeat(rng.normal(size=40), 5)
    names = ("n_weights", "log_learning_rate", "depth", "clustering")
    scores = targets + 0.01 * rng.normal(size=200)
    return Examples(names, rows, scores, size_names=names[:1], training_names=names[1:2])


@pytest.mark.parametrize("name", ["gaussian-process", "neighbours"])
def test_rows_with_equal_features_share_a_fold(name: str) -> None:
    make = partial(make_regressor, name, target="ranks")
    trust = judged(copies_of_noise(), make)
    assert not trust.ranks and abs(trust.skill.tau.value) < 0.2
    assert (trust.n, trust.n_groups, trust.n_grouped) == (200, 40, 200)
    assert trust.curve is not None and all(abs(point.tau.value) < 0.35 for point in trust.curve.points)  # three errors
    assert "200 of the networks have the same features as another" in "\n".join(trust_lines(trust))
    # Were each row its own group, the rows would give one another away.
    apart = copies_of_noise()
    apart = replace(apart, rows=apart.rows + 1e-6 * np.random.default_rng(1).normal(size=(200, 4)))
    assert judged(apart, make, n_curve_repeats=0).skill.tau.value > 0.8


def test_a_choice_is_not_taken_in_by_copies_of_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictors.regressors.AUTO_NAMES", ("neighbours", "gaussian-process"))  # trees take a minute
    trust = judged(copies_of_noise(), partial(make_regressor, "auto", target="ranks"), n_repeats=1, n_curve_repeats=0)
    assert not trust.ranks and abs(trust.skill.tau.value) < 0.25


def test_given_groups_and_equal_features_are_joined(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    rows = examples.rows.copy()
    rows[1] = rows[0]
    groups = np.arange(60)
    groups[2] = groups[1]
    trust = judged(replace(examples, rows=rows, groups=groups), least_squares, n_curve_repeats=0)
    assert (trust.n_groups, trust.n_grouped) == (58, 3)


class Clock:
    """Time that passes with every fit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
        self.now, self.make = 0.0, make
        monkeypatch.setattr("predictors.trust.deadline.time.monotonic", lambda: self.now)

    def __call__(self, seed: int) -> Any:
        self.now += 1.0
        return self.make(seed)


LEFT_OUT = (
    "size alone",
    "size and training together",
    "1 of 2 repeats",
    "2 families of networks",
    "the learning curve",
)


# One repeat is five fits of each of the three sides; then there are two fits for each of two families.
@pytest.mark.parametrize(
    ("n_fits", "left_out"),
    [
        (7, LEFT_OUT),
        (12, LEFT_OUT[1:]),
        (15, LEFT_OUT[2:]),
        (31, LEFT_OUT[3:]),
        (32, ("1 family of networks", LEFT_OUT[4])),
        (34, LEFT_OUT[4:]),
        (99, ()),
    ],
)
def test_after_the_deadline_what_is_known_is_told_and_what_is_not(
    n_fits: int,
    left_out: tuple[str, ...],
    draw_examples: Draw,
    least_squares: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examples = replace(draw_examples(0), training_names=("clustering",))
    clock = Clock(monkeypatch, least_squares)
    trust = judged(examples, clock, n_repeats=2, deadline=n_fits - 0.5)
    assert clock.now <= n_fits
    assert (trust.left_out, trust.n_repeats) == (left_out, 1 if "1 of 2 repeats" in left_out else 2)
    assert (trust.size is None, trust.training is None) == ("size alone" in left_out, len(left_out) > 3)
    text = "\n".join(trust_lines(trust))
    assert verdict(trust) in text
    assert ("The time was up. Left out: " in text) == bool(left_out)
    if not left_out:
        assert trust == judged(examples, least_squares, n_repeats=2)


def test_without_time_for_one_cross_validation_nothing_is_told(
    draw_examples: Draw, least_squares: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutOfTime):
        judged(draw_examples(0), Clock(monkeypatch, least_squares), deadline=3.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.take(np.arange(9)), "9 rows with a score; at least 10"),
        (lambda one: replace(one, targets=np.full(60, 0.5)), "All 60 scores are 0.5; there is nothing to predict"),
        (lambda one: replace(one, groups=np.full(60, 3)), "equal features or are of one group"),
        (lambda one: replace(one, rows=np.ones((60, 4))), "equal features or are of one group"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    change: Callable[[Examples], Examples], message: str, draw_examples: Draw, least_squares: Make
) -> None:
    with pytest.raises(PredictorError, match=message):
        assess(change(draw_examples(0)), least_squares, seed=0)


@pytest.mark.parametrize("setting", [{"n_folds": 1}, {"n_repeats": 0}, {"n_curve_repeats": 9}, {"n_resamples": 1}])
def test_settings_out_of_range_are_refused(setting: dict[str, int], draw_examples: Draw, least_squares: Make) -> None:
    with pytest.raises(ValueError, match="assess: n_folds"):
        assess(draw_examples(0), least_squares, 0, **setting)


def test_ten_networks_are_enough(draw_examples: Draw, least_squares: Make) -> None:
    trust = judged(draw_examples(0, n=10), least_squares)
    assert (trust.n_folds, trust.n_learned) == (2, 5)
    assert not any(told.is_trusted for told in trust.families)


def test_what_was_assessed_can_be_told(draw_examples: Draw, least_squares: Make) -> None:
    for n in (10, 60):
        trust = judged(draw_examples(0, n=n), least_squares)
        assert json.loads(json.dumps(to_dict(trust), allow_nan=False))["skill"]["tau"]["value"] == trust.skill.tau.value
        assert verdict(trust) in trust_lines(trust)
