from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from candidates import complete, sampled

from nas.errors import CheckpointError
from nas.files import write_json
from nas.inspection import describe_run
from nas.recorder import Recorder
from nas.report.file import FORMAT, read_report
from nas.rundir import RunDirectory
from predictors import Decision


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    write_json(directory.config, {"data": "wine.csv", "score_name": "accuracy"})
    return directory


@pytest.fixture
def recorder(directory: RunDirectory) -> Iterator[Recorder]:
    recorder = Recorder(directory.study, "accuracy")
    for number, score in enumerate((0.5, 0.875, 0.25)):
        genotype, outcome = sampled(number), complete(1000 + number, 0.1, 0.1, score)
        recorder.add(
            genotype,
            genotype.key(),
            0,
            (),
            1000 + number,
            2000,
            1100 + number,
            0.5,
            [1.0],
            Decision(True, "drawn"),
            outcome,
        )
    recorder.flush()
    yield recorder
    recorder.close()


def test_a_run_whose_report_misses_something_is_not_finished(directory: RunDirectory) -> None:
    report = {"format": FORMAT, "missing": ["dense networks"]}
    write_json(directory.report, report)
    assert read_report(directory) == report
    assert describe_run(directory)[0].startswith("mine: stopped; go on with")
    with directory.lock():
        assert describe_run(directory)[0] == "mine: running"


def test_a_run_in_progress_is_described_while_it_is_written(directory: RunDirectory, recorder: Recorder) -> None:
    directory.skipped.write_text("generation,key\n0,a\n0,b\n")
    with directory.lock():
        lines = describe_run(directory)
    assert lines == [
        "mine: running",
        "data: wine.csv",
        "3 trained, 0 stopped, 2 skipped, 0 failed",
        "best accuracy on validation rows: 0.8750 with 1,001 weights (1,101 parameters; trial 1)",
    ]


def test_looking_at_a_run_changes_nothing_in_it(directory: RunDirectory, recorder: Recorder) -> None:
    recorder.close()
    before = contents(directory.path)
    describe_run(directory)
    assert contents(directory.path) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Files but SQLite's empty log and its index, where readers leave their marks."""
    files = [file for file in folder.iterdir() if not file.name.endswith(("-shm", "-wal"))]
    return {file.name: file.read_bytes() for file in files}


def test_a_run_that_nobody_is_at_work_on_is_stopped_or_finished(directory: RunDirectory) -> None:
    assert describe_run(directory) == [
        f"mine: stopped; go on with `nas resume {directory.path}`",
        "data: wine.csv",
        "0 trained, 0 stopped, 0 skipped, 0 failed",
    ]
    directory.skipped.write_text("generation,key\n")
    write_json(directory.report, {"format": FORMAT, "missing": []})
    assert describe_run(directory)[0] == "mine: finished"
    assert "0 skipped" in describe_run(directory)[2]


def test_a_study_that_is_damaged_is_named(directory: RunDirectory) -> None:
    directory.study.write_text("not a database" * 100)
    with pytest.raises(CheckpointError, match=r"study.db is not a study this version can open"):
        describe_run(directory)
