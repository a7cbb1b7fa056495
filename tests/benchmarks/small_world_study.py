"""LeNet-300-100 trimmed to a small world before it is trained, beside other networks of as many weights, on MNIST.

    python tests/benchmarks/small_world_study.py --data mnist.npz --out small_world.csv [--runs 3]
    python tests/benchmarks/small_world_study.py --out small_world.csv --analyse

After Krishnan, Du & Cao (arXiv 1911.04453), whose shares are 2.3 % and 9 %. All are trained alike: 20 epochs of AdamW,
128 rows a batch. "trimmed after" is pruned by magnitude from the trained dense network, 30 % of the links at a time,
with two epochs after each step; "pruned meanwhile" gradually in one training of 20 epochs.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from comparison import mean_and_error
from layered_wirings import biregular, lattice, random_links
from pruning_study import Mnist
from result_file import ResultFile, Row, read_rows

from nas.engine.batches import BatchPlan
from nas.engine.layout import Network, lay_out
from nas.engine.networks import as_changed, first_state
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.results.dense_networks import dense_wiring
from nas.sparsify.amounts import Amount
from nas.sparsify.changes import Changes
from nas.sparsify.frame import Frame
from nas.sparsify.pruning import Retraining, Rows, prune
from nas.sparsify.small_world import junction_sizes, small_world, small_worldness
from search_spaces.sparse_training import SparseTraining
from search_spaces.wiring import Wiring

WIDTHS = (784, 300, 100, 10)
SHARES = (0.023, 0.09)
EPOCHS, STEP_EPOCHS, RATE = 20, 2, 5e-3
DRAWN = ("small world", "clusters only", "lattice", "random", "biregular")
AFTER, MEANWHILE, DENSE = "trimmed after", "pruned meanwhile", "dense"
COLUMNS = ("network", "share", "run", "n_weights", "accuracy", "sigma", "n_far", "is_connected")


def drawn(name: str, n_weights: int, rng: np.random.Generator) -> Wiring:
    """A network of about so many weights."""
    sizes = junction_sizes(WIDTHS, n_weights)
    if name == "small world":
        return small_world(WIDTHS, n_weights, rng)
    if name == "clusters only":
        return small_world(WIDTHS, n_weights, rng, far_share=0.0, near_share=0.0)
    if name == "lattice":
        return lattice(WIDTHS, sizes)
    return (random_links if name == "random" else biregular)(WIDTHS, sizes, rng)


def trained(wiring: Wiring, mnist: Mnist, run: int, training: SparseTraining | None = None) -> tuple[Network, object]:
    """The network after its training, and its state."""
    rows = mnist.rows
    batches = BatchPlan(len(rows.targets), 128, (run,))
    recipe = Recipe("classification", batches, EPOCHS * batches.steps_per_epoch)
    own = Hyperparameters(RATE) if training is None else Hyperparameters(RATE, sparse_training=training)
    changes = None if training is None else Changes.of(training, wiring, recipe.total_steps, (run,))
    network = lay_out(wiring, "relu")
    first = first_state(network, [[run]])
    (state,) = train(
        [network], [own], [first], rows.inputs, rows.targets, recipe, recipe.total_steps, changes=[changes]
    )
    after = as_changed(network, state)
    assert isinstance(after, Network)
    return after, state


def row_of(
    name: str, share: float, run: int, n_weights: int, accuracy: float, wiring: Wiring | None
) -> dict[str, object]:
    """A row of results; small-worldness of networks that were drawn."""
    measured = None if wiring is None else small_worldness(wiring, np.random.default_rng(0))
    return {
        "network": name,
        "share": share,
        "run": run,
        "n_weights": n_weights,
        "accuracy": accuracy,
        "sigma": "" if measured is None else measured.sigma,
        "n_far": "" if measured is None else measured.n_far,
        "is_connected": "" if measured is None else measured.is_connected,
    }


def pruned_after(mnist: Mnist, run: int) -> list[dict[str, object]]:
    """The dense network, and what is left of it at each share."""
    wiring = dense_wiring(WIDTHS)
    network, state = trained(wiring, mnist, run)
    found = [row_of(DENSE, 1.0, run, wiring.n_weights, mnist.test_score(network, state), None)]
    rows = Rows(mnist.rows.inputs, mnist.rows.targets, len(mnist.rows.targets))
    batches = BatchPlan(rows.n_train, 128, (run,))
    recipe = Recipe("classification", batches, STEP_EPOCHS * batches.steps_per_epoch)
    how, frame, rng = Retraining(recipe, Hyperparameters(RATE)), Frame.of(wiring), np.random.default_rng(run)
    for share in sorted(SHARES, reverse=True):
        fewest = round(share * wiring.n_weights)
        for step in prune(network, state, frame, "magnitude", Amount("share", 0.3), how, rows, fewest, rng):
            network, state = step.network, step.state
        found.append(row_of(AFTER, share, run, fewest, mnist.test_score(network, state), None))
    return found


def rows_of_run(mnist: Mnist, run: int, results: ResultFile) -> None:
    """Add what is missing of a run."""
    dense = dense_wiring(WIDTHS)
    for share in SHARES:
        n_weights = round(share * dense.n_weights)
        for name in DRAWN:
            if not results.has(network=name, share=share, run=run):
                wiring = drawn(name, n_weights, np.random.default_rng([run, n_weights]))
                network, state = trained(wiring, mnist, run)
                results.add(row_of(name, share, run, wiring.n_weights, mnist.test_score(network, state), wiring))
        if not results.has(network=MEANWHILE, share=share, run=run):
            training = SparseTraining("pruned", "all", share, 60, 0.5)
            network, state = trained(dense, mnist, run, training)
            accuracy = mnist.test_score(network, state)
            results.add(row_of(MEANWHILE, share, run, len(network.indices), accuracy, None))
    if not results.has(network=AFTER, share=SHARES[0], run=run):
        for row in pruned_after(mnist, run):
            results.add(row)
    print(f"done: run {run}", flush=True)


def analyse(rows: Sequence[Row]) -> str:
    """Means over runs."""
    lines = []
    for share in sorted({float(row["share"]) for row in rows}):
        for name in (*DRAWN, AFTER, MEANWHILE, DENSE):
            own = [row for row in rows if row["network"] == name and float(row["share"]) == share]
            if not own:
                continue
            accuracy = mean_and_error([float(row["accuracy"]) for row in own])
            cells = ["", "", ""]
            if own[0]["sigma"]:
                cells = [f"{np.mean([float(row['sigma']) for row in own]):.2f}"]
                cells.append(f"{np.mean([int(row['n_far']) for row in own]):,.0f}")
                cells.append(f"{sum(row['is_connected'] == 'True' for row in own)} of {len(own)}")
            n_weights = np.mean([int(row["n_weights"]) for row in own])
            lines.append([f"{100 * share:g} %", name, f"{n_weights:,.0f}", len(own), accuracy, *cells])
    columns = [
        "share",
        "network",
        "weights",
        "runs",
        "test accuracy",
        "sigma",
        "long links",
        "all outputs see all inputs",
    ]
    return table(columns, lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="mnist.npz")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--analyse", action="store_true", help="print the table of what is there, and train no more")
    given = options.parse_args()
    if given.analyse == bool(given.data):
        options.error("Give --data or --analyse.")
    rows = read_rows(given.out)[1] if given.analyse else []
    if not given.analyse:
        results = ResultFile(given.out, COLUMNS, ("network", "share", "run"))
        for run in range(given.runs):
            rows_of_run(Mnist.read(given.data, run), run, results)
        rows = results.rows
    print(header("numba", "numpy", note="mean ± standard error over runs"))
    print(analyse(rows))


if __name__ == "__main__":
    main()
