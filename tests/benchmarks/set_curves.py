"""SET, a fixed sparse network and a dense one on 2,000 rows of Fashion-MNIST, beside the published curves of SET.

    python tests/benchmarks/set_curves.py --data fashion_mnist.npz --published set_mlp_learning_curves.csv.gz \\
        --out set.csv [--seeds 5] [--epochs 400] [--only set fixed_sparse dense]
    python tests/benchmarks/set_curves.py --published set_mlp_learning_curves.csv.gz --out set.csv --analyse

784-1000-1000-1000-10 with rectifiers, dropout .2 and 40 rows a batch; the sparse ones have 13 (a + b) links between
layers of a and b neurons, drawn at random (Mocanu et al. 2018). SET replaces 30 % of the links after each epoch. The
published networks minimise the squared error of a sigmoid with a rate of .05; ours the cross-entropy with a rate of
.005, both with momentum .9. The file gets a row a run.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from comparison import mean_and_error
from layered_wirings import random_links
from result_file import ResultFile, Row, read_rows

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.networks import as_changed, first_state
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.results.dense_networks import dense_wiring
from nas.sparsify.changes import Changes
from search_spaces.sparse_training import STATIC, SparseTraining

WIDTHS = (784, 1000, 1000, 1000, 10)
LINKS_FACTOR = 13
N_TRAIN, N_TEST, BATCH_SIZE = 2000, 1000, 40
RATE, DROPOUT, DECAY = 0.005, 0.2, 2e-4
EVERY = 10  # epochs between two points of a curve
METHODS = ("dense", "fixed_sparse", "set")


def read_data(path: Path) -> tuple[Inputs, np.ndarray, Inputs, np.ndarray]:
    """2,000 training and 1,000 test images drawn with seed 0, each pixel standardised by the training rows."""
    with np.load(path, allow_pickle=False) as arrays:
        x, y, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    rng = np.random.default_rng(0)
    rows, test = rng.permutation(len(x))[:N_TRAIN], rng.permutation(len(x_test))[:N_TEST]
    values, of_test = (part.reshape(len(part), -1).astype(np.float32) for part in (x[rows], x_test[test]))
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread[spread == 0] = 1.0
    own, others = (Inputs.plain(np.ascontiguousarray(((part - mean) / spread).T)) for part in (values, of_test))
    return own, y[rows].astype(np.float32), others, y_test[test]


def curve(method: str, seed: int, epochs: int, path: Path) -> list[tuple[int, float]]:
    """Epochs and test accuracies of a run."""
    inputs, targets, test, test_targets = read_data(path)
    sizes = [min(LINKS_FACTOR * (a + b), a * b) for a, b in pairwise(WIDTHS)]
    is_dense = method == "dense"
    wiring = dense_wiring(WIDTHS) if is_dense else random_links(WIDTHS, sizes, np.random.default_rng(seed))
    batches = BatchPlan(N_TRAIN, BATCH_SIZE, (seed,))
    recipe = Recipe("classification", batches, epochs * batches.steps_per_epoch, DECAY, "sgd", "constant", 0.9)
    training = SparseTraining("set", "all", 0.3, epochs - 1, 1.0) if method == "set" else STATIC
    changes = Changes.of(training, wiring, recipe.total_steps, (seed,)) if method == "set" else None
    network, own = lay_out(wiring, "relu"), Hyperparameters(RATE, DROPOUT, 0.0, training)
    state, points = first_state(network, [[seed]]), []
    for epoch in range(EVERY, epochs + 1, EVERY):
        until = epoch * batches.steps_per_epoch
        (state,) = train([network], [own], [state], inputs, targets, recipe, until, changes=[changes])
        outputs = predict(as_changed(network, state), state.parameters[0], test)
        points.append((epoch, score(outputs, test_targets, "classification")))
    return points


def published(path: Path) -> dict[str, list[list[tuple[int, float]]]]:
    """The published test accuracies of each method, a curve for each seed, at the same epochs as ours."""
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if int(row["epoch"]) % EVERY == 0:
                curves.setdefault((row["method"], row["seed"]), []).append((int(row["epoch"]), float(row["test_acc"])))
    return {method: [own for (name, _), own in curves.items() if name == method] for method in METHODS}


def analyse(rows: Sequence[Row], theirs: dict[str, list[list[tuple[int, float]]]]) -> str:
    """Accuracies at some epochs, ours beside the published ones, means over seeds."""
    lines = []
    for method in METHODS:
        ours = [json.loads(row["points"]) for row in rows if row["method"] == method]
        if not ours:
            continue
        last = ours[0][-1][0]
        for name, chosen in (
            *((f"epoch {epoch}", [epoch]) for epoch in (50, 100, 200, 400) if epoch <= last),
            (f"best of every tenth to {last}", range(EVERY, last + 1, EVERY)),
        ):
            cells = []
            for curves in (ours, theirs[method]):
                found = [max(accuracy for epoch, accuracy in own if epoch in chosen) for own in curves]
                cells.append((mean_and_error(found), float(np.mean(found))))
            (own, mean), (other, their_mean) = cells
            lines.append([method, len(ours), name, own, other, f"{mean - their_mean:+.4f}"])
    return table(["network", "seeds", "at", "test accuracy", "published", "difference"], lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--published", type=Path, required=True, help="set_mlp_learning_curves.csv.gz")
    options.add_argument("--data", type=Path, help="fashion_mnist.npz")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=400)
    options.add_argument("--only", nargs="+", choices=METHODS, default=METHODS)
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and train no more")
    given = options.parse_args()
    if given.analyse == bool(given.data):
        options.error("Give --data or --analyse.")
    rows = read_rows(given.out)[1] if given.analyse else []
    if not given.analyse:
        results = ResultFile(given.out, ("method", "seed", "points"), ("method", "seed"))
        for seed in range(given.seeds):
            for method in given.only:
                if not results.has(method=method, seed=seed):
                    points = curve(method, seed, given.epochs, given.data)
                    results.add({"method": method, "seed": seed, "points": json.dumps(points)})
                    print(f"done: {method}, seed {seed}", flush=True)
        rows = results.rows
    print(header("numba", "numpy", note="mean ± standard error over seeds"))
    print(analyse(rows, published(given.published)))


if __name__ == "__main__":
    main()
