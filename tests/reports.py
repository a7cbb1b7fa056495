"""The report of a run that never was, for tests of what is read in it."""

from __future__ import annotations

from typing import Any

from nas.outcome import Counts
from nas.report.content import build_report
from nas.results.findings import Baseline, BestComparison, FamilyRow, Findings, FrontRow, MethodRow
from nas.results.significance import Comparison

FRONT = [
    FrontRow(31, 200, 230, 0.051, 0.9, False, 60.0, 0.89, 0.0123),
    FrontRow(7, 1500, 1600, 0.25, 0.975, True, 180.0, 0.91, 0.0102),
    FrontRow(12, 2900, 3100, 0.5, 0.98, False, 0.0),
]
FINDINGS = Findings(
    front=FRONT,
    best=7,
    baselines=[Baseline("dense", 0.9512, 0.01, 7400, 7600, 3.21), Baseline("trees: no time")],
    comparison=BestComparison("dense", Comparison(-0.0412, 0.011, 0.0004)),
    families=[FamilyRow("valid", 3120, {"network": 1.0, "bigram rule": 0.98765})],
    methods=[MethodRow("static", 12, 1), MethodRow("pruned", 9, 2, 0.712, 0.04), MethodRow("set", 3, 0)],
    n_folds=5,
    notes=("The dense networks are the best of 2 of 24 settings.",),
)


def report(findings: Findings = FINDINGS, **changes: Any) -> dict[str, Any]:
    """Its report."""
    given: dict[str, Any] = {
        "name": "digits-2",
        "data": "digits",
        "task": "classification",
        "score_name": "accuracy",
        "seconds": 61.23456,
        "counts": Counts(trained=40, stopped=80, skipped=300, failed=2),
        "notes": ["Dropped 3 of 64 pixels."],
        "predictor": None,
        "missing": [],
        "settings": {"epochs": 100, "seed": 0},
    }
    return build_report(findings, **given | changes)
