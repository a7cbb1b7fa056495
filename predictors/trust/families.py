"""Whether skill carries over to a family of graphs that was not learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.examples import Examples
from predictors.familiarity import Familiarity
from predictors.regressors.protocol import Make
from predictors.trust.estimate import Estimate
from predictors.trust.resampling import (
    N_RESAMPLES,
    derive_seed,
    draw_resamples,
    resampled_r_squared,
    resampled_ranks,
)

LEAST_NETWORKS = 10
"""Of fewer networks nothing is told."""
MOST_FAMILIES = 5
"""The largest families are judged: each takes a few fits, and of small ones little can be told."""


@dataclass(frozen=True)
class FamilyTrust:
    """How a predictor does on a family that it has not learned from.

    Errors are those of having only these networks of the family to judge on.

    Attributes:
        family: The family.
        fitted_on: Those learned from, sorted.
        n: Networks of the family that it was judged on.
        n_learned: Networks that it learned from.
        tau: Kendall's tau-b.
        spearman: Spearman's rank correlation.
        r2: R2; below 0 if the mean score of the family would have been nearer.
        advantage: `tau` less that of a baseline which knows only how large the networks are and how they are trained;
            None where no feature tells that.
        share_outside: Share of its networks that are farther from those learned from than these from one another.
    """

    family: str
    fitted_on: tuple[str, ...]
    n: int
    n_learned: int
    tau: Estimate
    spearman: Estimate
    r2: Estimate
    advantage: Estimate | None
    share_outside: float

    @property
    def ranks(self) -> bool:
        """Whether it ranks the family better than chance, by two standard errors."""
        return min(self.n, self.n_learned) >= LEAST_NETWORKS and self.tau.is_above(0.0, n_errors=2.0)

    @property
    def scores(self) -> bool:
        """Whether its scores are nearer than the mean score of the family would be, by two standard errors."""
        return self.r2.is_above(0.0, n_errors=2.0)

    @property
    def is_trusted(self) -> bool:
        """Whether it ranks and scores, and ranks better than the baseline, by more than a standard error."""
        return self.ranks and self.scores and (self.advantage is None or self.advantage.is_above(0.0))


def leave_one_family_out(
    examples: Examples, make: Make, baseline: Make, seed: int, n_resamples: int = N_RESAMPLES
) -> Iterator[FamilyTrust]:
    """For each of the `MOST_FAMILIES` largest families, how a predictor does on it that was fitted on all others.

    Rows that share a group with one of the family are not learned from.

    Args:
        examples: With families; without, or with one, there is nothing to tell.
        make: Makes the regressor.
        baseline: Makes what it is compared with, see `trust_on`.
        seed: 0 or more.
        n_resamples: At least 2.

    Yields:
        One family after the other, the largest first; nothing where fewer than two are known.
    """
    families = np.array(examples.families, dtype=np.str_)
    sizes = Counter(examples.families)
    if len(sizes) < 2:
        return
    for name in sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_FAMILIES]:
        is_asked = families == name
        is_learned = ~is_asked
        if len(examples.groups):
            is_learned &= ~np.isin(examples.groups, examples.groups[is_asked])
        if is_learned.any():
            learned, asked = examples.take(np.flatnonzero(is_learned)), examples.take(np.flatnonzero(is_asked))
            yield from trust_on(learned, asked, make, baseline, seed, n_resamples)


def trust_on(
    learned: Examples, asked: Examples, make: Make, baseline: Make, seed: int, n_resamples: int = N_RESAMPLES
) -> tuple[FamilyTrust, ...]:
    """How a predictor does on other networks than those that it is fitted on, by their family.

    Args:
        learned: What it is fitted on.
        asked: What it is asked about, with true scores and the same features.
        make: Makes the regressor.
        baseline: Makes the regressor that is fitted on the features of size and training alone.
        seed: 0 or more.
        n_resamples: At least 2.

    Returns:
        One for each family of `asked`, sorted by name; one of the name "unknown" where it has no families.

    Raises:
        ValueError: The features differ.
    """
    if learned.names != asked.names:
        raise ValueError(f"trust_on: fitted on features {learned.names}, asked about {asked.names}; give the same.")
    plain_names = (*learned.size_names, *learned.training_names)
    predicted = _predict(learned, asked, learned.names, make, seed)
    by_baseline = _predict(learned, asked, plain_names, baseline, seed) if plain_names else None
    is_outside = Familiarity.of(learned.rows).outside(asked.rows)
    families = np.array(asked.families or ("unknown",) * len(asked), dtype=np.str_)
    told = []
    for name in sorted(set(families.tolist())):
        of_family = np.flatnonzero(families == name)
        groups = asked.groups[of_family] if len(asked.groups) else None
        counts = draw_resamples(len(of_family), derive_seed(seed, 1), groups, n_resamples)
        # The first "resample" is the networks as they are.
        weights = np.concatenate([np.ones((1, len(of_family))), counts])
        truth = asked.targets[of_family]
        tau, rank = resampled_ranks(truth, predicted[of_family], weights)
        advantage = None
        if by_baseline is not None:
            advantage = _estimate(tau - resampled_ranks(truth, by_baseline[of_family], weights)[0])
        told.append(
            FamilyTrust(
                family=name,
                fitted_on=tuple(sorted(set(learned.families))),
                n=len(of_family),
                n_learned=len(learned),
                tau=_estimate(tau),
                spearman=_estimate(rank),
                r2=_estimate(resampled_r_squared(truth, predicted[of_family], weights)),
                advantage=advantage,
                share_outside=float(is_outside[of_family].mean()),
            )
        )
    return tuple(told)


def _predict(learned: Examples, asked: Examples, names: tuple[str, ...], make: Make, seed: int) -> NDArray[np.float64]:
    regressor = make(derive_seed(seed, 0)).fit(learned.columns(names), learned.targets)
    return regressor.predict(asked.columns(names)).mean


def _estimate(scores: NDArray[np.float64]) -> Estimate:
    return Estimate.of(scores[:1], scores[1:])
