"""Many trees: random forest, extremely randomised trees, AdaBoost."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictors.prediction import Prediction
from predictors.regressors.learned import Predict, PredictMean, Rows, Values

N_TREES = 100


def learn_forest(rows: Rows, targets: Values, seed: int) -> Predict:
    """Random forest; the spread is the standard deviation over the trees.

    Source: Breiman, "Random Forests" (2001). Each split looks at a third of the features, as he advises for
    regression, and a leaf holds at least two rows, because the scores are noisy. The spread is that of Hutter
    et al., "Algorithm runtime prediction" (2014), without the variance inside the leaves.
    """
    return _over_trees(_forest(seed).fit(rows, targets))


def learn_forest_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_forest`, without the spread."""
    forest = _forest(seed).fit(rows, targets)
    return lambda unseen: np.asarray(forest.predict(unseen), dtype=np.float64)


def _forest(seed: int) -> Any:
    # Here and below, because it takes a second to import and processes that only extract features never need it.
    from sklearn.ensemble import RandomForestRegressor

    # n_jobs=1 and a seed of its own: the same trees whatever else runs in the process.
    return RandomForestRegressor(
        n_estimators=N_TREES, min_samples_leaf=2, max_features=1 / 3, n_jobs=1, random_state=seed
    )


def learn_extra_trees(rows: Rows, targets: Values, seed: int) -> Predict:
    """Extremely randomised trees; the spread is the standard deviation over the trees.

    Source: Geurts, Ernst and Wehenkel, "Extremely randomized trees" (2006): thresholds are drawn, too. Smoother
    than a forest. Each split looks at all features, as they advise for regression, and a leaf holds at least three
    rows: on 25 samples of 130 to 300 networks tau was .62 on average, with a third of the features and two rows .605.
    Each tree sees a bootstrap sample, without which trees agree wherever they have seen a row.
    """
    return _over_trees(_extra_trees(seed).fit(rows, targets))


def learn_extra_trees_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_extra_trees`, without the spread."""
    trees = _extra_trees(seed).fit(rows, targets)
    return lambda unseen: np.asarray(trees.predict(unseen), dtype=np.float64)


def _extra_trees(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(
        n_estimators=N_TREES, min_samples_leaf=3, max_features=1.0, bootstrap=True, n_jobs=1, random_state=seed
    )


def learn_adaboost(rows: Rows, targets: Values, seed: int) -> Predict:
    """AdaBoost.R2 over small trees: their weighted median; the spread is their weighted standard deviation.

    Source: Drucker, "Improving regressors using boosting techniques" (1997).
    """
    from sklearn.ensemble import AdaBoostRegressor
    from sklearn.tree import DecisionTreeRegressor

    small = DecisionTreeRegressor(max_depth=4, min_samples_leaf=2)
    boosted = AdaBoostRegressor(small, n_estimators=N_TREES, learning_rate=0.5, random_state=seed).fit(rows, targets)
    weights = boosted.estimator_weights_[: len(boosted.estimators_)]
    # A perfect first tree ends the boosting with weight 1; rounding may leave no weight at all.
    shares = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))

    def predict(unseen: Rows) -> Prediction:
        by_tree = np.array([tree.predict(unseen) for tree in boosted.estimators_])  # (n_trees, n)
        mean = np.asarray(boosted.predict(unseen), dtype=np.float64)
        return Prediction(mean, np.sqrt(shares @ (by_tree - shares @ by_tree) ** 2))

    return predict


def _over_trees(forest: Any) -> Predict:
    def predict(unseen: Rows) -> Prediction:
        singles = np.ascontiguousarray(unseen, dtype=np.float32)  # what trees compare in
        by_tree = np.array([tree.predict(singles, check_input=False) for tree in forest.estimators_])  # (n_trees, n)
        return Prediction(by_tree.mean(axis=0), by_tree.std(axis=0))

    return predict
