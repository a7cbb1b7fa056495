"""Boosted trees over binned features."""

from __future__ import annotations

import numpy as np

from predictors.regressors.learned import PredictMean, Rows, Values


def learn_boosting(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """Histogram gradient boosting; no spread of its own.

    Source: Ke et al., "LightGBM" (2017), as in scikit-learn. Slow steps and small leaves, because rows are few.
    On one thread: with few rows several mostly wait for one another, for minutes where cores are taken.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    boosted = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=max(2, min(20, len(rows) // 10)),
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1, user_api="openmp"):
        boosted.fit(rows, targets)

    def predict(unseen: Rows) -> Values:
        with threadpool_limits(1, user_api="openmp"):
            return np.asarray(boosted.predict(unseen), dtype=np.float64)

    return predict
