from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nas.errors import RunError
from nas.rundir import RunDirectory, check_name

HOLDER = """
import sys
from pathlib import Path
from nas.rundir import RunDirectory
with RunDirectory(Path(sys.argv[1])).lock():
    (Path(sys.argv[1]) / "shared").mkdir()
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(directory: RunDirectory) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("digits", "digits"),
        ("some/where/letter.csv", "letter"),
        ("train.csv.gz", "train"),
        ("my data (final).csv", "my-data-final"),
        ("Größe.csv", "Gr-e"),
        (".csv", "run"),
        ("数据.csv", "run"),
        ("x" * 200 + ".csv", "x" * 56),
    ],
)
def test_a_run_is_named_for_its_data(tmp_path: Path, data: str, name: str) -> None:
    directory = RunDirectory.create(tmp_path / "new" / "runs", None, data)
    assert directory.name == name and directory.path.is_dir()
    check_name(directory.name)


def test_further_runs_on_the_same_data_are_numbered(tmp_path: Path) -> None:
    names = [RunDirectory.create(tmp_path, None, "wine").name for _ in range(4)]
    assert names == ["wine", "wine-2", "wine-3", "wine-4"]
    RunDirectory(tmp_path / "wine-2").remove()
    assert RunDirectory.create(tmp_path, None, "wine.csv").name == "wine-2"


def test_a_name_that_is_taken_is_refused_and_what_is_there_is_left_alone(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, "mine", "wine")
    (tmp_path / "mine" / "study.db").write_text("precious")
    with pytest.raises(RunError, match=r'The run "mine" exists already .* Choose another --name, or go on with'):
        RunDirectory.create(tmp_path, "mine", "wine")
    assert (tmp_path / "mine" / "study.db").read_text() == "precious"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a b", "a.b", "x" * 65, "naïve", "a\n", "$(a)"])
def test_what_cannot_be_a_name_is_refused_and_makes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"cannot name a run. Use 1 to 64 letters, digits"):
        RunDirectory.create(tmp_path / "runs", name, "wine")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 64])
def test_what_can_be_a_name_is_taken(tmp_path: Path, name: str) -> None:
    assert RunDirectory.create(tmp_path, name, "wine").path == tmp_path / name


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out, problem in ((tmp_path / "file" / "runs", "Not a directory"), (tmp_path / "file", "File exists")):
        for name in ("mine", None):
            with pytest.raises(RunError, match=f"Cannot make the folder .*: {problem}. Choose another --out"):
                RunDirectory.create(out, name, "wine")


def test_a_run_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    directory.config.write_text("{}")
    assert RunDirectory.find(str(directory.path), tmp_path / "elsewhere").path == directory.path
    assert RunDirectory.find("mine", tmp_path).path == directory.path


def test_a_run_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r'There is no run "mine". There is no run in .* yet'):
        RunDirectory.find("mine", tmp_path)
    for name in ("second", "first"):
        RunDirectory.create(tmp_path, name, "wine").config.write_text("{}")
    (tmp_path / "not-a-run").mkdir()
    with pytest.raises(RunError, match=r'There is no run "mine". Runs in .*: first, second[.]$'):
        RunDirectory.find("mine", tmp_path)


def test_all_files_of_a_run_lie_in_its_folder(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "mine")
    names = ("study", "config", "plan", "encoding", "checkpoint", "standings", "skipped", "report", "models", "shared")
    files = [getattr(directory, name) for name in names]
    assert len(set(files)) == len(files)
    assert {file.parent for file in files} == {directory.path}


def test_a_run_that_another_process_holds_is_refused_with_its_number(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    assert not directory.is_held()
    with held_by_another_process(directory) as process:
        assert directory.is_held()
        message = f'The run "mine" is held by process {process.pid} on .* Wait, or stop it'
        with pytest.raises(RunError, match=message), directory.lock():
            raise AssertionError("two processes hold the run")
        assert directory.shared.exists()  # the holder's rows are still there


def test_the_lock_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    with held_by_another_process(directory) as process:
        process.kill()
        process.wait()
        assert not directory.is_held()
        assert directory.shared.exists()
        with directory.lock():
            assert directory.is_held()
            assert not directory.shared.exists()  # what the killed one left behind
            assert json.loads((directory.path / "lock").read_text())["pid"] == os.getpid()


def test_a_lock_is_given_back_after_an_error_and_can_be_taken_again(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    with pytest.raises(ZeroDivisionError), directory.lock():
        directory.shared.mkdir()
        raise ZeroDivisionError
    assert not directory.shared.exists()
    assert not directory.is_held()
    with directory.lock(), pytest.raises(RunError, match=f"held by process {os.getpid()}"), directory.lock():
        raise AssertionError("held twice")


def test_a_lock_file_that_says_nothing_is_still_a_lock(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    with directory.lock():
        (directory.path / "lock").write_text("")
        with pytest.raises(RunError, match=r"held by another process"), directory.lock():
            raise AssertionError("held twice")


def test_a_removed_run_leaves_nothing(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, "mine", "wine")
    directory.config.write_text("{}")
    directory.remove()
    directory.remove()
    assert list(tmp_path.iterdir()) == []
