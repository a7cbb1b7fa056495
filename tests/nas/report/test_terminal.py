from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from nas.baselines import Baseline
from nas.finale import FamilyRow, FrontRow
from nas.report import build_report, print_report
from nas.status import Counts

ROWS = [
    FrontRow(trial=31, n_weights=200, density=0.051, validation_score=0.9, test_score=0.89),
    FrontRow(trial=7, n_weights=1500, density=0.25, validation_score=0.975, test_score=0.91),
    FrontRow(trial=12, n_weights=2900, density=0.5, validation_score=0.975, test_score=None),
]
BASELINES = [Baseline("dense MLP, 100 hidden units", 0.9512, 7400, 3.21), Baseline("trees", 0.97, None, 10.0)]
FAMILIES = [
    FamilyRow("valid", 3120, {"network": 1.0, "bigram rule": 0.98765}),
    FamilyRow("swapped states 4 and 5", 350, {"network": 0.9, "bigram rule": 0.0}),
]


def report(
    rows: list[FrontRow] = ROWS,
    families: Sequence[FamilyRow] = (),
    baselines: Sequence[Baseline] = BASELINES,
    predictor: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return build_report(
        name="digits-2",
        data="digits",
        task="classification",
        score_name="accuracy",
        seconds=61.23456,
        counts=Counts(trained=40, stopped=80, skipped=300, failed=2),
        rows=rows,
        baselines=baselines,
        families=families,
        n_folds=0,
        notes=["Dropped 3 of 64 pixels."],
        predictor=predictor,
        settings={"epochs": 100, "seed": 0},
    )


def printed(content: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_report(content, "runs/digits-2", console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_report_has_what_programs_read() -> None:
    content = report()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    head = {key: content[key] for key in ("format", "task", "score_name", "seconds", "counts")}
    assert head == {
        "format": 1,
        "task": "classification",
        "score_name": "accuracy",
        "seconds": 61.235,
        "counts": {"trained": 40, "stopped": 80, "skipped": 300, "failed": 2},
    }
    fields = {"trial", "n_weights", "density", "validation_score", "test_score"}
    assert [row.keys() for row in content["front"]] == [fields] * 3
    assert [row["trial"] for row in content["front"]] == [31, 7, 12]
    assert [row.keys() for row in content["baselines"]] == [{"name", "test_score", "n_weights", "seconds"}] * 2


def test_the_best_is_best_on_validation_rows_and_the_smallest_of_equals() -> None:
    assert report()["best"] == report()["front"][1]
    lucky = [FrontRow(1, 10, 0.1, 0.5, 0.99), FrontRow(2, 20, 0.1, 0.6, 0.2)]
    assert report(lucky)["best"]["trial"] == 2


def test_without_a_front_there_is_no_best() -> None:
    content = report([])
    assert (content["best"], content["front"]) == (None, [])
    text = printed(content)
    assert "No network was trained to an end. Give a larger --budget." in text and "Pareto" not in text


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("┃", "│").strip().strip("│").split("│")]


def test_people_read_the_front_the_comparison_and_what_to_type_next() -> None:
    text = printed(report())
    assert "digits-2: classification on digits, 61 s; 40 trained, 80 stopped, 300 skipped, 2 failed." in text
    assert "Note: Dropped 3 of 64 pixels." in text
    rows = [cells(line) for line in text.splitlines()]
    assert ["trial", "weights", "of dense", "validation accuracy", "test accuracy"] in rows
    assert ["31", "200", "5.1 %", "0.9000", "0.8900"] in rows
    assert ["12", "2,900", "50.0 %", "0.9750", "-"] in rows
    assert ["best of this search", "1,500", "0.9100", ""] in rows
    assert ["dense MLP, 100 hidden units", "7,400", "0.9512", "3.2"] in rows
    assert ["trees", "", "0.9700", "10.0"] in rows
    assert "Best by validation: trial 7 with 1,500 weights." in text
    for command in (
        "nas predict runs/digits-2 NEW_DATA -o predictions.csv",
        "nas export runs/digits-2 -o model/",
        "optuna-dashboard sqlite:///runs/digits-2/study.db",
    ):
        assert f"  {command}\n" in text


def test_programs_read_what_is_right_in_each_family() -> None:
    content = report(families=FAMILIES)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["families"] == [
        {"family": "valid", "n": 3120, "accuracies": {"network": 1.0, "bigram rule": 0.98765}},
        {"family": "swapped states 4 and 5", "n": 350, "accuracies": {"network": 0.9, "bigram rule": 0.0}},
    ]
    assert report()["families"] == []


def test_people_read_a_table_of_families_where_there_are_any() -> None:
    text = printed(report(families=FAMILIES))
    rows = [cells(line) for line in text.splitlines()]
    assert "Accuracy by family of test sequences" in text
    assert ["family", "sequences", "network", "bigram rule"] in rows
    assert ["valid", "3,120", "1.0000", "0.9877"] in rows
    assert ["swapped states 4 and 5", "350", "0.9000", "0.0000"] in rows
    assert "family" not in printed(report())


def test_rules_stand_in_the_comparison_without_weights() -> None:
    rule, dense = Baseline("bigram rule", 0.93, None, 0.0), Baseline("dense lstm, 32 units", 0.99, 4776, 22.1)
    rows = [cells(line) for line in printed(report(baselines=[dense, rule])).splitlines()]
    assert ["dense lstm, 32 units", "4,776", "0.9900", "22.1"] in rows
    assert ["bigram rule", "", "0.9300", "0.0"] in rows


def test_what_is_said_of_the_predictor_is_printed() -> None:
    said = printed(report(predictor={"audit_lines": ["Skipped 3."], "trust_lines": ["Its tau is .5.", ""]}))
    assert said.index("Predictor") < said.index("Skipped 3.") < said.index("Its tau is .5.") < said.index("Next:")
    assert "Predictor" not in printed(report())
    older = report()
    del older["predictor"]
    assert "Predictor" not in printed(older)
