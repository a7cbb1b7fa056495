"""Show how well the accuracy of sparse recurrent networks is told from their graphs, beside their size alone.

Two tables. The published one has a row a network: `id`, `mode` (the kind of cell) and `test_acc`; the file of graphs
gives the edges of each id. Ours is what `nas table build --draw layered-priors` wrote, with several trainings of each
network: their mean test score is told, and the share of its variance that is not noise bounds what can be reached.
Per cell, repeated ten-fold cross-validation: R2 of each repeat over all rows, mean +- standard deviation over repeats.
Nothing is chosen on the tables: features are whole families or the published list, regressors have the settings that
they have everywhere.

    python tests/benchmarks/reber_table.py --data sparse_rnn_reber_structure.csv.gz
        --graphs sparse_rnn_reber_graphs.json.gz [--regressors NAME...] [--repeats 10]
    python tests/benchmarks/reber_table.py --data tests/benchmarks/tables/reber_networks.csv.gz
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import gzip
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from predictors.features import STIER_FEATURES, Graph, describe_graphs, names_of
from predictors.regressors import make_regressor
from predictors.regressors.folds import draw_folds, out_of_fold
from predictors.tables.graph_text import parse_graph
from predictors.tables.network_table import read_network_table
from predictors.trust import noise_ceiling

FAMILIES = ("size", "degrees", "paths", "clustering", "spectrum", "scatter")
SIZE_NAMES = ("nodes", "edges", "source_nodes", "sink_nodes")
NAMES = names_of(FAMILIES)
FEATURES = {"size only": SIZE_NAMES, "published list": STIER_FEATURES, "all families": NAMES}
CELLS = ("tanh", "relu", "gru", "lstm")
PUBLISHED = {"tanh": 0.20, "relu": 0.30, "gru": 0.66, "lstm": 0.39}
"""R2 of a forest on the published features of the published table."""
N_FOLDS = 10


@dataclass(frozen=True, eq=False)
class Networks:
    """Cell, graph and mean test accuracy of each network, and of each of its trainings: shape (n, n_seeds)."""

    cells: NDArray[np.str_]
    graphs: list[Graph]
    accuracies: NDArray[np.float64]
    trainings: NDArray[np.float64]


def read_published(table_path: str, graphs_path: str) -> Networks:
    networks = pd.read_csv(table_path)
    with gzip.open(graphs_path, "rt", encoding="utf-8") as file:
        edges = json.load(file)
    cells = networks["mode"].str.removeprefix("RNN_").str.lower().to_numpy(np.str_)
    accuracies = networks["test_acc"].to_numpy(np.float64)
    return Networks(cells, [Graph.from_edges(edges[name]) for name in networks["id"]], accuracies, accuracies[:, None])


def read_ours(table_path: str) -> Networks:
    networks = read_network_table(table_path)
    # As in the published table, edges are taken both ways.
    graphs = [parse_graph(text, is_directed=False) for text in networks.frame["graph"]]
    trainings = networks.test_scores
    return Networks(networks.frame["cell"].to_numpy(np.str_), graphs, trainings.mean(axis=1), trainings)


def r2_of_repeats(
    rows: NDArray[np.float64], targets: NDArray[np.float64], regressor: str, n_repeats: int
) -> NDArray[np.float64]:
    """R2 of the cross-validated predictions of all rows, shape (n_repeats,)."""
    found = []
    for seed in range(n_repeats):

        def predict_unseen(
            learned: NDArray[np.int64], unseen: NDArray[np.int64], seed: int = seed
        ) -> NDArray[np.float64]:
            return make_regressor(regressor, seed).fit(rows[learned], targets[learned]).predict(rows[unseen]).mean

        predicted = out_of_fold(predict_unseen, draw_folds(len(rows), seed, n_folds=N_FOLDS))
        found.append(1.0 - np.mean((predicted - targets) ** 2) / np.var(targets))
    return np.array(found)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="table of networks and their accuracies")
    options.add_argument("--graphs", help="JSON, gzipped: id to list of edges")
    options.add_argument("--regressors", nargs="+", default=["gaussian-process", "support-vectors", "forest"])
    options.add_argument("--repeats", type=int, default=10)
    given = options.parse_args()
    n_repeats = 1 if given.quick else given.repeats
    networks = read_published(given.data, given.graphs) if given.graphs else read_ours(given.data)
    rows = describe_graphs(networks.graphs, FAMILIES)
    accuracies = networks.accuracies
    of_cell = {cell: np.flatnonzero(networks.cells == cell) for cell in CELLS}
    note = f"R2, {N_FOLDS}-fold, seeds 0 to {n_repeats - 1}, mean +- deviation over repeats"
    print(header("scikit-learn", "numpy", note=note))
    lines = []
    for regressor in given.regressors:
        for features, names in FEATURES.items():
            columns = [NAMES.index(name) for name in names]
            cells = []
            for places in of_cell.values():
                r2 = r2_of_repeats(rows[np.ix_(places, columns)], accuracies[places], regressor, n_repeats)
                cells.append(f"{r2.mean():.3f}" + (f" +- {r2.std(ddof=1):.3f}" if n_repeats > 1 else ""))
            lines.append([regressor, features, *cells])
    if given.graphs:
        lines.append(["a forest", "as published", *(f"{known:.2f}" for known in PUBLISHED.values())])
    else:
        ceilings = [noise_ceiling(networks.trainings[places], seed=0) for places in of_cell.values()]
        lines.append(["not noise", "", *(f"{known.reliability.value:.3f}" for known in ceilings if known is not None)])
    print(table(["regressor", "features", *CELLS], lines))


if __name__ == "__main__":
    main()
