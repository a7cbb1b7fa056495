from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas import budget
from nas.budget import (
    COST_SHARE_WITH_RUNGS,
    FEWEST_FULL_TRAININGS,
    FULL_TRAININGS_IN_A_RICH_SEARCH,
    FULL_TRAININGS_IN_A_SEARCH,
    GENERATIONS_IN_A_SEARCH,
    MAX_LENGTHENING,
    POOL_SHARE,
    SHORT_TRAINING_EPOCHS,
    SMALLEST_POPULATION,
    Clock,
    affordable_pool,
    batch_plan,
    default_epochs,
    default_max_recurrent_weights,
    default_max_weights,
    default_seeds,
    fit_to_budget,
)

sizes = {
    "epochs": st.integers(1, 500),
    "n_seeds": st.integers(1, 5),
    "population": st.integers(2, 200),
    "seconds_an_epoch": st.floats(1e-6, 1e3),
    "search_s": st.floats(1.0, 1e5),
    "n_workers": st.integers(1, 64),
}
choices = {f"choose_{name}": st.booleans() for name in ("epochs", "seeds", "population")}


@settings(deadline=None, max_examples=200)
@given(st.fixed_dictionaries({**sizes, **choices}))
def test_sizes_are_what_is_affordable_and_only_trainings_grow_longer_than_wanted(given: dict) -> None:
    epochs, n_seeds, population = fit_to_budget(**given)
    assert 1 <= epochs <= given["epochs"] * (MAX_LENGTHENING if given["choose_epochs"] else 1)
    assert n_seeds in (1, given["n_seeds"])
    assert population <= max(given["population"], SMALLEST_POPULATION)
    worker_s = given["search_s"] * given["n_workers"]
    candidate_s = epochs * n_seeds * given["seconds_an_epoch"]
    if given["choose_epochs"]:
        n_bought = FEWEST_FULL_TRAININGS if epochs <= SHORT_TRAINING_EPOCHS else FULL_TRAININGS_IN_A_SEARCH
        assert epochs == 1 or n_bought * candidate_s <= worker_s * (1 + 1e-9)
        is_long = epochs > max(1, given["epochs"])
        assert not is_long or FULL_TRAININGS_IN_A_RICH_SEARCH * candidate_s <= worker_s * (1 + 1e-9)
    if given["choose_population"]:
        assert population >= min(SMALLEST_POPULATION, given["population"])
        spent = GENERATIONS_IN_A_SEARCH * population * COST_SHARE_WITH_RUNGS * candidate_s
        assert population == SMALLEST_POPULATION or spent <= worker_s * (1 + 1e-9)


@settings(deadline=None, max_examples=100)
@given(st.fixed_dictionaries(sizes))
def test_sizes_that_were_given_are_left_as_they_are(given: dict) -> None:
    chosen = fit_to_budget(**given, choose_epochs=False, choose_seeds=False, choose_population=False)
    assert chosen == (given["epochs"], given["n_seeds"], given["population"])


@settings(deadline=None, max_examples=100)
@given(st.fixed_dictionaries(sizes), st.floats(1, 10))
def test_more_time_never_gives_a_shorter_training_with_as_many_seeds(given: dict, factor: float) -> None:
    given = {**given, "choose_epochs": True, "choose_seeds": True, "choose_population": True}
    less = fit_to_budget(**given)
    more = fit_to_budget(**{**given, "search_s": given["search_s"] * factor})
    assert more[1] >= less[1]
    assert more[1] > less[1] or more[0] >= less[0]


def test_ample_time_gives_all_that_is_wanted_and_hardly_any_the_least() -> None:
    wanted = {"epochs": 100, "n_seeds": 3, "population": 24, "n_workers": 2}
    choose = {"choose_epochs": True, "choose_seeds": True, "choose_population": True}
    assert fit_to_budget(**wanted, **choose, seconds_an_epoch=1e-3, search_s=1e4) == (300, 3, 24)
    assert fit_to_budget(**wanted, **choose, seconds_an_epoch=1e3, search_s=5) == (1, 1, SMALLEST_POPULATION)


