"""What each way of making children brought in some runs: how many entered the front, for how many seconds of training.

    python tests/benchmarks/operator_yield.py RUN...

RUN is the folder of a run. A child enters the front if no network that was trained to the end before it is as small and
as good, by scores of the search, and if it is worthwhile (`ranking.is_worthwhile`). Seconds are those of workers.
"""

from __future__ import annotations

from timing import table  # isort: skip

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas.operators import OPERATORS, operator_of
from nas.outcome import Ending
from nas.ranking import worthwhile_floor
from nas.recorder import Trial, read_history

START = "the start"  # networks as set by hand, and draws, before there are parents
FIRST_GENERATIONS = 2


@dataclass
class Yield:
    """What one way of making children brought."""

    n_trained: int = 0
    n_complete: int = 0
    n_entered: int = 0
    seconds: float = 0.0


def yields(history: Sequence[Trial]) -> dict[str, Yield]:
    """What each operator brought, in the order of time."""
    found = {name: Yield() for name in (START, *OPERATORS)}
    front: list[tuple[float, int]] = []
    for trial in history:
        if trial.outcome is None:
            continue
        is_first = trial.generation < FIRST_GENERATIONS
        own = found[START if is_first else operator_of(trial.genotype, trial.parents)]
        own.n_trained += 1
        own.seconds += trial.outcome.seconds
        if trial.outcome.ending is not Ending.COMPLETE:
            continue
        own.n_complete += 1
        score, n_weights = trial.outcome.score, trial.n_weights
        if any(other >= score and weights <= n_weights for other, weights in front):
            continue
        front = [(other, weights) for other, weights in front if other > score or weights < n_weights]
        front.append((score, n_weights))
        own.n_entered += score >= worthwhile_floor([other for other, _ in front])
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("runs", nargs="+", type=Path)
    lines = []
    for run in options.parse_args().runs:
        for name, own in yields(read_history(run / "study.db")).items():
            if own.n_trained:
                rate = f"{10 * own.n_entered / own.seconds:.1f}"
                lines.append([run.name, name, own.n_trained, own.n_complete, own.n_entered, f"{own.seconds:.1f}", rate])
    print(table(["run", "children", "trained", "to the end", "entered", "seconds", "entered in 10 s"], lines))


if __name__ == "__main__":
    main()
