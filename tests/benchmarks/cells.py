"""How well cells of NAS-Bench-201 are ranked after learning from few: from structure, and with training-free scores.

Each repeat learns from N random cells and ranks all others; the figure is Kendall's tau-b against validation accuracy
on CIFAR-10. One recipe for all N: the mean of a Gaussian process and extra trees, learned on normal scores of the
targets. Features and recipe were chosen on other draws from the same table, numbered below `FIRST_DRAW`. Beside
it stand a random forest on accuracy itself, and the number of weights as it is.

    python tests/benchmarks/cells.py --data nas_bench_201.csv.gz [--repeats 10] [--rows 32 128 1024]
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import numpy as np
from cell_space import CellTable
from numpy.typing import NDArray
from scipy.stats import kendalltau, norm, rankdata
from sklearn.ensemble import ExtraTreesRegressor

from predictors.regressors import make_regressor
from predictors.regressors.gaussian_process import learn_gaussian_process_mean
from predictors.regressors.learned import PredictMean

N_TREES = 200
FIRST_DRAW = 1000
SCORE_WEIGHT = 5
"""Copies of each training-free score: a dozen columns beside two hundred would hardly move a distance."""

Floats = NDArray[np.float64]


def normal_scores(values: Floats) -> Floats:
    """Normal quantiles of the ranks, shape (n,)."""
    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))


def learn_whole_trees(rows: Floats, targets: Floats, seed: int) -> PredictMean:
    """Extra trees grown to the last cell on all cells: no spread is asked for, and these targets have little noise."""
    trees = ExtraTreesRegressor(N_TREES, max_features=1 / 3, n_jobs=1, random_state=seed).fit(rows, targets)
    return lambda unseen: np.asarray(trees.predict(unseen))


MEMBERS = (learn_gaussian_process_mean, learn_whole_trees)


def ensemble(rows: Floats, accuracy: Floats, unseen: Floats, seed: int) -> Floats:
    """Expected normal scores of unseen rows, shape (n,)."""
    targets = normal_scores(accuracy)
    targets /= targets.std()
    return np.mean([learn(rows, targets, seed)(unseen) for learn in MEMBERS], axis=0)


def forest(rows: Floats, accuracy: Floats, unseen: Floats, seed: int) -> Floats:
    """Expected accuracy of unseen rows, shape (n,)."""
    return make_regressor("forest", seed).fit(rows, accuracy).predict(unseen).mean


def by_size(rows: Floats, accuracy: Floats, unseen: Floats, seed: int) -> Floats:
    """The first column."""
    return unseen[:, 0]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="the table, a CSV")
    options.add_argument("--repeats", type=int, default=10)
    options.add_argument("--rows", type=int, nargs="+", default=[32, 128, 1024], help="cells to learn from")
    given = options.parse_args()
    n_repeats, sizes = (2, [32]) if given.quick else (given.repeats, given.rows)
    cells = CellTable.read(given.data)
    structure = np.column_stack([cells.kernel_weights, cells.features()])
    # The scores need no training, so that those of all cells are known in advance.
    scores = np.apply_along_axis(normal_scores, 0, cells.scores)
    both = np.column_stack([structure, np.tile(scores, (1, SCORE_WEIGHT))])
    sides = {
        "weights alone": (structure, by_size),
        "structure, forest": (structure, forest),
        "structure, ensemble": (structure, ensemble),
        "with training-free scores, forest": (both, forest),
        "with training-free scores, ensemble": (both, ensemble),
    }
    print(header("scikit-learn", "numpy", note=f"tau, mean and deviation over {n_repeats} draws of cells"))
    results: dict[str, list[str]] = {name: [] for name in sides}
    for n in sizes:
        for name, (rows, predict) in sides.items():
            taus = []
            for seed in range(FIRST_DRAW, FIRST_DRAW + n_repeats):
                order = np.random.default_rng([seed, n]).permutation(len(rows))
                learned, unseen = order[:n], order[n:]
                predicted = predict(rows[learned], cells.accuracy[learned], rows[unseen], seed)
                taus.append(float(kendalltau(predicted, cells.accuracy[unseen]).statistic))
            results[name].append(f"{np.mean(taus):.3f} +- {np.std(taus, ddof=1):.3f}")
            print(f"{n} cells, {name}: {results[name][-1]}", flush=True)
    print(table(["cells learned from", *map(str, sizes)], [[name, *told] for name, told in results.items()]))


if __name__ == "__main__":
    main()
