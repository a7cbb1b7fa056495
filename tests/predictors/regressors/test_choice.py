from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from predictors.regressors.choice import FEWEST_ROWS, MOST_AVERAGED, MOST_ROWS, Chosen, choose, tied_with_best
from predictors.regressors.families import FAMILIES, Family

CHOICES = {name: FAMILIES[name] for name in ("neighbours", "bayesian-ridge")}
COLUMNS = {"none": 3, "first": 0, "second": 1, "third": 2}
Table = tuple[np.ndarray, np.ndarray]


def linear(seed: int, n: int = 60) -> Table:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 10))
    return rows, rows @ np.arange(10) + rng.standard_normal(n)


def bent(seed: int, n: int = 60) -> Table:
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (n, 1))
    return rows, np.abs(rows[:, 0])


def of_columns(*columns: int) -> Family:
    """Predicts the sum of these columns."""

    def learn(rows: np.ndarray, targets: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda unseen: unseen[:, list(columns)].sum(axis=1)

    return Family(learn)


def of_halves(n: int = 120) -> tuple[Table, dict[str, Family]]:
    """Families that know a part each of what there is to know, and one that knows nothing."""
    rows = np.random.default_rng(0).standard_normal((n, 4))
    targets = rows[:, 0] + rows[:, 1] + rows[:, 2]
    return (rows, targets), {
        "none": of_columns(3),
        "first": of_columns(0),
        "second": of_columns(1),
        "third": of_columns(2),
    }


def test_the_family_that_suits_the_rows_is_chosen() -> None:
    choice = choose(*linear(0), CHOICES, 0)
    assert choice.name == "bayesian-ridge"
    assert choice.taus["bayesian-ridge"] > choice.taus["neighbours"]
    assert choose(*bent(0), CHOICES, 0).names == ("neighbours",)


def test_families_that_are_equally_good_are_averaged() -> None:
    table, families = of_halves()
    choice = choose(*table, families, 0)
    assert set(choice.names) == {"first", "second", "third"} and len(choice.names) == MOST_AVERAGED
    rows, targets = table
    one_alone = choose(rows, targets, {"first": families["first"], "none": families["none"]}, 0)
    assert one_alone.names == ("first",)
    assert np.std(choice.residuals) < 0.9 * np.std(one_alone.residuals)


def test_an_average_that_ranks_worse_is_not_taken() -> None:
    (rows, targets), families = of_halves()
    same = {"first": families["first"], "again": families["first"], "opposite": of_columns(0)}
    assert choose(rows, targets, same, 0).names == ("first",)


def test_the_work_on_families_that_are_far_behind_is_saved() -> None:
    table, families = of_halves()
    fits: list[str] = []

    def counted(name: str, family: Family) -> Family:
        def learn(rows: np.ndarray, targets: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
            fits.append(name)
            return family.mean(rows, targets, seed)

        return Family(learn)

    choose(*table, {name: counted(name, family) for name, family in families.items()}, 0, n_repeats=3)
    assert {name: fits.count(name) for name in families} == {"none": 5, "first": 15, "second": 15, "third": 15}


def test_of_many_rows_some_are_drawn_to_choose_by() -> None:
    rows, targets = linear(0, n=MOST_ROWS + 100)
    choice = choose(rows, targets, CHOICES, 3)
    assert len(choice.places) == len(choice.residuals) == MOST_ROWS
    assert (np.diff(choice.places) > 0).all()
    assert (choice.places == choose(rows, targets, CHOICES, 3).places).all()
    assert (choice.places != choose(rows, targets, CHOICES, 4).places).any()
    assert Chosen(CHOICES, 3).fit(rows, targets).predict(rows[:5]).spread.min() > 0


def test_without_rows_to_tell_the_first_is_taken() -> None:
    rows, targets = linear(0)
    few = FEWEST_ROWS - 1
    for choice in (
        choose(rows[:few], targets[:few], CHOICES, 0),
        choose(rows, np.ones(60), CHOICES, 0),
        choose(rows, targets, CHOICES, 0, groups=np.arange(60) // 20),
        choose(rows, targets, {"neighbours": CHOICES["neighbours"]}, 0),
    ):
        assert (choice.names, choice.taus, len(choice.places)) == (("neighbours",), {}, 0)


def test_groups_are_not_split() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 5)
    rows = (rng.permutation(12)[groups] + 1e-3 * rng.standard_normal(60))[:, None]
    targets = rng.standard_normal(12)[groups] + 1e-3 * rng.standard_normal(60)
    split, whole = choose(rows, targets, CHOICES, 0).taus, choose(rows, targets, CHOICES, 0, groups).taus
    assert split["neighbours"] > 0.6 > 0.4 > whole["neighbours"]  # a group's own rows give it away


def test_equal_rows_are_not_split() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.standard_normal((24, 1)), 3, axis=0)
    targets = 1.5 * rows[:, 0] + np.repeat(rng.standard_normal(24), 3) + 1e-3 * rng.standard_normal(72)
    assert choose(rows, targets, CHOICES, 0).name == "bayesian-ridge"
    apart = rows + 1e-9 * rng.standard_normal((72, 1))
    assert choose(apart, targets, CHOICES, 0).name == "neighbours"  # it has seen the copies


def test_what_is_chosen_is_what_predicts() -> None:
    rows, targets = linear(1)
    unseen, _ = linear(2)
    chosen = Chosen(CHOICES, 3).fit(rows, targets)
    assert chosen.name == "bayesian-ridge"
    alone = Chosen({"bayesian-ridge": CHOICES["bayesian-ridge"]}, 3).fit(rows, targets)
    np.testing.assert_array_equal(chosen.predict(unseen).mean, alone.predict(unseen).mean)
    np.testing.assert_array_equal(chosen.predict(unseen).spread, alone.predict(unseen).spread)
    with pytest.raises(ValueError, match="call fit"):
        Chosen(CHOICES, 3).predict(unseen)


def test_an_average_predicts_the_mean_and_its_error_nearby() -> None:
    (rows, targets), families = of_halves(400)
    chosen = Chosen(families, 0).fit(rows, targets)
    assert set((chosen.name or "").split("+")) == {"first", "second", "third"}
    unseen = np.random.default_rng(1).standard_normal((200, 4))
    prediction = chosen.predict(unseen)
    scale = targets.std()  # the families predict standardised targets
    np.testing.assert_allclose(prediction.mean, targets.mean() + scale * unseen[:, :3].sum(axis=1) / 3)
    error = np.std(unseen[:, :3].sum(axis=1) - prediction.mean)
    assert prediction.spread.mean() == pytest.approx(error, rel=0.3)


def test_ties_are_those_within_a_standard_error() -> None:
    noise = np.random.default_rng(0).standard_normal(10)
    best = np.full(10, 0.5)
    # A deviation of .01 over ten folds of five a repeat: a standard error of .01 * sqrt(1 / 10 + 1 / 4).
    jitter = 0.01 * (noise - noise.mean()) / noise.std(ddof=1)
    error = 0.01 * np.sqrt(0.35)
    taus = {"far": best + jitter - 1.01 * error, "near": best + jitter - 0.99 * error, "best": best, "equal": best}
    assert tied_with_best(taus) == ("best", "equal", "near")
