"""Encodings of numeric inputs, compared by fixed networks: no search, the same splits, wirings, weights and batches.

    python tests/benchmarks/input_encodings.py --data tabular.npz --results input_encodings.csv

For each table and seed, the rows are split as `nas search --seed` splits them. Each encoding is fitted on the training
rows. Two networks of two hidden layers are trained on them: a sparse one (150 neurons that read at most 10 inputs each,
then 100 that read 35 % of those) and a dense one (64 and 64), both with SiLU, for 40 epochs (small tables for more, up
to 200, so that they get 1,500 updates), with three learning rates, of which the validation rows choose. A table with
fewer than 1,000 training rows gets three sets of weights, whose scores are averaged.

The file of results gets a row a training; the same command goes on where it was stopped.
"""

from __future__ import annotations

import timing  # isort: skip  # it settles the number of threads

import argparse
import csv
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.datasets import load_diabetes, load_digits, make_friedman1

from nas.budget import batch_plan
from nas.data.arrays import target_column
from nas.data.load import split_and_code
from nas.data.quantile_transform import fit_quantile_transform, has_heavy_tails
from nas.data.target import decide_task
from nas.engine.gather import Inputs
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from search_spaces import Wiring

Values = NDArray[np.float64]
Encode = Callable[[Values, Values], Values]  # training rows, rows to encode: (n, n_columns) -> (n, n_inputs)

RATES = (0.005, 0.01, 0.02)
MIN_EPOCHS, MAX_EPOCHS, MIN_UPDATES = 40, 200, 1500
FEW_ROWS, WEIGHT_SETS_OF_FEW_ROWS = 1000, 3
COLUMNS = ("table", "seed", "encoding", "network", "weights", "rate", "validation", "test")
GENERATED = ("normal", "lognormal", "cauchy", "outliers", "friedman", "friedman-heavy", "linear-heavy")
BUNDLED = {"digits": load_digits, "diabetes": load_diabetes}
N_GENERATED, N_COLUMNS, N_CLASSES = 3000, 10, 4


# --- encodings -------------------------------------------------------------------------------------------------------


def plain(train: Values, rows: Values) -> Values:
    """Less the mean, over the standard deviation."""
    return (rows - train.mean(axis=0)) / train.std(axis=0)


def robust(train: Values, rows: Values) -> Values:
    """Less the median, over the interquartile range, clipped smoothly at 3 (RealMLP, Holzmueller et al. 2024)."""
    low, middle, high = np.quantile(train, [0.25, 0.5, 0.75], axis=0)
    scale = np.where(high > low, high - low, 0.5 * np.ptp(train, axis=0))
    scaled = (rows - middle) / scale
    return scaled / np.sqrt(1 + (scaled / 3) ** 2)


def quantiles(train: Values, rows: Values) -> Values:
    """Normal quantiles of ranks among the training rows."""
    columns = []
    for known, column in zip(train.T, rows.T, strict=True):
        transform = fit_quantile_transform(known)
        columns.append(plain(known, column) if transform is None else transform.apply(column))
    return np.stack(columns, axis=1)


def have_heavy_tails(train: Values) -> NDArray[np.bool_]:
    """Which columns have heavy tails, as a search sees it."""
    return np.array([has_heavy_tails(column, float(column.std())) for column in train.T])


def quantiles_of_heavy(train: Values, rows: Values) -> Values:
    """Normal quantiles in place of columns with heavy tails; the others plain."""
    return np.where(have_heavy_tails(train), quantiles(train, rows), plain(train, rows))


def beside_quantiles_of_heavy(train: Values, rows: Values) -> Values:
    """All columns plain, and normal quantiles of those with heavy tails."""
    return np.concatenate([plain(train, rows), quantiles(train, rows)[:, have_heavy_tails(train)]], axis=1)


def beside_quantiles(encode: Encode) -> Encode:
    """Both, one after the other."""
    return lambda train, rows: np.concatenate([encode(train, rows), quantiles(train, rows)], axis=1)


ENCODINGS: dict[str, Encode] = {
    "plain": plain,
    "robust": robust,
    "quantiles of heavy": quantiles_of_heavy,
    "plain + quantiles of heavy": beside_quantiles_of_heavy,
    "plain + quantiles": beside_quantiles(plain),
    "robust + quantiles": beside_quantiles(robust),
}
FIRST = next(iter(ENCODINGS))  # the others are compared with it


# --- data ------------------------------------------------------------------------------------------------------------


