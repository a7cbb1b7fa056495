"""Show how well the accuracy of sparse recurrent networks is told from their graphs, beside their size alone.

The table has one row a network: `id`, `mode` (the kind of cell) and `test_acc`; the file of graphs gives the undirected
edges of each id. Per cell, repeated ten-fold cross-validation: R2 of each repeat over all rows, mean +- standard
deviation over repeats. Nothing is chosen on the table: features are whole families or the published list, regressors
have the settings that they have everywhere.

    python tests/benchmarks/reber_table.py --data sparse_rnn_reber_structure.csv.gz
        --graphs sparse_rnn_reber_graphs.json.gz [--regressors NAME...] [--repeats 10]
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import gzip
import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from predictors.features import STIER_FEATURES, Graph, describe_graphs, names_of
from predictors.regressors import make_regressor
from predictors.regressors.folds import draw_folds, out_of_fold

FAMILIES = ("size", "degrees", "paths", "clustering", "spectrum", "scatter")
SIZE_NAMES = ("nodes", "edges", "source_nodes", "sink_nodes")
NAMES = names_of(FAMILIES)
FEATURES = {"size only": SIZE_NAMES, "published list": STIER_FEATURES, "all families": NAMES}
CELLS = {"RNN_TANH": 0.20, "RNN_RELU": 0.30, "GRU": 0.66, "LSTM": 0.39}  # R2 of a forest on the published features
N_FOLDS = 10


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
    options.add_argument("--graphs", required=True, help="JSON, gzipped: id to list of edges")
    options.add_argument("--regressors", nargs="+", default=["gaussian-process", "support-vectors", "forest"])
    options.add_argument("--repeats", type=int, default=10)
    given = options.parse_args()
    n_repeats = 1 if given.quick else given.repeats
    networks = pd.read_csv(given.data)
    with gzip.open(given.graphs, "rt", encoding="utf-8") as file:
        edges = json.load(file)
    rows = describe_graphs([Graph.from_edges(edges[name]) for name in networks["id"]], FAMILIES)
    accuracies = networks["test_acc"].to_numpy(np.float64)
    note = f"R2, {N_FOLDS}-fold, seeds 0 to {n_repeats - 1}, mean +- deviation over repeats"
    print(header("scikit-learn", "numpy", note=note))
    lines = []
    for regressor in given.regressors:
        for features, names in FEATURES.items():
            columns = [NAMES.index(name) for name in names]
            cells = []
            for cell in CELLS:
                places = np.flatnonzero(networks["mode"] == cell)
                r2 = r2_of_repeats(rows[np.ix_(places, columns)], accuracies[places], regressor, n_repeats)
                cells.append(f"{r2.mean():.3f}" + (f" +- {r2.std(ddof=1):.3f}" if n_repeats > 1 else ""))
            lines.append([regressor, features, *cells])
    lines.append(["a forest", "as published", *(f"{known:.2f}" for known in CELLS.values())])
    print(table(["regressor", "features", *CELLS], lines))


if __name__ == "__main__":
    main()
