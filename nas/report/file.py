"""The report of a run as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nas.errors import RunError
from nas.files import read_json
from nas.rundir import RunDirectory

FORMAT = 3


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
