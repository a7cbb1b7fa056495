from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from candidates import trial

from nas.config import PredictorConfig
from nas.outcome import Ending, Outcome
from nas.predictor_report import MOST_OUTCOMES, examples_of, predictor_report
from nas.recorder import Trial
from predictors import FEATURE_NAMES

WEAK = "the predictor does not beat size alone"


def history(n: int, n_seeds: int = 1) -> list[Trial]:
    """Trials whose scores follow their first feature."""
    trials = []
    for number in range(n):
        score = 0.5 + 0.001 * number
        seeds = tuple(score + 0.01 * seed for seed in range(n_seeds))
        outcome = Outcome(Ending.COMPLETE, 100 + number, (seeds, seeds, seeds), 1.0)
        features = (float(number), *np.random.default_rng(number).random(len(FEATURE_NAMES) - 1))
        trials.append(replace(trial(number, outcome), features=features))
    return trials


def test_audit_and_trust_in_json_types_with_their_sentences() -> None:
    report = predictor_report(history(40), 0, PredictorConfig(regressor="bayesian-ridge"), None, 0)
    assert report is not None
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["audit_lines"] == ["No candidate was skipped."]
    assert report["trust"]["skill"]["tau"]["value"] > 0.2
    assert any("Kendall tau" in line for line in report["trust_lines"])
    assert report["trust"]["ceiling"] is None


def test_a_closed_gate_says_why() -> None:
    report = predictor_report(history(5), 0, PredictorConfig(), WEAK, 0)
    assert report is not None
    assert report["audit_lines"] == [f"The gate was closed at the end: {WEAK}.", "No candidate was skipped."]


def test_without_time_or_outcomes_there_is_no_trust() -> None:
    assert predictor_report(history(40), 0, PredictorConfig(enabled=False), None, 0) is None
    for trials, with_trust in ((history(40), False), (history(29), True)):
        report = predictor_report(trials, 0, PredictorConfig(), None, 0, with_trust=with_trust)
        assert report is not None
        assert report["trust"] is None
        assert report["trust_lines"] == []


def test_examples_are_those_of_the_trained() -> None:
    failed = Outcome(Ending.FAILED, 10, (), 1.0, "diverged")
    trials = [*history(3, n_seeds=2), trial(3, failed), trial(4, None)]
    examples = examples_of(trials, 0)
    assert len(examples) == 3
    assert examples.rows[:, 0].tolist() == [0, 1, 2]
    assert examples.targets == pytest.approx([0.505, 0.506, 0.507])
    assert examples.repeats == pytest.approx(np.array([[0.5, 0.51], [0.501, 0.511], [0.502, 0.512]]))
    assert "n_weights" in examples.size_names
    assert examples_of(history(3), 0).repeats is None
    assert len(examples_of([], 0)) == 0


def test_of_many_outcomes_some_are_drawn_by_the_seed() -> None:
    trials = [replace(t, number=n) for n, t in enumerate(history(MOST_OUTCOMES + 20))]
    examples = examples_of(trials, 0)
    assert len(examples) == MOST_OUTCOMES
    assert (np.diff(examples.rows[:, 0]) > 0).all()
    assert (examples_of(trials, 0).targets == examples.targets).all()
    assert (examples_of(trials, 1).targets != examples.targets).any()
