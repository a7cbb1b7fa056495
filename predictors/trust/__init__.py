"""How far a predictor is to be trusted: skill beside size alone, size and training, and the noise ceiling, on families
that it has not seen, of its intervals, and by number of networks learned from."""

from __future__ import annotations

from predictors.trust.assessment import Trust, assess
from predictors.trust.baseline import Baseline
from predictors.trust.calibration import Coverage
from predictors.trust.ceiling import Ceiling, noise_ceiling
from predictors.trust.deadline import OutOfTime
from predictors.trust.estimate import Estimate
from predictors.trust.families import FamilyTrust, leave_one_family_out, trust_on
from predictors.trust.learning_curve import CurvePoint, LearningCurve
from predictors.trust.scores import kendall_tau, r_squared, spearman, top_regret
from predictors.trust.skill import Skill

__all__ = [
    "Baseline",
    "Ceiling",
    "Coverage",
    "CurvePoint",
    "Estimate",
    "FamilyTrust",
    "LearningCurve",
    "OutOfTime",
    "Skill",
    "Trust",
    "assess",
    "kendall_tau",
    "leave_one_family_out",
    "noise_ceiling",
    "r_squared",
    "spearman",
    "top_regret",
    "trust_on",
]
