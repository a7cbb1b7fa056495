"""What a predictor has to beat: what is told by size alone, and by size and how networks are trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.calibration import COVERAGES
from predictors.trust.cross_validation import CrossValidated, ExpectsMean, cross_validate
from predictors.trust.deadline import OutOfTime
from predictors.trust.skill import Skill


@dataclass(frozen=True)
class Baseline:
    """What is reached on the same folds from features that say nothing about wiring.

    Attributes:
        names: The features; if there are none, it expects the mean score of those learned from.
        skill: Of its out-of-fold predictions.
        advantage: The skill of the predictor less `skill`, with paired errors.
    """

    names: tuple[str, ...]
    skill: Skill
    advantage: Skill

    @classmethod
    def of(cls, names: tuple[str, ...], scores: NDArray[np.float64], predictor: NDArray[np.float64]) -> Baseline:
        """From the `repeated_scores` of the baseline and of the predictor, on the same resamples."""
        return cls(names, Skill.of(scores), Skill.of(predictor - scores))

    @property
    def is_beaten(self) -> bool:
        """Whether the predictor ranks better by more than a standard error of the difference."""
        return self.advantage.tau.is_above(0.0)


@dataclass(frozen=True, eq=False)
class Sides:
    """Out-of-fold predictions of a predictor and of the baselines, on the same folds.

    Attributes:
        model: Those of the predictor, with bounds at `COVERAGES`.
        by_size: Those by size alone; None if the time was up before.
        by_training: Those by size and training; None likewise, or where no feature tells how networks are trained.
        n_repeats: How often it was repeated with other folds and seeds, in the time that was left.
    """

    model: CrossValidated
    by_size: CrossValidated | None
    by_training: CrossValidated | None
    n_repeats: int


def cross_validate_sides(
    examples: Examples, make: Make, baseline: Make, seed: int, n_folds: int, n_repeats: int
) -> Sides:
    """Cross-validate a predictor beside its baselines: repeat after repeat, the predictor first.

    Args:
        examples: In groups.
        make: Makes the predictor; `OutOfTime` may come of it, and of the next.
        baseline: Makes the regressor of the baselines.
        seed: 0 or more.
        n_folds: At least 2.
        n_repeats: At least 1; a repeat that cannot be completed is dropped, but for the first.

    Raises:
        OutOfTime: The predictor was not cross-validated once.
    """
    sizes = examples.columns(examples.size_names)
    sides = [
        partial(cross_validate, examples.rows, examples.targets, make, coverages=COVERAGES),
        partial(cross_validate, sizes, examples.targets, baseline if examples.size_names else ExpectsMean),
    ]
    if examples.training_names:
        both = examples.columns((*examples.size_names, *examples.training_names))
        sides.append(partial(cross_validate, both, examples.targets, baseline))
    repeats: list[list[CrossValidated]] = []
    try:
        for repeat in range(n_repeats):
            repeats.append([])
            for side in sides:
                repeats[-1].append(side(seed=seed, groups=examples.groups, n_folds=n_folds, repeats=(repeat,)))
    except OutOfTime:
        if not repeats[0]:
            raise
    whole = [done for done in repeats if len(done) == len(sides)] or repeats[:1]
    joined = [CrossValidated.joined(of_side) for of_side in zip(*whole, strict=True)]
    by_size, by_training = ([*joined[1:], None, None])[:2]
    return Sides(joined[0], by_size, by_training, len(whole))
