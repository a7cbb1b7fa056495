"""Searches of the twelve tables of `tabular.npz` for the benchmarks that report on them."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_sets import names_of_tables, write_table
from result_file import Row, read_rows
from search_runs import Wanted, complete

from nas.config import parse_duration


def parser(description: str | None, budgets_s: Sequence[float]) -> argparse.ArgumentParser:
    """The options: what to search, for how long, and where results are kept."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="folder of the data sets, described in data_sets.py")
    options.add_argument("--budgets", nargs="+", type=parse_duration, default=list(budgets_s))
    options.add_argument("--only", nargs="+", help="some of the tables")
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--before", type=Path, help="CSV file of the results of another version, shown beside")
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and search no more")
    return options


def rows_of(given: argparse.Namespace, options: argparse.ArgumentParser) -> list[tuple[str, list[Row]]]:
    """Run the searches that are missing; the rows of each file, with what is said of them in the heads of columns."""
    if given.analyse == (given.data is not None):
        options.error("Give --data or --analyse.")
    rows = read_rows(given.out)[1] if given.analyse else _searched(given)
    if given.before is None:
        return [("", rows)]
    return [(", before", read_rows(given.before)[1]), (", now", rows)]


def _searched(given: argparse.Namespace) -> list[Row]:
    """All rows of the file, once its searches are complete: seed by seed, budget by budget, table by table."""
    with tempfile.TemporaryDirectory() as folder:
        names = given.only or names_of_tables(given.data)
        source_of = {name: write_table(given.data, name, Path(folder)) for name in names}
        wanted = [
            Wanted(name, source, budget_s, seed)
            for seed in range(given.seeds)
            for budget_s in given.budgets
            for name, source in source_of.items()
        ]
        return complete(given.out, wanted)
