"""Look at a run without touching it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nas.checkpoint import read_json
from nas.errors import RunError
from nas.recorder import read_history
from nas.report.content import FORMAT
from nas.rundir import RunDirectory
from nas.status import best_of, count, score_of


def is_finished(report: Mapping[str, Any]) -> bool:
    """Whether nothing is missing in a report."""
    return not report["missing"]


def read_report(directory: RunDirectory) -> dict[str, Any]:
    """The report of a run; its ``missing`` names what was still to come when it was written.

    Raises:
        RunError: The run has no report yet, or one of another version.
    """
    if not directory.report.exists():
        raise RunError(
            f"The run {directory.name} has no report yet: it is not finished. Go on with `nas resume {directory.path}`."
        )
    report = read_json(directory.report)
    if report.get("format") != FORMAT:
        raise RunError(
            f"{directory.report} has format {report.get('format')!r}, this version reads {FORMAT}. Search again."
        )
    return report


def describe_run(directory: RunDirectory) -> list[str]:
    """What a run has found so far, in a few lines."""
    about = read_json(directory.config)
    if directory.is_held():
        state = "running"
    elif directory.report.exists() and is_finished(read_json(directory.report)):
        state = "finished"
    else:
        state = f"stopped; go on with `nas resume {directory.path}`"
    history = read_history(directory.study) if directory.study.exists() else []
    n_skipped = max(0, len(directory.skipped.read_bytes().splitlines()) - 1) if directory.skipped.exists() else 0
    counts, best = count(history, n_skipped), best_of(history)
    lines = [
        f"{directory.name}: {state}",
        f"data: {about['data']}",
        f"{counts.trained} trained, {counts.stopped} stopped, {counts.skipped} skipped, {counts.failed} failed",
    ]
    if best is not None:
        lines.append(
            f"best {about['score_name']} on validation rows: {score_of(best):.4f} with {best.n_weights:,} weights "
            f"({best.n_parameters:,} parameters; trial {best.number})"
        )
    return lines
