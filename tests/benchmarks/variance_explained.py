"""What decides how good a network is: shares of the variance of scores that size, recipe, shape and wiring explain.

    python tests/benchmarks/variance_explained.py TABLE.csv.gz... [--repeats 3]

For tables that `nas table build` wrote. The targets are normal scores of the mean validation score over trainings.
Groups of columns are added one after the other: size (weights), recipe (learning rate, dropout, label smoothing,
activation), shape (prior, depth, neurons, how the edges are divided, the choice of inputs), and wiring (degrees,
assortativity, paths, and whatever else describes the hidden graph). The share is one less the mean squared error of
predictions out of five folds over the variance, the better of a Gaussian process and extra trees; its standard error is
over repeats. The last column is the highest share that the noise between trainings leaves to explain.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictors.regressors import make_regressor
from predictors.regressors.folds import draw_folds, out_of_fold
from predictors.score_scale import ScoreScale
from predictors.tables.network_table import NetworkTable, read_network_table

SIZE = ("n_weights", "log_weights")
RECIPE = ("log_learning_rate", "dropout", "label_smoothing", "activation_")
SHAPE = (
    *("n_hidden", "layers", "depth", "input_edges", "hidden_edges", "output_edges", "mean_fan_in", "inputs_per_neuron"),
    *("readout_", "density", "log_max_depth", "orientation_", "input_choice_", "mean_level", "n_edits"),
)
REGRESSORS = ("gaussian-process", "extra-trees")


def group_of(name: str) -> str:
    """The group of a column: size, recipe, shape, or wiring."""
    for group, prefixes in (("size", SIZE), ("recipe", RECIPE), ("shape", SHAPE)):
        if any(name == prefix or (prefix.endswith("_") and name.startswith(prefix)) for prefix in prefixes):
            return group
    return "wiring"


def groups_of(networks: NetworkTable) -> dict[str, NDArray[np.float64]]:
    """The columns of each group, (n, n_columns) each; the prior belongs to the shape."""
    names = np.array(networks.feature_names)
    values = networks.frame[list(names)].to_numpy(np.float64)
    groups = {
        group: values[:, [group_of(name) == group for name in names]] for group in ("size", "recipe", "shape", "wiring")
    }
    priors = networks.frame["prior"].to_numpy(np.str_)
    one_hot = (priors[:, None] == np.unique(priors)).astype(np.float64)
    return groups | {"shape": np.column_stack([groups["shape"], one_hot])}


def explained(rows: NDArray[np.float64], targets: NDArray[np.float64], repeats: int) -> tuple[float, float]:
    """Share of the variance that is explained out of fold, and its standard error over repeats."""
    shares = []
    for repeat in range(repeats):
        folds = draw_folds(len(rows), repeat)
        of_regressors = []
        for name in REGRESSORS:

            def told(learned: NDArray[np.int64], unseen: NDArray[np.int64], name: str = name) -> NDArray[np.float64]:
                return make_regressor(name, 0).fit(rows[learned], targets[learned]).predict(rows[unseen]).mean

            of_regressors.append(1.0 - np.mean((out_of_fold(told, folds) - targets) ** 2) / targets.var())
        shares.append(max(of_regressors))
    return float(np.mean(shares)), float(np.std(shares) / max(np.sqrt(repeats - 1), 1.0))


def reachable(trainings: NDArray[np.float64]) -> float:
    """Share of the variance of means over trainings that is not noise, (n, n_seeds) of normal scores; at least 0."""
    n_seeds = trainings.shape[1]
    noise = trainings.var(axis=1, ddof=1).mean() / n_seeds
    return float(max(0.0, 1.0 - noise / trainings.mean(axis=1).var(ddof=1)))


def row_of(path: Path, repeats: int) -> list[str]:
    """The row of a table of networks."""
    networks = read_network_table(path)
    trainings = networks.scores[:, -1]
    scale = ScoreScale.of(trainings.ravel())
    stretched = scale.stretch(trainings)
    targets, groups = stretched.mean(axis=1), groups_of(networks)
    cells = [path.name.removesuffix(".csv.gz"), str(len(networks))]
    for added in (("size",), ("recipe",), ("size", "recipe"), ("size", "recipe", "shape"), tuple(groups)):
        share, error = explained(np.column_stack([groups[group] for group in added]), targets, repeats)
        cells.append(f"{share:.3f} ± {error:.3f}")
    return [*cells, f"{reachable(stretched):.3f}" if trainings.shape[1] > 1 else "-"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args(arguments)
    columns = ["table", "networks", "size", "recipe", "size and recipe", "and shape", "and wiring", "not noise"]
    print(header("scikit-learn", "numpy"))
    print(table(columns, [row_of(path, given.repeats) for path in given.tables]))


if __name__ == "__main__":
    main()
