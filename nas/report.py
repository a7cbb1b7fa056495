"""The result of a run: a JSON file for programs, a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from nas.baselines import Baseline
from nas.finale import FamilyRow, FrontRow
from nas.status import Counts

FORMAT = 1


def build_report(
    *,
    name: str,
    data: str,
    task: str,
    score_name: str,
    seconds: float,
    counts: Counts,
    rows: Sequence[FrontRow],
    baselines: Sequence[Baseline],
    families: Sequence[FamilyRow],
    n_folds: int,
    notes: Sequence[str],
    predictor: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The report in JSON types.

    ``best`` is the row of the highest validation score; the test scores decide nothing.
    """
    best = max(rows, key=lambda row: (row.validation_score, -row.n_weights), default=None)
    return {
        "format": FORMAT,
        "run": name,
        "data": data,
        "task": task,
        "score_name": score_name,
        "seconds": round(seconds, 3),
        "counts": asdict(counts),
        "best": None if best is None else asdict(best),
        "front": [asdict(row) for row in rows],
        "baselines": [asdict(baseline) for baseline in baselines],
        "n_folds": n_folds,
        "families": [asdict(family) for family in families],
        "notes": list(notes),
        "predictor": None if predictor is None else dict(predictor),
        "settings": dict(settings),
    }


def print_report(report: Mapping[str, Any], run: str, console: Console) -> None:
    """Print a report as tables, and what to type next."""
    counts, score_name = report["counts"], report["score_name"]
    console.print(
        f"{report['run']}: {report['task']} on {report['data']}, {report['seconds']:.0f} s; "
        f"{counts['trained']} trained, {counts['stopped']} stopped, {counts['skipped']} skipped, "
        f"{counts['failed']} failed.",
        soft_wrap=True,
    )
    for note in report["notes"]:
        console.print(f"Note: {note}", soft_wrap=True)
    best = report["best"]
    if best is None:
        console.print("No network was trained to an end. Give a larger --budget.")
        return
    chosen_by = f"{report['n_folds']}-fold cross-validation" if report["n_folds"] else "validation"
    console.print(_front_table(report["front"], best["trial"], score_name, report["n_folds"]))
    console.print(_baseline_table(best, report["baselines"], score_name))
    if report["families"]:
        console.print(_family_table(report["families"]))
    _print_predictor(report.get("predictor"), console)
    console.print(
        f"Best by {chosen_by}: trial {best['trial']} with {best['n_weights']:,} weights. Next:\n"
        f"  nas predict {run} NEW_DATA -o predictions.csv\n"
        f"  nas export {run} -o model/\n"
        f"  optuna-dashboard sqlite:///{run}/study.db",
        soft_wrap=True,
    )


def _front_table(front: Sequence[Mapping[str, Any]], best_trial: int, score_name: str, n_folds: int) -> Table:
    table = Table(title="Pareto front", title_justify="left")
    chosen_by = f"{n_folds}-fold" if n_folds else "validation"
    columns = ("trial", "weights", "of dense", f"{chosen_by} {score_name}", f"test {score_name}")
    for column in columns:
        table.add_column(column, justify="right")
    for row in front:
        style = "bold" if row["trial"] == best_trial else None
        cells = (str(row["trial"]), f"{row['n_weights']:,}", f"{100 * row['density']:.1f} %")
        table.add_row(*cells, _score(row["validation_score"]), _score(row["test_score"]), style=style)
    return table


def _baseline_table(best: Mapping[str, Any], baselines: Sequence[Mapping[str, Any]], score_name: str) -> Table:
    table = Table(title="On the same test rows", title_justify="left")
    table.add_column("network")
    for column in ("weights", f"test {score_name}", "seconds"):
        table.add_column(column, justify="right")
    table.add_row("best of this search", f"{best['n_weights']:,}", _score(best["test_score"]), "", style="bold")
    for baseline in baselines:
        weights = "" if baseline["n_weights"] is None else f"{baseline['n_weights']:,}"
        table.add_row(baseline["name"], weights, _score(baseline["test_score"]), f"{baseline['seconds']:.1f}")
    return table


def _family_table(families: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="Accuracy by family of test sequences", title_justify="left")
    answerers = list(families[0]["accuracies"])
    table.add_column("family", no_wrap=True)
    for column in ("sequences", *answerers):
        table.add_column(column, justify="right")
    for row in families:
        table.add_row(row["family"], f"{row['n']:,}", *(_score(row["accuracies"][who]) for who in answerers))
    return table


def _print_predictor(predictor: Mapping[str, Any] | None, console: Console) -> None:
    """What pruning cost and saved, and how far to trust the predictor; nothing where there was none."""
    if predictor is None:
        return
    console.print("Predictor", style="italic")
    for line in predictor["audit_lines"]:
        console.print(line, soft_wrap=True)
    if predictor["trust_lines"]:
        console.print()
    for line in predictor["trust_lines"]:
        console.print(line, soft_wrap=True)
    console.print()


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
