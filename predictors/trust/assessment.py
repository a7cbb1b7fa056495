"""How far a predictor is to be trusted, in one value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.regressors import make_baseline
from predictors.regressors.folds import equal_row_groups
from predictors.regressors.protocol import Make
from predictors.trust.baseline import Baseline, Sides, cross_validate_sides
from predictors.trust.calibration import Coverage, measure_coverage
from predictors.trust.ceiling import Ceiling, noise_ceiling
from predictors.trust.cross_validation import cross_validate
from predictors.trust.deadline import OutOfTime, until
from predictors.trust.families import MOST_FAMILIES, FamilyTrust, leave_one_family_out
from predictors.trust.learning_curve import LearningCurve, draw_curve
from predictors.trust.resampling import N_RESAMPLES, derive_seed, draw_resamples
from predictors.trust.skill import Skill, repeated_scores

FEWEST_ROWS = 10


@dataclass(frozen=True)
class Trust:
    """How far a predictor is to be trusted, from its own examples.

    Attributes:
        n: Networks.
        n_features: Features of each.
        n_groups: Groups that stayed together in one fold; n where each network is its own.
        n_grouped: Networks that share their group with another, because their features are equal or they were said to.
        n_folds: Folds of a repeat.
        n_repeats: Repeats with other folds and seeds.
        n_learned: Networks that a regressor of the cross-validation learned from.
        deviation: Standard deviation of the scores, to which widths and regret compare.
        skill: Of out-of-fold predictions.
        size: What size alone reaches; None if the time was up before.
        training: What size and the features of training reach together; None where no feature tells how networks are
            trained, or the time was up before. Without it, nothing is known of what wiring adds.
        training_names: Features that tell how networks are trained.
        ceiling: The highest that can be reached; None where too few networks were trained twice.
        known_families: Families that were learned from, sorted; empty where they are not known.
        families: Skill on each of the largest families, fitted on the others; empty where fewer than two are known.
        coverages: Of the intervals.
        curve: Skill by number of networks learned from; None if it was not asked for.
        left_out: What the deadline left out, a phrase each.
    """

    n: int
    n_features: int
    n_groups: int
    n_grouped: int
    n_folds: int
    n_repeats: int
    n_learned: int
    deviation: float
    skill: Skill
    size: Baseline | None
    training: Baseline | None
    training_names: tuple[str, ...]
    ceiling: Ceiling | None
    known_families: tuple[str, ...]
    families: tuple[FamilyTrust, ...]
    coverages: tuple[Coverage, ...]
    curve: LearningCurve | None
    left_out: tuple[str, ...]

    @property
    def ranks(self) -> bool:
        """Whether it ranks unseen networks better than chance, by two standard errors."""
        return self.skill.tau.is_above(0.0, n_errors=2.0)

    @property
    def beats_size(self) -> bool:
        """Whether it ranks, and better than size alone."""
        return self.ranks and self.size is not None and self.size.is_beaten

    @property
    def knows_wiring(self) -> bool:
        """Whether it ranks better than size alone, and better than size and training together."""
        return self.beats_size and self.training is not None and self.training.is_beaten


def assess(
    examples: Examples,
    make: Make,
    seed: int,
    n_folds: int = 5,
    n_repeats: int = 3,
    *,
    make_anew: Make | None = None,
    baseline: Make = make_baseline,
    n_curve_repeats: int = 1,
    n_resamples: int = N_RESAMPLES,
    deadline: float | None = None,
) -> Trust:
    """Judge a regressor on examples by repeated cross-validation, in whole groups.

    Rows with equal features are a group: else what was learned from one would give away the score of the other.

    The errors are those of judging on these networks, see `Estimate.of`. They do not hold what would change with
    other networks to learn from; the curve shows that. Regressors are fitted n_folds * n_repeats times, as often on
    each of the two baselines, for each of a few families once, and n_folds * n_curve_repeats times for each size of the
    curve. Equal arguments give equal results, unless the deadline comes in between.

    Args:
        examples: At least ten, with scores that are not all equal.
        make: Makes the regressor.
        seed: 0 or more.
        n_folds: At least 2; fewer are taken where a fold would hold fewer than five networks.
        n_repeats: At least 1.
        make_anew: Where `make` was chosen by the scores of these examples, makes what chooses anew from the rows that
            it is given. Skill and calibration are told of that, so that the choice does not flatter them: nested
            cross-validation, Varma and Simon (2006). None where nothing was chosen.
        baseline: Makes the regressor of the baselines; it, too, has to choose from the rows that it is given.
        n_curve_repeats: Repeats of the smaller sizes of the learning curve, up to n_repeats; 0 for no curve.
        n_resamples: From which errors are told, at least 2.
        deadline: When to fit no more, in seconds of `time.monotonic`; what is known by then is told. None for never.

    Raises:
        PredictorError: There are too few examples or groups, or nothing to predict.
        OutOfTime: The predictor itself was not cross-validated once before the deadline.
        ValueError: A number is out of range.
    """
    if n_folds < 2 or n_repeats < 1 or not 0 <= n_curve_repeats <= n_repeats or n_resamples < 2:
        raise ValueError(
            f"assess: n_folds {n_folds}, n_repeats {n_repeats}, n_curve_repeats {n_curve_repeats}, n_resamples "
            f"{n_resamples}; give at least 2, 1, 0 (at most n_repeats) and 2."
        )
    examples = replace(examples, groups=equal_row_groups(examples.rows, examples.groups))
    _check(examples)
    make, judged, baseline = (until(deadline, one) for one in (make, make_anew or make, baseline))
    truth = examples.targets
    # The same seed for all, and so the same folds and resamples.
    cross_seed = derive_seed(seed, 0)
    counts = draw_resamples(len(examples), derive_seed(seed, 1), examples.groups, n_resamples)
    sides = cross_validate_sides(examples, judged, baseline, cross_seed, n_folds, n_repeats)
    size_names, training_names = examples.size_names, examples.training_names
    scores = repeated_scores(truth, sides.model, counts)
    size = training = None
    if sides.by_size is not None:
        size = Baseline.of(size_names, repeated_scores(truth, sides.by_size, counts), scores)
    if sides.by_training is not None:
        names = (*size_names, *training_names)
        training = Baseline.of(names, repeated_scores(truth, sides.by_training, counts), scores)

    families: list[FamilyTrust] = []
    curve = None
    try:
        for told in leave_one_family_out(examples, make, baseline, derive_seed(seed, 3), n_resamples):
            families.append(told)
        if n_curve_repeats:
            # A doubling is judged of one regressor, not of choices from few rows and from many.
            repeats = range(sides.n_repeats)
            whole = (
                sides.model
                if make_anew is None
                else cross_validate(
                    examples.rows, truth, make, cross_seed, groups=examples.groups, n_folds=n_folds, repeats=repeats
                )
            )
            curve = draw_curve(examples, make, cross_seed, whole, counts, min(n_curve_repeats, sides.n_repeats))
    except OutOfTime:
        pass  # what is missing is told by `left_out`
    n_in_groups = np.bincount(examples.groups)
    return Trust(
        n=len(examples),
        n_features=len(examples.names),
        n_groups=len(n_in_groups),
        n_grouped=int(n_in_groups[n_in_groups > 1].sum()),
        n_folds=int(sides.model.folds.max()) + 1,
        n_repeats=sides.n_repeats,
        n_learned=sides.model.n_learned,
        deviation=float(truth.std(ddof=1)),
        skill=Skill.of(scores),
        size=size,
        training=training,
        training_names=training_names,
        ceiling=None
        if examples.repeats is None
        else noise_ceiling(examples.repeats, derive_seed(seed, 2), n_resamples),
        known_families=tuple(sorted(set(examples.families))),
        families=tuple(families),
        coverages=measure_coverage(truth, sides.model, counts),
        curve=curve,
        left_out=_left_out(examples, sides, n_repeats, len(families), bool(n_curve_repeats) and curve is None),
    )


def _left_out(examples: Examples, sides: Sides, n_repeats: int, n_families: int, lacks_curve: bool) -> tuple[str, ...]:
    """What the deadline left out, a phrase each."""
    n_known = len(set(examples.families))
    n_missing = (min(n_known, MOST_FAMILIES) if n_known > 1 else 0) - n_families
    phrases = {
        "size alone": sides.by_size is None,
        "size and training together": sides.by_training is None and bool(examples.training_names),
        f"{n_repeats - sides.n_repeats} of {n_repeats} repeats": sides.n_repeats < n_repeats,
        f"{n_missing} {'family' if n_missing == 1 else 'families'} of networks": n_missing > 0,
        "the learning curve": lacks_curve,
    }
    return tuple(phrase for phrase, is_missing in phrases.items() if is_missing)


def _check(examples: Examples) -> None:
    if len(examples) < FEWEST_ROWS:
        raise PredictorError(
            f"{len(examples)} rows with a score; at least {FEWEST_ROWS} are needed to judge a predictor."
        )
    if (examples.targets == examples.targets[0]).all():
        raise PredictorError(f"All {len(examples)} scores are {examples.targets[0]:g}; there is nothing to predict.")
    if (examples.groups == examples.groups[0]).all():
        raise PredictorError(
            "All rows have equal features or are of one group; at least two groups are needed to judge a predictor."
        )
