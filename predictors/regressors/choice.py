"""The families that rank unseen rows best, chosen from the rows alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.families import JOIN, Family, average_of
from predictors.regressors.folds import N_FOLDS, draw_folds, equal_row_groups, out_of_fold
from predictors.regressors.learned import Learned, LearnMean, Predict, Rows, Values, certain
from predictors.regressors.scaling import Scaling
from predictors.regressors.spread import LocalSpread

FEWEST_ROWS = 10
"""With fewer rows, or fewer groups of equal rows, the first family is taken."""
MOST_ROWS = 500
"""Rows that decide the choice; of more, this many are drawn: more take longer and hardly tell families apart better."""
N_REPEATS = 2
FAR_BEHIND = 2.0
"""Standard errors: a family that is so far behind the best after the first repeat is not repeated."""
MOST_AVERAGED = 3

Taus = NDArray[np.float64]
"""Kendall's tau in each fold of each repeat, shape (n_repeats * n_folds,)."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen, and by what.

    Attributes:
        names: One family, or several whose predictions are averaged, the best first.
        taus: Kendall's tau of each family that was tried, on rows that it had not seen; empty if none was.
        places: Rows that were drawn to choose by, int64, shape (k,); empty if none was tried.
        residuals: Their targets less the out-of-fold predictions of what was chosen, shape (k,).
    """

    names: tuple[str, ...]
    taus: Mapping[str, float]
    places: NDArray[np.int64]
    residuals: Values

    @property
    def name(self) -> str:
        """The names joined, as `find_family` reads them."""
        return JOIN.join(self.names)


def choose(
    rows: Rows,
    targets: Values,
    families: Mapping[str, Family],
    seed: int,
    groups: NDArray[np.int64] | None = None,
    n_folds: int = N_FOLDS,
    n_repeats: int = N_REPEATS,
) -> Choice:
    """The family, or the average of two or three, with the highest Kendall tau inside the folds of cross-validation.

    That is the measure by which predictors are judged. Of the families within a standard error of the best, up to three
    are averaged if that ranks better still, see `tied_with_best`. Rows with equal features share a fold. Where the
    choice itself is judged, it has to be made anew in each outer fold, as `Chosen` does.

    The work is bounded: at most `MOST_ROWS` rows, and after the first repeat only the families that may still win. On
    31 samples of 130 to 300 networks of six kinds, what was chosen had a tau on other networks that was .003 below
    that of the family which was best there, .028 at most. With one repeat instead of two it was .007, without averages
    .009, .084 at most.

    Args:
        rows: Features, shape (n, n_features).
        targets: Shape (n,).
        families: What there is to choose from, at least one, the simplest first.
        seed: Of folds and regressors.
        groups: Rows of a group stay in one fold, too, shape (n,).
        n_folds: At least 2.
        n_repeats: With other folds and seeds, at least 1.
    """
    places = np.arange(len(rows))
    if len(rows) > MOST_ROWS:
        places = np.sort(np.random.default_rng([seed, 1]).permutation(len(rows))[:MOST_ROWS])
    rows, targets = rows[places], targets[places]
    together = equal_row_groups(rows, None if groups is None else groups[places])
    first = next(iter(families))
    if len(families) == 1 or together.max(initial=0) + 1 < FEWEST_ROWS or np.ptp(targets) == 0:
        return Choice((first,), {}, places[:0], targets[:0])
    running = dict(families)
    predicted: dict[str, list[Values]] = {name: [] for name in families}
    taus: dict[str, Taus] = {name: np.empty(0) for name in families}
    folds = [draw_folds(len(rows), seed + repeat, together, n_folds) for repeat in range(n_repeats)]
    for repeat, fold in enumerate(folds):
        for name, family in running.items():
            predicted[name].append(_out_of_fold(family.mean, rows, targets, fold, seed + repeat))
            taus[name] = np.concatenate([taus[name], tau_by_fold(predicted[name][-1], targets, fold)])
        best = max(running, key=lambda name: float(taus[name].mean()))
        running = {one: family for one, family in running.items() if _is_near(taus[best], taus[one], FAR_BEHIND)}
    tied = tied_with_best({name: taus[name] for name in running})[:MOST_AVERAGED]
    means: list[Values] = []
    scores: list[float] = []
    for n_averaged in range(1, len(tied) + 1):
        mean = np.mean([predicted[name] for name in tied[:n_averaged]], axis=0)  # (n_repeats, n)
        scores.append(float(np.mean([tau_by_fold(one, targets, fold) for one, fold in zip(mean, folds, strict=True)])))
        means.append(mean.mean(axis=0))
    n_best = int(np.argmax(scores))  # the fewest of equals
    told = {name: float(tau.mean()) for name, tau in taus.items()}
    return Choice(tied[: n_best + 1], told, places, targets - means[n_best])


def tied_with_best(taus: Mapping[str, Taus]) -> tuple[str, ...]:
    """Names of the best family and of all that are within a standard error of it, the best first.

    The evidence does not tell these apart: the one that comes out first is often not the best, while their mean
    prediction is seldom worse than the best of them. Of equals the earlier comes first.

    Args:
        taus: Of each family on the same folds, the simplest first.
    """
    ranked = sorted(taus, key=lambda name: -float(taus[name].mean()))  # stable
    return tuple(name for name in ranked if _is_near(taus[ranked[0]], taus[name], 1.0))


def _is_near(best: Taus, other: Taus, n_errors: float) -> bool:
    """Whether the other is behind the best by no more than so many standard errors of their difference.

    Folds share the rows that are learned from, so that the variance of their mean is more than a J-th of that of one of
    J folds: 1 / J + 1 / (k - 1) of it for k folds, here with k = 5 (Nadeau and Bengio, "Inference for the
    generalization error", 2003, equation 9).
    """
    behind = best - other
    error = float(np.std(behind, ddof=1)) * np.sqrt(1 / len(behind) + 1 / (N_FOLDS - 1))
    return bool(behind.mean() <= n_errors * error)


def tau_by_fold(predicted: Values, targets: Values, folds: NDArray[np.int64]) -> Taus:
    """Kendall's tau-b inside each fold, shape (n_folds,); 0 where nothing is ranked."""
    from scipy.stats import kendalltau

    taus = [kendalltau(predicted[folds == fold], targets[folds == fold]).statistic for fold in np.unique(folds)]
    return np.nan_to_num(np.array(taus, dtype=np.float64))


class Chosen(Learned):
    """A `Regressor` that first chooses what to be, by `choose` on the rows that it is given to learn from.

    The spread is the family's own, or else that of the errors of the choice's out-of-fold predictions nearby.

    Args:
        families: What there is to choose from, the simplest first.
        seed: 0 or more.
        n_folds, n_repeats: As for `choose`.

    Attributes:
        name: What was chosen at the last `fit`, names joined by "+"; None if nothing could be learned.
    """

    def __init__(
        self, families: Mapping[str, Family], seed: int, n_folds: int = N_FOLDS, n_repeats: int = N_REPEATS
    ) -> None:
        super().__init__("auto", self._learn_chosen, seed)
        self._families = families
        self._n_folds, self._n_repeats = n_folds, n_repeats
        self.name: str | None = None

    def _learn_chosen(self, rows: Rows, targets: Values, seed: int) -> Predict:
        choice = choose(rows, targets, self._families, seed, None, self._n_folds, self._n_repeats)
        self.name = choice.name
        chosen = [self._families[name] for name in choice.names]
        if len(choice.places) == 0 or (len(chosen) == 1 and chosen[0].own is not None):
            return chosen[0].learn(rows, targets, seed)
        predict_mean = average_of([family.mean for family in chosen])(rows, targets, seed)
        scaling = Scaling.of(rows)
        spread = LocalSpread.of(scaling.apply(rows[choice.places]), choice.residuals)
        return lambda unseen: Prediction(predict_mean(unseen), spread.around(scaling.apply(unseen)))


def _out_of_fold(learn: LearnMean, rows: Rows, targets: Values, folds: NDArray[np.int64], seed: int) -> Values:
    def predict_unseen(learned: NDArray[np.int64], unseen: NDArray[np.int64]) -> Values:
        # The targets or features of a fold may be all equal, which `Learned` knows how to deal with.
        return Learned("auto", certain(learn), seed).fit(rows[learned], targets[learned]).predict(rows[unseen]).mean

    return out_of_fold(predict_unseen, folds)
