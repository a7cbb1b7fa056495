"""The command line: commands, their options, and exit codes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from nas.cli_errors import one_line_errors, plain_console
from nas.cli_table import table
from nas.errors import UsageError
from nas.process_age import process_age_s

STARTED = time.monotonic() - process_age_s()  # starting Python and loading libraries is part of a budget

app = typer.Typer(
    name="nas",
    help="Find small sparse neural networks for your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(table)

RunArgument = Annotated[str, typer.Argument(help="Folder of the run, or its name in runs/.", show_default=False)]


def _version(wanted: bool) -> None:
    if wanted:
        from nas import __version__

        print(f"sparsewright {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Find small sparse neural networks for your own data."""


@app.command(epilog="Example: nas search iris.csv --target species --budget 2m --max-weights 500")
def search(
    data: Annotated[
        str,
        typer.Argument(
            help="CSV, TSV, Parquet or NPZ file, folder of IDX files, or one of digits, wine, breast-cancer, diabetes, "
            "reber, reber-embedded.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="Column to predict; needed for tables.", show_default=False)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification or regression. [dim]Default: told by the target.[/dim]", show_default=False),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="mlp, or rnn for sequences: NPZ with lengths_train, or CSV with the header string,label.",
            show_default="that of the data",
        ),
    ] = None,
    priors: Annotated[
        str | None,
        typer.Option(
            help="Graph priors, with commas: watts-strogatz, barabasi-albert, erdos-renyi, random-regular, layered, "
            "shallow.",
            show_default="all",
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Sparse training, with commas: static (edges as drawn), pruned (gradually), set, rigl (rewired).",
            show_default="all; static alone for sequences",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time for the whole run: 90s, 5m, 1h30m; at least 10s. It ends within 10 % of it.",
            show_default="5m",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Candidates to train, instead of a time.", show_default=False)
    ] = None,
    population: Annotated[
        int | None,
        typer.Option(
            help="Candidates that are parents; half as many are trained in a generation.",
            show_default="24, or what the time allows",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Trainings of each candidate, with other weights.",
            show_default="3 with few validation rows, else 1",
        ),
    ] = None,
    max_weights: Annotated[
        int | None,
        typer.Option(
            help="Most weights a network may have.",
            show_default="the larger of 75 sqrt(rows) and 30 an input; of sequences 75 sqrt(steps), at most 10,000",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of everything random; the same seed and --trials give the same front.",
            show_default="0",
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one a core")] = None,
    missing: Annotated[
        str | None,
        typer.Option(help="refuse or impute: what to do with missing values.", show_default="refuse"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.", show_default="that of the data")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with any of these options and more; flags win.", show_default=False),
    ] = None,
    predictor: Annotated[
        Path | None,
        typer.Option(
            help="Predictor file of nas-predictor train to start from; it prunes once this run's outcomes agree.",
            show_default=False,
        ),
    ] = None,
    no_predictor: Annotated[bool, typer.Option("--no-predictor", help="Train every candidate; skip none.")] = False,
) -> None:
    """Search for small, accurate sparse networks for DATA.

    Trains candidates drawn from graph priors, stops the worst early, skips what the predictor expects to be bad, and
    ends with a Pareto front of score and number of weights. Ctrl-C stops cleanly; [bold]nas resume[/bold] goes on.
    """
    with one_line_errors():
        from nas.forkserver import start_forkserver

        start_forkserver()
        from nas.config import load_config
        from nas.run import start_run

        flags: dict[str, Any] = {
            "data.source": data,
            "data.target": target,
            "data.task": task,
            "data.missing": missing,
            "search.space": space,
            "search.priors": None if priors is None else [prior.strip() for prior in priors.split(",")],
            "search.methods": None if methods is None else [method.strip() for method in methods.split(",")],
            "search.budget": budget,
            "search.trials": trials,
            "search.population": population,
            "search.max_weights": max_weights,
            "search.seed": seed,
            "search.workers": workers,
            "training.seeds": seeds,
            "predictor.file": None if predictor is None else str(predictor),
            "predictor.enabled": False if no_predictor else None,
        }
        if budget is not None and trials is not None:
            raise UsageError("Give --budget or --trials, not both.")
        if predictor is not None and no_predictor:
            raise UsageError("Give --predictor or --no-predictor, not both.")
        console = plain_console()
        _finish(start_run(load_config(config, flags), out, name, console, STARTED), console)


@app.command(epilog="Example: nas resume runs/digits")
def resume(run: RunArgument) -> None:
    """Go on with a run that was interrupted or killed; nothing is trained twice."""
    with one_line_errors():
        from nas.report.file import is_finished, read_report
        from nas.run import resume_run
        from nas.rundir import RunDirectory

        console = plain_console()
        directory = RunDirectory.find(run)
        if directory.report.exists() and is_finished(read_report(directory)):
            console.print(f"The run {directory.name} is finished.")
        _finish(resume_run(directory, console, STARTED), console)


@app.command(epilog="Example: nas status digits")
def status(run: RunArgument) -> None:
    """Say what a run has found so far, and whether a process is at work on it."""
    with one_line_errors():
        from nas.inspection import describe_run
        from nas.rundir import RunDirectory

        for line in describe_run(RunDirectory.find(run)):
            plain_console().print(line, soft_wrap=True)


@app.command(epilog="Example: nas report digits --json > digits.json")
def report(
    run: RunArgument,
    json: Annotated[bool, typer.Option("--json", help="Print report.json as it is.")] = False,
) -> None:
    """Print the Pareto front, the baselines, and what to do next."""
    with one_line_errors():
        from nas.report.file import read_report
        from nas.report.terminal import print_report
        from nas.rundir import RunDirectory

        directory = RunDirectory.find(run)
        content = read_report(directory)
        if json:
            print(directory.report.read_text(encoding="utf-8"), end="")
        else:
            print_report(content, str(directory.path), plain_console())


@app.command(epilog="Example: nas predict digits new_rows.csv -o predictions.csv")
def predict(
    run: RunArgument,
    data: Annotated[str, typer.Argument(help="New rows, in a form that nas search reads.", show_default=False)],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="CSV file to write; must not exist.", show_default=False)
    ],
    trial: Annotated[
        int | None,
        typer.Option(help="Number of a trial on the front.", show_default="the best by validation"),
    ] = None,
) -> None:
    """Predict new rows with a network of the front.

    Writes the class and its probability, or the value, for each row.
    """
    with one_line_errors():
        from nas.deployment import write_predictions
        from nas.rundir import RunDirectory

        n_rows = write_predictions(RunDirectory.find(run), data, trial, output)
        plain_console().print(f"Wrote {n_rows} predictions to {output}.", soft_wrap=True)


