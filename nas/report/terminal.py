"""A report as people read it: tables, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]


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
    if report["missing"]:
        console.print(
            f"This report is not complete. Still missing: {', '.join(report['missing'])}. "
            f"If the run has ended, `nas resume {run}` goes on with it.",
            soft_wrap=True,
        )
    best = report["best"]
    if best is None:
        console.print("No network was trained to an end. Give a larger --budget.")
        return
    console.print(_front_table(report["front"], best["trial"], score_name))
    console.print(_evidence_sentence(report["front"], report["n_folds"]), soft_wrap=True)
    if len(report["methods"]) > 1:
        console.print(methods_sentence(report["methods"]), soft_wrap=True)
    console.print(_baseline_table(best, report["baselines"], score_name))
    if report["comparison"] is not None:
        console.print(comparison_sentence(report["comparison"], score_name), soft_wrap=True)
    if report["families"]:
        console.print(_family_table(report["families"]))
    _print_predictor(report["predictor"], console)
    chosen_by = f"{report['n_folds']}-fold cross-validation" if best["is_confirmed"] else "validation"
    console.print(
        f"Best by {chosen_by}: trial {best['trial']} with {_size(best)}. Next:\n"
        f"  nas predict {run} NEW_DATA -o predictions.csv\n"
        f"  nas export {run} -o model/\n"
        f"  optuna-dashboard sqlite:///{run}/study.db",
        soft_wrap=True,
    )


def comparison_sentence(comparison: Row, score_name: str) -> str:
    """How the best network compares with the best baseline."""
    difference, error = comparison["difference"], comparison["standard_error"]
    sentence = (
        f"Test {score_name} of the best network less that of {comparison['baseline']}, the best of these: "
        f"{difference:+.4f} +- {error:.4f} (standard error, paired by test rows)"
    )
    if comparison["p_value"] is None:
        return f"{sentence}."
    return f"{sentence}; McNemar's test, mid-p: {comparison['p_value']:.2g}."


METHOD_NAMES = {
    "static": "drawn",
    "pruned": "pruned",
    "set": "rewired by SET",
    "rigl": "rewired by RigL",
    "pruned further": "pruned further after their training",
}


def methods_sentence(methods: Sequence[Row]) -> str:
    """How the networks of the front came by their wirings, and what learned wirings were worth at equal size."""
    counts = [f"{row['n_front']} {METHOD_NAMES[row['method']]}" for row in methods if row["n_front"]]
    compared = [
        f"{METHOD_NAMES[row['method']]} {row['error_ratio']:.2f} +- {row['ratio_error']:.2f}"
        for row in methods
        if row["error_ratio"] is not None
    ]
    sentence = f"Wirings of the front: {', '.join(counts)}."
    if not compared:
        return sentence
    return f"{sentence} Errors on validation rows over those of drawn wirings of equal size: {', '.join(compared)}."


def _front_table(front: Sequence[Row], best_trial: int, score_name: str) -> Table:
    table = Table(title=f"Pareto front: {score_name} by number of weights", title_justify="left")
    for column in ("trial", "weights", "parameters", "of dense", "validation", "test"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in front:
        style = "bold" if row["trial"] == best_trial else None
        cells = (
            str(row["trial"]),
            f"{row['n_weights']:,}",
            f"{row['n_parameters']:,}",
            f"{100 * row['density']:.1f} %",
        )
        mark = "*" if row["is_confirmed"] else " "
        table.add_row(*cells, f"{row['validation_score']:.4f}{mark}", _test_score(row), style=style)
    return table


def _evidence_sentence(front: Sequence[Row], n_folds: int) -> str:
    """What the validation scores are, and the errors of the test scores."""
    errors = "+- is a standard error; parameters are weights and biases."
    if not any(row["is_confirmed"] for row in front):
        return f"Validation scores are those of the search, the best of many: test scores may be lower. {errors}"
    confirmed = f"* mean of {n_folds} folds, trained anew."
    if all(row["is_confirmed"] for row in front):
        return f"{confirmed} {errors}"
    return f"{confirmed} The others are scores of the search, the best of many: they flatter. {errors}"


def _baseline_table(best: Row, baselines: Sequence[Row], score_name: str) -> Table:
    table = Table(title=f"Test {score_name} on the same rows", title_justify="left")
    table.add_column("network")
    for column in ("weights", "parameters", "test", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    sizes = f"{best['n_weights']:,}", f"{best['n_parameters']:,}"
    table.add_row("best of this search", *sizes, _test_score(best), "", style="bold")
    for baseline in baselines:
        sizes = _number(baseline["n_weights"]), _number(baseline["n_parameters"])
        table.add_row(baseline["name"], *sizes, _test_score(baseline), f"{baseline['seconds']:.1f}")
    return table


def _family_table(families: Sequence[Row]) -> Table:
    table = Table(title="Accuracy by family of test sequences", title_justify="left")
    answerers = list(families[0]["accuracies"])
    table.add_column("family", no_wrap=True)
    for column in ("sequences", *answerers):
        table.add_column(column, justify="right")
    for row in families:
        table.add_row(row["family"], f"{row['n']:,}", *(f"{row['accuracies'][who]:.4f}" for who in answerers))
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


def _size(row: Row) -> str:
    return f"{row['n_weights']:,} weights ({row['n_parameters']:,} parameters)"


def _test_score(row: Row) -> str:
    return "-" if row["test_score"] is None else f"{row['test_score']:.4f} +- {row['test_error']:.4f}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