def test_seeds_are_given_up_before_epochs() -> None:
    epochs, n_seeds, _ = fit_to_budget(
        epochs=100,
        n_seeds=3,
        population=24,
        seconds_an_epoch=0.01,
        search_s=100,
        n_workers=1,
        choose_epochs=True,
        choose_seeds=True,
        choose_population=True,
    )
    assert (epochs, n_seeds) == (100, 1)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [1000.0]
    monkeypatch.setattr(budget.time, "monotonic", lambda: moment[0])
    return moment


def test_a_clock_counts_earlier_sittings_and_this_one(now: list[float]) -> None:
    clock = Clock(60.0, used_s=20.0)
    now[0] += 15
    assert (clock.used_s(), clock.left_s()) == (35.0, 25.0)
    assert clock.moment(0.0) == now[0] + 25 and clock.moment(10.0) == now[0] + 15
    now[0] += 100
    assert clock.left_s() == 0.0


def test_a_clock_counts_from_when_it_is_told_the_sitting_began(now: list[float]) -> None:
    assert Clock(60.0, 5.0, started=now[0] - 3).used_s() == 8.0


def test_time_given_back_does_not_count(now: list[float]) -> None:
    clock = Clock(60.0)
    now[0] += 30
    clock.give_back(12.0)
    assert (clock.used_s(), clock.left_s()) == (18.0, 42.0)
    assert clock.moment(0.0) == now[0] + 42


def test_a_clock_without_a_budget_has_no_end() -> None:
    clock = Clock(None, used_s=7.0)
    assert clock.left_s() is None and clock.moment(5.0) is None
    assert clock.used_s() >= 7.0 and clock.used_s() - 7.0 < time.monotonic()


def test_small_is_75_roots_of_the_rows_or_30_an_input() -> None:
    assert default_max_weights(64, 1437) == max(int(75 * 1437**0.5), 30 * 64) == 2843
    assert default_max_weights(784, 60_000) == 23_520


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 10**6))
def test_default_epochs_stay_in_their_range_and_fall_with_the_steps(steps_per_epoch: int) -> None:
    assert 20 <= default_epochs(steps_per_epoch) <= 200
    assert default_epochs(steps_per_epoch + 1) <= default_epochs(steps_per_epoch)


def test_several_seeds_where_the_validation_score_is_noisy() -> None:
    assert (default_seeds(1999), default_seeds(2000)) == (3, 1)


def test_batches_belong_to_the_seed_of_the_run() -> None:
    first, same, other = (batch_plan(300, seed) for seed in (0, 0, 1))
    assert first == same and first.n_rows == 300
    assert first.epoch(0).tolist() != other.epoch(0).tolist()


def test_small_for_sequences_is_75_roots_of_the_steps_up_to_ten_thousand_or_30_a_channel() -> None:
    assert default_max_recurrent_weights(5, 400) == 75 * 20
    assert (default_max_recurrent_weights(5, 17_777), default_max_recurrent_weights(5, 17_778)) == (9999, 10_000)
    assert default_max_recurrent_weights(5, 10**9) == 10_000
    assert default_max_recurrent_weights(400, 10**9) == 12_000
    assert default_max_recurrent_weights(100, 1) == 3000


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 100), st.floats(1e-4, 1e3), st.floats(1e-4, 1.0))
def test_no_more_children_are_asked_for_than_a_share_of_the_training_time_pays(
    wanted: int, candidate_s: float, proposal_s: float
) -> None:
    pool = affordable_pool(wanted, candidate_s, proposal_s)
    assert 1 <= pool <= wanted
    assert pool == 1 or pool * proposal_s <= POOL_SHARE * candidate_s * (1 + 1e-9)
    assert pool == wanted or (pool + 1) * proposal_s > POOL_SHARE * candidate_s * (1 - 1e-9)
