"""Which share of a search's time goes into features and into the gate's decisions.

    python tests/benchmarks/gate_cost.py --data mnist.npz letter.csv:class --budget 60

Each is a `nas search` of that many seconds. "Described" is the time from asking worker processes for the wirings and
features of children until all are there; "proposed" is the rest of proposing: parents and children, fits of the
predictor, its skill, decisions. Both are shares of the time of the whole run, finale included; nothing trains
meanwhile. "Features" is what the features alone take of that, from every tenth child, computed once more.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from timing import header, table

import nas.search
from nas.config import load_config
from nas.description import Described
from nas.evolution import Child
from nas.proposal import Proposer
from nas.run import start_run
from predictors import extract

SAMPLED = 10  # one of so many children


@dataclass
class Spent:
    """Seconds so far."""

    describing_s: float = 0.0
    proposing_s: float = 0.0
    n_children: int = 0
    of_features_s: list[float] = field(default_factory=list)


def timed_proposer(spent: Spent) -> type[Proposer]:
    """A `Proposer` that takes down what it spends."""

    class Timed(Proposer):
        def propose(self, *arguments: Any) -> Any:
            *others, describe = arguments

            def described(children: Sequence[Child]) -> list[Described]:
                start = time.monotonic()
                found: list[Described] = describe(children)
                spent.describing_s += time.monotonic() - start
                spent.n_children += len(children)
                return found

            start = time.monotonic()
            proposals = super().propose(*others, described)
            spent.proposing_s += time.monotonic() - start
            for proposal in proposals[::SAMPLED]:
                start = time.process_time()
                extract(proposal.candidate.genotype, proposal.candidate.wiring)
                spent.of_features_s.append(time.process_time() - start)
            return proposals

    return Timed


def cost_of(data: str, budget_s: float, seed: int, workers: int) -> list[str]:
    """One search: a row of the table."""
    spent = Spent()
    nas.search.Proposer = timed_proposer(spent)  # type: ignore[misc]
    source, _, target = data.partition(":")
    flags = {"data.source": source, "data.target": target or None}
    flags |= {"search.budget": f"{budget_s:g}s", "search.seed": seed, "search.workers": workers}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        end = start_run(load_config(None, flags), Path(folder), "run", Console(file=io.StringIO()), start)
    whole_s = time.monotonic() - start
    assert end.report is not None
    counts = end.report["counts"]
    a_child_s = float(np.mean(spent.of_features_s))
    parts_s = [spent.describing_s, spent.proposing_s - spent.describing_s, a_child_s * spent.n_children / workers]
    return [
        Path(source).stem,
        *(f"{counts[count]:,}" for count in ("trained", "stopped", "skipped")),
        *(f"{100 * part_s / whole_s:.1f} %" for part_s in parts_s),
        f"{1e3 * a_child_s:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, help="files, each with :TARGET where it is a table")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of each search")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of each search")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = [cost_of(data, given.budget, given.seed, given.workers) for data in given.data]
    print(
        header("numba", "numpy", note=f"searches of {given.budget:.0f} s, {given.workers} workers, seed {given.seed}")
    )
    print(table(["data", "trained", "stopped", "skipped", "described", "proposed", "features", "of a child, ms"], rows))


if __name__ == "__main__":
    main()
