"""Time of an epoch while edges are dropped and grown, and of the changes themselves.

    python tests/benchmarks/wiring_changes.py [--quick]

784-300-100-10, 128 rows a batch, AdamW, one thread, 60,000 rows of noise. For each density: an epoch of the dense
network (the same kernels), an epoch in which it is gradually pruned to that density by 40 changes, an epoch after that;
an epoch of masked dense torch layers; and of RigL at that density with a change every 100 steps, with the share of its
time that the changes take, and the growing alone.
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import Network, lay_out
from nas.engine.networks import as_changed, first_state
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.results.dense_networks import dense_wiring
from nas.results.learned_networks import sparse_wiring
from nas.sparsify import rewiring
from nas.sparsify.changes import Changes
from search_spaces.sparse_training import STATIC, SparseTraining
from search_spaces.wiring import Wiring

WIDTHS = (784, 300, 100, 10)
DENSITIES = (1.0, 0.2, 0.05, 0.01)
BATCH_SIZE, N_ROWS, CHANGES, EVERY = 128, 60_000, 40, 100


def rows_of(n: int) -> tuple[Inputs, np.ndarray]:
    """Rows of noise as images are stored, and their classes."""
    rng = np.random.default_rng(0)
    values = rng.integers(256, size=(n, WIDTHS[0]), dtype=np.uint8)
    scale, shift = np.full(WIDTHS[0], 1 / 255, np.float32), np.full(WIDTHS[0], -0.5, np.float32)
    return Inputs(values, scale, shift), rng.integers(WIDTHS[-1], size=n).astype(np.float32)


def epoch(wiring: Wiring, training: SparseTraining, state: TrainingState | None, data: Any) -> tuple[float, Any]:
    """Seconds of an epoch, and the state after it."""
    inputs, targets = data
    batches = BatchPlan(len(targets), BATCH_SIZE, (0,))
    recipe = Recipe("classification", batches, batches.steps_per_epoch)
    network = lay_out(wiring, "relu")
    begun = state or first_state(network, [[0]])
    changes = None if training.is_static else Changes.of(training, wiring, recipe.total_steps, (1,))
    own = Hyperparameters(1e-3, 0.0, 0.0, training)
    start = time.perf_counter()
    (after,) = train([network], [own], [begun], inputs, targets, recipe, recipe.total_steps, changes=[changes])
    return time.perf_counter() - start, after


def again(state: TrainingState) -> TrainingState:
    """The same state at the beginning of another training."""

    return replace(state, steps_done=0)


def masked_epoch(density: float, n: int) -> float:
    """Seconds of an epoch of masked dense layers in torch."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(WIDTHS)]
    masks = [(torch.rand(layer.weight.shape) < density).float() for layer in layers]
    optimiser = torch.optim.AdamW([p for layer in layers for p in layer.parameters()], lr=1e-3, fused=True)
    x = torch.rand(n, WIDTHS[0]) - 0.5
    y = torch.randint(WIDTHS[-1], (n,))
    start = time.perf_counter()
    for first in range(0, n - BATCH_SIZE + 1, BATCH_SIZE):
        values = x[first : first + BATCH_SIZE]
        for place, (layer, mask) in enumerate(zip(layers, masks, strict=True)):
            values = torch.nn.functional.linear(values, layer.weight * mask, layer.bias)
            values = values if place == len(layers) - 1 else torch.relu(values)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(values, y[first : first + BATCH_SIZE]).backward()
        optimiser.step()
    return time.perf_counter() - start


def timed(owner: Any, name: str, spent: list[float]) -> Callable[[], None]:
    """Add the seconds of each call of a function to a list, until what is given back is called."""
    function = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        result = function(*arguments, **options)
        spent.append(time.perf_counter() - start)
        return result

    setattr(owner, name, wrapped)
    return lambda: setattr(owner, name, function)


def row_of(density: float, n: int) -> list[str]:
    """One row of the table."""
    data, dense = rows_of(n), dense_wiring(WIDTHS)
    epoch(dense, STATIC, None, rows_of(2 * BATCH_SIZE))  # loads the kernels
    before_s, _ = epoch(dense, STATIC, None, data)
    while_s, after_s, n_left = before_s, before_s, dense.n_edges
    if density < 1.0:
        while_s, pruned = epoch(dense, SparseTraining("pruned", "all", density, CHANGES, 1.0), None, data)
        network = as_changed(lay_out(dense, "relu"), pruned)
        assert isinstance(network, Network)
        n_left = len(network.indices)
        after_s, _ = epoch(dense, STATIC, again(pruned), data)
    masked_s = masked_epoch(density, n)
    cells = [f"{before_s:.2f}", f"{while_s:.2f}", f"{after_s:.2f}", f"{masked_s:.2f}", f"{masked_s / after_s:.1f}"]
    if density == 1.0:
        return [f"{100 * density:g} %", f"{n_left:,}", *cells, "", "", ""]
    n_changes = max(1, n // BATCH_SIZE // EVERY)
    changing: list[float] = []
    growing: list[float] = []
    restore = [timed(Changes, "change", changing), timed(rewiring, "edge_gradients", growing)]
    rigl_s, _ = epoch(sparse_wiring(WIDTHS, density), SparseTraining("rigl", "all", 0.3, n_changes, 1.0), None, data)
    for undo in restore:
        undo()
    shares = [f"{100 * sum(spent) / rigl_s:.1f} %" for spent in (changing, growing)]
    return [f"{100 * density:g} %", f"{n_left:,}", *cells, f"{rigl_s:.2f}", *shares]


def main() -> None:
    given = parser(__doc__).parse_args()
    n = N_ROWS // 20 if given.quick else N_ROWS
    columns = ["density", "edges", "dense, s", "while pruned, s", "after, s", "masked torch, s", "masked over after"]
    columns += ["RigL, s", "its changes", "its gradients"]
    rows = [row_of(density, n) for density in DENSITIES]
    print(header("numba", "numpy", "torch", note=f"seconds of an epoch of {n:,} rows"))
    print(table(columns, rows))


if __name__ == "__main__":
    main()
