from __future__ import annotations

import json

from reports import FRONT, report

from nas.results.findings import Findings


def test_a_report_has_what_programs_read() -> None:
    content = report()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    head = {key: content[key] for key in ("format", "task", "score_name", "seconds", "counts", "missing", "n_folds")}
    assert head == {
        "format": 3,
        "task": "classification",
        "score_name": "accuracy",
        "seconds": 61.235,
        "counts": {"trained": 40, "stopped": 80, "skipped": 300, "failed": 2},
        "missing": [],
        "n_folds": 5,
    }
    assert [row["trial"] for row in content["front"]] == [31, 7, 12]
    assert content["front"][0] == {
        "trial": 31,
        "n_weights": 200,
        "n_parameters": 230,
        "density": 0.051,
        "validation_score": 0.9,
        "is_confirmed": False,
        "epochs": 60.0,
        "test_score": 0.89,
        "test_error": 0.0123,
    }
    assert content["baselines"][0] == {
        "name": "dense",
        "test_score": 0.9512,
        "test_error": 0.01,
        "n_weights": 7400,
        "n_parameters": 7600,
        "seconds": 3.21,
    }
    assert content["comparison"] == {
        "baseline": "dense",
        "difference": -0.0412,
        "standard_error": 0.011,
        "p_value": 0.0004,
    }
    assert content["methods"][1] == {
        "method": "pruned", "n_complete": 9, "n_front": 2, "error_ratio": 0.712, "ratio_error": 0.04
    }  # fmt: skip
    assert content["families"] == [
        {"family": "valid", "n": 3120, "accuracies": {"network": 1.0, "bigram rule": 0.98765}}
    ]


def test_the_best_is_the_one_that_was_chosen_whatever_the_scores() -> None:
    content = report()
    assert content["best"] == content["front"][1]
    assert report(Findings(front=FRONT, best=31))["best"] == content["front"][0]


def test_notes_on_the_data_come_before_those_on_the_findings() -> None:
    assert report()["notes"] == [
        "Dropped 3 of 64 pixels.",
        "The dense networks are the best of 2 of 24 settings.",
    ]


def test_without_findings_there_is_no_best_and_no_comparison() -> None:
    content = report(Findings())
    assert (content["best"], content["front"], content["comparison"], content["baselines"]) == (None, [], None, [])
    assert json.loads(json.dumps(content)) == content


def test_a_report_says_what_is_missing() -> None:
    assert report(missing=("dense networks", "gradient-boosted trees"))["missing"] == [
        "dense networks",
        "gradient-boosted trees",
    ]
