from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.prediction import Prediction
from predictors.regressors import Chosen, choose
from predictors.regressors.protocol import Make
from predictors.trust import assess
from predictors.trust.cross_validation import ExpectsMean
from predictors.trust_report import to_dict, trust_lines, verdict

Draw = Callable[..., Examples]


def test_structure_that_matters_beats_size(draw_examples: Draw, least_squares: Make) -> None:
    trust = assess(draw_examples(0), least_squares, seed=1, n_resamples=50)
    assert trust.ranks and trust.beats_baseline
    assert trust.baseline_names == ("nodes",)
    assert trust.advantage.tau.value == pytest.approx(trust.skill.tau.value - trust.baseline.tau.value)
    assert (trust.n, trust.n_features, trust.n_groups, trust.n_folds, trust.n_learned) == (60, 4, 60, 5, 48)
    assert [told.family for told in trust.families] == list(trust.known_families)
    assert trust.ceiling is not None and trust.skill.r2.value < trust.ceiling.reliability.value + 0.1
    assert trust.curve is not None and len(trust.coverages) == 4
    assert trust.deviation == pytest.approx(draw_examples(0).targets.std(ddof=1))


def test_structure_that_does_not_matter_does_not(draw_examples: Draw, least_squares: Make) -> None:
    trust = assess(draw_examples(0, structure=0.0), least_squares, seed=1, n_resamples=50, n_curve_repeats=0)
    assert trust.ranks and not trust.beats_baseline and trust.curve is None


def test_noise_is_not_trusted(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    shuffled = replace(examples, targets=np.random.default_rng(5).normal(size=60), repeats=None)
    trust = assess(shuffled, least_squares, seed=1, n_resamples=50)
    assert not trust.ranks and not trust.beats_baseline and trust.ceiling is None


def test_without_size_features_the_baseline_expects_the_mean(draw_examples: Draw, least_squares: Make) -> None:
    trust = assess(replace(draw_examples(0), size_names=()), least_squares, seed=1, n_resamples=50)
    assert (trust.baseline.tau.value, trust.baseline.tau.error) == (0.0, 0.0)
    assert trust.baseline.r2.value == pytest.approx(0.0, abs=0.15)


def test_the_same_seed_gives_the_same_trust_and_another_another(draw_examples: Draw, least_squares: Make) -> None:
    first, again, other = (assess(draw_examples(0), least_squares, seed, n_resamples=20) for seed in (1, 1, 2))
    assert first == again != other


def test_what_chooses_anew_is_what_skill_is_told_of(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    chosen = assess(examples, least_squares, seed=1, n_resamples=20)
    anew = assess(examples, ExpectsMean, seed=1, n_resamples=20)
    trust = assess(examples, least_squares, seed=1, n_resamples=20, make_anew=ExpectsMean)
    assert (trust.skill, trust.coverages) == (anew.skill, anew.coverages) != (chosen.skill, chosen.coverages)
    assert (trust.baseline, trust.families, trust.curve) == (chosen.baseline, chosen.families, chosen.curve)


def test_a_choice_among_regressors_that_know_nothing_is_not_flattered() -> None:
    """Each looks at one feature, all features are noise: that which does best on all folds does so by chance."""

    class OfOneFeature:
        def __init__(self, seed: int, feature: int) -> None:
            self.feature = feature

        def fit(self, rows: np.ndarray, targets: np.ndarray) -> OfOneFeature:
            self.slope = float(np.cov(rows[:, self.feature], targets)[0, 1])
            return self

        def predict(self, rows: np.ndarray) -> Prediction:
            return Prediction(self.slope * rows[:, self.feature], np.ones(len(rows)))

    makes: dict[str, Make] = {str(feature): partial(OfOneFeature, feature=feature) for feature in range(30)}
    rng = np.random.default_rng(0)
    flattered, nested = [], []
    for seed in range(6):
        rows, targets = rng.normal(size=(60, 30)), rng.normal(size=60)
        examples = Examples(tuple(makes), rows, targets)
        best, _ = choose(rows, targets, makes, seed)
        trust = partial(assess, examples, makes[best], seed, n_resamples=2, n_repeats=2, n_curve_repeats=0)
        flattered.append(trust().skill.tau.value)
        nested.append(trust(make_anew=partial(Chosen, makes)).skill.tau.value)
    assert np.mean(flattered) > 0.1 > 0.05 > np.mean(nested)


def test_copies_of_a_network_are_no_skill_when_grouped(draw_examples: Draw) -> None:
    from predictors.regressors.protocol import Regressor

    class Nearest:
        """Predicts the score of the nearest learned row."""

        def __init__(self, seed: int) -> None:
            self.seed = seed

        def fit(self, rows, targets):  # type: ignore[no-untyped-def]
            self.rows, self.targets = rows, targets
            return self

        def predict(self, rows):  # type: ignore[no-untyped-def]
            from predictors.prediction import Prediction

            nearest = ((rows[:, None] - self.rows) ** 2).sum(axis=2).argmin(axis=1)
            return Prediction(self.targets[nearest], np.ones(len(rows)))

    def make(seed: int) -> Regressor:
        return Nearest(seed)

    rng = np.random.default_rng(0)
    rows, targets = np.repeat(rng.normal(size=(20, 4)), 4, axis=0), np.repeat(rng.normal(size=20), 4)
    copies = Examples(("a", "b", "c", "d"), rows, targets)
    grouped = replace(copies, groups=np.repeat(np.arange(20), 4))
    settings = {"n_resamples": 50, "n_curve_repeats": 0}
    assert assess(copies, make, 0, **settings).skill.tau.value > 0.8
    trust = assess(grouped, make, 0, **settings)
    assert not trust.ranks and trust.n_groups == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.take(np.arange(9)), "9 rows with a score; at least 10"),
        (lambda one: replace(one, targets=np.full(60, 0.5)), "All 60 scores are 0.5; there is nothing to predict"),
        (lambda one: replace(one, groups=np.full(60, 3)), "All rows are of one group"),
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
    trust = assess(draw_examples(0, n=10), least_squares, seed=0, n_resamples=20)
    assert (trust.n_folds, trust.n_learned) == (2, 5)
    assert not any(told.is_trusted for told in trust.families)


def test_what_was_assessed_can_be_told(draw_examples: Draw, least_squares: Make) -> None:
    for n in (10, 60):
        trust = assess(draw_examples(0, n=n), least_squares, seed=0, n_resamples=20)
        assert json.loads(json.dumps(to_dict(trust), allow_nan=False))["skill"]["tau"]["value"] == trust.skill.tau.value
        assert verdict(trust) in trust_lines(trust)
