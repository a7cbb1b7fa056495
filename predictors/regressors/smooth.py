"""Regressors that are smooth in the features, all of them on standardised ones.

Scores of networks are smooth functions of their structure under much noise, and there these beat trees by far
where rows are few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.learned import Predict, PredictMean, Rows, Values
from predictors.regressors.scaling import Scaling


def learn_support_vectors(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """Support vectors with a Gaussian kernel; no spread of its own.

    Source: Drucker et al., "Support vector regression machines" (1997). The kernel's width is the number of
    features, the expected squared distance of standardised rows halved, so that it is fit for any number of them.
    """
    from sklearn.svm import SVR

    scaling = Scaling.of(rows)
    scaled = scaling.apply(rows)
    machine = SVR(C=1.0, epsilon=0.1, gamma=0.5 / scaled.shape[1]).fit(scaled, targets)
    return lambda unseen: np.asarray(machine.predict(scaling.apply(unseen)), dtype=np.float64)


def learn_bayesian_ridge(rows: Rows, targets: Values, seed: int) -> Predict:
    """A linear function; the spread is its predictive standard deviation, with the noise of a score.

    Source: MacKay, "Bayesian interpolation" (1992): the shrinkage is found by the evidence.
    """
    from sklearn.linear_model import BayesianRidge

    scaling = Scaling.of(rows)
    ridge = BayesianRidge().fit(scaling.apply(rows), targets)

    def predict(unseen: Rows) -> Prediction:
        mean, spread = ridge.predict(scaling.apply(unseen), return_std=True)
        return Prediction(mean, spread)

    return predict


def learn_ridge_mean(rows: Rows, targets: Values, seed: int) -> PredictMean:
    """As `learn_bayesian_ridge`, without the spread."""
    predict = learn_bayesian_ridge(rows, targets, seed)
    return lambda unseen: predict(unseen).mean


NEIGHBOURHOODS = (1, 3, 5, 10, 20)


def learn_neighbours(rows: Rows, targets: Values, seed: int) -> Predict:
    """Mean of the nearest rows, weighted by 1 / distance; the spread is their weighted standard deviation.

    The number of neighbours is the one of `NEIGHBOURHOODS` with the least squared error, each row predicted from the
    others. To the spread belongs the uncertainty of the mean, so that one neighbour is not taken for certainty: the
    root of the mean squared error of that choice divided by the number of neighbours is added in squares.
    """
    from sklearn.neighbors import NearestNeighbors

    scaling = Scaling.of(rows)
    n_most = min(max(NEIGHBOURHOODS), len(rows) - 1)
    nearest = NearestNeighbors(n_neighbors=n_most, algorithm="brute").fit(scaling.apply(rows))
    distances, places = nearest.kneighbors()
    errors = {
        n: float(np.mean((_weighted(distances[:, :n], targets[places[:, :n]])[0] - targets) ** 2))
        for n in sorted({min(n, n_most) for n in NEIGHBOURHOODS})
    }
    n_neighbours = min(errors, key=lambda n: errors[n])
    error = errors[n_neighbours]

    def predict(unseen: Rows) -> Prediction:
        distances, places = nearest.kneighbors(scaling.apply(unseen), n_neighbors=n_neighbours)
        mean, variance = _weighted(distances, targets[places])
        return Prediction(mean, np.sqrt(variance + error / n_neighbours))

    return predict


def _weighted(distances: NDArray[np.float64], values: Values) -> tuple[Values, Values]:
    """Mean and variance of neighbours, shape (n, n_neighbours), weighted by 1 / distance."""
    # A copy of a learned row has distance 0: it outweighs the others, but other copies count as much.
    weights = 1.0 / (distances + 1e-6 + 1e-3 * distances.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = (weights * values).sum(axis=1)
    return mean, (weights * (values - mean[:, None]) ** 2).sum(axis=1)
