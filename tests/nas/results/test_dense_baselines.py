from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from candidates import COURSE
from nas.baselines import (
    DENSE_RATES,
    boosted_trees,
    boosting_seconds,
    choose_dense_rates,
    dense_job,
    dense_wiring,
    dense_wirings,
)
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from nas import baselines
from nas.jobs import Job, Leg, Result


def test_a_dense_network_has_every_edge_between_neighbouring_layers() -> None:
    wiring = dense_wiring(4, 3, 2)
    edges = {(s, t) for t in range(3) for s in range(4)} | {(4 + s, 3 + t) for s in range(3) for t in range(2)}
    targets = np.repeat(np.arange(5), np.diff(wiring.indptr))
    assert set(zip(wiring.indices.tolist(), targets.tolist(), strict=True)) == edges
    assert (wiring.n_weights, wiring.depth) == (18, 1)


@pytest.mark.parametrize(("n_inputs", "n_outputs", "n_weights"), [(64, 10, 2843), (10, 1, 300), (784, 10, 25_000)])
def test_one_dense_network_has_about_as_many_weights_and_one_a_hundred_units(
    n_inputs: int, n_outputs: int, n_weights: int
) -> None:
    equal, hundred = dense_wirings(n_inputs, n_outputs, n_weights).items()
    assert abs(equal[1].n_weights - n_weights) <= (n_inputs + n_outputs) / 2
    assert equal[0] == f"dense MLP, {equal[1].n_hidden} hidden units (equal weights)"
    assert hundred[0] == "dense MLP, 100 hidden units" and hundred[1].n_hidden == 100


def test_a_dense_network_has_at_least_one_hidden_unit() -> None:
    assert next(iter(dense_wirings(784, 10, 12).values())).n_hidden == 1


class FakeWorkers:
    """Gives each job the scores of a function of its width and its rate; none means too little time."""

    def __init__(self, score: Callable[[int, float], float | None], seed: int = 0) -> None:
        self._score = score
        self._rng = np.random.default_rng(seed)
        self.legs: list[Leg] = []

    def train(self, jobs: Sequence[Job], leg: Leg, one_by_one: bool) -> Iterator[Result]:
        self.legs.append(leg)
        for place in self._rng.permutation(len(jobs)):
            job = jobs[place]
            score = self._score(job.wiring.n_hidden, job.learning_rate)
            yield Result(job.key, None, () if score is None else (score,), 2.0)


WIRINGS = {"dense MLP, 3 hidden units": dense_wiring(4, 3, 2), "wide": dense_wiring(4, 5, 2)}


@pytest.mark.parametrize("seed", range(5))
def test_each_dense_network_gets_the_rate_of_its_best_validation_score(seed: int) -> None:
    best = {3: DENSE_RATES[0], 5: DENSE_RATES[2]}
    workers = FakeWorkers(lambda width, rate: 0.9 if rate == best[width] else 0.5, seed)
    rates, seconds = choose_dense_rates(WIRINGS, workers, COURSE, 123.0)  # type: ignore[arg-type]
    assert rates == {"dense MLP, 3 hidden units": DENSE_RATES[0], "wide": DENSE_RATES[2]}
    assert seconds == dict.fromkeys(WIRINGS, 6.0)
    (leg,) = workers.legs
    assert (leg.until_step, leg.scored_columns, leg.deadline) == (30, COURSE.scored_columns, 123.0)


@pytest.mark.parametrize("seed", range(5))
def test_of_equal_rates_it_is_always_the_same_one(seed: int) -> None:
    workers = FakeWorkers(lambda width, rate: 0.5, seed)
    rates, _ = choose_dense_rates(WIRINGS, workers, COURSE, None)  # type: ignore[arg-type]
    assert set(rates.values()) == {max(DENSE_RATES)}


def test_without_time_a_dense_network_gets_the_middle_rate() -> None:
    workers = FakeWorkers(lambda width, rate: None if width == 3 else -2.0 + rate)
    rates, _ = choose_dense_rates(WIRINGS, workers, COURSE, None)  # type: ignore[arg-type]
    assert rates == {"dense MLP, 3 hidden units": DENSE_RATES[1], "wide": DENSE_RATES[2]}


def test_the_weights_of_a_dense_network_belong_to_the_run_and_its_width() -> None:
    jobs = [dense_job("a", wiring, rate, run) for wiring in WIRINGS.values() for rate in (0.1, 0.2) for run in (0, 1)]
    assert len({job.weight_seeds for job in jobs}) == 4
    assert {(job.activation, len(job.weight_seeds)) for job in jobs} == {("relu", 1)}


def halves(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order].astype(np.float32), y[order].astype(np.float32)
    middle = len(y) * 2 // 3
    return np.ascontiguousarray(x[:middle].T), y[:middle], np.ascontiguousarray(x[middle:].T), y[middle:]


@pytest.mark.parametrize(
    ("task", "load", "kind"),
    [
        ("classification", load_wine, HistGradientBoostingClassifier),
        ("regression", load_diabetes, HistGradientBoostingRegressor),
    ],
)
def test_trees_with_enough_time_are_those_of_scikit_learn(task: str, load: Callable, kind: type) -> None:
    x, y, x_test, y_test = halves(*load(return_X_y=True))
    baseline = boosted_trees(x, y, x_test, y_test, task, 0, limit_s=1000.0)
    assert baseline is not None
    assert (baseline.name, baseline.n_weights) == ("HistGradientBoosting", None)
    with threadpool_limits(1):
        expected = kind(random_state=0).fit(x.T, y).score(x_test.T, y_test)
    assert baseline.test_score == pytest.approx(expected, abs=1e-5)
    assert baseline.seconds > 0


def test_trees_with_little_time_are_few_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, x_test, y_test = halves(*load_wine(return_X_y=True))
    moments = iter(range(100))  # each look at the clock is a second later than the last
    monkeypatch.setattr(baselines.time, "monotonic", lambda: float(next(moments)))
    monkeypatch.setattr(baselines, "SECONDS_A_TREE", 0.05)  # a slow machine
    baseline = boosted_trees(x, y, x_test, y_test, "classification", 0, limit_s=8.0)
    assert baseline is not None
    told = re.fullmatch(r"HistGradientBoosting \((\d+) of 100 iterations: time was short\)", baseline.name)
    assert told is not None and 1 < int(told[1]) < 100
    with threadpool_limits(1):
        expected = HistGradientBoostingClassifier(max_iter=int(told[1]), random_state=0).fit(x.T, y)
        assert baseline.test_score == pytest.approx(expected.score(x_test.T, y_test), abs=1e-6)


def test_without_time_for_one_iteration_there_are_no_trees() -> None:
    x, y, x_test, y_test = halves(*load_wine(return_X_y=True))
    assert boosted_trees(x, y, x_test, y_test, "classification", 0, limit_s=0.0) is None


def test_boosting_is_expected_to_take_time_by_classes_and_values() -> None:
    assert boosting_seconds((10, 1000), 1) == boosting_seconds((10, 1000), 2)  # one tree an iteration
    assert boosting_seconds((10, 1000), 5) == pytest.approx(5 * boosting_seconds((10, 1000), 1), rel=0.01)
    assert boosting_seconds((10, 2000), 1) > boosting_seconds((10, 1000), 1) > 0
