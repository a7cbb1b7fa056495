"""Real searches for tests: small, over in seconds, started in this process or as the command line."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from threadpoolctl import threadpool_limits

from nas.config import load_config
from nas.recorder import read_history
from nas.run import RunEnd, resume_run, start_run
from nas.rundir import RunDirectory

NAS = str(Path(sysconfig.get_path("scripts")) / "nas")
N_TRIALS = 40
CONFIG = """
[search]
trials = 40
population = 8
[training]
epochs = 300
seeds = 1
[predictor]
warm_up = 10
margin = -1000  # so few outcomes tell no skill from chance
"""
N_STRING_TRIALS = 18
STRINGS_CONFIG = """
[search]
trials = 18
population = 6
max_weights = 400
[training]
epochs = 200
seeds = 1
[predictor]
warm_up = 6
margin = -1000
"""


def search(folder: Path, name: str, **flags: Any) -> RunEnd:
    """Search ``wine`` in this process to the end; flags are dotted names with "__" for the dot."""
    return _search(config_file(folder), {"data.source": "wine"}, folder, name, flags)


def search_strings(folder: Path, name: str, **flags: Any) -> RunEnd:
    """Search the small strings likewise."""
    return _search(strings_config_file(folder), {"data.source": str(strings_file(folder))}, folder, name, flags)


def _search(file: Path, data: dict[str, Any], folder: Path, name: str, flags: dict[str, Any]) -> RunEnd:
    config = load_config(file, data | {key.replace("__", "."): flags[key] for key in flags})
    with threadpool_limits(1):  # scikit-learn's threads wait for one another where cores are busy
        return start_run(config, folder, name, silent(), time.monotonic())


def resume(folder: Path, name: str) -> RunEnd:
    """Go on with a run in this process."""
    with threadpool_limits(1):
        return resume_run(RunDirectory(folder / name), silent(), time.monotonic())


def start_command(folder: Path, name: str, *options: str) -> subprocess.Popen[str]:
    """The same search as a process of its own."""
    options = ("--config", str(config_file(folder)), "--name", name, "--out", str(folder), *options)
    return start([NAS, "search", "wine", *options])


def start_strings_command(folder: Path, name: str, *options: str) -> subprocess.Popen[str]:
    """The search of the small strings as a process of its own."""
    options = ("--config", str(strings_config_file(folder)), "--name", name, "--out", str(folder), *options)
    return start([NAS, "search", str(strings_file(folder)), *options])


def start(command: list[str]) -> subprocess.Popen[str]:
    """Start a command with its output in pipes."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def config_file(folder: Path) -> Path:
    """The configuration of the small search."""
    file = folder / "small.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


def strings_config_file(folder: Path) -> Path:
    """The configuration of the search of the small strings."""
    file = folder / "strings.toml"
    file.write_text(STRINGS_CONFIG, encoding="utf-8")
    return file


def strings_file(folder: Path, n: int = 240) -> Path:
    """Strings of four letters that are told apart by the first of them."""
    rng, lines = np.random.default_rng(0), ["string,label"]
    for _ in range(n):
        string = "".join(rng.choice(list("abcd"), rng.integers(2, 9)))
        lines.append(f"{string},{'early' if string[0] in 'ab' else 'late'}")
    file = folder / "strings.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def silent() -> Console:
    """A console that shows nothing."""
    return Console(file=io.StringIO())


def record(run: Path) -> list[tuple[Any, ...]]:
    """All of the trials of a run that must not depend on how the run was carried out, by generation and key.

    Numbers of trials are left out: two generations are in training at a time, and which candidate ends first is a
    matter of time.
    """
    rows = []
    for trial in sorted(read_history(run / "study.db"), key=lambda trial: (trial.generation, trial.key)):
        outcome = trial.outcome
        ending = None if outcome is None else (outcome.ending, outcome.scores, outcome.reason)
        about = (trial.generation, trial.key, trial.parents, trial.n_weights, trial.density)
        rows.append((*about, trial.features, trial.decision, ending))
    return rows


def front(run: Path) -> list[dict[str, Any]]:
    """The front of a finished run, as in its report, without the numbers of trials."""
    rows: list[dict[str, Any]] = json.loads((run / "report.json").read_text())["front"]
    return [{name: value for name, value in row.items() if name != "trial"} for row in rows]


def n_recorded(run: Path) -> int:
    """Trials on disk so far, read as the dashboard would."""
    try:
        with closing(sqlite3.connect(f"file:{run / 'study.db'}?mode=ro", uri=True, timeout=10)) as database:
            return int(database.execute("SELECT count(*) FROM trials").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def n_compiled(_: object) -> int:
    """Forms of kernels that this process has compiled or loaded so far, each for some types of arguments."""
    modules = [module for name, module in sys.modules.items() if name.startswith("nas.engine.")]
    kernels = {id(k): k for module in modules for k in vars(module).values() if hasattr(k, "nopython_signatures")}
    return sum(len(kernel.nopython_signatures) for kernel in kernels.values())


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Wait for a condition; AssertionError if it does not come about."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {limit_s:.0f} s"
        time.sleep(0.01)


def descendants(process: int) -> list[psutil.Process]:
    """Processes that a process started, and those that they started."""
    return psutil.Process(process).children(recursive=True)


def living(processes: list[psutil.Process]) -> list[int]:
    """Process ids of those that still run."""
    return [p.pid for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def workers_here() -> list[psutil.Process]:
    """Worker processes of this process: the children of its fork server, which itself stays."""
    return [p for p in descendants(os.getpid()) if p.ppid() != os.getpid()]
