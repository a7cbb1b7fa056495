"""What a child that is pruned further should take over from its parent: weights, the learned wiring alone, or nothing.

    python tests/benchmarks/inheritance.py --data FOLDER [--seeds 5] [--quick]

FOLDER has mnist.npz and csv/letter.csv, csv/satimage.csv (target `class`). The parent is gradually pruned from two
dense layers of four times its weights in one training. A child has half the weights of its parent: it is pruned from
its trained network in a third of a training ("weights"); it has the wiring of that child, with weights drawn anew, and
a whole training ("wiring"); or it is pruned from the same dense layers in one whole training ("nothing"). Then once
more by half. Scores are those of the validation rows, seconds those of the child alone, on one core.
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from comparison import mean_and_error, paired

from nas.budget import batch_plan
from nas.data import prepare
from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network, lay_out
from nas.engine.networks import as_changed, first_state
from nas.engine.population import predict, score, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.results.dense_networks import dense_wiring, equal_width
from nas.sparsify.changes import Changes
from nas.sparsify.further import pruned_further
from nas.sparsify.learned import learned_wiring
from search_spaces.sparse_training import SparseTraining
from search_spaces.wiring import Wiring

SOURCES = {"mnist": ("mnist.npz", 6000, 8, 0.006), "letter": ("csv/letter.csv", 8000, 40, 0.02)}
SOURCES["satimage"] = ("csv/satimage.csv", 4000, 60, 0.02)
WAYS = ("weights", "wiring", "nothing")
DENSE_FACTOR, CHANGES, UNTIL = 4, 40, 0.4


@dataclass(frozen=True, eq=False)
class Rows:
    """Training and validation rows, and how networks are trained on them."""

    inputs: Inputs
    targets: Float32
    n_train: int
    n_outputs: int
    recipe: Recipe

    @classmethod
    def read(cls, folder: Path, name: str, quick: bool) -> Rows:
        """The rows of a data set."""
        path, _, epochs, _ = SOURCES[name]
        dataset = prepare(str(folder / path), target=None if name == "mnist" else "class", seed=0)
        batches = batch_plan(dataset.n_train, 0)
        recipe = Recipe("classification", batches, (1 if quick else epochs) * batches.steps_per_epoch)
        inputs = Inputs(np.ascontiguousarray(dataset.x.T), dataset.scale, dataset.shift)
        return cls(inputs, dataset.y.astype(np.float32), dataset.n_train, dataset.n_outputs, recipe)

    def score(self, network: Network, state: TrainingState) -> float:
        """Accuracy on the validation rows."""
        outputs = predict(network, state.parameters[0], self.inputs, self.n_train, len(self.targets))
        return score(outputs, self.targets[self.n_train :], "classification")


def trained(rows: Rows, wiring: Wiring, own: Hyperparameters, seed: int) -> TrainingState:
    """The state after a whole training."""
    network, words = lay_out(wiring, "silu"), (seed,)
    training = own.sparse_training
    changes = None if training.is_static else Changes.of(training, wiring, rows.recipe.total_steps, words)
    given = (rows.inputs, rows.targets, rows.recipe, rows.recipe.total_steps)
    (state,) = train([network], [own], [first_state(network, [words])], *given, changes=[changes])
    return state


def children(rows: Rows, name: str, seed: int) -> dict[tuple[int, str], tuple[float, float, int]]:
    """Score, seconds and weights of each child by generation and by what it takes over."""
    _, n_weights, _, rate = SOURCES[name]
    width = equal_width(rows.inputs.n_inputs, rows.n_outputs, 2, DENSE_FACTOR * n_weights)
    wiring = dense_wiring((rows.inputs.n_inputs, width, width, rows.n_outputs))
    network, share = lay_out(wiring, "silu"), n_weights / wiring.n_weights
    pruning = SparseTraining("pruned", "all", share, CHANGES, UNTIL)
    own = Hyperparameters(rate, sparse_training=pruning)
    state = trained(rows, wiring, own, seed)
    found = {}
    for generation in (1, 2):
        further = replace(own, sparse_training=replace(pruning, further=(0.5,) * generation))
        start = time.perf_counter()
        after = pruned_further(network, wiring, state, further, rows.inputs, rows.targets, rows.recipe, (seed,))
        seconds = time.perf_counter() - start
        assert after is not None
        state, left = after, as_changed(network, after)
        assert isinstance(left, Network)
        n_left = len(left.indices)
        found[generation, "weights"] = rows.score(left, state), seconds, n_left

        small, _ = learned_wiring(left, state.parameters[0])
        start = time.perf_counter()
        anew = trained(rows, small, Hyperparameters(rate), seed + 1000)
        seconds = time.perf_counter() - start
        found[generation, "wiring"] = rows.score(lay_out(small, "silu"), anew), seconds, small.n_weights

        alone = replace(pruning, share=n_left / wiring.n_weights)
        start = time.perf_counter()
        of_alone = trained(rows, wiring, Hyperparameters(rate, sparse_training=alone), seed + 1000)
        seconds = time.perf_counter() - start
        network_alone = as_changed(network, of_alone)
        assert isinstance(network_alone, Network)
        score_alone = rows.score(network_alone, of_alone)
        found[generation, "nothing"] = score_alone, seconds, len(network_alone.indices)
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--only", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    given = options.parse_args()
    lines = []
    for name in given.only:
        rows = Rows.read(given.data, name, given.quick)
        runs = [children(rows, name, seed) for seed in range(1 if given.quick else given.seeds)]
        for generation in (1, 2):
            scores = {way: {seed: run[generation, way][0] for seed, run in enumerate(runs)} for way in WAYS}
            for way in WAYS:
                seconds = np.mean([run[generation, way][1] for run in runs])
                n_weights = np.mean([run[generation, way][2] for run in runs])
                less = "" if way == "nothing" else str(paired(scores[way], scores["nothing"]))
                score_cell = mean_and_error(list(scores[way].values()))
                lines.append([name, generation, f"{n_weights:,.0f}", way, score_cell, less, f"{seconds:.2f}"])
    print(header("numba", "numpy", note="mean ± standard error over seeds; one thread"))
    columns = ["data", "prunings", "weights", "taken over", "validation score", "less nothing", "seconds"]
    print(table(columns, lines))


if __name__ == "__main__":
    main()
