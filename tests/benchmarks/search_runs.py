"""Whole searches from the command line, each in processes of its own, and the row that a benchmark keeps of each."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comparison import Point, doublings, non_dominated
from proposers import GATED
from result_file import ResultFile, Row
from timing import USERS_ENVIRONMENT

from nas.outcome import Ending
from nas.recorder import Trial, read_history

KEY = ("data", "method", "budget_s", "seed", "busy")
COUNTS = ("trained", "stopped", "skipped", "failed")
FRONT = ("n_weights", "validation_score", "test_score")
BEST = (*FRONT, "n_parameters")
COLUMNS = (
    *KEY,
    "used_s",  # from the start of the process to its end, without compiling
    "compiled_s",
    *COUNTS,
    "max_weights",
    *(f"best_{name}" for name in BEST),
    "front",  # [[weights, validation score, test score or null], ...], as reported
    "searched",  # [[weights, validation score], ...]: the Pareto front of all that were trained to the end
    "doublings",  # [k, ...]: with 2^k to 2^(k+1) - 1 weights there is a network trained to the end
    "baselines",  # {name: [test score, weights or null], ...}
)
LONGEST_S, LONGEST_SHARE = 120.0, 4.0  # a search that takes so much longer is ended
HERE = str(Path(__file__).parent)
COMPILED = re.compile(r"Compiled the training kernels for this machine in (\d+) s")


@dataclass(frozen=True)
class Wanted:
    """A search that a benchmark wants.

    Attributes:
        data: What rows call the data set.
        source: What `nas search` takes.
        budget_s: Its budget in seconds.
        seed: Its seed.
        method: What rows call how it searches: who proposes, one of `proposers.METHODS`, if nothing else is said.
        busy: Whether another process burns a core meanwhile.
        options: More options of `nas search`.
        proposer: Who proposes, where the method has another name.
    """

    data: str
    source: str
    budget_s: float
    seed: int = 0
    method: str = GATED
    busy: bool = False
    options: Sequence[str] = field(default=())
    proposer: str = ""

    @property
    def key(self) -> dict[str, object]:
        """What its row is known by."""
        return {name: getattr(self, name) for name in KEY}


class SearchFailed(Exception):
    """A search that came to no report: the last lines it printed."""


def complete(out: Path, wanted: Iterable[Wanted]) -> list[Row]:
    """Run the searches that a file of results lacks, one after another, and add their rows as they end.

    Args:
        out: The file; made if need be.
        wanted: The searches, in order.

    Returns:
        All rows of the file.

    Raises:
        SystemExit: Some of the searches failed, when the others are done. The same command tries them again.
    """
    results, n_failed = ResultFile(out, COLUMNS, KEY), 0
    for one in wanted:
        if results.has(**one.key):
            continue
        said = ", ".join(f"{name} {value}" for name, value in one.key.items())
        try:
            results.add(one.key | run_search(one))
            print(f"done: {said}", flush=True)
        except SearchFailed as failure:
            n_failed += 1
            print(f"FAILED: {said}\n{failure}", flush=True)
    if n_failed:
        raise SystemExit(f"{n_failed} searches failed. The same command tries them again.")
    return results.rows


def run_search(one: Wanted) -> dict[str, Any]:
    """Run a search, and give the columns of its row but those of the key.

    Raises:
        SearchFailed: It ended without a report, or took far longer than its budget.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            one.proposer or one.method,
            "search",
            one.source,
            "--budget",
            f"{one.budget_s:g}s",
            "--seed",
            str(one.seed),
        ]
        burning = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if one.busy else None
        try:
            start = time.monotonic()
            said = _run([*command, "--out", folder, "--name", "run", *one.options], one.budget_s)
            used_s = time.monotonic() - start
        finally:
            if burning is not None:
                burning.kill()
                burning.wait()
        report = json.loads((Path(folder) / "run" / "report.json").read_text(encoding="utf-8"))
        history = read_history(Path(folder) / "run" / "study.db")
    compiled = COMPILED.search(said)
    compiled_s = float(compiled.group(1)) if compiled else 0.0
    return {"used_s": used_s - compiled_s, "compiled_s": compiled_s} | row_of(report, history)


def _run(arguments: Sequence[str], budget_s: float) -> str:
    """Run `nas` by a method; what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from proposers import main; main()", *arguments],
        env=USERS_ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([HERE, USERS_ENVIRONMENT.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=LONGEST_S + LONGEST_SHARE * budget_s)
    except subprocess.TimeoutExpired:
        raise SearchFailed(f"It was ended after {LONGEST_S + LONGEST_SHARE * budget_s:.0f} s.") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        raise SearchFailed("\n".join(said.splitlines()[-12:]))
    return said


def row_of(report: Mapping[str, Any], history: Sequence[Trial]) -> dict[str, Any]:
    """What a row keeps of a report and of the trials behind it."""
    complete = [
        (trial.n_weights, trial.outcome.score)
        for trial in history
        if trial.outcome is not None and trial.outcome.ending is Ending.COMPLETE
    ]
    best = report["best"] or {}
    return {
        **{name: report["counts"][name] for name in COUNTS},
        "max_weights": report["settings"]["max_weights"],
        **{f"best_{name}": best.get(name) for name in BEST},
        "front": json.dumps([[row[name] for name in FRONT] for row in report["front"]]),
        "searched": json.dumps(non_dominated(complete)),
        "doublings": json.dumps(sorted(doublings(weights for weights, _ in complete))),
        "baselines": json.dumps({b["name"]: [b["test_score"], b["n_weights"]] for b in report["baselines"]}),
    }


def front_by_test(row: Row) -> list[Point]:
    """Weights and test score of the networks of the reported front; those without a test score are left out."""
    return [(weights, test) for weights, _, test in json.loads(row["front"]) if test is not None]


def front_by_validation(row: Row) -> list[Point]:
    """Weights and validation score of the Pareto front of all that were trained to the end."""
    return [(weights, score) for weights, score in json.loads(row["searched"])]
