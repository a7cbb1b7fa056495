"""Names of the training-free scores of a network at its first weights: an optional family.

Unlike all other families they need weights and data, so that they are computed where networks are trained
(`nas.training_free`, which has the formulas and their sources); here is what they are called in rows of features.
"""

from __future__ import annotations

TRAINING_FREE_NAMES = ("log_synflow", "jacobian_covariance", "naswot", "log_gradient_norm")
