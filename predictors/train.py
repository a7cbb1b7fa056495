"""The command line of predictors, `nas-predictor`: commands, their options, and exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from predictors.errors import PredictorError

if TYPE_CHECKING:
    from predictors.tables import Wishes

app = typer.Typer(
    name="nas-predictor",
    help="Learn to predict how good networks will be, and say how far to trust it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="TABLE|RUN...",
        help="A table: .csv or .parquet, gzip too, a row a network, or a folder of GraphML or JSON files with a table "
        "that names them. Or one or more runs of nas search, as folders or names in runs/.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        help="Column to predict.", show_default="target, score, accuracy, val_accuracy or test_accuracy if one is there"
    ),
]
Graph = Annotated[
    str | None,
    typer.Option(
        help="Column of graphs: edges as 0-1 0-2, directed as 0>1 0>2, or node-link JSON of networkx.",
        show_default="graph, edges or wiring, if it has some",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(help="Column to leave out; can be repeated; * stands for any text.", show_default=False),
]
Group = Annotated[
    str | None, typer.Option(help="Rows with the same value of this column stay in one fold.", show_default=False)
]
Family = Annotated[
    str | None,
    typer.Option(
        help="Column with the graph prior of each network; trust is told for each one unseen.",
        show_default="family, prior or generator",
    ),
]
Size = Annotated[
    list[str] | None,
    typer.Option(
        help="Column that only tells how large a network is, to be beaten; can be repeated.",
        show_default="known names such as nodes, edges, params",
    ),
]
Training = Annotated[
    list[str] | None,
    typer.Option(
        help="Column that only tells how a network is trained; can be repeated. What the predictor knows beyond it and "
        "size is of the wiring.",
        show_default="known names such as learning_rate, activation, dropout",
    ),
]
Repeats = Annotated[
    list[str] | None,
    typer.Option(
        help="Column with the scores of single trainings, for the noise ceiling; can be repeated. Without --target, "
        "their mean is predicted.",
        show_default=False,
    ),
]
Directed = Annotated[
    bool | None,
    typer.Option("--directed/--undirected", help="Read graphs so.", show_default="as each says"),
]
Minimize = Annotated[bool, typer.Option("--minimize", help="Lower is better, as of errors.")]
EarlyEvidence = Annotated[
    bool,
    typer.Option(
        "--early-evidence",
        help="Of runs and tables of nas table build: take the score at the first rung for a feature, too.",
    ),
]
RegressorName = Annotated[
    str,
    typer.Option(
        "--regressor",
        help="bayesian-ridge, support-vectors, gaussian-process, neighbours, extra-trees, forest, boosting, adaboost; "
        "some joined by + for their mean; ensemble; or auto: that with the best cross-validated ranking, or the "
        "mean of the best two or three.",
    ),
]
Transform = Annotated[
    str,
    typer.Option(
        help="Learn normal scores of the target (ranks), the target as it is (plain), or logit of accuracies."
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random; the same seed and table give the same file.")]


@app.command(epilog="Example: nas-predictor train results.csv --target accuracy --ignore loss -o predictor.json")
def train(
    sources: Sources,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Predictor file to write; must not exist.", show_default=False)
    ],
    target: Target = None,
    graph: Graph = None,
    ignore: Ignore = None,
    group: Group = None,
    family: Family = None,
    size: Size = None,
    training: Training = None,
    repeats: Repeats = None,
    directed: Directed = None,
    minimize: Minimize = False,
    early_evidence: EarlyEvidence = False,
    regressor: RegressorName = "auto",
    transform: Transform = "ranks",
    seed: Seed = 0,
) -> None:
    """Learn a predictor, say how far to trust it, and write it to a file.

    All columns that are left are features: numbers as they are; text of up to 20 values by a feature for each value;
    identifiers and other text are left out. The file is JSON: rows, settings and a checksum; loading refits.
    """
    with _one_line_errors():
        from predictors.commands.learning import Choices, check_output, judge, saved
        from predictors.commands.progress import shown_steps
        from predictors.predictor_file import write_predictor
        from predictors.trust_report import trust_lines

        check_output(output)
        wishes = _wishes(
            target, graph, group, family, ignore, size, training, repeats, directed, minimize, early_evidence
        )
        with shown_steps() as steps:
            judged = judge(sources, wishes, Choices(regressor, transform, seed), steps, _note)
        for line in trust_lines(judged.trust):
            print(line)
        digest = write_predictor(output, saved(judged, seed))
        print(f"\nWrote {output}, checksum {digest[:12]}.")


@app.command(epilog="Example: nas-predictor evaluate results.csv --target accuracy --ignore loss --json > trust.json")
def evaluate(
    sources: Sources,
    target: Target = None,
    graph: Graph = None,
    ignore: Ignore = None,
    group: Group = None,
    family: Family = None,
    size: Size = None,
    training: Training = None,
    repeats: Repeats = None,
    directed: Directed = None,
    minimize: Minimize = False,
    early_evidence: EarlyEvidence = False,
    regressor: RegressorName = "auto",
    transform: Transform = "ranks",
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON.")] = False,
) -> None:
    """Say how far a predictor of these networks could be trusted, by cross-validation; write nothing."""
    with _one_line_errors():
        from predictors.commands.learning import Choices, judge
        from predictors.commands.progress import shown_steps
        from predictors.trust_report import to_dict, trust_lines

        wishes = _wishes(
            target, graph, group, family, ignore, size, training, repeats, directed, minimize, early_evidence
        )
        with shown_steps() as steps:
            judged = judge(sources, wishes, Choices(regressor, transform, seed), steps, _note)
        if as_json:
            print(json.dumps({"regressor": judged.regressor, **to_dict(judged.trust)}, indent=1, allow_nan=False))
        else:
            for line in trust_lines(judged.trust):
                print(line)


@app.command(epilog="Example: nas-predictor predict predictor.json new_networks.csv -o predictions.csv")
def predict(
    file: Annotated[Path, typer.Argument(help="Predictor file.", show_default=False)],
    table: Annotated[
        Path, typer.Argument(help="Networks, in a table with the columns that it learned from.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="CSV file to write; must not exist.", show_default=False)
    ],
) -> None:
    """Predict the networks of a table.

    Writes prediction, spread (a standard deviation), and outside: true where it should not be trusted.
    """
    with _one_line_errors():
        from predictors.commands.learning import check_output
        from predictors.commands.prediction_table import write_predictions
        from predictors.predictor_file import read_predictor

        check_output(output)
        n, n_outside = write_predictions(read_predictor(file), table, output)
        print(f"Wrote {n} predictions to {output}; {n_outside} of them are not to be trusted (outside).")


@app.command(epilog="Example: nas-predictor inspect predictor.json")
def inspect(file: Annotated[Path, typer.Argument(help="Predictor file.", show_default=False)]) -> None:
    """Say what a predictor file is: networks, features, regressor, checksum, and how far to trust it."""
    with _one_line_errors():
        from predictors.commands.learning import about
        from predictors.predictor_file import read_predictor

        for line in about(read_predictor(file)):
            print(line)


def main() -> None:
    """Run the command line; the console script ``nas-predictor``."""
    if len(sys.argv) < 2:
        app(["--help"], prog_name="nas-predictor")
    try:
        sys.exit(app(standalone_mode=False, prog_name="nas-predictor"))
    except Exception as error:
        # Typer's own complaints, of whichever version: a box of several lines by default.
        if not hasattr(error, "format_message"):
            raise
        message = " ".join(error.format_message().split())
        print(f"nas-predictor: {message.rstrip('.')}. See nas-predictor --help.".replace("?.", "?"), file=sys.stderr)
        sys.exit(2)


def _wishes(
    target: str | None,
    graph: str | None,
    group: str | None,
    family: str | None,
    ignore: list[str] | None,
    size: list[str] | None,
    training: list[str] | None,
    repeats: list[str] | None,
    directed: bool | None,
    minimize: bool,
    early_evidence: bool,
) -> Wishes:
    from predictors.tables import Wishes

    many = tuple(ignore or ()), tuple(size or ()), tuple(training or ()), tuple(repeats or ())
    return Wishes(target, graph, group, family, *many, directed, minimize, early_evidence)


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn errors that a user can mend into one line on stderr and an exit code."""
    try:
        yield
    except PredictorError as error:
        print(f"nas-predictor: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        # Whoever read the output has enough; without this, the interpreter complains when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"nas-predictor: {error}. Make room or change the path, then try again.", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("nas-predictor: interrupted", file=sys.stderr)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    main()