@app.command(epilog="Example: nas export digits --trial 17 -o model/")
def export(
    run: RunArgument,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Folder to write; must not exist or be empty.", show_default=False),
    ],
    trial: Annotated[
        int | None,
        typer.Option(help="Number of a trial on the front.", show_default="the best by validation"),
    ] = None,
) -> None:
    """Export a network of the front: model.safetensors, and model.json that says what is in it."""
    with one_line_errors():
        from nas.deployment import export_network
        from nas.rundir import RunDirectory

        export_network(RunDirectory.find(run), trial, output)
        plain_console().print(f"Wrote {output}/model.safetensors and {output}/model.json.", soft_wrap=True)


@app.command(epilog="Example: nas prune digits --to 300")
def prune(
    run: RunArgument,
    trial: Annotated[
        int | None,
        typer.Option(help="Number of a trial on the front.", show_default="the best by validation"),
    ] = None,
    to: Annotated[
        int | None, typer.Option(min=1, help="Fewest weights.", show_default="a sixteenth of those of the network")
    ] = None,
    saliency: Annotated[
        str,
        typer.Option(
            help="What stays: magnitude, magnitude-uniform, magnitude-distributed, first-order, brain-damage, "
            "layer-wise-surgeon, or random."
        ),
    ] = "magnitude",
) -> None:
    """Prune a network of the front further, step by step, and add what is left to the front of the run."""
    with one_line_errors("give the same command again"):
        from nas.further_pruning import prune_and_print

        prune_and_print(run, trial, to, saliency, plain_console())


def main() -> None:
    """Run the command line; the console script ``nas``."""
    if len(sys.argv) < 2:
        app(["--help"])
    try:
        sys.exit(app(standalone_mode=False))
    except Exception as error:
        # Typer's own complaints, of whichever version: a box of several lines by default.
        if not hasattr(error, "format_message"):
            raise
        message = " ".join(error.format_message().split())
        print(f"nas: {message.rstrip('.')}. See nas --help.".replace("?.", "?"), file=sys.stderr)
        sys.exit(2)


def _finish(end: Any, console: Console) -> None:
    from nas.report.terminal import print_report

    if end.report is not None:
        print_report(end.report, str(end.directory.path), console)
        return
    console.print(
        f"Stopped. All that was trained is kept; go on with `nas resume {end.directory.path}`.",
        soft_wrap=True,
    )
    raise typer.Exit(128 + (end.signal or 2))
