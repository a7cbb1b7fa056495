"""Searches by real training at equal wall-clock: random draws, regularised evolution, and ours without and with gate.

    python tests/benchmarks/search_methods.py --out methods.csv --jobs "letter.csv:class=30s x12" "mnist.npz=120s x5"
    python tests/benchmarks/search_methods.py --out methods.csv --analyse

A job is what `nas search` takes, with :TARGET where it is a table, a budget, and a number of seeds. Each search is a
`nas search` of its own; only who proposes children differs (`proposers.py`). The file gets a row a search, and the same
command goes on where it stopped. Methods take turns within a seed, each seed beginning with another one.

What is compared: the test score of the best network by validation; and areas above a floor, in score times doublings of
size (`comparison.hypervolume`): that of the reported front by its test scores, and that of the Pareto front of all that
were trained to the end, by validation. Floor and end are common to all searches of a data set with a budget. The floor
is the median, over searches, of the score of the best network with at most a sixteenth of the weights that are allowed;
the end is twice the weights that are allowed, so that the largest networks count, too.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from comparison import SMALL_SHARE, Difference, Point, floor_of, hypervolume, mean_and_error, paired
from proposers import GATE_OFF, GATED, METHODS, OUR_START, RANDOM
from result_file import Row, number, read_rows
from search_runs import Wanted, complete, front_by_test, front_by_validation

from nas.config import parse_duration
from nas.errors import UsageError

PAIRS = (*((method, RANDOM) for method in METHODS[1:]), (GATED, OUR_START), (GATED, GATE_OFF))
MEANS = "used_s", "trained", "skipped", "best_n_weights"
MEASURES = TEST, TEST_AREA, AREA = "test score", "area of the front, test", "area of all trained, validation"


@dataclass(frozen=True)
class SearchJob:
    """Searches of one data set: what `nas search` takes, its target, a budget in seconds, and how many seeds."""

    source: str
    target: str | None
    budget_s: float
    n_seeds: int

    @property
    def name(self) -> str:
        """What rows call the data set."""
        return Path(self.source).stem

    @classmethod
    def read(cls, text: str) -> SearchJob:
        """A job as it is written: DATA[:TARGET]=BUDGET xSEEDS.

        Raises:
            argparse.ArgumentTypeError: It is written in another way.
        """
        written = re.fullmatch(r"(?P<data>.+)=(?P<budget>[^=\s]+)\s+x(?P<seeds>[1-9]\d*)", text.strip())
        if written is None:
            raise argparse.ArgumentTypeError(f'"{text}" is no job. Write for example "letter.csv:class=30s x12".')
        source, _, target = written["data"].partition(":")
        try:
            budget_s = parse_duration(written["budget"])
        except UsageError as error:
            raise argparse.ArgumentTypeError(f'"{text}": {error}') from None
        return cls(source, target or None, budget_s, int(written["seeds"]))


def searches_of(jobs: Sequence[SearchJob], methods: Sequence[str]) -> list[Wanted]:
    """All searches, in order: a job, a seed, and then the methods, each seed beginning with the next."""
    wanted = []
    for job in jobs:
        options = () if job.target is None else ("--target", job.target)
        for seed in range(job.n_seeds):
            first = seed % len(methods)
            for method in (*methods[first:], *methods[:first]):
                wanted.append(Wanted(job.name, job.source, job.budget_s, seed, method, options=options))
    return wanted


@dataclass(frozen=True)
class Contest:
    """All searches of a data set with a budget.

    Attributes:
        data: Its name.
        budget_s: The budget in seconds.
        rows: The rows of the searches.
    """

    data: str
    budget_s: float
    rows: Sequence[Row]

    @property
    def most_weights(self) -> int:
        """The limit of the weights."""
        return max(int(row["max_weights"]) for row in self.rows)

    def floor(self, front: Callable[[Row], list[Point]]) -> float:
        """The floor above which areas count."""
        return floor_of([front(row) for row in self.rows], self.most_weights)

    def values(self, method: str, measure: str) -> dict[int, float]:
        """How well a method did by a measure, by seed."""
        fronts = {TEST_AREA: front_by_test, AREA: front_by_validation}
        rows = {int(row["seed"]): row for row in self.rows if row["method"] == method}
        if measure not in fronts:
            return {seed: number(row, "best_test_score") for seed, row in rows.items()}
        front, floor = fronts[measure], self.floor(fronts[measure])
        return {seed: hypervolume(front(row), floor, 2 * self.most_weights) for seed, row in rows.items()}

    def difference(self, method: str, other: str, measure: str) -> Difference:
        """A method less another, paired by seed."""
        return paired(self.values(method, measure), self.values(other, measure))


def contests_of(rows: Sequence[Row]) -> list[Contest]:
    """The contests of a file of results, in its order."""
    grouped: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["data"], number(row, "budget_s")), []).append(row)
    return [Contest(data, budget_s, of_both) for (data, budget_s), of_both in grouped.items()]


def summary_rows(contest: Contest) -> list[list[object]]:
    """A row of the first table for each method."""
    summary: list[list[object]] = []
    for method in METHODS:
        rows = [row for row in contest.rows if row["method"] == method]
        if not rows:
            continue
        means = {name: np.mean([number(row, name) for row in rows]) for name in MEANS}
        n_front = np.mean([len(front_by_test(row)) for row in rows])
        scores = [list(contest.values(method, measure).values()) for measure in MEASURES]
        about = [contest.data, f"{contest.budget_s:g}", method, len(rows)]
        counts = [f"{n_front:.1f}", *(f"{mean:,.0f}" for mean in means.values())]
        summary.append([*about, *counts, *map(mean_and_error, scores)])
    return summary


def clear_differences(contests: Sequence[Contest]) -> list[list[object]]:
    """For each pair of methods, the data sets on which a measure is above or below by more than two standard errors."""
    rows: list[list[object]] = []
    for method, other in PAIRS:
        cells = []
        for measure in MEASURES:
            above = [c.data for c in contests if c.difference(method, other, measure).is_clear]
            below = [c.data for c in contests if c.difference(other, method, measure).is_clear]
            cells.append(f"above: {', '.join(above) or 'none'}; below: {', '.join(below) or 'none'}")
        rows.append([method, other, *cells])
    return rows


def analyse(rows: Sequence[Row]) -> str:
    """The tables: how each method did, paired differences, and on how many data sets they are clear."""
    contests = contests_of(rows)
    columns = ["data", "budget, s", "method", "seeds", "on the front"]
    columns += ["used, s", "trained", "skipped", "weights"]
    text = table([*columns, *MEASURES], [row for contest in contests for row in summary_rows(contest)])
    for contest in contests:
        floors = ", ".join(f"{contest.floor(front):.4f}" for front in (front_by_test, front_by_validation))
        small = contest.most_weights // SMALL_SHARE
        text += f"\n{contest.data}, {contest.budget_s:g} s: floors {floors} (at most {small:,} weights)."
    differences = [
        [contest.data, f"{contest.budget_s:g}", method, other, contest.difference(method, other, TEST).n]
        + [contest.difference(method, other, measure) for measure in MEASURES]
        for contest in contests
        for method, other in PAIRS
    ]
    columns = ["data", "budget, s", "method", "less", "seeds", *MEASURES]
    text += f"\n\n{table(columns, differences)}\nBy more than two standard errors, of {len(contests)}:\n\n"
    return text + table(["method", "less", *MEASURES], clear_differences(contests))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--jobs", nargs="+", type=SearchJob.read, default=[], help="DATA[:TARGET]=BUDGET xSEEDS")
    options.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    options.add_argument("--analyse", action="store_true", help="print the tables of what is there, and search no more")
    given = options.parse_args()
    if given.analyse == bool(given.jobs):
        options.error("Give --jobs or --analyse.")
    rows = read_rows(given.out)[1] if given.analyse else complete(given.out, searches_of(given.jobs, given.methods))
    print(header("numba", "numpy", note="mean ± standard error over seeds"))
    print(analyse(rows))


if __name__ == "__main__":
    main()
