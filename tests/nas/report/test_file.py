"""The report of a run is read, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nas.errors import RunError
from nas.files import write_json
from nas.report.file import FORMAT, read_report
from nas.rundir import RunDirectory


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "mine", "wine")


def test_a_run_that_is_finished_has_a_report(directory: RunDirectory) -> None:
    with pytest.raises(RunError, match=r"mine has no report yet: it is not finished. Go on with `nas resume .*mine`"):
        read_report(directory)
    report = {"format": FORMAT, "missing": []}
    write_json(directory.report, report)
    assert read_report(directory) == report


def test_a_report_of_another_version_is_refused(directory: RunDirectory) -> None:
    write_json(directory.report, {"format": FORMAT - 1})
    with pytest.raises(RunError, match=r"report.json has format 2, this version reads 3. Search again."):
        read_report(directory)
