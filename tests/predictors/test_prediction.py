from __future__ import annotations

import numpy as np
import pytest

from predictors.prediction import Prediction


def test_a_prediction_holds_a_mean_and_a_spread_for_each_candidate() -> None:
    prediction = Prediction(np.array([0.5, -2.0]), np.array([0.0, 0.1]))
    assert prediction.mean.tolist() == [0.5, -2.0] and prediction.spread.tolist() == [0.0, 0.1]


@pytest.mark.parametrize(
    ("mean", "spread"),
    [
        ([np.nan], [0.1]),
        ([np.inf], [0.1]),
        ([0.5], [np.nan]),
        ([0.5], [np.inf]),
        ([0.5], [-0.1]),
        ([0.5, 0.6], [0.1]),
        ([[0.5]], [[0.1]]),
    ],
)
def test_what_is_no_prediction_is_refused(mean: list[float], spread: list[float]) -> None:
    with pytest.raises(ValueError, match="Prediction: "):
        Prediction(np.array(mean), np.array(spread))
