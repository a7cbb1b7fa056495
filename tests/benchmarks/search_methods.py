"""Searches by real training at equal wall-clock: random draws, regularised evolution, and ours without and with gate.

    python tests/benchmarks/search_methods.py --data mnist.npz letter.csv:class --budget 90 --seeds 3

Each search is a `nas search` of that many seconds in one process, all with the same rungs and workers; only who
proposes children differs. Regularised evolution is that of Real et al. (2019): a population of 25, the oldest leaves,
the best of 5 drawn is mutated. What is compared is what each found by the validation rows: the best score, the area
under the Pareto front over log10 of the number of weights (from 100 weights on), and the best network's test score.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from timing import header, table

import nas.search
from nas.config import load_config
from nas.evolution import Child, Evolution, Member
from nas.outcome import Ending
from nas.recorder import Trial, read_history
from nas.run import start_run

FEWEST_WEIGHTS = 100
POPULATION, TOURNAMENT = 25, 5


class RandomDraws(Evolution):
    """Children are drawn from the space, whatever was learned."""

    def _propose(self, rng: np.random.Generator) -> Child:
        return Child(self._space.sample(rng), ())


class RegularisedEvolution(Evolution):
    """Children are mutants of the best of a few of the youngest."""

    def tell(self, members: Sequence[Member]) -> None:
        before = list(self.population)
        super().tell(members)
        self.population = (before + [member for member in members if member.n_rungs > 0])[-POPULATION:]

    def _propose(self, rng: np.random.Generator) -> Child:
        if len(self.population) < TOURNAMENT:
            return Child(self._space.sample(rng), ())
        drawn = rng.choice(len(self.population), size=TOURNAMENT, replace=False)
        parent = max((self.population[i] for i in drawn.tolist()), key=lambda member: (member.n_rungs, member.score))
        return Child(self._space.mutate(parent.genotype, rng), (parent.genotype.key(),))


METHODS: dict[str, tuple[type[Evolution], bool]] = {
    "random": (RandomDraws, False),
    "regularised evolution": (RegularisedEvolution, False),
    "ours, gate off": (Evolution, False),
    "ours, gate on": (Evolution, True),
}


def front_area(history: Sequence[Trial]) -> float:
    """Area under the best score by log10 of weights, from `FEWEST_WEIGHTS` to 100 times as many; at most 2."""
    complete = [
        (trial.n_weights, trial.outcome.score)
        for trial in history
        if trial.outcome is not None and trial.outcome.ending is Ending.COMPLETE
    ]
    area, best, last = 0.0, 0.0, 0.0
    for weights, score in sorted(complete):
        place = min(max(np.log10(weights / FEWEST_WEIGHTS), 0.0), 2.0)
        area += best * (place - last)
        best, last = max(best, score), place
    return area + best * (2.0 - last)


def searched(data: str, method: str, budget_s: float, seed: int, workers: int) -> dict[str, Any]:
    """What one search found."""
    source, _, target = data.partition(":")
    evolution, is_gated = METHODS[method]
    nas.search.Evolution = evolution  # type: ignore[misc]
    flags = {
        "data.source": source,
        "data.target": target or None,
        "search.budget": f"{budget_s:.0f}s",
        "search.seed": seed,
        "search.workers": workers,
        "predictor.enabled": is_gated,
    }
    with tempfile.TemporaryDirectory() as folder:
        end = start_run(load_config(None, flags), Path(folder), "run", Console(file=io.StringIO()), time.monotonic())
        assert end.report is not None
        history = read_history(end.directory.study)
    report = end.report
    return {
        "data": Path(source).stem,
        "method": method,
        "seed": seed,
        "trained": sum(trial.outcome is not None for trial in history),
        "skipped": report["counts"]["skipped"],
        "best": report["best"]["validation_score"],
        "area": front_area(history),
        "test": report["best"]["test_score"],
        "audit": (report.get("predictor") or {}).get("audit_lines", []),
    }


def mean_and_deviation(values: Sequence[float]) -> str:
    deviation = f" ({np.std(values, ddof=1):.4f})" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{deviation}"


def search_parser(description: str | None, budget_s: float) -> argparse.ArgumentParser:
    """The options of benchmarks that search."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, help="files, each with :TARGET where it is a table")
    parser.add_argument("--budget", type=float, default=budget_s, help="seconds of each search")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of each search")
    return parser


def main() -> None:
    parser = search_parser(__doc__, budget_s=90.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    arguments = parser.parse_args()
    rows, said = [], []
    for data in arguments.data:
        found: dict[str, list[dict[str, Any]]] = {method: [] for method in arguments.methods}
        for seed in range(arguments.seeds):  # in turns, so that all see the machine alike
            for method in arguments.methods:
                found[method].append(searched(data, method, arguments.budget, seed, arguments.workers))
                print(".", end="", flush=True)
        for method, runs in found.items():
            numbers = [mean_and_deviation([run[what] for run in runs]) for what in ("best", "area", "test")]
            counts = [f"{np.mean([run[what] for run in runs]):,.0f}" for what in ("trained", "skipped")]
            rows.append([runs[0]["data"], method, *counts, *numbers])
            said += [f"{run['data']}, seed {run['seed']}: {line}" for run in runs for line in run["audit"]]
    print()
    print(header("numba", "numpy", note=f"{arguments.budget:.0f} s each, {arguments.seeds} seeds: mean (deviation)"))
    print(table(["data", "method", "trained", "skipped", "best validation", "area under the front", "test"], rows))
    print("\n".join(said))


if __name__ == "__main__":
    main()
