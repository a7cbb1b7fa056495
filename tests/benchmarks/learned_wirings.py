"""What wirings that the gradient chooses are worth: searches that draw only, and searches with one method or all.

    python tests/benchmarks/learned_wirings.py --data FOLDER --out learned.csv [--only mnist] [--methods all] \\
        [--seeds 6]
    python tests/benchmarks/learned_wirings.py --out learned.csv --analyse

FOLDER has csv/letter.csv, csv/satimage.csv (target `class`) and mnist.npz; two wide tables are generated
(`wide_tables.py`). Each search is a `nas search` with `--methods`; MNIST has twice the time of the others and at most
five seeds. The file gets a row a search, and the same command goes on where it stopped. Compared are the test scores of
the best network of the reported front with at most the weights that are allowed, and with at most a quarter of them,
and the area of the front (`comparison.hypervolume`). "all, trained anew" has all methods, but no child that begins with
the weights of its parent and is pruned further.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comparison import Difference, floor_of, hypervolume, mean_and_error, paired
from proposers import ALL_ANEW, GATED
from result_file import Row, read_rows
from search_runs import Wanted, complete, front_by_test
from wide_tables import NAMES, write_wide_table

ALL = "static,pruned,set,rigl"
METHODS = {
    "drawn only": (GATED, "static"),
    "all": (GATED, ALL),
    "pruning alone": (GATED, "pruned"),
    "RigL alone": (GATED, "rigl"),
    "all, trained anew": (ALL_ANEW, ALL),
}
MEASURES = WHOLE, QUARTER, AREA = "test score", "test score, a quarter of the weights", "area of the front, test"
MNIST_SEEDS = 5


@dataclass(frozen=True)
class Task:
    """A data set, the most weights of a network, and a budget in seconds; 0 weights for the limit of `nas search`."""

    data: str
    max_weights: int
    budget_s: float


TASKS = (
    Task("mnist", 6000, 120.0),
    *(Task(name, 2000, 60.0) for name in NAMES),
    Task("letter", 0, 60.0),
    Task("satimage", 0, 60.0),
)


def searches_of(
    tasks: Sequence[Task], names: Sequence[str], folder: Path, generated: Path, n_seeds: int
) -> list[Wanted]:
    """All searches, seed by seed, the methods in turns."""
    wanted = []
    for seed in range(n_seeds):
        for task in tasks:
            if task.data == "mnist" and seed >= MNIST_SEEDS:
                continue
            options = () if task.data == "mnist" else ("--target", "class")
            if task.max_weights:
                options += ("--max-weights", str(task.max_weights))
            first = seed % len(names)
            for name in (*names[first:], *names[:first]):
                proposer, methods = METHODS[name]
                wanted.append(
                    Wanted(
                        task.data,
                        source_of(task.data, folder, generated),
                        task.budget_s,
                        seed,
                        name,
                        options=(*options, "--methods", methods),
                        proposer=proposer,
                    )
                )
    return wanted


def source_of(data: str, folder: Path, generated: Path) -> str:
    """What `nas search` takes."""
    if data in NAMES:
        path = generated / f"{data}.csv"
        return str(path) if path.exists() else write_wide_table(data, path)
    return str(folder / ("mnist.npz" if data == "mnist" else f"csv/{data}.csv"))


def values(rows: Sequence[Row], measure: str) -> dict[str, dict[int, float]]:
    """How well each method did on a data set by a measure, by seed."""
    most = max(int(row["max_weights"]) for row in rows)
    floor = floor_of([front_by_test(row) for row in rows], most)

    def value(row: Row) -> float:
        front = front_by_test(row)
        if measure == AREA:
            return hypervolume(front, floor, 2 * most)
        limit = most if measure == WHOLE else most // 4
        return max((score for weights, score in front if weights <= limit), default=math.nan)

    return {method: {int(row["seed"]): value(row) for row in rows if row["method"] == method} for method in METHODS}


def analyse(rows: Sequence[Row]) -> str:
    """How each method did, and all methods together less each one alone, paired by seed."""
    of_data: dict[str, list[Row]] = {}
    for row in rows:
        of_data.setdefault(row["data"], []).append(row)
    means, differences = [], []
    for data, own in of_data.items():
        by_measure = {measure: values(own, measure) for measure in MEASURES}
        methods = [method for method in METHODS if by_measure[WHOLE][method]]
        for method in methods:
            cells = [mean_and_error(list(by_measure[measure][method].values())) for measure in MEASURES]
            means.append([data, method, len(by_measure[WHOLE][method]), *cells])
        for method in methods:
            if method != "all":
                found: list[Difference] = [paired(of["all"], of[method]) for of in by_measure.values()]
                differences.append([data, method, found[0].n, *found])
    return (
        table(["data", "methods", "seeds", *MEASURES], means)
        + "\n\nAll methods less:\n\n"
        + table(["data", "methods", "seeds", *MEASURES], differences)
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="folder of the data sets")
    options.add_argument("--seeds", type=int, default=6)
    options.add_argument("--only", nargs="+", choices=[task.data for task in TASKS], help="some of the data sets")
    options.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    options.add_argument("--analyse", action="store_true", help="print the tables of what is there, and search no more")
    given = options.parse_args()
    if given.analyse == bool(given.data):
        options.error("Give --data or --analyse.")
    tasks = [task for task in TASKS if given.only is None or task.data in given.only]
    with tempfile.TemporaryDirectory() as generated:
        rows = (
            read_rows(given.out)[1]
            if given.analyse
            else complete(given.out, searches_of(tasks, given.methods, given.data, Path(generated), given.seeds))
        )
    print(header("numba", "numpy", note="mean ± standard error over seeds"))
    print(analyse(rows))


if __name__ == "__main__":
    main()
