"""Show how well the accuracy of an MLP is told from the relational graph it is built on, at and below a noise ceiling.

The table has `graph_id` and `top1_err_seed1`, `top1_err_seed2`, ...; the file of edges `edges_n64` and `offsets_n64`.
The complete graph (`graph_id` -1) is left out: it is not of the family. Two questions:

- R2 of the mean over trainings, five-fold cross-validated, all graphs;
- with N graphs, each trained once (the training is drawn, too): Kendall tau against the mean over trainings of graphs
  not learned from. Mean +- standard deviation over draws, beside a forest on size and one on four published numbers,
  and a Gaussian process that knows beforehand the kernel that fits 1,500 graphs: as much as that family can tell.

Nothing is chosen on the table: features are whole families, regressors have the settings that they have everywhere.

    python tests/benchmarks/relational_graphs.py --data nas_relational_graph_mlp_cifar10.csv.gz
        --edges nas_relational_graph_edges.npz [--regressors NAME...] [--repeats 10]
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from predictors.features import SIZE_FEATURES, Graph, describe_graphs, names_of
from predictors.regressors import make_regressor
from predictors.regressors.folds import draw_folds, out_of_fold
from predictors.regressors.gaussian_process import POWERS, evident_kernels, stretched_axes
from predictors.regressors.scaling import Scaling

Rows = NDArray[np.float64]
FAMILIES = ("size", "degrees", "paths", "clustering", "spectrum", "scatter")
NAMES = names_of(FAMILIES)
LEARNED_FROM = (30, 100, 300, 1000)
N_VERTICES = 64
BASELINE = "forest"
"""Learns from size alone, and from `PUBLISHED`."""
KNOWN_FROM = 1500
PUBLISHED = ["sparsity", "rewire_p", "clustering", "avg_path_length"]
"""Columns of the table: what its authors draw graphs by, and what they measure on them."""


def r2_of_mean(rows: Rows, means: Rows, regressor: str, seed: int) -> float:
    def predict_unseen(learned: NDArray[np.int64], unseen: NDArray[np.int64]) -> NDArray[np.float64]:
        return make_regressor(regressor, seed).fit(rows[learned], means[learned]).predict(rows[unseen]).mean

    predicted = out_of_fold(predict_unseen, draw_folds(len(rows), seed))
    return float(1.0 - np.mean((predicted - means) ** 2) / np.var(means))


def drawn_to_learn(trainings: Rows, n_learned: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Rows]:
    """Places of graphs to learn from, of all others, and the score of one training of each of the first."""
    rng = np.random.default_rng([seed, n_learned])
    order = rng.permutation(len(trainings))
    learned = order[:n_learned]
    return learned, order[n_learned:], trainings[learned, rng.integers(trainings.shape[1], size=n_learned)]


def tau_from_few(rows: Rows, trainings: Rows, regressor: str, n_learned: int, seed: int) -> float:
    """Tau on all graphs that were not drawn to learn from, one training of each of those that were."""
    learned, unseen, scores = drawn_to_learn(trainings, n_learned, seed)
    predicted = make_regressor(regressor, seed).fit(rows[learned], scores).predict(rows[unseen]).mean
    return float(kendalltau(predicted, trainings[unseen].mean(axis=1)).statistic)


def known_process(rows: Rows, trainings: Rows) -> tuple[Rows, GaussianProcessRegressor]:
    """Rows as the kernel sees them, and an unfitted process with the most evident kernel of `KNOWN_FROM` graphs."""
    drawn = np.random.default_rng(0).permutation(len(rows))[:KNOWN_FROM]
    scaled = Scaling.of(rows).apply(rows)
    axes = {power: stretched_axes(scaled, power) for power in POWERS}
    scores = trainings[drawn, 0]
    kernels = evident_kernels(scaled[drawn], axes, (scores - scores.mean()) / scores.std())
    best = max(kernels, key=lambda kernel: kernel.share)
    covariance = ConstantKernel(best.signal) * Matern(best.length, nu=2.5)
    return scaled @ axes[best.power], GaussianProcessRegressor(covariance, alpha=best.noise, optimizer=None)


def tau_of_known(
    stretched: Rows, process: GaussianProcessRegressor, trainings: Rows, n_learned: int, seed: int
) -> float:
    learned, unseen, scores = drawn_to_learn(trainings, n_learned, seed)
    standardised = (scores - trainings[:, 0].mean()) / trainings[:, 0].std()
    predicted = process.fit(stretched[learned], standardised).predict(stretched[unseen])
    return float(kendalltau(predicted, trainings[unseen].mean(axis=1)).statistic)


def told(values: list[float]) -> str:
    """Mean and standard deviation over draws, the latter if there are several."""
    if not values:
        return ""
    return f"{np.mean(values):.3f}" + (f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="table of graphs and errors of their networks")
    options.add_argument("--edges", required=True, help="npz of edges")
    options.add_argument("--regressors", nargs="+", default=["gaussian-process", "support-vectors"])
    options.add_argument("--repeats", type=int, default=10, help="draws of graphs and trainings")
    options.add_argument("--r2-repeats", type=int, default=2, help="draws of folds; 0 leaves R2 out")
    given = options.parse_args()
    networks = pd.read_csv(given.data).query("graph_id >= 0")
    if given.quick:
        networks = networks.sample(1200, random_state=0)
    n_repeats, n_r2 = (1, 1) if given.quick else (given.repeats, given.r2_repeats)
    trainings = 1.0 - networks.filter(regex=r"^top1_err_seed\d+$").to_numpy(np.float64) / 100.0  # (n, n_trainings)
    with np.load(given.edges, allow_pickle=False) as file:
        edges, offsets = file["edges_n64"], file["offsets_n64"]
    graphs = [Graph.from_edges(edges[offsets[g] : offsets[g + 1]], N_VERTICES) for g in networks["graph_id"]]
    rows = describe_graphs(graphs, FAMILIES)
    note = f"{len(rows)} graphs; R2 over {n_r2} draws of folds, tau over {n_repeats} draws, mean +- deviation"
    print(header("scikit-learn", "numpy", note=note))
    size = rows[:, [NAMES.index(name) for name in SIZE_FEATURES]]
    sides = [(BASELINE, "size only", size), (BASELINE, "four", networks[PUBLISHED].to_numpy(np.float64))]
    sides += [(regressor, "all families", rows) for regressor in given.regressors]
    lines = []
    for regressor, features, known in sides:
        taus = [[tau_from_few(known, trainings, regressor, n, s) for s in range(n_repeats)] for n in LEARNED_FROM]
        r2 = [r2_of_mean(known, trainings.mean(axis=1), regressor, seed) for seed in range(n_r2)]
        lines.append([regressor, features, told(r2), *map(told, taus)])
    stretched, process = known_process(rows, trainings)
    taus = [[tau_of_known(stretched, process, trainings, n, s) for s in range(n_repeats)] for n in LEARNED_FROM]
    lines.append(["Gaussian process, kernel known", "all families", "", *map(told, taus)])
    print(table(["regressor", "features", "R2 of the mean", *(f"tau, N = {n}" for n in LEARNED_FROM)], lines))


if __name__ == "__main__":
    main()
