from __future__ import annotations

import numpy as np
import pytest

from predictors.regressors import FAMILIES, Regressor, make_regressor
from predictors.regressors.families import average_of, find_family
from predictors.regressors.learned import Learned, certain


def table(seed: int, n: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(seed).normal(size=(n, 3))
    targets = rows[:, 0] + np.tanh(rows[:, 1])
    return rows, (targets - targets.mean()) / targets.std()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_quick_mean_is_that_of_the_predictions_with_spread(name: str) -> None:
    rows, targets = table(0)
    unseen, _ = table(1, 10)
    quick = FAMILIES[name].mean(rows, targets, 5)(unseen)
    np.testing.assert_allclose(quick, FAMILIES[name].learn(rows, targets, 5)(unseen).mean, rtol=1e-6, atol=1e-9)


def test_an_average_is_the_mean_of_its_members() -> None:
    rows, targets = table(0)
    unseen, _ = table(1, 10)
    names = ("bayesian-ridge", "neighbours")
    alone = [FAMILIES[name].mean(rows, targets, 5)(unseen) for name in names]
    joined = average_of([FAMILIES[name].mean for name in names])(rows, targets, 5)(unseen)
    np.testing.assert_allclose(joined, np.mean(alone, axis=0))
    found: Regressor = make_regressor("bayesian-ridge+neighbours", 0).fit(rows, targets)
    family = find_family("neighbours+bayesian-ridge")
    assert family is not None
    learned = Learned("mean", certain(family.mean), 0).fit(rows, targets)
    np.testing.assert_allclose(found.predict(unseen).mean, learned.predict(unseen).mean)
    assert (found.predict(unseen).spread > 0).all()


@pytest.mark.parametrize("name", ["forest+oak", "forest+forest", "forest+", "ensemble+forest", "auto+forest"])
def test_what_cannot_be_averaged_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="There is no regressor"):
        make_regressor(name, 0)
