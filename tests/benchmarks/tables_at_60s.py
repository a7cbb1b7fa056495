"""Twelve tables, a search of 60 s each: test accuracy and weights of the best, beside baselines on the same split.

    python tests/benchmarks/tables_at_60s.py --data FOLDER --out tables.csv [--before old.csv] [--seeds 1]
    python tests/benchmarks/tables_at_60s.py --out tables.csv --analyse [--baselines tabular_baselines.csv] [...]

Test rows are those of `train_test_split(test_size=.3, random_state=0, stratify=y)`, as in FOLDER/tabular_baselines.csv.
Beside the best network by validation stand the baselines that its own report has, and the published ones. The file gets
a row a search, and the same command goes on where it stopped.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from result_file import Row, number, read_rows
from table_searches import parser, rows_of

BUDGET_S = 60.0
Scored = tuple[float, float]
"""Test accuracy, and weights; NaN where there are none."""


def kind_of(baseline: str) -> str:
    """The name of a baseline without what differs between data sets: its shape and rate, and what cut it short."""
    if dense := re.match(r"dense .*?(\(.*?\))", baseline):
        return f"dense {dense[1]}"
    return re.sub(r" \(\d+ of \d+ iterations.*\)", "", baseline).split(":")[0]


def reported(row: Row) -> dict[str, Scored]:
    """The best network of a search, and the baselines of its report."""
    found = {"ours": (number(row, "best_test_score"), number(row, "best_n_weights"))}
    for name, (score, weights) in json.loads(row["baselines"]).items():
        found[kind_of(name)] = known(score), known(weights)
    return found


def known(value: float | None) -> float:
    """A number; NaN for none."""
    return math.nan if value is None else value


def published(rows: Sequence[Row]) -> dict[str, dict[str, Scored]]:
    """By data set the published baselines, from the rows of their file."""
    found: dict[str, dict[str, Scored]] = {}
    for row in rows:
        scored = number(row, "test_accuracy"), number(row, "weights")
        found.setdefault(row["dataset"], {})[row["model"]] = scored
    return found


def by_data_set(rows: Sequence[Row]) -> dict[str, dict[str, Scored]]:
    """What the searches of 60 s reported, means over the seeds of a data set."""
    of_each: dict[str, dict[str, list[Scored]]] = {}
    for row in rows:
        if number(row, "budget_s") == BUDGET_S:
            for kind, scored in reported(row).items():
                of_each.setdefault(row["data"], {}).setdefault(kind, []).append(scored)
    return {name: {kind: mean_of(scored) for kind, scored in kinds.items()} for name, kinds in of_each.items()}


def mean_of(scored: Sequence[Scored]) -> Scored:
    """Mean accuracy and mean weights."""
    accuracy, weights = np.mean(scored, axis=0).tolist()
    return accuracy, weights


def shown(scored: Scored | None) -> str:
    """An accuracy, and the weights that it takes."""
    if scored is None or np.isnan(scored[0]):
        return "-"
    return f"{scored[0]:.4f}" + ("" if np.isnan(scored[1]) else f" ({scored[1]:,.0f})")


def analyse(sides: Mapping[str, Mapping[str, Mapping[str, Scored]]]) -> str:
    """The table: a line for ours and each baseline, a column for each data set, and the mean over those all lines have.

    Args:
        sides: Of each version what is said of it behind the names of its lines; by data set, and by kind.
    """
    lines = {
        kind + said: {name: kinds[kind] for name, kinds in side.items() if kind in kinds}
        for said, side in sides.items()
        for kind in dict.fromkeys(kind for kinds in side.values() for kind in kinds)
    }
    names = list(dict.fromkeys(name for line in lines.values() for name in line))
    whole = [name for name in names if all(name in line and line[name][0] >= 0 for line in lines.values())]
    body = []
    for head, line in lines.items():
        mean = mean_of([line[name] for name in whole]) if whole else None
        body.append([head, *(shown(line.get(name)) for name in names), shown(mean)])
    return table(["test accuracy (weights)", *names, f"mean of {len(whole)}"], body)


def main() -> None:
    options = parser(__doc__, (BUDGET_S,))
    options.add_argument("--baselines", type=Path, help="CSV file of the published baselines; by default of FOLDER")
    given = options.parse_args()
    sides = {said: by_data_set(rows) for said, rows in rows_of(given, options)}
    baselines = given.baselines or (given.data / "tabular_baselines.csv" if given.data else None)
    if baselines is not None:
        searched = {name for side in sides.values() for name in side}
        of_others = published(read_rows(baselines)[1])
        sides[", published"] = {name: kinds for name, kinds in of_others.items() if name in searched}
    print(header("numba", "numpy", note=f"searches of {BUDGET_S:g} s"))
    print(analyse(sides))


if __name__ == "__main__":
    main()
