"""How many networks the reported fronts of twelve tables have, and how many doublings of size they cover.

    python tests/benchmarks/front_sizes.py --data FOLDER --out tables.csv [--before old.csv] [--budgets 30s 60s 5m]
    python tests/benchmarks/front_sizes.py --out tables.csv --analyse [--before old.csv]

A front has a network for each doubling of size that the search has trained to the end; the table has, for each budget,
networks on the front, and of the doublings in which a network was trained to the end how many have one on the front.
The tables and their splits are those of `tables_at_60s.py`, which may share the file: the same searches of 60 s serve
both. The file gets a row a search, and the same command goes on where it stopped.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import json
from collections.abc import Sequence

import numpy as np
from comparison import doublings
from result_file import Row, number
from table_searches import parser, rows_of

BUDGETS_S = (30.0, 60.0, 300.0)


def covered(row: Row) -> tuple[int, int, int]:
    """Networks on the front; doublings of size with a network on the front; those with one trained to the end."""
    front = [weights for weights, _, _ in json.loads(row["front"])]
    trained = set(json.loads(row["doublings"]))
    return len(front), len(doublings(front) & trained), len(trained)


def cells(rows: Sequence[Row]) -> list[str]:
    """Networks on the front, and doublings covered of those trained: means over seeds; empty where there is none."""
    if not rows:
        return ["", ""]
    n_front, n_covered, n_trained = np.mean([covered(row) for row in rows], axis=0)
    return [f"{n_front:.3g}", f"{n_covered:.3g} of {n_trained:.3g}"]


def analyse(files: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """The table, and the means over data sets below it.

    Args:
        files: Rows of each file, with what is said of them in the heads of their columns.
    """
    names = dict.fromkeys(row["data"] for _, rows in files for row in rows)
    budgets = sorted({number(row, "budget_s") for _, rows in files for row in rows})
    heads, columns = [], []
    for budget_s in budgets:
        for said, rows in files:
            heads += [f"{budget_s:g} s{said}: networks", "doublings"]
            at = [row for row in rows if number(row, "budget_s") == budget_s]
            columns.append([cells([row for row in at if row["data"] == name]) for name in names] + [cells(at)])
    body = [[name, *(cell for column in columns for cell in column[i])] for i, name in enumerate([*names, "mean"])]
    return table(["data", *heads], body)


def main() -> None:
    given = (options := parser(__doc__, BUDGETS_S)).parse_args()
    files = rows_of(given, options)
    print(header("numba", "numpy"))
    print(analyse(files))


if __name__ == "__main__":
    main()
