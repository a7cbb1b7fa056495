"""The learning curve: how skill grows with the number of networks learned from, and whether more would help."""

from __future__ import annotations

from dataclasses import dataclass

from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.cross_validation import CrossValidated, cross_validate
from predictors.trust.estimate import Estimate
from predictors.trust.resampling import Counts
from predictors.trust.skill import estimate, repeated_tau

FEWEST_LEARNED = 10


@dataclass(frozen=True)
class CurvePoint:
    """Skill after learning from some networks.

    Attributes:
        n_learned: Number of networks learned from.
        tau: Kendall's tau-b inside a fold.
    """

    n_learned: int
    tau: Estimate


@dataclass(frozen=True)
class LearningCurve:
    """Skill by number of networks learned from, each about twice the one before.

    Attributes:
        points: At least one; the last learned from all networks outside the fold.
        last_gain: What the last doubling added to tau, judged on the same networks; None with a single point.
    """

    points: tuple[CurvePoint, ...]
    last_gain: Estimate | None

    @property
    def is_rising(self) -> bool:
        """Whether the last doubling added to tau by more than two standard errors."""
        return self.last_gain is not None and self.last_gain.is_above(0.0, n_errors=2.0)


def draw_curve(
    examples: Examples,
    make: Make,
    seed: int,
    model: CrossValidated,
    counts: Counts,
    n_repeats: int,
) -> LearningCurve:
    """The curve up to what `model` learned from, by halving that down to ten networks.

    Args:
        examples: All networks.
        make: Makes the regressor.
        seed: That of `model`, so that the folds are its folds.
        model: Predictions from all networks outside the fold.
        counts: Resamples of the networks, shape (n_resamples, n).
        n_repeats: Repeats of the smaller sizes, 1 to those of `model`.
    """
    n_folds = int(model.folds.max()) + 1
    sizes = [model.n_learned]
    while sizes[-1] // 2 >= FEWEST_LEARNED:
        sizes.append(sizes[-1] // 2)
    taus = [repeated_tau(examples.targets, model, counts)]
    for size in sizes[1:]:
        smaller = cross_validate(
            examples.rows,
            examples.targets,
            make,
            seed,
            groups=examples.groups,
            n_folds=n_folds,
            repeats=range(n_repeats),
            most_learned=size,
        )
        taus.append(repeated_tau(examples.targets, smaller, counts))
    points = [CurvePoint(size, estimate(tau)) for size, tau in zip(sizes, taus, strict=True)]
    gain = estimate(taus[0][:, :n_repeats] - taus[1]) if len(taus) > 1 else None
    return LearningCurve(tuple(reversed(points)), gain)