def read_table(file: Path, name: str, seed: int) -> tuple[Values, NDArray[np.float64]]:
    """Rows (n, n_columns) and targets (n,) of a table of the file, or of a generated one, another for each seed."""
    if name in BUNDLED:
        bunch = BUNDLED[name]()
        return bunch.data, bunch.target.astype(np.float64)
    if name not in GENERATED:
        with np.load(file) as tables:
            return tables[f"{name}_x"].astype(np.float64), tables[f"{name}_y"].astype(np.float64)
    rng = np.random.default_rng([seed, len(name)])
    if name.startswith("friedman"):
        x, y = make_friedman1(N_GENERATED, N_COLUMNS, noise=1.0, random_state=seed)
        return (np.exp(2 * norm.ppf(x)), y) if name == "friedman-heavy" else (x, y)
    normal = rng.standard_normal((N_GENERATED, N_COLUMNS))
    if name == "linear-heavy":  # what is far out counts most
        y = np.exp(normal) @ rng.standard_normal(N_COLUMNS)
        return np.exp(normal), y + 0.1 * y.std() * rng.standard_normal(N_GENERATED)
    # Classes depend on normal columns, whatever is shown of them.
    hidden = np.tanh(normal @ rng.standard_normal((N_COLUMNS, 12)) / math.sqrt(3))
    y = (hidden @ rng.standard_normal((12, N_CLASSES))).argmax(axis=1).astype(np.float64)
    is_outlier = rng.random(normal.shape) < 0.005
    shown = {
        "normal": normal,
        "lognormal": np.exp(2 * normal),
        "cauchy": np.tan(np.pi * (norm.cdf(normal) - 0.5)),
        "outliers": np.where(is_outlier, 1000 * normal, normal),
    }
    return shown[name], y


# --- networks --------------------------------------------------------------------------------------------------------


def layered(n_inputs: int, layers: Iterable[tuple[int, int]], n_outputs: int, rng: np.random.Generator) -> Wiring:
    """Layers of (neurons, sources of each at most), each of which reads the one before; outputs read the last."""
    sources, targets = [], []
    first_source, n_sources, first_target = 0, n_inputs, 0
    for width, n_read in (*layers, (n_outputs, n_inputs * 10**6)):
        for target in range(first_target, first_target + width):
            chosen = rng.choice(n_sources, size=min(n_read, n_sources), replace=False)
            sources.append(first_source + chosen)
            targets.append(np.full(len(chosen), target))
        first_source, n_sources, first_target = n_inputs + first_target, width, first_target + width
    edges = np.concatenate(sources).astype(np.int64), np.concatenate(targets).astype(np.int64)
    return Wiring.from_edges(n_inputs, first_target - n_outputs, n_outputs, *edges)


def wirings(n_inputs: int, n_outputs: int, seed: int) -> dict[str, Wiring]:
    """The fixed networks by name."""
    rng = np.random.default_rng(seed)
    return {
        "sparse": layered(n_inputs, [(150, 10), (100, 52)], n_outputs, rng),
        "dense": layered(n_inputs, [(64, n_inputs), (64, 64)], n_outputs, rng),
    }


def trained(x: Values, y: NDArray[np.float64], name: str, seed: int, encoding: str) -> Iterator[dict[str, object]]:
    """A row for each network and learning rate; none if the encoding does the same as the first."""
    column = target_column(name, y)
    task = decide_task(name, column, None)
    split, code = split_and_code(name, column, task, seed=seed, has_test=False)
    n_train, n_development = len(split.train), len(split.train) + len(split.validation)
    order = np.concatenate([split.train, split.validation, split.test])
    x = x[:, np.ptp(x[split.train], axis=0) > 0]
    inputs = ENCODINGS[encoding](x[split.train], x[order])  # (n_rows, n_inputs)
    if encoding != FIRST and np.array_equal(inputs, ENCODINGS[FIRST](x[split.train], x[order])):
        return
    rows = Inputs.plain(inputs.T.astype(np.float32))
    targets = code.encode(name, column).astype(np.float32)[order]

    batches = batch_plan(n_train, seed)
    epochs = min(max(MIN_EPOCHS, math.ceil(MIN_UPDATES / batches.steps_per_epoch)), MAX_EPOCHS)
    recipe = Recipe(task, batches, epochs * batches.steps_per_epoch)
    weight_seeds = [(seed, number) for number in range(WEIGHT_SETS_OF_FEW_ROWS if n_train < FEW_ROWS else 1)]
    for kind, wiring in wirings(rows.n_inputs, code.n_outputs, seed).items():
        network = network_of(wiring, "silu")
        states = train(
            [network] * len(RATES),
            [Hyperparameters(rate) for rate in RATES],
            [first_state(network, weight_seeds)] * len(RATES),
            rows,
            targets,
            recipe,
            recipe.total_steps,
        )
        for rate, state in zip(RATES, states, strict=True):
            scores = [
                [
                    score(predict(network, weights, rows, first, last), targets[first:last], task)
                    for weights in state.parameters
                ]
                for first, last in ((n_train, n_development), (n_development, len(order)))
            ]
            validation, test = (math.nan if state.failure else float(np.mean(of_part)) for of_part in scores)
            values = (name, seed, encoding, kind, wiring.n_weights, rate, repr(validation), repr(test))
            yield dict(zip(COLUMNS, values, strict=True))


