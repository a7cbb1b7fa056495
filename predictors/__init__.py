"""How good a candidate network will be, told from its structure before it is trained.

`extract` describes a candidate, a regressor of `REGRESSORS` learns from the candidates trained so far
(labelled by `final_score_estimates`), and `decide` picks the children that are worth training.
"""

from __future__ import annotations

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.features import FEATURE_NAMES, FEATURES_VERSION, extract, feature_names
from predictors.gate import Decision, GateSettings, decide
from predictors.labels import final_score_estimates
from predictors.prediction import Prediction
from predictors.regressors import REGRESSORS, Regressor, make_regressor

__all__ = [
    "FEATURES_VERSION",
    "FEATURE_NAMES",
    "REGRESSORS",
    "Decision",
    "Examples",
    "GateSettings",
    "Prediction",
    "PredictorError",
    "Regressor",
    "decide",
    "extract",
    "feature_names",
    "final_score_estimates",
    "make_regressor",
]
