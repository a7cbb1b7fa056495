"""The regressors: from rows of features to an expected score with its spread."""

from __future__ import annotations

from functools import partial

from predictors.regressors.boosting import learn_boosting
from predictors.regressors.choice import Chosen, choose
from predictors.regressors.ensemble import Ensemble
from predictors.regressors.gaussian_process import learn_gaussian_process
from predictors.regressors.learned import Learn, Learned
from predictors.regressors.protocol import IntervalRegressor, Make, Regressor
from predictors.regressors.smooth import learn_bayesian_ridge, learn_neighbours, learn_support_vectors
from predictors.regressors.spread import with_local_spread
from predictors.regressors.targets import TARGETS, IntervalsOnScale, OnScale, Target
from predictors.regressors.trees import learn_adaboost, learn_extra_trees, learn_forest

_FAMILIES: dict[str, Learn] = {
    "forest": learn_forest,
    "extra-trees": learn_extra_trees,
    "boosting": with_local_spread(learn_boosting),
    "gaussian-process": learn_gaussian_process,
    "support-vectors": with_local_spread(learn_support_vectors),
    "bayesian-ridge": learn_bayesian_ridge,
    "adaboost": learn_adaboost,
    "neighbours": learn_neighbours,
}

REGRESSORS: dict[str, Make] = {
    **{name: partial(Learned, name, learn) for name, learn in _FAMILIES.items()},
    "ensemble": Ensemble,
}
"""Name to a function that makes an unfitted regressor from a seed."""

AUTO = "auto"
AUTO_NAMES = ("gaussian-process", "support-vectors", "extra-trees", "forest", "boosting", "bayesian-ridge")
"""What "auto" chooses from; the ensemble, which costs as much as most of them together, is left to be named."""


def make_regressor(name: str, seed: int, target: Target = "plain") -> Regressor:
    """An unfitted regressor.

    Args:
        name: One of `REGRESSORS`, or "auto" to choose by cross-validation whenever it is fitted.
        seed: 0 or more.
        target: One of `TARGETS`: what is learned, see `targets.OnScale`.

    Raises:
        ValueError: There is no such regressor or target.
    """
    if name != AUTO and name not in REGRESSORS:
        raise ValueError(f'There is no regressor "{name}"; there are {", ".join([*REGRESSORS, AUTO])}.')
    if target not in TARGETS:
        raise ValueError(f'There is no target "{target}"; there are {", ".join(TARGETS)}.')
    if name == AUTO:
        makes: dict[str, Make] = {one: partial(_made, one, target) for one in AUTO_NAMES}
        return Chosen(makes, seed)
    return _made(name, target, seed)


def _made(name: str, target: Target, seed: int) -> Regressor:
    regressor = REGRESSORS[name](seed)
    if target == "plain":
        return regressor
    return IntervalsOnScale(regressor, target) if isinstance(regressor, Ensemble) else OnScale(regressor, target)


__all__ = [
    "AUTO",
    "AUTO_NAMES",
    "REGRESSORS",
    "TARGETS",
    "Chosen",
    "IntervalRegressor",
    "Make",
    "Regressor",
    "Target",
    "choose",
    "make_regressor",
]
