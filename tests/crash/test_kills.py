"""Kill the main process at random moments, go on, and end as if nothing had been."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import small_runs

N_KILLS = 4
LATEST_KILL_S = 2.0


def check_study(run: Path) -> None:
    """The study is whole, and no trial is left as if it were running."""
    with closing(sqlite3.connect(run / "study.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'trials'").fetchone():
            states = {state for (state,) in database.execute("SELECT DISTINCT state FROM trials")}
            assert states <= {"COMPLETE", "PRUNED", "FAIL"}


def wait_for_work(run: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a process has begun to work on a run, or has ended."""
    small_runs.wait_until(lambda: (run / "shared").exists() or process.poll() is not None, "the next sitting")


@pytest.mark.parametrize("seed", [1])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_were_not(
    finished_run: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    print(f"seed {seed}")
    run = tmp_path / "killed"
    process = small_runs.start_command(tmp_path, "killed", "--workers", "2")
    small_runs.wait_until((run / "study.db").exists, "the start of the run")
    rows: list[object] = []
    for number in range(N_KILLS):
        delay_s = float(rng.uniform(0.0, LATEST_KILL_S))
        time.sleep(delay_s)
        process.kill()
        process.communicate()
        print(f"kill {number + 1} after {delay_s:.3f} s")
        check_study(run)
        before, rows = rows, [*small_runs.record(run)] if small_runs.n_recorded(run) else []
        assert rows[: len(before)] == before
        process = small_runs.start([small_runs.NAS, "resume", str(run)])
        wait_for_work(run, process)
    _, errors = process.communicate(timeout=120)

    assert (process.returncode, errors) == (0, "")
    assert small_runs.record(run) == small_runs.record(finished_run)
    assert small_runs.front(run) == small_runs.front(finished_run)
    check_study(run)
