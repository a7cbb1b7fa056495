"""The command line: what each command shows of runs, and does with them."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import small_runs
from commands import TABLE, nas, refused, with_line, write

from nas.data import encode_new
from nas.data.builtin import BUILTINS, SEQUENCE_BUILTINS
from nas.engine.gather import Inputs
from nas.network_file import load_network
from nas.recorder import read_history
from search_spaces import PRIORS, SPACES

COMMANDS = ("search", "resume", "status", "report", "predict", "export")
SEARCH_OPTIONS = (
    *("--target", "--task", "--space", "--priors", "--methods", "--budget", "--trials", "--population", "--seeds"),
    *("--max-weights", "--seed", "--workers", "--missing", "--name", "--out", "--config", "--no-predictor"),
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "trees.csv", TABLE)


@pytest.fixture(scope="module")
def trees_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on a table with text classes; not to be changed."""
    folder = tmp_path_factory.mktemp("trees")
    data = write(folder / "trees.csv", TABLE)
    config = write(folder / "quick.toml", ["[training]", "epochs = 30", "seeds = 1"])
    options = ("--target", "species", "--trials", "9", "--workers", "1", "--config", config)
    said = nas("search", data, *options, "--name", "trees", "--out", folder / "runs")
    assert said.code == 0, said.err
    return folder / "runs" / "trees"


@pytest.fixture
def unfinished_run(trees_run: Path, tmp_path: Path) -> Path:
    """The same run as a kill before its report would have left it."""
    run = tmp_path / "runs" / "trees"
    shutil.copytree(trees_run, run)
    (run / "report.json").unlink()
    shutil.rmtree(run / "models")
    return run


