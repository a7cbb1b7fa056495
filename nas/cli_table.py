"""The commands `nas table`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nas.cli_errors import one_line_errors, plain_console
from nas.errors import UsageError

table = typer.Typer(
    name="table", help="Tables of trained networks, for predictors and for replays.", no_args_is_help=True
)


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
    with one_line_errors("give the same command again"):
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
        if (number := build_table(load_config(config, flags), settings, output, plain_console())) is not None:
            raise typer.Exit(128 + number)
