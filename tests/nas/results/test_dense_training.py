from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from candidates import COURSE
from final_parts import FakeWorkers
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.recipe import Hyperparameters
from nas.jobs import Job, Leg
from nas.results.dense_networks import Contest, dense_contests
from nas.results.dense_training import (
    MOST_OF_TIME,
    NUMBERS_TO_TRY,
    DenseTraining,
    Entry,
    affordable_entries,
    dense_seconds,
    over_epochs,
    train_dense,
)
from nas.results.final_training import epochs_of, final_recipe, training_wall_s
from nas.speed import Load, Speed

CONTESTS = dense_contests(6, 3, 300)
FINAL = final_recipe(COURSE, 96, 45)
OWN, LONGER = Hyperparameters(0.5, 0.1, 0.02), Hyperparameters(0.5, 0.15, 0.02)
HOW = DenseTraining(COURSE, FINAL, OWN, LONGER)


def entries(n: int, contests: Sequence[Contest] = CONTESTS) -> list[Entry]:
    return [Entry(contest, n, FINAL) for contest in contests]


def number_of(job: Job) -> int:
    return int(job.key.split("|")[1])


def is_final(leg: Leg) -> bool:
    return leg.recipe == FINAL


def test_the_setting_that_does_best_on_the_validation_rows_is_trained_to_the_end() -> None:
    best = {0: 17, 1: 5}

    def score(job: Job, leg: Leg) -> float:
        if is_final(leg):
            return 0.0
        place, number = map(int, job.key.split("|"))
        return 0.9 if number == best[place] else 0.5 + 0.001 * number

    workers = FakeWorkers(score)
    networks = train_dense(entries(24), HOW, workers, None, 0.0)  # type: ignore[arg-type]
    assert [network.entry.contest for network in networks] == CONTESTS
    assert [network.setting for network in networks] == [CONTESTS[0].settings[17], CONTESTS[1].settings[5]]
    legs = [leg for _, leg in workers.trained]
    assert [leg.until_step for leg in legs] == [10, 30, 90, FINAL.total_steps]
    assert [len(jobs) for jobs, _ in workers.trained] == [48, 16, 6, 2]
    assert all(leg.scored_columns == COURSE.scored_columns for leg in legs[:-1])
    assert (legs[-1].scored_columns, legs[-1].recipe) == (None, FINAL)
    assert [network.seconds for network in networks] == [24 + 8 + 3 + 1.0] * 2


def test_settings_are_trained_with_the_dropout_of_our_best_and_their_own_rates() -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense(entries(6), HOW, workers, None, 0.0)  # type: ignore[arg-type]
    for jobs, leg in workers.trained:
        for job in jobs:
            own = LONGER if is_final(leg) else OWN
            assert job.hyperparameters == replace(own, learning_rate=job.hyperparameters.learning_rate)
    jobs, _ = workers.trained[0]
    rates = {job.key: job.hyperparameters.learning_rate for job in jobs}
    assert rates == {
        f"{place}|{number}": contest.settings[number].learning_rate
        for place, contest in enumerate(CONTESTS)
        for number in range(6)
    }


def test_the_most_promising_begin_and_win_where_all_are_alike() -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    networks = train_dense(entries(12), HOW, workers, None, 0.0)  # type: ignore[arg-type]
    assert [network.setting for network in networks] == [contest.settings[0] for contest in CONTESTS]
    first, _ = workers.trained[0]
    assert [job.key for job in first[:4]] == ["0|0", "1|0", "0|1", "1|1"]


def test_the_same_shape_starts_from_the_same_weights_in_each_run_of_its_own() -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense(entries(24), replace(HOW, course=replace(COURSE, n_seeds=2)), workers, None, 0.0)  # type: ignore[arg-type]
    jobs, _ = workers.trained[0]
    assert {len(job.weight_seeds) for job in jobs} == {2}
    of_shape: dict[int, set[object]] = {}
    for job in jobs:
        of_shape.setdefault(job.wiring.n_weights, set()).add(job.weight_seeds)
    assert all(len(seeds) == 1 for seeds in of_shape.values())
    assert len({seeds for of_one in of_shape.values() for seeds in of_one}) == len(of_shape)


def test_a_setting_goes_on_from_where_it_was() -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense(entries(24), HOW, workers, None, 0.0)  # type: ignore[arg-type]
    steps = [{None if job.state is None else job.state.steps_done for job in jobs} for jobs, _ in workers.trained]
    assert steps == [{None}, {10}, {30}, {None}]


def cut_off_at(step: int) -> Callable[[Job, Leg], float | None]:
    """Scores of a choice that the deadline ends before a rung; the later a setting is listed, the better it is."""

    def score(job: Job, leg: Leg) -> float | None:
        if is_final(leg):
            return 0.0
        return None if leg.until_step >= step else 0.5 + 0.01 * number_of(job)

    return score


@pytest.mark.parametrize(("step", "expected"), [(10, 0), (30, 23), (90, 23)])
def test_when_the_time_is_over_the_best_so_far_is_chosen(step: int, expected: int) -> None:
    workers = FakeWorkers(cut_off_at(step))
    networks = train_dense(entries(24), HOW, workers, 100.0, 30.0)  # type: ignore[arg-type]
    assert [network.setting for network in networks] == [contest.settings[expected] for contest in CONTESTS]
    assert [leg.deadline for _, leg in workers.trained] == [70.0, 70.0, 70.0, 100.0]


