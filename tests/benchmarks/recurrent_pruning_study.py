"""Stier's study of pruned recurrent networks on Reber strings, repeated: accuracies beside the published ones.

    python tests/benchmarks/recurrent_pruning_study.py --published sparse_rnn_reber_pruning.csv.gz --out study.csv \\
        [--runs 5] [--only gru lstm]
    python tests/benchmarks/recurrent_pruning_study.py --published sparse_rnn_reber_pruning.csv.gz --out study.csv \\
        --analyse

Three recurrent layers of 50 units, which read 50 embedded values. A trained network is pruned at once to a share of its
input-to-hidden edges, of its hidden-to-hidden ones, or of both, and trained for one more epoch. The published study
removes single weights, here an edge goes with the weights of all its gates. A share is safe where the accuracy before
the retraining is at most .02 below that of the whole network, by the same rule for ours and the published ones.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from comparison import mean_and_error
from result_file import ResultFile, Row, read_rows

from nas.data import prepare_sequences
from nas.engine.batches import BatchPlan
from nas.engine.networks import first_state
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_layout import lay_out_recurrent
from nas.engine.sequence_batches import Sequences
from nas.inputs import mean_square, read_test, sequences_of
from nas.sparsify.amounts import Amount
from nas.sparsify.pruning import Retraining, Rows
from nas.sparsify.recurrent_pruning import RECURRENT_PARTS, prune_recurrent
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import CELLS, Cell

N_LAYERS, WIDTH = 3, 50
EPOCHS, BATCH_SIZE, RATE = 10, 64, 3e-3
SHARES = (50, 60, 70, 80, 90)  # per cent of the edges that go
SAFE = 0.02
PUBLISHED_CELLS = {"tanh": "rnn_tanh", "relu": "rnn_relu", "lstm": "lstm", "gru": "gru"}
PUBLISHED_PARTS = {"inputs": "_prune_i2h", "recurrent": "_prune_h2h", "both": "_prune"}

Accuracies = Mapping[tuple[str, str, int], tuple[list[float], list[float]]]
"""By cell, part and share: right after the pruning and after an epoch, of each run; part "" is the whole network."""


def layers(n_inputs: int, n_outputs: int, cell: Cell) -> RecurrentWiring:
    """Dense recurrent layers, of which each reads the one before, and the outputs the last one."""
    units = np.arange(N_LAYERS * WIDTH)
    layer, own = units // WIDTH, np.arange(WIDTH)
    read = layer[:, None] * WIDTH + own  # embedded values, then the vertices of each layer
    before = layer[:, None] * WIDTH + own
    last = (N_LAYERS - 1) * WIDTH + own
    return RecurrentWiring.from_edges(
        n_inputs,
        WIDTH,
        n_outputs,
        cell,
        units,
        (read.ravel(), np.repeat(units, WIDTH)),
        (before.ravel(), np.repeat(units, WIDTH)),
        (np.tile(last, n_outputs), np.repeat(np.arange(n_outputs), WIDTH)),
    )


def read_strings() -> Rows:
    """The training and validation strings to train on, and the test strings to score on."""
    dataset = prepare_sequences("reber", seed=0)
    own, (test, test_targets) = sequences_of(dataset.x, dataset.offsets), read_test(dataset)
    assert isinstance(test, Sequences)
    values = np.concatenate([own.inputs.values, test.inputs.values])
    offsets = np.concatenate([own.offsets, own.offsets[-1] + test.offsets[1:]])
    sequences = Sequences(own.inputs._replace(values=values), offsets)
    return Rows(sequences, np.concatenate([dataset.y.astype(np.float32), test_targets]), len(dataset.y))


def run_of(cell: Cell, run: int, rows: Rows) -> Iterator[tuple[str, int, float, float]]:
    """Part, share that goes, and accuracies before and after a retraining; first of the whole network."""
    batches = BatchPlan(rows.n_train, BATCH_SIZE, (run,))
    recipe = Recipe("classification", batches, EPOCHS * batches.steps_per_epoch, 0.0, clip_norm=5.0)
    assert isinstance(rows.inputs, Sequences)
    wiring, own = layers(rows.inputs.inputs.n_inputs, 2, cell), Hyperparameters(RATE)
    network = lay_out_recurrent(wiring)
    first = first_state(network, [[run]], mean_square(rows.inputs))
    (state,) = train([network], [own], [first], rows.inputs, rows.targets, recipe, recipe.total_steps)
    whole = rows.score(network, state, "classification")
    yield "", 0, whole, whole
    how = Retraining(replace(recipe, total_steps=batches.steps_per_epoch, schedule="constant"), Hyperparameters(1e-3))
    for part in RECURRENT_PARTS:
        for share in SHARES:
            amount, rng = Amount("share", share / 100), np.random.default_rng(run)
            pruned = prune_recurrent(wiring, state.parameters[0], part, "magnitude", amount, how, rows, 1, rng)
            one = next(pruned)
            yield part, share, one.score_before, one.score


def ours(rows: Sequence[Row]) -> Accuracies:
    """What the file of results holds."""
    found: dict[tuple[str, str, int], tuple[list[float], list[float]]] = {}
    for row in rows:
        before, after = found.setdefault((row["cell"], row["part"], int(row["share"])), ([], []))
        before.append(float(row["before"]))
        after.append(float(row["after"]))
    return found


def published(path: Path) -> Accuracies:
    """The published accuracies, one run each."""
    cells = {
        f"{name}{suffix}": (cell, part)
        for cell, name in PUBLISHED_CELLS.items()
        for part, suffix in (*PUBLISHED_PARTS.items(), ("", ""))
    }
    by_epoch: dict[tuple[str, str, int], dict[int, float]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            by_epoch.setdefault((*cells[row["mode"]], int(row["prune"])), {})[int(row["epoch"])] = float(
                row["test_acc"]
            )
    return {
        key: ([own[0]], [own[1]]) if key[1] else ([own[max(own)]], [own[max(own)]]) for key, own in by_epoch.items()
    }


def safe_share(of: Accuracies, cell: str, part: str) -> str:
    """The highest share up to which every accuracy before retraining is close to that of the whole network."""
    whole, highest = float(np.mean(of[cell, "", 0][0])), 0
    for share in SHARES:
        if float(np.mean(of[cell, part, share][0])) < whole - SAFE:
            break
        highest = share
    return f"{highest} %" if highest else f"below {SHARES[0]} %"


def analyse(rows: Sequence[Row], theirs: Accuracies) -> str:
    """Accuracies by share, and safe shares, ours beside the published ones."""
    own, lines, safe = ours(rows), [], []
    for cell in CELLS:
        if (cell, "", 0) not in own:
            continue
        whole = own[cell, "", 0][0]
        lines.append([cell, "none", "", len(whole), mean_and_error(whole), "", f"{theirs[cell, '', 0][0][0]:.4f}", ""])
        for part in RECURRENT_PARTS:
            for share in SHARES:
                before, after = own[cell, part, share]
                said = [f"{values[0]:.4f}" for values in theirs[cell, part, share]]
                counted = [mean_and_error(before), mean_and_error(after)]
                lines.append([cell, part, f"{share} %", len(before), *counted, *said])
            safe.append([cell, part, safe_share(own, cell, part), safe_share(theirs, cell, part)])
    columns = ["cell", "edges that go", "share", "runs", "before retraining", "after an epoch"]
    return (
        table([*columns, "published before", "published after"], lines)
        + "\n\n"
        + table(["cell", "edges that go", "safe share", "published"], safe)
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--published", type=Path, required=True, help="sparse_rnn_reber_pruning.csv.gz")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", nargs="+", choices=CELLS, default=CELLS)
    options.add_argument("--analyse", action="store_true", help="print the tables of what is there, and train no more")
    given = options.parse_args()
    rows = read_rows(given.out)[1] if given.analyse else []
    if not given.analyse:
        results = ResultFile(given.out, ("cell", "run", "part", "share", "before", "after"), ("cell", "run"))
        strings = read_strings()
        for run in range(given.runs):
            for cell in given.only:
                if results.has(cell=cell, run=run):
                    continue
                for part, share, before, after in list(run_of(cell, run, strings)):
                    results.add(
                        {"cell": cell, "run": run, "part": part, "share": share, "before": before, "after": after}
                    )
                print(f"done: {cell}, run {run}", flush=True)
        rows = results.rows
    print(header("numba", "numpy", note="mean ± standard error over runs"))
    print(analyse(rows, published(given.published)))


if __name__ == "__main__":
    main()
