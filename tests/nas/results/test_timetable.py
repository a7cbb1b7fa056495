from __future__ import annotations

from dataclasses import replace

import pytest
from candidates import complete, trial
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.budget import Plan, batch_plan
from nas.data import Dataset, prepare
from nas.engine.recipe import Recipe
from nas.generation import Course
from nas.recorder import Trial
from nas.results import cross_validation, timetable
from nas.results.final_training import final_recipe
from nas.results.timetable import (
    BOOSTING_SHARE,
    CROSS_VALIDATION_SHARE,
    DENSE_SHARE,
    FRONT_SHARE,
    MAX_BOOSTING_S,
    MAX_TRUST_S,
    TEST_SHARE,
    TRUST_SHARE,
    Timetable,
    boosting_limit_s,
    trainings_of_front,
)
from nas.speed import Load, Speed


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


def history(n: int) -> list[Trial]:
    """A front of n networks, a doubling each."""
    return [trial(k, complete(100 * 2**k, 0.0, 0.0, 0.9 + 0.001 * k)) for k in range(n)]


def course_of(dataset: Dataset, n_seeds: int = 1) -> Course:
    batches = batch_plan(dataset.n_train, 0)
    recipe = Recipe("classification", batches, 9 * batches.steps_per_epoch)
    return Course(recipe, n_seeds, 0, (dataset.n_train, len(dataset.y)))


def times(
    dataset: Dataset,
    trials: list[Trial],
    *,
    speed_s: float = 1e-9,
    budget_s: float = 100.0,
    n_workers: int = 2,
    n_seeds: int = 1,
    final_epochs: int = 27,
    full_epochs: int = 9,
    with_trust: bool = True,
) -> Timetable:
    return timetable.timetable(
        trials,
        dataset=dataset,
        course=course_of(dataset, n_seeds),
        plan=Plan(9, full_epochs, n_seeds, 6, 900, final_epochs, 4),
        speed=Speed(speed_s, 500),
        n_workers=n_workers,
        budget_s=budget_s,
        with_trust=with_trust,
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 6), st.floats(1e-12, 1e-3), st.floats(10, 1e5), st.integers(1, 64), st.integers(1, 3))
def test_each_step_has_at_most_its_share_and_more_for_more_work(
    wine: Dataset, n: int, speed_s: float, budget_s: float, n_workers: int, n_seeds: int
) -> None:
    trials = history(n)
    kept = times(wine, trials, speed_s=speed_s, budget_s=budget_s, n_workers=n_workers, n_seeds=n_seeds)
    slack = 1 + 1e-9
    assert 0.0 <= kept.cross_validation <= CROSS_VALIDATION_SHARE * budget_s * slack
    assert 0.0 < kept.front <= FRONT_SHARE * budget_s * slack
    assert 0.0 < kept.baselines <= (DENSE_SHARE + BOOSTING_SHARE) * budget_s * slack
    assert kept.trust == min(TRUST_SHARE * budget_s, MAX_TRUST_S)
    assert 0.0 < kept.test <= TEST_SHARE * budget_s * slack
    assert kept.total_s < (0.5 if n_workers > 1 else 0.6) * budget_s
    slower = times(wine, trials, speed_s=2 * speed_s, budget_s=budget_s, n_workers=n_workers, n_seeds=n_seeds)
    assert slower.baselines >= kept.baselines


def test_before_the_first_result_all_shares_are_kept(wine: Dataset) -> None:
    assert times(wine, [], budget_s=100.0) == Timetable(
        100 * CROSS_VALIDATION_SHARE, 100 * FRONT_SHARE, 100 * DENSE_SHARE, 100 * TRUST_SHARE
    )


def test_what_is_kept_covers_the_trainings_of_the_front(wine: Dataset) -> None:
    speed, trials, course = Speed(1e-9, 500), history(4), course_of(wine)
    usual, long = (final_recipe(course, len(wine.y), epochs) for epochs in (9, 27))
    usual_s, long_s = (sum(speed.training_s(Load(t.n_weights), r) for t in trials) for r in (usual, long))
    kept = times(wine, trials, n_workers=1, budget_s=1e6)
    # Both lengths are tried, and then it is trained once more.
    assert kept.front == pytest.approx(timetable.MARGIN * (usual_s + 2 * long_s))
    assert times(wine, trials, n_workers=1, budget_s=1e6, final_epochs=9).front == pytest.approx(
        timetable.MARGIN * usual_s
    )


