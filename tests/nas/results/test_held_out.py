from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from nas.data import Dataset, prepare
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut, compare_best
from nas.results.significance import compare, standard_error


def read(source: str) -> tuple[Dataset, HeldOut]:
    dataset = prepare(source, seed=0)
    return dataset, HeldOut.read(dataset, 0)


def test_class_numbers_are_the_highest_outputs() -> None:
    dataset, test = read("wine")
    outputs = np.random.default_rng(0).standard_normal((3, len(test.targets))).astype(np.float32)
    answers = test.answers(outputs)
    assert answers is not None and answers.dtype == np.float32
    np.testing.assert_array_equal(answers, outputs.argmax(axis=0))
    assert test.score(answers) == accuracy_score(dataset.read_test()[1], answers)
    assert test.error(answers) == standard_error(answers, test.targets, "classification", test.seed)


def test_values_are_the_one_output() -> None:
    dataset, test = read("diabetes")
    outputs = test.targets[None] + np.float32(0.1)
    answers = test.answers(outputs)
    assert answers is not None
    np.testing.assert_array_equal(answers, outputs[0])
    assert test.score(answers) == pytest.approx(r2_score(dataset.read_test()[1], answers), abs=1e-6)


@pytest.mark.parametrize("source", ["wine", "diabetes"])
def test_outputs_that_are_not_finite_are_no_answers(source: str) -> None:
    _, test = read(source)
    outputs = np.zeros((3 if source == "wine" else 1, len(test.targets)), np.float32)
    outputs[0, 2] = np.nan
    assert test.answers(outputs) is None


def test_the_best_is_compared_with_the_baseline_that_did_best() -> None:
    _, test = read("wine")

    def with_errors(n: int) -> np.ndarray:
        answers = test.targets.copy()
        answers[:n] = (answers[:n] + 1) % 3
        return answers

    rivals = [
        Answered.judged(Baseline("bad"), with_errors(9), test),
        Answered.judged(Baseline("good", n_weights=5), with_errors(2), test),
        Answered(Baseline("no time")),
    ]
    assert [rival.baseline.test_score for rival in rivals] == [
        pytest.approx(1 - 9 / len(test.targets)),
        pytest.approx(1 - 2 / len(test.targets)),
        None,
    ]
    best = with_errors(4)[::-1].copy()
    found = compare_best(best, rivals, test)
    assert found is not None and found.baseline == "good"
    assert found.comparison == compare(best, with_errors(2), test.targets, "classification", test.seed)


def test_without_answers_there_is_nothing_to_compare() -> None:
    _, test = read("wine")
    rival = Answered.judged(Baseline("good"), test.targets, test)
    assert compare_best(None, [rival], test) is None
    assert compare_best(test.targets, [], test) is None
    assert compare_best(test.targets, [Answered(Baseline("no time"))], test) is None
