"""Haeusner's study of pruning after training, repeated: accuracies beside the published ones.

    python tests/benchmarks/pruning_study.py --data mnist.npz --out study.csv [--runs 5] [--only blinded uniform ...]
    python tests/benchmarks/pruning_study.py --out study.csv --analyse

784-100-10 (79,400 weights) with rectifiers on MNIST: the first 10,000 of the shuffled training rows are for validation;
gradient descent at .01, which falls tenfold, with momentum .5 from then on, once an epoch gains nothing; first weights
as PyTorch draws them. Two epochs of retraining follow each step; after a single step of 80 % and more, up to 25 while
an epoch gains 1e-5. The files of the study behind Stier, Darji & Granitzer (arXiv 2107.12917) have the published
numbers, means of 25 runs of a network of .9729. LeNet-300-100 is pruned gradually while it is trained with AdamW. The
file gets a row a run.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from comparison import mean_and_error
from result_file import ResultFile, Row, read_rows
from scipy.stats import ttest_rel

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import Network, lay_out
from nas.engine.networks import as_changed, first_state
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.results.dense_networks import dense_wiring
from nas.sparsify.amounts import Amount
from nas.sparsify.changes import Changes
from nas.sparsify.frame import Frame
from nas.sparsify.pruning import Retraining, Rows, prune
from nas.sparsify.saliency import SaliencyName
from search_spaces.sparse_training import SparseTraining

SMALL, LENET = (784, 100, 10), (784, 300, 100, 10)
N_TRAIN, BATCH_SIZE = 50_000, 64
FIRST_RATE, LAST_RATE, MOST_EPOCHS = 0.01, 1e-4, 200
RETRAINING_EPOCHS, LEAST_GAIN, MOST_RETRAINING_EPOCHS = 2, 1e-5, 25
LENET_EPOCHS, LENET_SHARE = 30, 0.05


@dataclass(frozen=True)
class Experiment:
    """A way to prune, and what was published of it: accuracy by the weights that are left."""

    saliency: SaliencyName
    amount: Amount
    fewest: int
    published: dict[int, float]
    is_single_step: bool = False


EXPERIMENTS = {
    "blinded": Experiment(
        "magnitude", Amount("share", 0.25), 2515, {18842: 0.9756, 14131: 0.9753, 4471: 0.9707, 2515: 0.9635}
    ),
    "uniform": Experiment(
        "magnitude-uniform", Amount("share", 0.25), 2515, {18842: 0.9704, 14131: 0.9674, 4471: 0.9453, 2515: 0.9231}
    ),
    "distributed": Experiment(
        "magnitude-distributed", Amount("share", 0.25), 2515, {18842: 0.9719, 14131: 0.9705, 4471: 0.9494, 2515: 0.9314}
    ),
    "brain damage": Experiment(
        "brain-damage", Amount("share", 0.25), 2515, {18842: 0.9737, 14131: 0.9734, 4471: 0.9672, 2515: 0.9611}
    ),
    "random": Experiment(
        "random", Amount("share", 0.25), 2515, {18842: 0.9303, 14131: 0.9199, 4471: 0.8338, 2515: 0.6918}
    ),
    "surgeon": Experiment("layer-wise-surgeon", Amount("share", 0.25), 2515, {}),
    "first order": Experiment("first-order", Amount("share", 0.25), 2515, {}),
    "blinded, 1000 a step": Experiment(
        "magnitude", Amount("count", 1000), 13400, {49400: 0.9782, 29400: 0.9788, 19400: 0.9787, 13400: 0.9791}
    ),
}
SINGLE_STEPS: dict[str, tuple[float, float, float]] = {
    "blinded": (0.9722, 0.9716, 0.9697),
    "brain damage": (0.9719, 0.9706, 0.9681),
    "distributed": (0.9703, 0.9682, 0.9619),
    "uniform": (0.9694, 0.9662, 0.9575),
    "random": (0.9449, 0.9365, 0.9209),
    "surgeon": (0.9354, 0.9077, 0.7823),
}
for _name, _published in SINGLE_STEPS.items():
    for _share, _accuracy in zip((80, 85, 90), _published, strict=True):
        _left = round(79_400 * (1 - _share / 100))
        EXPERIMENTS[f"{_name}, one step of {_share} %"] = Experiment(
            EXPERIMENTS[_name].saliency, Amount("share", _share / 100), _left, {_left: _accuracy}, True
        )
LENET_NAME = "LeNet-300-100, gradually to 5 %"


@dataclass(frozen=True, eq=False)
class Mnist:
    """Rows to train and to validate on, and the test rows."""

    rows: Rows
    test: Inputs
    test_targets: np.ndarray

    @classmethod
    def read(cls, path: Path, seed: int) -> Mnist:
        """The published file, normalised as in the study; the shuffle is that of a seed."""
        with np.load(path, allow_pickle=False) as arrays:
            x, y, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        order = np.random.default_rng(seed).permutation(len(x))
        order = np.concatenate([order[10_000:], order[:10_000]])
        scale, shift = np.float32(1 / 255 / 0.3081), np.float32(-0.1307 / 0.3081)

        def inputs(values: np.ndarray) -> Inputs:
            flat = np.ascontiguousarray(values.reshape(len(values), -1))
            return Inputs(flat, np.full(784, scale, np.float32), np.full(784, shift, np.float32))

        return cls(Rows(inputs(x[order]), y[order].astype(np.float32), N_TRAIN), inputs(x_test), y_test)

    def test_score(self, network: Network, state: TrainingState) -> float:
        """Accuracy on the test rows."""
        return score(predict(network, state.parameters[0], self.test), self.test_targets, "classification")


def base_recipe(epochs: int, seed: int) -> Recipe:
    """Gradient descent as in the study."""
    batches = BatchPlan(N_TRAIN, BATCH_SIZE, (seed,))
    return Recipe("classification", batches, epochs * batches.steps_per_epoch, 0.0, "sgd", "constant", momentum=0.0)


def first_weights(network: Network, seed: int) -> TrainingState:
    """Weights and biases as PyTorch draws them: uniform up to the root of one over the fan-in, either sign."""
    state, fan_in = first_state(network, [[seed]]), np.diff(network.indptr)
    bounds = 1 / np.sqrt(np.concatenate([np.repeat(fan_in, fan_in), fan_in]))
    drawn = np.random.default_rng(seed).uniform(-bounds, bounds)
    return replace(state, parameters=drawn.astype(np.float32)[None])


def trained(network: Network, mnist: Mnist, seed: int) -> TrainingState:
    """The first training: the rate falls tenfold when an epoch gains nothing on the validation rows."""
    recipe, rate, best = base_recipe(MOST_EPOCHS, seed), FIRST_RATE, 0.0
    state, rows = first_weights(network, seed), mnist.rows
    for epoch in range(MOST_EPOCHS):
        until = (epoch + 1) * recipe.batches.steps_per_epoch
        (state,) = train([network], [Hyperparameters(rate)], [state], rows.inputs, rows.targets, recipe, until)
        now = rows.score(network, state, "classification")
        if now <= best:
            rate *= 0.1
            recipe = replace(recipe, momentum=0.5)
            if rate <= LAST_RATE:
                break
        best = now
    return state


@cache
def unpruned(mnist: Mnist, seed: int) -> tuple[Network, TrainingState]:
    """The network that experiments of a run begin with."""
    network = lay_out(dense_wiring(SMALL), "relu")
    return network, trained(network, mnist, seed)


def run_of(name: str, mnist: Mnist, seed: int) -> Iterator[tuple[int, float]]:
    """Weights and test accuracy of a network before it is pruned, and after each step."""
    if name == LENET_NAME:
        yield lenet(mnist, seed)
        return
    experiment = EXPERIMENTS[name]
    network, state = unpruned(mnist, seed)
    yield len(network.indices), mnist.test_score(network, state)
    epochs = MOST_RETRAINING_EPOCHS if experiment.is_single_step else RETRAINING_EPOCHS
    least_gain = LEAST_GAIN if experiment.is_single_step else None
    how = Retraining(base_recipe(epochs, seed), Hyperparameters(FIRST_RATE), least_gain)
    given = (experiment.saliency, experiment.amount, how, mnist.rows, experiment.fewest)
    frame = Frame.of(dense_wiring(SMALL))
    for pruned in prune(network, state, frame, *given, np.random.default_rng(seed)):
        yield len(pruned.network.indices), mnist.test_score(pruned.network, pruned.state)


def lenet(mnist: Mnist, seed: int) -> tuple[int, float]:
    """Weights and test accuracy of LeNet-300-100 after gradual pruning."""
    wiring, batches = dense_wiring(LENET), BatchPlan(60_000, 128, (seed,))
    recipe = Recipe("classification", batches, LENET_EPOCHS * batches.steps_per_epoch)
    training = SparseTraining("pruned", "all", LENET_SHARE, 60, 0.6)
    changes = Changes.of(training, wiring, recipe.total_steps, (seed,))
    network = lay_out(wiring, "relu")
    own, rows = Hyperparameters(3e-3, 0.05, 0.0, training), mnist.rows
    (state,) = train(
        [network], [own], [first_state(network, [[seed]])], rows.inputs, rows.targets, recipe, recipe.total_steps,
        changes=[changes],
    )  # fmt: skip
    after = as_changed(network, state)
    assert isinstance(after, Network)
    return len(after.indices), mnist.test_score(after, state)


def nearest(points: Sequence[tuple[int, float]], n_weights: int) -> float:
    """The accuracy at about so many weights."""
    return min(points, key=lambda point: abs(point[0] - n_weights))[1]


def analyse(rows: Sequence[Row]) -> str:
    """Means over runs beside the published ones, and class-blinded against class-uniform, paired."""
    points: dict[str, dict[int, list[tuple[int, float]]]] = {}
    for row in rows:
        points.setdefault(row["experiment"], {})[int(row["run"])] = [(n, s) for n, s in json.loads(row["points"])]
    lines = []
    for name, runs in points.items():
        published = EXPERIMENTS[name].published if name in EXPERIMENTS else {}
        sizes = list(published) or [runs[min(runs)][-1][0]]
        lines.append([name, "unpruned", len(runs), mean_and_error([own[0][1] for own in runs.values()]), ""])
        for size in sizes:
            found = [nearest(own, size) for own in runs.values()]
            said = f"{published[size]:.4f}" if size in published else ""
            lines.append([name, f"{size:,}", len(runs), f"{mean_and_error(found)}, best {max(found):.4f}", said])
    text = table(["experiment", "weights", "runs", "test accuracy", "published"], lines)
    if {"blinded", "uniform"} <= points.keys():
        both = sorted(points["blinded"].keys() & points["uniform"].keys())
        of_two = [[nearest(points[name][run], 15880) for run in both] for name in ("blinded", "uniform")]
        if len(both) > 1:
            gain = np.mean(of_two[0]) - np.mean(of_two[1])
            text += f"\nClass-blinded less class-uniform at 80 % compression: {gain:+.4f}"
            text += f", p = {ttest_rel(*of_two).pvalue:.2g} (paired t-test)."
    return text


def main() -> None:
    names = [*EXPERIMENTS, LENET_NAME]
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="CSV file of results")
    options.add_argument("--data", type=Path, help="mnist.npz")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", nargs="+", choices=names, default=names)
    options.add_argument("--analyse", action="store_true", help="print the tables of what is there, and train no more")
    given = options.parse_args()
    if given.analyse == bool(given.data):
        options.error("Give --data or --analyse.")
    rows = read_rows(given.out)[1] if given.analyse else []
    if not given.analyse:
        results = ResultFile(given.out, ("experiment", "run", "points"), ("experiment", "run"))
        for run in range(given.runs):
            missing = [name for name in given.only if not results.has(experiment=name, run=run)]
            if not missing:
                continue
            mnist = Mnist.read(given.data, run)
            for name in missing:
                points = list(run_of(name, mnist, run))
                results.add({"experiment": name, "run": run, "points": json.dumps(points)})
                print(f"done: {name}, run {run}", flush=True)
        rows = results.rows
    print(header("numba", "numpy", note="mean ± standard error over runs"))
    print(analyse(rows))


if __name__ == "__main__":
    main()
