"""What a report says, in JSON types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nas.outcome import Counts
from nas.report.file import FORMAT
from nas.results.findings import Findings


def build_report(
    findings: Findings,
    *,
    name: str,
    data: str,
    task: str,
    score_name: str,
    seconds: float,
    counts: Counts,
    notes: Sequence[str],
    predictor: Mapping[str, Any] | None,
    missing: Sequence[str],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The report of a run.

    Args:
        findings: What was found.
        name, data: Of the run, and what it was given.
        task, score_name: "classification" and "accuracy", or "regression" and "r2".
        seconds: Time used so far.
        counts: Candidates by what became of them.
        notes: On the data; those of the findings come after.
        predictor: What is said of the predictor; None if there is none, or nothing yet.
        missing: What is still to come; empty when the run is finished.
        settings: Sizes of the search.
    """
    best = next((row for row in findings.front if row.trial == findings.best), None)
    comparison = findings.comparison
    return {
        "format": FORMAT,
        "run": name,
        "data": data,
        "task": task,
        "score_name": score_name,
        "seconds": round(seconds, 3),
        "missing": list(missing),
        "counts": asdict(counts),
        "best": None if best is None else asdict(best),
        "front": [asdict(row) for row in findings.front],
        "n_folds": findings.n_folds,
        "baselines": [asdict(baseline) for baseline in findings.baselines],
        "comparison": None
        if comparison is None
        else {"baseline": comparison.baseline, **asdict(comparison.comparison)},
        "families": [asdict(family) for family in findings.families],
        "methods": [asdict(method) for method in findings.methods],
        "notes": [*notes, *findings.notes],
        "predictor": None if predictor is None else dict(predictor),
        "settings": dict(settings),
    }
