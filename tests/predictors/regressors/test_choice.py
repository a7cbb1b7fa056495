from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from predictors.regressors import REGRESSORS, Make
from predictors.regressors.choice import Chosen, choose

MAKES: dict[str, Make] = {name: REGRESSORS[name] for name in ("neighbours", "bayesian-ridge")}


def linear(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 10))
    return rows, rows @ np.arange(10) + rng.standard_normal(n)


def bent(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (n, 1))
    return rows, np.abs(rows[:, 0])


def test_the_family_that_suits_the_rows_is_chosen() -> None:
    name, taus = choose(*linear(0), MAKES, 0)
    assert name == "bayesian-ridge"
    assert taus["bayesian-ridge"] > taus["neighbours"]
    assert choose(*bent(0), MAKES, 0)[0] == "neighbours"


def test_without_rows_to_tell_the_first_is_taken() -> None:
    rows, targets = linear(0)
    assert choose(rows[:9], targets[:9], MAKES, 0) == ("neighbours", {})
    assert choose(rows, np.ones(60), MAKES, 0) == ("neighbours", {})
    assert choose(rows, targets, MAKES, 0, groups=np.arange(60) // 20) == ("neighbours", {})
    assert choose(rows, targets, {"forest": partial(REGRESSORS["forest"])}, 0) == ("forest", {})


def test_groups_are_not_split() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 5)
    rows = (rng.permutation(12)[groups] + 1e-3 * rng.standard_normal(60))[:, None]
    targets = rng.standard_normal(12)[groups] + 1e-3 * rng.standard_normal(60)
    _, split = choose(rows, targets, MAKES, 0)
    _, whole = choose(rows, targets, MAKES, 0, groups)
    assert split["neighbours"] > 0.8 > 0.4 > whole["neighbours"]  # a group's own rows give it away


def test_equal_rows_are_not_split_by_what_chooses() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.standard_normal((24, 1)), 3, axis=0)
    targets = 1.5 * rows[:, 0] + np.repeat(rng.standard_normal(24), 3) + 1e-3 * rng.standard_normal(72)
    groups = np.repeat(np.arange(24), 3)
    assert choose(rows, targets, MAKES, 0)[0] == "neighbours"  # it has seen the copies
    assert Chosen(MAKES, 0).fit(rows, targets).name == choose(rows, targets, MAKES, 0, groups)[0] == "bayesian-ridge"


def test_what_is_chosen_is_what_predicts() -> None:
    rows, targets = linear(1)
    unseen, _ = linear(2)
    chosen = Chosen(MAKES, 3).fit(rows, targets)
    assert chosen.name == "bayesian-ridge"
    alone = REGRESSORS["bayesian-ridge"](3).fit(rows, targets)
    np.testing.assert_array_equal(chosen.predict(unseen).mean, alone.predict(unseen).mean)
    with pytest.raises(ValueError, match="call fit"):
        Chosen(MAKES, 3).predict(unseen)