def test_where_the_budget_shortened_the_search_the_front_is_trained_once_as_long_as_without(wine: Dataset) -> None:
    usual_s = times(wine, history(4), budget_s=1e6, final_epochs=9).front
    assert times(wine, history(4), budget_s=1e6, full_epochs=18).front == pytest.approx(2 * usual_s)
    short = 1.5 * usual_s / FRONT_SHARE
    assert times(wine, history(4), budget_s=short, full_epochs=18).front == pytest.approx(1.5 * usual_s)


def test_no_time_is_kept_to_confirm_what_there_is_no_time_to_confirm(wine: Dataset) -> None:
    assert times(wine, history(4), budget_s=10.0, speed_s=1e-9).cross_validation > 0.0
    assert times(wine, history(4), budget_s=10.0, speed_s=1e-3).cross_validation == 0.0


def test_time_is_kept_for_the_answers_of_each_network_to_each_test_row(wine: Dataset) -> None:
    speed, trials = Speed(1e-9, 500), history(4)
    of_a_row = sum(speed.row_s(Load(t.n_weights)) for t in trials)
    expected = timetable.MARGIN * timetable.FORWARD_SHARE * wine.n_test * of_a_row
    assert times(wine, trials, budget_s=1e6).test == pytest.approx(expected)


def test_what_is_kept_covers_all_folds_of_all_candidates(wine: Dataset) -> None:
    speed, trials, course = Speed(1e-9, 500), history(4), course_of(wine)
    of_fold = course.recipe.over(batch_plan(cross_validation.fold_rows(len(wine.y)), 0))
    expected = 5 * sum(speed.training_s(Load(t.n_weights), of_fold) for t in trials)
    kept = times(wine, trials, n_workers=1, budget_s=1e6)
    assert kept.cross_validation == pytest.approx(timetable.MARGIN * expected)


def test_no_time_is_kept_for_what_is_not_done(wine: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(wine, history(3), with_trust=False).trust == 0.0
    monkeypatch.setattr(cross_validation, "is_wanted", lambda dataset: False)
    assert times(wine, history(3)).cross_validation == 0.0


def test_trees_are_learned_beside_the_dense_networks_where_there_are_several_workers(
    wine: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timetable, "boosting_s", lambda dataset: 5.0 / timetable.MARGIN)
    dense = replace(times(wine, history(3), n_workers=2))
    assert dense.baselines == pytest.approx(5.0)
    monkeypatch.setattr(timetable, "boosting_s", lambda dataset: 0.0)
    alone = times(wine, history(3), n_workers=1).baselines
    monkeypatch.setattr(timetable, "boosting_s", lambda dataset: 5.0 / timetable.MARGIN)
    assert times(wine, history(3), n_workers=1).baselines == pytest.approx(alone + 5.0)


seconds = st.just(0.0) | st.floats(1e-3, 1e4)


@settings(deadline=None)
@given(seconds, seconds, seconds, seconds, st.floats(-10.0, 0.0) | st.floats(1e-3, 1e5))
def test_with_less_time_all_steps_are_shortened_alike(a: float, b: float, c: float, d: float, left: float) -> None:
    whole = Timetable(a, b, c, d, a)
    fitted = whole.within(left)
    assert fitted.total_s <= max(0.0, left) * (1 + 1e-9) or whole.total_s == 0.0
    if left >= whole.total_s:
        assert fitted == whole
    of_steps = (fitted.cross_validation, fitted.front, fitted.baselines, fitted.trust, fitted.test)
    for before, after in zip((a, b, c, d, a), of_steps, strict=True):
        assert after <= before
        assert after * whole.total_s == pytest.approx(before * fitted.total_s)


@pytest.mark.parametrize(
    ("affordable", "n_tried", "expected"),
    [
        (100.0, 1, 7.0),  # 1 + 3 to try, and 3 more
        (100.0, 3, 15.0),
        (5.0, 1, 5.0),  # 1 + 2, and 2 more
        (4.0, 1, 4.0),  # 1 + 1.5, and 1.5 more
        (3.9, 1, 1.0),  # a training 1.45 times as long is not worth it
        (0.5, 1, 0.5),
    ],
)
def test_the_front_is_trained_once_or_in_both_lengths_and_once_more(
    affordable: float, n_tried: int, expected: float
) -> None:
    assert trainings_of_front(affordable, 3.0, n_tried) == pytest.approx(expected)


def test_trees_have_a_share_of_the_budget_and_never_more_than_two_minutes() -> None:
    assert boosting_limit_s(100.0) == 100 * BOOSTING_SHARE
    assert boosting_limit_s(1e5) == boosting_limit_s(None) == MAX_BOOSTING_S
