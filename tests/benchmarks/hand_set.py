"""Ours against networks that were set by hand, on the same splits, with the same limit of weights.

    python tests/benchmarks/hand_set.py --data FOLDER --out hand_set.csv [--seeds 3] [--budget 30s]
    python tests/benchmarks/hand_set.py --out hand_set.csv --analyse

FOLDER has csv/letter.csv, csv/satimage.csv (target `class`) and mnist.npz. A seed is that of `nas search`: it splits
the rows, for both sides alike. A network set by hand is trained by the same engine on training and validation rows
together, once, and tested; nothing is chosen. Seeds take turns: the networks by hand, then the search. The file gets a
row for each of them, and the same command goes on where it stopped.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from comparison import mean_and_error, paired
from result_file import ResultFile, Row, number, read_rows
from search_runs import SearchFailed, Wanted, run_search

from nas.budget import batch_plan
from nas.config import parse_duration
from nas.data import Dataset, prepare
from nas.engine.gather import Inputs
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.inputs import read_test
from search_spaces.wiring import Wiring

OURS = "ours"
COLUMNS = ("data", "network", "budget_s", "seed", "test_score", "weights", "seconds")
KEY = ("data", "network", "budget_s", "seed")
WIRING_WORD, WEIGHTS_WORD = 1, 2  # set the seeds of a network's wiring and weights apart


@dataclass(frozen=True)
class HandSet:
    """A network of layers, and how it is trained.

    Attributes:
        name: What it is called.
        layers: Width of each hidden layer, and how many neurons of the layer before each of its neurons reads, drawn
            at random; None for all of them. Outputs read all of the last layer.
        activation: Of hidden neurons.
        learning_rate: Its peak; the schedule is a cosine.
        epochs: Over training and validation rows together.
        dropout: Share of hidden neurons.
    """

    name: str
    layers: tuple[tuple[int, int | None], ...]
    activation: str
    learning_rate: float
    epochs: int
    dropout: float = 0.05

    def wiring(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Wiring:
        """The network as a wiring."""
        sources, targets, first_before, n_before, n_hidden = [], [], 0, n_inputs, 0
        for width, fan_in in (*self.layers, (n_outputs, None)):
            for neuron in range(width):
                read = np.arange(n_before) if fan_in is None else rng.choice(n_before, fan_in, replace=False)
                sources.append(first_before + read)
                targets.append(np.full(len(read), n_hidden + neuron))
            first_before, n_before, n_hidden = n_inputs + n_hidden, width, n_hidden + width
        edges = np.concatenate(sources).astype(np.int64), np.concatenate(targets).astype(np.int64)
        return Wiring.from_edges(n_inputs, n_hidden - n_outputs, n_outputs, *edges)


@dataclass(frozen=True)
class Match:
    """Networks set by hand for a data set, and what a search has to stay within.

    Attributes:
        data: Name of the data set, and its file in the folder; ``target``: its column, None for arrays.
        most_weights: Limit of both sides.
        budget_s: Seconds of the search.
        networks: Set by hand.
    """

    data: str
    file: str
    target: str | None
    most_weights: int
    budget_s: float
    networks: tuple[HandSet, ...]


MNIST_LAYERS = ((200, 60), (40, None))
MATCHES = (
    Match(
        "letter",
        "csv/letter.csv",
        "class",
        9_486,
        60.0,
        (
            HandSet("dense 78-78", ((78, None), (78, None)), "silu", 0.02, 60),
            HandSet("150 of 10 inputs, 100 at 35 %", ((150, 10), (100, 52)), "silu", 0.02, 60),
        ),
    ),
    Match(
        "satimage",
        "csv/satimage.csv",
        "class",
        5_168,
        60.0,
        (HandSet("100 of 12 inputs, 64 at 56 %", ((100, 12), (64, 56)), "silu", 0.015, 60),),
    ),
    Match(
        "mnist",
        "mnist.npz",
        None,
        20_400,
        300.0,
        (
            HandSet("200 of 60 pixels, 40 dense, 15 epochs", MNIST_LAYERS, "silu", 0.01, 15),
            HandSet("200 of 60 pixels, 40 dense, 40 epochs", MNIST_LAYERS, "silu", 0.01, 40),
        ),
    ),
)


def trained(network: HandSet, dataset: Dataset, seed: int) -> tuple[float, Wiring]:
    """Test score of a network set by hand after one training, and its wiring."""
    wiring = network.wiring(dataset.n_inputs, dataset.n_outputs, np.random.default_rng([seed, WIRING_WORD]))
    laid_out, batches = network_of(wiring, network.activation), batch_plan(len(dataset.y), seed)
    recipe = Recipe(dataset.task, batches, network.epochs * batches.steps_per_epoch)
    own = Hyperparameters(network.learning_rate, network.dropout)
    rows, y = Inputs.of(dataset.x, dataset.scale, dataset.shift), dataset.y.astype(np.float32)
    begun = first_state(laid_out, [[seed, WEIGHTS_WORD]])
    (state,) = train([laid_out], [own], [begun], rows, y, recipe, recipe.total_steps)
    test_rows, targets = read_test(dataset)
    return score(predict(laid_out, state.parameters[0], test_rows), targets, dataset.task), wiring


def play(match: Match, folder: Path, seed: int, results: ResultFile) -> None:
    """Add what is missing of a match with a seed: the networks set by hand, then the search.

    Raises:
        SearchFailed: The search came to no report; the same command tries it again.
    """
    source, turn = str(folder / match.file), {"data": match.data, "seed": seed}
    missing = [n for n in match.networks if not results.has(**turn, network=n.name, budget_s=None)]
    dataset = prepare(source, target=match.target, seed=seed) if missing else None
    for network in missing:
        assert dataset is not None
        start = time.monotonic()
        test_score, wiring = trained(network, dataset, seed)
        found = {"test_score": test_score, "weights": wiring.n_weights, "seconds": time.monotonic() - start}
        results.add(turn | {"network": network.name, "budget_s": None} | found)
    if not results.has(**turn, network=OURS, budget_s=match.budget_s):
        options = ["--max-weights", str(match.most_weights)]
        options += [] if match.target is None else ["--target", match.target]
        row = run_search(Wanted(match.data, source, match.budget_s, seed, options=options))
        found = {"test_score": row["best_test_score"], "weights": row["best_n_weights"], "seconds": row["used_s"]}
        results.add(turn | {"network": OURS, "budget_s": match.budget_s} | found)
    print(f"done: {match.data}, seed {seed}", flush=True)


def analyse(rows: Sequence[Row]) -> str:
    """The table: each network's test score and weights, and ours less each, paired by seed."""
    names = dict.fromkeys((row["data"], row["network"], row["budget_s"]) for row in rows)
    scores = {name: {int(row["seed"]): number(row, "test_score") for row in rows if of(row) == name} for name in names}
    body = []
    for name in names:
        data, network, budget_s = name
        mine = [row for row in rows if of(row) == name]
        weights, seconds = (np.mean([number(row, column) for row in mine]) for column in ("weights", "seconds"))
        ours = [other for other in names if other[0] == data and other[1] == OURS]
        less = "; ".join(str(paired(scores[one], scores[name])) for one in ours) if network != OURS else ""
        said = f"{network}, {float(budget_s):g} s" if budget_s else network
        body.append([data, said, len(mine), f"{weights:,.0f}", f"{seconds:.1f}"])
        body[-1] += [mean_and_error(list(scores[name].values())), less]
    return table(["data", "network", "seeds", "weights", "seconds", "test score", "ours less this"], body)


def of(row: Row) -> tuple[str, str, str]:
    """What a row is of."""
    return row["data"], row["network"], row["budget_s"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="folder of the data sets")
    options.add_argument("--seeds", type=int, default=3)
    names = [match.data for match in MATCHES]
    options.add_argument("--only", nargs="+", default=names, choices=names, help="some of the data sets")
    options.add_argument("--budget", type=parse_duration, help="of each search, instead of 60 s, and 300 s on mnist")
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and train no more")
    given = options.parse_args()
    if given.analyse == (given.data is not None):
        options.error("Give --data or --analyse.")
    if given.data is not None:
        results = ResultFile(given.out, COLUMNS, KEY)
        matches = [match for match in MATCHES if match.data in given.only]
        if given.budget is not None:
            matches = [replace(match, budget_s=given.budget) for match in matches]
        for seed in range(given.seeds):
            for match in matches:
                try:
                    play(match, given.data, seed, results)
                except SearchFailed as failure:
                    raise SystemExit(f"{match.data}, seed {seed}: {failure}\nThe same command goes on.") from None
    print(header("numba", "numpy", note="mean ± standard error over seeds"))
    print(analyse(read_rows(given.out)[1]))


if __name__ == "__main__":
    main()