def test_a_network_that_is_not_trained_to_the_end_is_no_baseline() -> None:
    def score(job: Job, leg: Leg) -> float | str | None:
        return None if is_final(leg) and job.key == "dense, equal weights" else 0.5

    networks = train_dense(entries(2), HOW, FakeWorkers(score), 100.0, 0.0)  # type: ignore[arg-type]
    assert [network.entry.contest.name for network in networks] == ["100 units a layer"]


@pytest.mark.parametrize(("n", "steps"), [(24, [10, 30, 90]), (12, [10, 30, 90]), (6, [10, 30]), (2, [30]), (1, [])])
def test_fewer_settings_take_fewer_rungs(n: int, steps: list[int]) -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense(entries(n), HOW, workers, None, 0.0)  # type: ignore[arg-type]
    assert [leg.until_step for _, leg in workers.trained] == [*steps, FINAL.total_steps]


@settings(deadline=None)
@given(st.sampled_from(NUMBERS_TO_TRY), st.integers(1, 3))
def test_the_time_of_the_settings_is_that_of_the_steps_they_are_trained(n: int, n_seeds: int) -> None:
    speed, course = Speed(1e-7, 200), replace(COURSE, n_seeds=n_seeds)
    alike = [Contest(c.name, tuple(replace(s, n_weights=500) for s in c.settings)) for c in CONTESTS]
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense(entries(n), replace(HOW, course=course), workers, None, 0.0)  # type: ignore[arg-type]
    expected = 0.0
    for jobs, leg in workers.trained:
        for job in jobs:
            begun = 0 if job.state is None else job.state.steps_done
            recipe = replace(leg.recipe, total_steps=leg.until_step - begun)
            expected += len(job.weight_seeds) * speed.training_s(Load(500), recipe)
    assert dense_seconds(entries(n, alike), replace(HOW, course=course), speed) == pytest.approx(expected)


SPEED = Speed(1e-6, 200)


def affordable(wall_s: float, seconds: float, n_workers: int = 2) -> list[Entry]:
    return affordable_entries(CONTESTS, HOW, SPEED, wall_s, seconds, n_workers)


@settings(deadline=None)
@given(st.floats(1e-3, 1e4))
def test_as_many_settings_are_tried_as_there_is_time_for_and_one_at_least(seconds: float) -> None:
    equal, usual = given = affordable(math.inf, seconds)
    assert {equal.n_settings, usual.n_settings} <= set(NUMBERS_TO_TRY) and usual.n_settings <= equal.n_settings
    assert equal.n_settings == 1 or dense_seconds(given, HOW, SPEED) <= seconds
    for n in NUMBERS_TO_TRY:
        if n > usual.n_settings:
            assert dense_seconds(entries(n), HOW, SPEED) > seconds
        if n > equal.n_settings:
            assert dense_seconds([replace(equal, n_settings=n), usual], HOW, SPEED) > seconds
    assert affordable(math.inf, math.inf) == entries(24)


def test_more_settings_of_one_contest_take_no_more_time_of_another() -> None:
    workers = FakeWorkers(lambda job, leg: 0.5)
    both = [Entry(CONTESTS[0], 24, FINAL), Entry(CONTESTS[1], 2, FINAL)]
    train_dense(both, HOW, workers, None, 0.0)  # type: ignore[arg-type]
    n_jobs = [[job.key.split("|")[0] for job in jobs] for jobs, _ in workers.trained[:-1]]
    assert [leg.until_step for _, leg in workers.trained[:-1]] == [10, 30, 90]
    assert [(keys.count("0"), keys.count("1")) for keys in n_jobs] == [(24, 0), (8, 2), (3, 0)]


@settings(deadline=None)
@given(st.floats(1e-3, 1e4), st.integers(1, 3))
def test_no_final_training_takes_more_than_the_time_and_a_shorter_one_is_as_long_as_can_be(
    wall_s: float, n_workers: int
) -> None:
    given = affordable(wall_s, 0.0, n_workers)
    walls = [training_wall_s([entry.contest.settings[0].load], entry.final, SPEED, 1) for entry in given]
    assert all(wall <= wall_s for wall in walls) and (n_workers > 1 or math.fsum(walls) <= wall_s)
    for entry in given:
        assert entry.n_settings == 1
        more = over_epochs(FINAL, epochs_of(entry.final) + 1)
        if entry.final != FINAL and n_workers > 1:
            assert training_wall_s([entry.contest.settings[0].load], more, SPEED, 1) > MOST_OF_TIME * wall_s


def test_only_settings_of_networks_that_are_trained_as_long_as_ours_are_compared() -> None:
    large = training_wall_s([CONTESTS[1].settings[0].load], FINAL, SPEED, 1)
    equal, usual = affordable(large, math.inf)
    assert (equal.n_settings, equal.final) == (24, FINAL)
    assert (usual.n_settings, epochs_of(usual.final)) == (1, int(MOST_OF_TIME * epochs_of(FINAL)))
    workers = FakeWorkers(lambda job, leg: 0.5)
    train_dense([equal, usual], HOW, workers, None, 0.0)  # type: ignore[arg-type]
    choosing, finals = workers.trained[:-2], workers.trained[-2:]
    assert all(job.key.startswith("0|") for jobs, _ in choosing for job in jobs)
    assert [([job.key for job in jobs], leg.recipe) for jobs, leg in finals] == [
        (["dense, equal weights"], FINAL), (["dense, 100 units a layer"], usual.final)
    ]  # fmt: skip


def test_without_time_for_an_epoch_there_is_no_dense_network() -> None:
    assert affordable(1e-9, 1e-9) == []
    assert train_dense([], HOW, FakeWorkers(lambda job, leg: 0.5), 5.0, 0.0) == []  # type: ignore[arg-type]
