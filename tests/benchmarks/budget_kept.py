"""Whether searches end within 10 % of their budget: twelve data sets of different shape, budgets of 10 s, 30 s and 2 m.

    python tests/benchmarks/budget_kept.py --data FOLDER --out budgets.csv [--busy] [--budgets 10s 30s 2m]
    python tests/benchmarks/budget_kept.py --out budgets.csv --analyse

Used is the time from the start of the process to its end, less what it says that compiling took, over the budget. With
--busy another process burns one core meanwhile. FOLDER is described in `data_sets.py`. The file gets a row a search,
and the same command goes on where it stopped.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_sets import write_long_sequences, write_sequences, write_table
from result_file import Row, number, read_rows
from search_runs import Wanted, complete

from nas.config import parse_duration

TABLES = ("banana", "letter", "magic", "movement_libras", "spambase")
BUILTINS = ("diabetes", "digits", "reber", "wine")
DATA_SETS = (*TABLES, *BUILTINS, "mnist", "japanesevowels", "long-sequences")
TOLERANCE = 0.1


def sources(folder: Path, to: Path) -> dict[str, str]:
    """What `nas search` takes for each of the data sets."""
    found = {name: write_table(folder, name, to) for name in TABLES} | {name: name for name in BUILTINS}
    found |= {"mnist": str(folder / "mnist.npz"), "japanesevowels": write_sequences(folder, "japanesevowels", to)}
    return found | {"long-sequences": write_long_sequences(to)}


def searches(source_of: dict[str, str], budgets_s: Sequence[float], seed: int, busy: bool) -> list[Wanted]:
    """All searches, the short ones first."""
    return [
        Wanted(name, source_of[name], budget_s, seed, busy=busy)
        for budget_s in sorted(budgets_s)
        for name in DATA_SETS
        if name in source_of
    ]


def share_used(row: Row) -> float:
    """What share of its budget a search used."""
    return number(row, "used_s") / number(row, "budget_s")


def analyse(rows: Sequence[Row]) -> str:
    """The table of what was used of each budget, and the worst.

    A cell has the largest share of several seeds.
    """
    columns = sorted({(row["busy"], number(row, "budget_s")) for row in rows})
    used: dict[tuple[str, tuple[str, float]], float] = {}
    for row in rows:
        place = row["data"], (row["busy"], number(row, "budget_s"))
        used[place] = max(used.get(place, 0.0), share_used(row))
    names = dict.fromkeys(row["data"] for row in rows)
    body = [[name, *(f"{used[name, c]:.2f}" if (name, c) in used else "" for c in columns)] for name in names]
    heads = [f"{budget_s:g} s{', busy' if busy == 'True' else ''}" for busy, budget_s in columns]
    late = [row for row in rows if share_used(row) > 1 + TOLERANCE]
    early = [row for row in rows if share_used(row) < 1 - TOLERANCE]
    worst = max(rows, key=share_used)
    return (
        f"{table(['data', *heads], body)}\n"
        f"Used over budget: at most {share_used(worst):.3f} ({worst['data']}, {number(worst, 'budget_s'):g} s"
        f"{', busy' if worst['busy'] == 'True' else ''}). Of {len(rows)} searches {len(late)} used more than "
        f"{1 + TOLERANCE:g} of their budget, and {len(early)} less than {1 - TOLERANCE:g}. Without any network: "
        f"{', '.join(row['data'] for row in rows if not row['best_n_weights']) or 'none'}."
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="folder of the data sets")
    options.add_argument("--budgets", nargs="+", type=parse_duration, default=[10.0, 30.0, 120.0])
    options.add_argument("--only", nargs="+", default=DATA_SETS, choices=DATA_SETS, help="some of the data sets")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--busy", action="store_true", help="while another process burns one core")
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and search no more")
    given = options.parse_args()
    if given.analyse == (given.data is not None):
        options.error("Give --data or --analyse.")
    if given.analyse:
        rows = read_rows(given.out)[1]
    else:
        with tempfile.TemporaryDirectory() as folder:
            source_of = {name: s for name, s in sources(given.data, Path(folder)).items() if name in given.only}
            rows = complete(given.out, searches(source_of, given.budgets, given.seed, given.busy))
    print(header("numba", "numpy"))
    print(analyse(rows))


if __name__ == "__main__":
    main()
