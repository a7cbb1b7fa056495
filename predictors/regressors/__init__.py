"""The regressors: from rows of features to an expected score with its spread."""

from __future__ import annotations

from functools import partial

from predictors.regressors.choice import Choice, Chosen, choose
from predictors.regressors.ensemble import Ensemble
from predictors.regressors.families import FAMILIES, JOIN, find_family
from predictors.regressors.learned import Learned
from predictors.regressors.protocol import IntervalRegressor, Make, Regressor
from predictors.regressors.targets import TARGETS, IntervalsOnScale, OnScale, Target, to_scale

REGRESSORS: dict[str, Make] = {
    **{name: partial(Learned, name, family.learn) for name, family in FAMILIES.items()},
    "ensemble": Ensemble,
}
"""Name to a function that makes an unfitted regressor from a seed."""

AUTO = "auto"
AUTO_NAMES = ("bayesian-ridge", "support-vectors", "gaussian-process", "extra-trees", "boosting")
"""What "auto" chooses from, the simplest first; a forest beside these added time and no skill."""
BASELINE_NAMES = ("bayesian-ridge", "support-vectors", "gaussian-process", "boosting")
"""What a baseline of few features chooses from. Extra trees are left out: of few features they tell less than these."""
NESTED_FOLDS = 3
"""Folds of a choice that is made anew in each fold where it is judged: five would take nearly twice the time."""


def make_regressor(name: str, seed: int, target: Target = "plain") -> Regressor:
    """An unfitted regressor.

    Args:
        name: One of `REGRESSORS`; several of them but the ensemble, joined by "+", for the mean of their predictions;
            or "auto" to choose by cross-validation whenever it is fitted.
        seed: 0 or more.
        target: One of `TARGETS`: what is learned, see `targets.OnScale`.

    Raises:
        ValueError: There is no such regressor or target.
    """
    if name == AUTO:
        return on_scale(Chosen({one: FAMILIES[one] for one in AUTO_NAMES}, seed), target)
    if name in REGRESSORS:
        return on_scale(REGRESSORS[name](seed), target)
    family = find_family(name)
    if family is None:
        raise ValueError(f'There is no regressor "{name}"; there are {regressor_names()}.')
    return on_scale(Learned(name, family.learn, seed), target)


def make_nested_auto(seed: int, target: Target) -> Regressor:
    """As "auto", with fewer fits: for where each fold of a cross-validation has to choose anew.

    Raises:
        ValueError: There is no such target.
    """
    return on_scale(Chosen({name: FAMILIES[name] for name in AUTO_NAMES}, seed, NESTED_FOLDS), target)


def make_baseline(seed: int) -> Regressor:
    """What a predictor has to beat on the features of a baseline: the best of `BASELINE_NAMES` on normal scores."""
    return on_scale(Chosen({name: FAMILIES[name] for name in BASELINE_NAMES}, seed, NESTED_FOLDS, 1), "ranks")


def is_regressor(name: str) -> bool:
    """Whether it names a regressor, or several joined by "+"."""
    return name in REGRESSORS or find_family(name) is not None


def regressor_names() -> str:
    """All that `make_regressor` knows, for messages."""
    return f"{', '.join([*REGRESSORS, AUTO])}, or some joined by {JOIN}"


def on_scale(regressor: Regressor, target: Target) -> Regressor:
    """The regressor, learning transformed targets.

    Raises:
        ValueError: There is no such target.
    """
    if target not in TARGETS:
        raise ValueError(f'There is no target "{target}"; there are {", ".join(TARGETS)}.')
    if target == "plain":
        return regressor
    return IntervalsOnScale(regressor, target) if isinstance(regressor, Ensemble) else OnScale(regressor, target)


__all__ = [
    "AUTO",
    "AUTO_NAMES",
    "BASELINE_NAMES",
    "FAMILIES",
    "REGRESSORS",
    "TARGETS",
    "Choice",
    "Chosen",
    "IntervalRegressor",
    "Make",
    "Regressor",
    "Target",
    "choose",
    "is_regressor",
    "make_baseline",
    "make_nested_auto",
    "make_regressor",
    "on_scale",
    "regressor_names",
    "to_scale",
]
