"""The families of regressors: each a learning function, with a spread of its own or that of its errors nearby."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from predictors.regressors.boosting import learn_boosting
from predictors.regressors.gaussian_process import learn_gaussian_process, learn_gaussian_process_mean
from predictors.regressors.learned import Learn, LearnMean, PredictMean, Rows, Values
from predictors.regressors.smooth import (
    learn_bayesian_ridge,
    learn_neighbours,
    learn_ridge_mean,
    learn_support_vectors,
)
from predictors.regressors.spread import with_local_spread, without_spread
from predictors.regressors.trees import (
    learn_adaboost,
    learn_extra_trees,
    learn_extra_trees_mean,
    learn_forest,
    learn_forest_mean,
)


@dataclass(frozen=True)
class Family:
    """A family of regressors.

    Attributes:
        mean: Learns to predict expected scores, in the least time.
        own: Learns to predict a spread, too; None if the family knows none.
    """

    mean: LearnMean
    own: Learn | None = None

    @property
    def learn(self) -> Learn:
        """Learns scores and a spread: the family's own, or else that of its errors on the nearest rows."""
        return with_local_spread(self.mean) if self.own is None else self.own


FAMILIES: Mapping[str, Family] = {
    "bayesian-ridge": Family(learn_ridge_mean, learn_bayesian_ridge),
    "support-vectors": Family(learn_support_vectors),
    "gaussian-process": Family(learn_gaussian_process_mean, learn_gaussian_process),
    "neighbours": Family(without_spread(learn_neighbours), learn_neighbours),
    "extra-trees": Family(learn_extra_trees_mean, learn_extra_trees),
    "forest": Family(learn_forest_mean, learn_forest),
    "boosting": Family(learn_boosting),
    "adaboost": Family(without_spread(learn_adaboost), learn_adaboost),
}
"""From name to family, the simplest first: of equals the earlier is preferred."""

JOIN = "+"
"""Between the names of families whose predictions are averaged."""


def average_of(means: Sequence[LearnMean]) -> LearnMean:
    """Learns all of them, and predicts the mean of what they predict."""

    def learn(rows: Rows, targets: Values, seed: int) -> PredictMean:
        members = [learn_mean(rows, targets, seed) for learn_mean in means]
        return lambda unseen: np.mean([predict(unseen) for predict in members], axis=0)

    return learn


def find_family(name: str) -> Family | None:
    """The family of a name, or the average of several: ``gaussian-process+boosting``.

    Returns:
        None if there is no such family, or one is named twice.
    """
    names = name.split(JOIN)
    if len(set(names)) < len(names) or not set(names) <= set(FAMILIES):
        return None
    if len(names) == 1:
        return FAMILIES[name]
    return Family(average_of([FAMILIES[one].mean for one in names]))
