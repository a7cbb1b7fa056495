from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from reports import FINDINGS, FRONT, report
from rich.console import Console

from nas.report.terminal import comparison_sentence, methods_sentence, print_report
from nas.results.findings import Findings


def printed(content: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_report(content, "runs/digits-2", console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("┃", "│").strip().strip("│").split("│")]


def test_people_read_the_front_the_comparison_and_what_to_type_next() -> None:
    text = printed(report())
    assert "digits-2: classification on digits, 61 s; 40 trained, 80 stopped, 300 skipped, 2 failed." in text
    assert "Note: Dropped 3 of 64 pixels." in text
    assert "Pareto front: accuracy by number of weights" in text and "Test accuracy on the same rows" in text
    rows = [cells(line) for line in text.splitlines()]
    assert ["trial", "weights", "parameters", "of dense", "validation", "test"] in rows
    assert ["31", "200", "230", "5.1 %", "0.9000", "0.8900 +- 0.0123"] in rows
    assert ["7", "1,500", "1,600", "25.0 %", "0.9750*", "0.9100 +- 0.0102"] in rows
    assert ["12", "2,900", "3,100", "50.0 %", "0.9800", "-"] in rows
    assert ["best of this search", "1,500", "1,600", "0.9100 +- 0.0102", ""] in rows
    assert ["dense", "7,400", "7,600", "0.9512 +- 0.0100", "3.2"] in rows
    assert ["trees: no time", "", "", "-", "0.0"] in rows
    assert "Best by 5-fold cross-validation: trial 7 with 1,500 weights (1,600 parameters)." in text
    for command in (
        "nas predict runs/digits-2 NEW_DATA -o predictions.csv",
        "nas export runs/digits-2 -o model/",
        "optuna-dashboard sqlite:///runs/digits-2/study.db",
    ):
        assert f"  {command}\n" in text


def test_a_front_fits_a_terminal_of_eighty_columns() -> None:
    console = Console(file=io.StringIO(), width=80)
    print_report(report(), "runs/digits-2", console)
    assert "0.9100 +- 0.0102" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("confirmed", "sentence"),
    [
        (
            (False, True, False),
            "* mean of 5 folds, trained anew. The others are scores of the search, ",
        ),
        ((True, True, True), "* mean of 5 folds, trained anew. +- is a standard error"),
        (
            (False, False, False),
            "Validation scores are those of the search, the best of many: test scores ",
        ),
    ],
)
def test_it_says_which_scores_are_confirmed(confirmed: tuple[bool, ...], sentence: str) -> None:
    front = [replace(row, is_confirmed=is_confirmed) for row, is_confirmed in zip(FRONT, confirmed, strict=True)]
    text = printed(report(replace(FINDINGS, front=front)))
    assert sentence in text
    assert ("by validation:" in text) == (not confirmed[1])


def test_the_comparison_is_a_sentence() -> None:
    assert comparison_sentence(report()["comparison"], "accuracy") == (
        "Test accuracy of the best network less that of dense, the best of these: -0.0412 +- 0.0110 (standard error, "
        "paired by test rows); McNemar's test, mid-p: 0.0004."
    )
    values = {"baseline": "trees", "difference": 0.02, "standard_error": 0.003, "p_value": None}
    assert comparison_sentence(values, "r2") == (
        "Test r2 of the best network less that of trees, the best of these: +0.0200 +- 0.0030 (standard error, paired "
        "by test rows)."
    )
    assert "the best of these" not in printed(report(replace(FINDINGS, comparison=None)))


def test_the_methods_of_sparse_training_are_a_sentence() -> None:
    assert "Wirings of the front: 1 drawn, 2 pruned. Errors on validation rows over those of drawn wirings" in printed(
        report()
    )
    rows = report()["methods"]
    assert methods_sentence(rows).endswith("of drawn wirings of equal size: pruned 0.71 +- 0.04.")
    assert methods_sentence(rows[:1]) == "Wirings of the front: 1 drawn."
    assert "Wirings" not in printed(report(replace(FINDINGS, methods=FINDINGS.methods[:1])))


def test_a_report_that_is_not_complete_says_what_is_missing() -> None:
    text = printed(report(missing=["dense networks", "gradient-boosted trees"]))
    assert "This report is not complete. Still missing: dense networks, gradient-boosted trees." in text
    assert "`nas resume runs/digits-2`" in text
    assert "not complete" not in printed(report())


def test_without_a_front_there_is_no_best() -> None:
    text = printed(report(Findings()))
    assert "No network was trained to an end. Give a larger --budget." in text and "Pareto" not in text


def test_people_read_a_table_of_families_where_there_are_any() -> None:
    text = printed(report())
    rows = [cells(line) for line in text.splitlines()]
    assert "Accuracy by family of test sequences" in text
    assert ["family", "sequences", "network", "bigram rule"] in rows
    assert ["valid", "3,120", "1.0000", "0.9877"] in rows
    assert "family" not in printed(report(replace(FINDINGS, families=[])))


def test_what_is_said_of_the_predictor_is_printed() -> None:
    said = printed(report(predictor={"audit_lines": ["Skipped 3."], "trust_lines": ["Its tau is .5.", ""]}))
    assert said.index("Predictor") < said.index("Skipped 3.") < said.index("Its tau is .5.") < said.index("Next:")
    assert "Predictor" not in printed(report())
