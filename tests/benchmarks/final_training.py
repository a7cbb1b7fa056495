"""What a longer final training, dropout, averages of weights, and a choice among seeds do to a network.

    python tests/benchmarks/final_training.py --data digits letter.csv:class mnist.npz --seeds 3

Networks of two sparse hidden layers in four sizes are trained on training and validation rows together, as long as a
search would by default and three times as long, each with dropout 0, .02, .05 and .1, and scored on the test rows.
From each training come also the mean of its weights over the last tenth, and the training loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from timing import header, table

from nas.budget import batch_plan, default_epochs
from nas.data import Dataset, prepare
from nas.engine.gather import Inputs
from nas.engine.layout import Network
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.results.held_out import HeldOut
from search_spaces.wiring import Wiring

LENGTHS, DROPOUTS = (1, 3), (0.0, 0.02, 0.05, 0.1)
WIDTHS = ((10, 8), (30, 20), (70, 40), (150, 100))
FAN_IN, DENSITY, RATE = 15, 0.4, 0.01
N_AVERAGED, AVERAGED_SHARE = 10, 0.1


@dataclass(frozen=True)
class Scores:
    """Of one training: on the test rows, on those it was trained on, and of the averaged weights on the test rows."""

    test: float
    training: float
    averaged: float


def sparse_layers(n_inputs: int, widths: tuple[int, int], n_outputs: int, rng: np.random.Generator) -> Wiring:
    """Two hidden layers: each neuron of the first reads some inputs, each of the second a share of the first."""
    first, second = widths
    edges = [(s, t) for t in range(first) for s in rng.choice(n_inputs, min(FAN_IN, n_inputs), replace=False)]
    read = rng.random((second, first)) < DENSITY
    read[np.arange(first) % second, np.arange(first)] = True  # all of the first are read
    read[np.arange(second), np.arange(second) % first] = True  # all of the second read some
    edges += [(n_inputs + s, first + t) for t, s in zip(*np.nonzero(read), strict=True)]
    edges += [(n_inputs + first + s, first + second + t) for t in range(n_outputs) for s in range(second)]
    sources, targets = np.array(edges, np.int64).T
    return Wiring.from_edges(n_inputs, first + second, n_outputs, sources, targets)


def trained(network: Network, dataset: Dataset, test: HeldOut, recipe: Recipe, dropout: float, seed: int) -> Scores:
    """Train a network to the end, and score it."""
    rows, targets = (
        Inputs(np.ascontiguousarray(dataset.x.T), dataset.scale, dataset.shift),
        dataset.y.astype(np.float32),
    )
    state, kept = first_state(network, [[seed, 1]]), []
    for share in np.linspace(1 - AVERAGED_SHARE, 1, N_AVERAGED + 1):
        until = round(recipe.total_steps * share)
        (state,) = train([network], [Hyperparameters(RATE, dropout)], [state], rows, targets, recipe, until)
        kept.append(state.parameters[0].copy())

    def scored(parameters: np.ndarray, rows: Inputs, targets: np.ndarray) -> float:
        return score(predict(network, parameters, rows), targets, dataset.task)

    assert isinstance(test.rows, Inputs)
    averaged = np.mean(kept, axis=0).astype(np.float32)
    return Scores(
        scored(kept[-1], test.rows, test.targets),
        scored(kept[-1], rows, targets),
        scored(averaged, test.rows, test.targets),
    )


def rows_of(source: str, seeds: Sequence[int], epochs: int | None) -> list[list[str]]:
    """A row for each size of network: how it does as in the search, and what each change adds."""
    rows = []
    for widths in WIDTHS:
        scores: dict[tuple[int, float], list[Scores]] = {(n, d): [] for n in LENGTHS for d in DROPOUTS}
        for seed in seeds:
            path, _, target = source.partition(":")
            dataset = prepare(path, target=target or None, seed=seed)
            test, batches = HeldOut.read(dataset, seed), batch_plan(len(dataset.y), seed)
            wiring = sparse_layers(dataset.n_inputs, widths, dataset.n_outputs, np.random.default_rng(seed))
            network, usual = network_of(wiring, "silu"), epochs or default_epochs(batches.steps_per_epoch)
            assert isinstance(network, Network)
            for length, dropout in scores:
                recipe = Recipe(dataset.task, batches, length * usual * batches.steps_per_epoch)
                scores[length, dropout].append(trained(network, dataset, test, recipe, dropout, seed))
        base = scores[1, 0.0]
        errors = [1 - np.mean([one.test for one in base]), 1 - np.mean([one.training for one in base])]
        gains = [mean_gain([a.test - b.test for a, b in zip(of_one, base, strict=True)]) for of_one in scores.values()]
        averaged = mean_gain([one.averaged - one.test for of_one in scores.values() for one in of_one])
        name = f"{Path(source.partition(':')[0]).stem}, {wiring.n_weights}"
        rows.append([name, f"{errors[0]:.4f}", f"{errors[1]:.4f}", *gains[1:], averaged])
    return rows


def mean_gain(gains: Sequence[float]) -> str:
    """Mean and its standard error."""
    error = np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return f"{np.mean(gains):+.4f} ({error:.4f})"


def main() -> None:
    """Run the benchmark and print it as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", nargs="+", default=["digits"], help="data sets, each with :TARGET where it is a table"
    )
    parser.add_argument("--seeds", type=int, default=3, help="splits and weights for each")
    parser.add_argument("--epochs", type=int, help="of the shorter training; by default those of a search")
    arguments = parser.parse_args()
    changes = [f"{length}x, {dropout:g}" for length in LENGTHS for dropout in DROPOUTS][1:]
    columns = ["data, weights", "test error", "training error", *changes, "averaged"]
    print(header())
    print(table(columns, [r for s in arguments.data for r in rows_of(s, range(arguments.seeds), arguments.epochs)]))


if __name__ == "__main__":
    main()