@contextmanager
def held(run: Path) -> Iterator[int]:
    """Another process holds the run; gives its id."""
    code = (
        "import sys; from pathlib import Path; from nas.rundir import RunDirectory\n"
        "with RunDirectory(Path(sys.argv[1])).lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=run.parents[0],
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.communicate("")


# --- runs that are there already, or not at all ----


def test_name_of_a_run_that_exists(unfinished_run: Path) -> None:
    before = sorted(unfinished_run.parent.rglob("*"))
    line = refused(nas("search", "wine", "--name", "trees", "--out", unfinished_run.parent))

    assert line.startswith(f'The run "trees" exists already in {unfinished_run.parent}.')
    assert sorted(unfinished_run.parent.rglob("*")) == before


@pytest.mark.parametrize("command", [["status"], ["report"], ["resume"], ["export", "-o", "m"]])
def test_unknown_run(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = refused(nas(command[0], "digits", *command[1:]))

    assert line == 'There is no run "digits". There is no run in runs yet.'
    assert list(tmp_path.iterdir()) == []


def test_unknown_run_among_others(unfinished_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(unfinished_run.parents[1])
    assert refused(nas("status", "tree")) == 'There is no run "tree". Runs in runs: trees.'


# --- a run that another process holds --------------------------------------------------------------------------------


def test_a_held_run_is_not_resumed(unfinished_run: Path) -> None:
    def content() -> dict[Path, bytes]:
        files = (file for file in unfinished_run.rglob("*") if file.is_file())
        return {file: file.read_bytes() for file in files if file.name not in ("lock", "study.db-shm", "study.db-wal")}

    before = content()
    with held(unfinished_run) as holder:
        line = refused(nas("resume", unfinished_run))
        assert f'The run "trees" is held by process {holder} on ' in line
        assert "running" in nas("status", unfinished_run).out

    assert content() == before
    assert "stopped" in nas("status", unfinished_run).out


# --- resuming --------------------------------------------------------------------------------------------------------


def test_resume_finishes_an_unfinished_run(trees_run: Path, unfinished_run: Path) -> None:
    said = nas("resume", unfinished_run)

    assert (said.code, said.err) == (0, "")
    assert "Pareto front" in said.out
    assert small_runs.front(unfinished_run) == small_runs.front(trees_run)
    assert small_runs.record(unfinished_run) == small_runs.record(trees_run)


def test_resume_of_a_finished_run_shows_its_report(trees_run: Path) -> None:
    said = nas("resume", trees_run)

    assert said.code == 0
    assert "The run trees is finished." in said.out
    assert "Pareto front" in said.out


def test_resume_with_changed_data_is_refused(unfinished_run: Path) -> None:
    config = json.loads((unfinished_run / "config.json").read_text())
    data = Path(config["config"]["data"]["source"])
    changed = unfinished_run.parents[1] / "changed.csv"
    shutil.copy(data, changed)
    config["config"]["data"]["source"] = str(changed)
    (unfinished_run / "config.json").write_text(json.dumps(config))
    assert "Pareto front" in nas("resume", unfinished_run).out  # another place alone does not matter
    (unfinished_run / "report.json").unlink()

    write(changed, with_line(18, "999,3,oak"))
    assert "its content has changed" in refused(nas("resume", unfinished_run))
    changed.unlink()
    assert refused(nas("resume", unfinished_run)).startswith("There is no file or folder")


# --- looking at a run ------------------------------------------------------------------------------------------------


def test_status_of_a_finished_run(trees_run: Path) -> None:
    said = nas("status", trees_run)

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("trees: finished\n")
    assert "2 trained, 7 stopped, 0 skipped, 0 failed" in said.out
    assert "best accuracy on validation rows: " in said.out


def test_status_of_an_unfinished_run(unfinished_run: Path) -> None:
    assert f"trees: stopped; go on with `nas resume {unfinished_run}`" in nas("status", unfinished_run).out


def test_report_shows_the_front_the_baselines_and_what_is_next(trees_run: Path) -> None:
    said = nas("report", trees_run)

    assert (said.code, said.err) == (0, "")
    for expected in (
        "Pareto front",
        "mean of 5 folds",
        "of dense",
        "parameters",
        "HistGradientBoosting",
        "optuna-dashboard",
    ):
        assert expected in said.out
    assert f"nas predict {trees_run}" in said.out


def test_report_as_json_is_the_file(trees_run: Path) -> None:
    assert nas("report", trees_run, "--json").out == (trees_run / "report.json").read_text()


@pytest.mark.parametrize("command", [["report"], ["report", "--json"], ["export", "-o", "m"]])
def test_an_unfinished_run_has_no_report_yet(unfinished_run: Path, command: list[str]) -> None:
    line = refused(nas(command[0], unfinished_run, *command[1:]))
    assert line.startswith("The run trees has no report yet")
    assert f"`nas resume {unfinished_run}`" in line


# --- using a run -----------------------------------------------------------------------------------------------------


def test_predict_writes_names_of_classes(trees_run: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new.csv", ["b,a,note", "3,10,x", "5,70,y"])  # another order, another column
    said = nas("predict", trees_run, new, "-o", tmp_path / "predictions.csv")

    assert (said.code, said.err) == (0, "")
    with open(tmp_path / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert {row["prediction"] for row in rows} <= {"oak", "elm", "ash"}
    assert all(1 / 3 - 1e-5 <= float(row["probability"]) <= 1.0 for row in rows)


def test_predict_refuses_what_it_cannot_read_and_writes_nothing(trees_run: Path, tmp_path: Path) -> None:
    output = tmp_path / "predictions.csv"
    missing = write(tmp_path / "missing.csv", ["a,species", "1,oak"])
    stray = write(tmp_path / "stray.csv", ["a,b", "1,2", "high,2"])

    assert '"b"' in refused(nas("predict", trees_run, missing, "-o", output))
    assert 'line 3, column "a"' in refused(nas("predict", trees_run, stray, "-o", output))
    assert "There is no file" in refused(nas("predict", trees_run, tmp_path / "none.csv", "-o", output))
    assert not output.exists()


def test_predict_replaces_no_file(trees_run: Path, table: Path) -> None:
    before = table.read_bytes()
    assert "exists already" in refused(nas("predict", trees_run, table, "-o", table))
    assert table.read_bytes() == before


def test_predict_on_an_unfinished_run_is_refused(unfinished_run: Path, table: Path, tmp_path: Path) -> None:
    assert "has no report yet" in refused(nas("predict", unfinished_run, table, "-o", tmp_path / "p.csv"))
    assert not (tmp_path / "p.csv").exists()


def test_a_trial_that_is_not_on_the_front_has_no_network(trees_run: Path, tmp_path: Path) -> None:
    on_front = {row["trial"] for row in json.loads((trees_run / "report.json").read_text())["front"]}
    other = next(t.number for t in read_history(trees_run / "study.db") if t.number not in on_front)
    line = refused(nas("export", trees_run, "--trial", str(other), "-o", tmp_path / "model"))

    assert f"Trial {other} of trees has no trained network" in line
    assert not (tmp_path / "model").exists()


def test_export_writes_a_network_and_its_description(trees_run: Path, tmp_path: Path) -> None:
    best = json.loads((trees_run / "report.json").read_text())["best"]
    said = nas("export", trees_run, "--trial", str(best["trial"]), "-o", tmp_path / "model")

    assert (said.code, said.err) == (0, "")
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]
    description = json.loads((tmp_path / "model" / "model.json").read_text())
    assert description["n_weights"] == best["n_weights"]
    assert description["test_score"] == best["test_score"]
    assert "exists already" in refused(nas("export", trees_run, "-o", tmp_path / "model"))


def test_images_of_bytes_are_searched_and_predicted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = rng.integers(0, 256, (120, 3, 5), dtype=np.uint8)
    x[:, 1] //= 1 + 3 * y[:, None].astype(np.uint8)  # a row of the images is darker in one class
    x[:, 0, 0] = 7
    np.savez(tmp_path / "x.npz", x=x, y=y)
    config = write(tmp_path / "quick.toml", ["[training]", "epochs = 30", "seeds = 1"])
    options = ("--trials", "4", "--population", "4", "--workers", "1", "--config", config, "--name", "images")
    said = nas("search", tmp_path / "x.npz", *options, "--out", tmp_path)
    assert (said.code, said.err) == (0, "") and "Dropped 1 of 15 pixels" in said.out
    best = json.loads((tmp_path / "images" / "report.json").read_text())["best"]
    assert best["test_score"] > 0.8

    np.savez(tmp_path / "new.npz", x=x)
    assert nas("predict", tmp_path / "images", tmp_path / "new.npz", "-o", tmp_path / "p.csv").code == 0
    with open(tmp_path / "p.csv", newline="") as file:
        predicted = [int(row["prediction"]) for row in csv.DictReader(file)]
    network = load_network(tmp_path / "images" / "models" / f"trial-{best['trial']}")
    rows, _ = encode_new(str(tmp_path / "new.npz"), network.encoding)  # type: ignore[arg-type]
    assert predicted == network.outputs(Inputs.plain(rows)).argmax(axis=0).tolist()
    assert np.mean(predicted == y) > 0.8
    refused(nas("predict", tmp_path / "images", write_floats(tmp_path, x), "-o", tmp_path / "q.csv"))


def write_floats(folder: Path, x: np.ndarray) -> Path:
    """The same images as numbers, on which the network was not trained."""
    np.savez(folder / "floats.npz", x=x.astype(np.float32))
    return folder / "floats.npz"


# --- help ------------------------------------------------------------------------------------------------------------


def test_version() -> None:
    assert re.fullmatch(r"sparsewright \d+\.\d+\.\d+\S*\n", nas("--version").out)


def test_help_lists_all_commands() -> None:
    said = nas("--help")
    assert said.code == 0
    assert all(re.search(rf"\b{command}\b", said.out) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command: str) -> None:
    said = nas(command, "--help")
    assert said.code == 0
    assert re.search(rf"Example:\s+nas {command} \S+", said.out)


def test_help_of_search_is_complete() -> None:
    out = nas("search", "--help").out
    assert [option for option in SEARCH_OPTIONS if not re.search(rf"{option}\s", out)] == []
    assert [name for name in (*PRIORS, *SPACES, *BUILTINS, *SEQUENCE_BUILTINS) if name not in out] == []


@pytest.mark.parametrize(
    ("command", "options"),
    [("report", ["--json"]), ("predict", ["--output", "-o", "--trial"]), ("export", ["--output", "-o", "--trial"])],
)
def test_help_of_other_commands_is_complete(command: str, options: list[str]) -> None:
    out = nas(command, "--help").out
    assert [option for option in options if not re.search(rf"{option}\s", out)] == []


def test_the_age_of_a_process_counts_from_its_start() -> None:
    code = "import time, nas.cli; time.sleep(0.3); from nas.process_age import process_age_s; print(process_age_s())"
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.3 <= float(done.stdout) <= time.monotonic() - start + 0.05
