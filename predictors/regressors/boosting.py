"""Boosted trees over binned features."""

from __future__ import annotations

import numpy as np

from predictors.regressors.learned import PredictMean, Rows, Values


def learn_boosting(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """Histogram gradient boosting; no spread of its own.

    Source: Ke et al., "LightGBM" (2017), as in scikit-learn. Slow steps and small leaves, because rows are few.
    Its threads are those of OpenMP; with few rows scikit-learn's own heuristics and ours agree on one.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    boosted = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=max(2, min(20, len(rows) // 10)),
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    ).fit(rows, targets)
    return lambda unseen: np.asarray(boosted.predict(unseen), dtype=np.float64)
