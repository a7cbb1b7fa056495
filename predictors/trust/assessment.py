"""How far a predictor is to be trusted, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.calibration import COVERAGES, Coverage, measure_coverage
from predictors.trust.ceiling import Ceiling, noise_ceiling
from predictors.trust.cross_validation import ExpectsMean, cross_validate
from predictors.trust.families import FamilyTrust, leave_one_family_out
from predictors.trust.learning_curve import LearningCurve, draw_curve
from predictors.trust.resampling import N_RESAMPLES, derive_seed, draw_resamples
from predictors.trust.skill import Skill, compare

FEWEST_ROWS = 10


@dataclass(frozen=True)
class Trust:
    """How far a predictor is to be trusted, from its own examples.

    Attributes:
        n: Networks.
        n_features: Features of each.
        n_groups: Groups that stayed together in one fold; n where each network is its own.
        n_folds: Folds of a repeat.
        n_repeats: Repeats with other folds and seeds.
        n_learned: Networks that a regressor of the cross-validation learned from.
        deviation: Standard deviation of the scores, to which widths and regret compare.
        skill: Of out-of-fold predictions.
        baseline: That of the same regressor on the same folds from `baseline_names` alone.
        baseline_names: The size features; if empty, the baseline expects the mean score of those learned from.
        advantage: `skill` less `baseline`, with paired errors.
        ceiling: The highest that can be reached; None where too few networks were trained twice.
        known_families: Families that were learned from, sorted; empty where they are not known.
        families: Skill on each family, fitted on the others; empty where fewer than two are known.
        coverages: Of the intervals.
        curve: Skill by number of networks learned from; None if it was not asked for.
    """

    n: int
    n_features: int
    n_groups: int
    n_folds: int
    n_repeats: int
    n_learned: int
    deviation: float
    skill: Skill
    baseline: Skill
    baseline_names: tuple[str, ...]
    advantage: Skill
    ceiling: Ceiling | None
    known_families: tuple[str, ...]
    families: tuple[FamilyTrust, ...]
    coverages: tuple[Coverage, ...]
    curve: LearningCurve | None

    @property
    def ranks(self) -> bool:
        """Whether it ranks unseen networks better than chance, by two standard errors."""
        return self.skill.tau.is_above(0.0, n_errors=2.0)

    @property
    def beats_baseline(self) -> bool:
        """Whether it ranks, and better than the baseline, by more than a standard error of the difference."""
        return self.ranks and self.advantage.tau.is_above(0.0)


def assess(
    examples: Examples,
    make: Make,
    seed: int,
    n_folds: int = 5,
    n_repeats: int = 3,
    *,
    make_anew: Make | None = None,
    n_curve_repeats: int = 1,
    n_resamples: int = N_RESAMPLES,
) -> Trust:
    """Judge a regressor on examples by repeated cross-validation, in whole groups where there are groups.

    The errors are those of judging on these networks, see `Estimate.of`. They do not hold what would change with
    other networks to learn from; the curve shows that. Regressors are fitted n_folds * 2 * n_repeats times, for each
    family once, and n_folds * n_curve_repeats times for each size of the curve. Equal arguments give equal results.

    Args:
        examples: At least ten, with scores that are not all equal.
        make: Makes the regressor.
        seed: 0 or more.
        n_folds: At least 2; fewer are taken where a fold would hold fewer than five networks.
        n_repeats: At least 1.
        make_anew: Where `make` was chosen by the scores of these examples, makes what chooses anew from the rows that
            it is given. Skill and calibration are told of that, so that the choice does not flatter them: nested
            cross-validation, Varma and Simon (2006). None where nothing was chosen.
        n_curve_repeats: Repeats of the smaller sizes of the learning curve, up to n_repeats; 0 for no curve.
        n_resamples: From which errors are told, at least 2.

    Raises:
        PredictorError: There are too few examples or groups, or nothing to predict.
        ValueError: A number is out of range.
    """
    if n_folds < 2 or n_repeats < 1 or not 0 <= n_curve_repeats <= n_repeats or n_resamples < 2:
        raise ValueError(
            f"assess: n_folds {n_folds}, n_repeats {n_repeats}, n_curve_repeats {n_curve_repeats}, n_resamples "
            f"{n_resamples}; give at least 2, 1, 0 (at most n_repeats) and 2."
        )
    _check(examples)
    truth = examples.targets
    # The same seed for all, and so the same folds and resamples.
    cross_seed = derive_seed(seed, 0)
    counts = draw_resamples(len(examples), derive_seed(seed, 1), examples.groups, n_resamples)
    cross_validated = partial(
        cross_validate, seed=cross_seed, groups=examples.groups, n_folds=n_folds, n_repeats=n_repeats
    )
    model = cross_validated(examples.rows, truth, make_anew or make, coverages=COVERAGES)
    sizes = examples.columns(examples.size_names)
    by_size = cross_validated(sizes, truth, make if examples.size_names else ExpectsMean)
    skill, baseline, advantage = compare(truth, model, by_size, counts)
    curve = None
    if n_curve_repeats:
        # A doubling is judged of one regressor, not of choices from few rows and from many.
        whole = model if make_anew is None else cross_validated(examples.rows, truth, make)
        curve = draw_curve(examples, make, cross_seed, whole, counts, n_curve_repeats)
    return Trust(
        n=len(examples),
        n_features=len(examples.names),
        n_groups=len(np.unique(examples.groups)) or len(examples),
        n_folds=int(model.folds.max()) + 1,
        n_repeats=n_repeats,
        n_learned=model.n_learned,
        deviation=float(truth.std(ddof=1)),
        skill=skill,
        baseline=baseline,
        baseline_names=examples.size_names,
        advantage=advantage,
        ceiling=None
        if examples.repeats is None
        else noise_ceiling(examples.repeats, derive_seed(seed, 2), n_resamples),
        known_families=tuple(sorted(set(examples.families))),
        families=leave_one_family_out(examples, make, derive_seed(seed, 3), n_resamples),
        coverages=measure_coverage(truth, model, counts),
        curve=curve,
    )


def _check(examples: Examples) -> None:
    if len(examples) < FEWEST_ROWS:
        raise PredictorError(
            f"{len(examples)} rows with a score; at least {FEWEST_ROWS} are needed to judge a predictor."
        )
    if (examples.targets == examples.targets[0]).all():
        raise PredictorError(f"All {len(examples)} scores are {examples.targets[0]:g}; there is nothing to predict.")
    if len(examples.groups) and (examples.groups == examples.groups[0]).all():
        raise PredictorError("All rows are of one group; at least two groups are needed to judge a predictor.")