# --- results ---------------------------------------------------------------------------------------------------------


def read_results(file: Path) -> list[dict[str, str]]:
    """Rows of the file of results; none if there is no file."""
    if not file.exists():
        return []
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def add_results(file: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Add rows to the file, which is begun if need be."""
    is_new = not file.exists()
    with open(file, "a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def chosen_scores(rows: Iterable[Mapping[str, str]], part: str) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
    """Score of the learning rate that validation chose: (table, encoding) -> (seed, network) -> score of a part."""
    best: dict[tuple[str, str], dict[tuple[str, str], tuple[float, float]]] = {}
    for row in rows:
        runs = best.setdefault((row["table"], row["encoding"]), {})
        run, validation = (row["seed"], row["network"]), float(row["validation"])
        if not math.isnan(validation):
            runs[run] = max(runs.get(run, (-math.inf, 0.0)), (validation, float(row[part])))
    return {pair: {run: value for run, (_, value) in runs.items()} for pair, runs in best.items()}


def difference(scores: Mapping[tuple[str, str], float], others: Mapping[tuple[str, str], float]) -> tuple[float, float]:
    """Mean difference, and its standard error over seeds; networks of one seed share a split and count as one."""
    by_seed: dict[str, list[float]] = {}
    for run in scores.keys() & others.keys():
        by_seed.setdefault(run[0], []).append(scores[run] - others[run])
    means = [statistics.fmean(values) for values in by_seed.values()]
    error = statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    return (statistics.fmean(means), error) if means else (math.nan, math.nan)


def report(rows: list[dict[str, str]], part: str) -> str:
    """A table of mean scores of the first encoding, and of paired differences of the others from it."""
    scores = chosen_scores(rows, part)
    first, *others = ENCODINGS
    tables = list(dict.fromkeys(table for table, _ in scores))
    lines, means = [], {encoding: [] for encoding in others}  # type: dict[str, list[float]]
    for name in tables:
        cells = [f"{statistics.fmean(scores[name, first].values()):.4f}"] if (name, first) in scores else ["-"]
        for encoding in others:
            mean, error = difference(scores.get((name, encoding), {}), scores.get((name, first), {}))
            cells.append(f"{mean:+.4f} ± {error:.4f}")
            if name not in (*BUNDLED, *GENERATED) and not math.isnan(mean):
                means[encoding].append(mean)
        lines.append([name, *cells])
    summary = ["mean of the file's tables, error over tables", ""]
    for encoding in others:
        n = len(means[encoding])
        summary.append(
            f"{statistics.fmean(means[encoding]):+.4f} ± {statistics.stdev(means[encoding]) / math.sqrt(n):.4f}"
            if n > 1
            else "-"
        )
    return timing.table([f"{part} score", f"{first}: mean", *others], [*lines, summary])


def add_run(file: Path, x: Values, y: NDArray[np.float64], name: str, seed: int, encoding: str) -> None:
    """Add what an encoding gives, unless the file has it; that of the first where it gives the same inputs."""
    rows = [row for row in read_results(file) if (row["table"], row["seed"]) == (name, str(seed))]
    if not any(row["encoding"] == encoding for row in rows):
        of_first = [row | {"encoding": encoding} for row in rows if row["encoding"] == FIRST]
        add_results(file, list(trained(x, y, name, seed, encoding)) or of_first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a .npz file of tables, NAME_x and NAME_y")
    parser.add_argument("--tables", nargs="*", help="those of the file, and generated ones; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(6)))
    parser.add_argument("--results", type=Path, required=True, help="a .csv file, which gets a row a training")
    arguments = parser.parse_args()
    with np.load(arguments.data) as file:
        known = [name.removesuffix("_x") for name in file.files if name.endswith("_x")]
    for name in arguments.tables or [*known, *BUNDLED, *GENERATED]:
        for seed in arguments.seeds:
            x, y = read_table(arguments.data, name, seed)
            for encoding in ENCODINGS:
                add_run(arguments.results, x, y, name, seed, encoding)
                print(".", end="", flush=True)
    rows = read_results(arguments.results)
    print("\n" + timing.header("numba", "numpy", note=f"{len(rows)} trainings"))
    print("\n".join(report(rows, part) for part in ("test", "validation")))


if __name__ == "__main__":
    main()
