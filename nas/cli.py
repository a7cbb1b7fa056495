"""The command line: commands, their options, and exit codes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from nas.errors import RunFailed, UsageError

MAX_SLOWNESS = 5.0  # of loading, on a busy machine


def _process_age_s() -> float:
    """Seconds since this process began; 0 where the system does not say.

    A shell may become this process after it has done other work, which must not count: so the age is at most a few
    times the processor time that was used.
    """
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # since boot; proc(5), field 22
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - began_s
        return min(age_s, MAX_SLOWNESS * time.process_time())
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


STARTED = time.monotonic() - _process_age_s()  # starting Python and loading libraries is part of a budget

app = typer.Typer(
    name="nas",
    help="Find small sparse neural networks for your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

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
    with _one_line_errors():
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
        console = _console()
        _finish(start_run(load_config(config, flags), out, name, console, STARTED), console)


@app.command(epilog="Example: nas resume runs/digits")
def resume(run: RunArgument) -> None:
    """Go on with a run that was interrupted or killed; nothing is trained twice."""
    with _one_line_errors():
        from nas.inspection import is_finished, read_report
        from nas.run import resume_run
        from nas.rundir import RunDirectory

        console = _console()
        directory = RunDirectory.find(run)
        if directory.report.exists() and is_finished(read_report(directory)):
            console.print(f"The run {directory.name} is finished.")
        _finish(resume_run(directory, console, STARTED), console)


@app.command(epilog="Example: nas status digits")
def status(run: RunArgument) -> None:
    """Say what a run has found so far, and whether a process is at work on it."""
    with _one_line_errors():
        from nas.inspection import describe_run
        from nas.rundir import RunDirectory

        for line in describe_run(RunDirectory.find(run)):
            _console().print(line, soft_wrap=True)


@app.command(epilog="Example: nas report digits --json > digits.json")
def report(
    run: RunArgument,
    json: Annotated[bool, typer.Option("--json", help="Print report.json as it is.")] = False,
) -> None:
    """Print the Pareto front, the baselines, and what to do next."""
    with _one_line_errors():
        from nas.inspection import read_report
        from nas.report.terminal import print_report
        from nas.rundir import RunDirectory

        directory = RunDirectory.find(run)
        content = read_report(directory)
        if json:
            print(directory.report.read_text(encoding="utf-8"), end="")
        else:
            print_report(content, str(directory.path), _console())


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
    with _one_line_errors():
        from nas.deployment import write_predictions
        from nas.rundir import RunDirectory

        n_rows = write_predictions(RunDirectory.find(run), data, trial, output)
        _console().print(f"Wrote {n_rows} predictions to {output}.", soft_wrap=True)


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
    with _one_line_errors():
        from nas.deployment import export_network
        from nas.rundir import RunDirectory

        export_network(RunDirectory.find(run), trial, output)
        _console().print(f"Wrote {output}/model.safetensors and {output}/model.json.", soft_wrap=True)


table = typer.Typer(
    name="table", help="Tables of trained networks, for predictors and for replays.", no_args_is_help=True
)
app.add_typer(table)


@table.command(epilog="Example: nas table build digits --networks 200 --epochs 9 -o digits_networks.csv.gz")
def build(
    data: Annotated[str, typer.Argument(help="As for nas search.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="File to write, .csv.gz; must not exist.", show_default=False),
    ],
    networks: Annotated[int, typer.Option(min=1, help="Networks to draw and train.")] = 1000,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Trainings of each network, with other weights.")] = 3,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs of a training.", show_default="as nas search without a budget")
    ] = None,
    draw: Annotated[
        str,
        typer.Option(
            help="space, or layered-priors: the recurrent networks of Stier et al. (2021), for each cell as many of "
            "Barabasi-Albert as of Watts-Strogatz, trained as there.",
        ),
    ] = "space",
    target: Annotated[
        str | None, typer.Option(help="Column to predict; needed for tables.", show_default=False)
    ] = None,
    space: Annotated[str | None, typer.Option(help="mlp or rnn.", show_default="that of the data")] = None,
    max_weights: Annotated[
        int | None, typer.Option(help="Most weights a network may have.", show_default="as nas search")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.", show_default="0")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one a core")] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file as for nas search; flags win.", show_default=False)
    ] = None,
) -> None:
    """Train networks drawn at random, all to the end, and write a table of them.

    A row a network: genotype, structural features, validation scores at three rungs for each seed, test scores,
    weights, seconds. Ctrl-C keeps what is done; the same command goes on. pandas.read_csv reads the file.
    """
    with _one_line_errors("give the same command again"):
        from nas.config import load_config
        from nas.table import DRAWS, TableSettings, build_table

        if draw not in DRAWS:
            raise UsageError(f"--draw is {draw}; give one of {', '.join(DRAWS)}.")
        flags: dict[str, Any] = {
            "data.source": data,
            "data.target": target,
            "search.space": space,
            "search.trials": networks,
            "search.max_weights": max_weights,
            "search.seed": seed,
            "search.workers": workers,
            "training.epochs": epochs,
        }
        settings = TableSettings(networks, seeds, DRAWS[DRAWS.index(draw)])
        if (number := build_table(load_config(config, flags), settings, output, _console())) is not None:
            raise typer.Exit(128 + number)


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


@contextmanager
def _one_line_errors(then: str = "go on with `nas resume`") -> Iterator[None]:
    """Turn errors that a user can mend into one line on stderr and an exit code; ``then``: after one of the disk."""
    try:
        yield
    except UsageError as error:
        print(f"nas: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except RunFailed as error:
        print(f"nas: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"nas: {error}. Make room or change the path, then {then}.", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("nas: interrupted", file=sys.stderr)
        raise typer.Exit(130) from None


def _console() -> Console:
    return Console(highlight=False, markup=False)  # names and notes may hold brackets
