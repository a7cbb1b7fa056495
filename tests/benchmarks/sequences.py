"""Sequences, long ones above all: a search of each set, beside the baselines of its own report.

    python tests/benchmarks/sequences.py --out sequences.csv [--data FOLDER] [--budgets 60s] [--seeds 1] [--only NAME]
    python tests/benchmarks/sequences.py --out sequences.csv --analyse [--before old.csv]

The generated sets are those of `sequence_sets.py`; with FOLDER, which has `sequences.npz`, also its three with their
official splits. The table has test accuracy, and weights in brackets. The file gets a row a search, and the same
command goes on where it stopped.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from data_sets import write_sequences
from result_file import Row, number, read_rows
from search_runs import Wanted, complete
from sequence_sets import LONG, write_long_set, write_motif_strings

from nas.config import parse_duration

REAL = ("japanesevowels", "basicmotions", "gunpoint")
STRINGS = "motif"
OURS = "ours"


def kind_of(baseline: str) -> str:
    """The name of a baseline without what differs between sets: numbers, cells and rates."""
    dense = re.fullmatch(r"dense .*\((.*)\)", baseline)
    if dense:
        return f"dense, {dense.group(1)}"
    return re.sub(r" \(time warping .*\)", " (time warping)", re.sub(r"^\d+ | \(\d+ iterations.*\)", "", baseline))


def scores_of(row: Row) -> dict[str, tuple[float, float]]:
    """Test accuracy and weights of the best network, and of each kind of baseline; NaN where there are none."""
    found = {OURS: (number(row, "best_test_score"), number(row, "best_n_weights"))}
    for name, (score, weights) in json.loads(row["baselines"]).items():
        if score is not None:
            found[kind_of(name)] = score, float("nan") if weights is None else weights
    return found


def cell(rows: Sequence[Row], kind: str) -> str:
    """Mean accuracy over seeds, and mean weights in brackets; "-" where there is none."""
    found = [scores[kind] for scores in map(scores_of, rows) if kind in scores]
    if not found:
        return "-"
    score, weights = np.mean(found, axis=0).tolist()
    return f"{score:.3f}" + ("" if np.isnan(weights) else f" ({weights:,.0f})")


def analyse(files: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """A line for ours and each kind of baseline, a column for each set, budget and file."""
    kinds = dict.fromkeys(kind for _, rows in files for row in rows for kind in scores_of(row))
    columns: dict[str, list[Row]] = {}
    for said, rows in files:
        for row in rows:
            columns.setdefault(f"{row['data']}, {number(row, 'budget_s'):g} s{said}", []).append(row)
    body = [[kind, *(cell(rows, kind) for rows in columns.values())] for kind in kinds]
    return table(["test accuracy (weights)", *columns], body)


def write_sets(names: Sequence[str], data: Path | None, to: Path) -> dict[str, str]:
    """The sets of these names as files; their paths by name."""
    paths = {}
    for name in names:
        if name in LONG:
            paths[name] = write_long_set(name, to)
        elif name == STRINGS:
            paths[name] = write_motif_strings(to)
        elif data is not None:
            paths[name] = write_sequences(data, name, to)
    return paths


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="folder with sequences.npz")
    options.add_argument("--budgets", nargs="+", type=parse_duration, default=[60.0])
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--only", nargs="+", help="some of the sets")
    options.add_argument("--options", nargs="+", default=[], help="more options of `nas search`, without the dashes")
    options.add_argument("--before", type=Path, help="CSV file of the results of another version, shown beside")
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and search no more")
    given = options.parse_args()
    if given.analyse:
        rows = read_rows(given.out)[1]
    else:
        names = given.only or [*LONG, STRINGS, *(REAL if given.data else ())]
        more = [word for pair in given.options for word in pair.split("=", 1)]
        more = [f"--{word}" if place % 2 == 0 else word for place, word in enumerate(more)]
        with tempfile.TemporaryDirectory() as folder:
            paths = write_sets(names, given.data, Path(folder))
            wanted = [
                Wanted(name, path, budget_s, seed, options=more)
                for seed in range(given.seeds)
                for budget_s in given.budgets
                for name, path in paths.items()
            ]
            rows = complete(given.out, wanted)
    files = [("", rows)]
    if given.before is not None:
        files = [(", before", read_rows(given.before)[1]), (", now", rows)]
    print(header("numba", "numpy"))
    print(analyse(files))


if __name__ == "__main__":
    main()
