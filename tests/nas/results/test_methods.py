from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from candidates import complete, trial

from nas.recorder import Trial
from nas.results.methods import method_of, method_rows
from search_spaces.sparse_training import METHODS, STATIC, Method, SparseTraining

OF: dict[Method, SparseTraining] = {method: SparseTraining(method, "all", 0.5, 3, 0.5) for method in METHODS[1:]}


def of_method(number: int, method: Method, n_weights: int, error: float) -> Trial:
    one = trial(number, complete(n_weights, 0.1, 0.2, 1.0 - error))
    training = OF.get(method, STATIC)
    return replace(one, genotype=replace(one.genotype, sparse_training=training))


def test_errors_are_compared_at_equal_size() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(60):
        method: Method = ("static", "pruned", "set")[number % 3]  # type: ignore[assignment]
        n_weights = int(2 ** rng.uniform(6, 12)) * (2 if method == "pruned" else 1)
        better = {"static": 1.0, "pruned": 0.5, "set": 1.2}[method]
        trials.append(of_method(number, method, n_weights, better * 4 * n_weights**-0.5 * np.exp(rng.normal(0, 0.03))))
    static, pruned, rewired = method_rows(trials, trials[:4])
    assert [row.method for row in (static, pruned, rewired)] == ["static", "pruned", "set"]
    assert (static.error_ratio, static.n_complete, static.n_front) == (None, 20, 2)
    assert pruned.error_ratio == pytest.approx(0.5, abs=0.1) and rewired.error_ratio == pytest.approx(1.2, abs=0.15)
    assert pruned.ratio_error is not None and 0.0 < pruned.ratio_error < 0.1
    assert method_of(trials[1]) == "pruned"


def test_a_few_networks_are_not_compared() -> None:
    trials = [of_method(number, "static", 100 + number, 0.1) for number in range(9)]
    trials += [of_method(20 + number, "rigl", 100 + number, 0.1) for number in range(4)]
    rows = method_rows(trials, [])
    assert [(row.method, row.n_complete, row.n_front, row.error_ratio) for row in rows] == [
        ("static", 9, 0, None), ("rigl", 4, 0, None)
    ]  # fmt: skip
    assert method_rows([], []) == []
