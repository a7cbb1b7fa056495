"""Epochs of layered networks in this checkout and in another one, in turns, in processes of their own.

    python tests/benchmarks/engine_versions.py --other FOLDER [--quick]

FOLDER is another checkout, such as a `git worktree` of an earlier commit. Networks have rectifiers and random links, or
all of them; AdamW, one thread. Each process compiles first and gives the fastest of some epochs of 6,400 rows; seconds
are scaled to 60,000 rows. The last line is the gathering of an epoch of MNIST's size, from bytes.
"""

from __future__ import annotations

from timing import ENVIRONMENT, header, parser, spread, table, three_digits  # isort: skip

import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from layered_wirings import random_links

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs, gather_batch
from nas.engine.layout import aligned_empty, lay_out
from nas.engine.networks import first_state
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.results.dense_networks import dense_wiring

NETWORKS = (  # layers, density, rows a batch
    ((784, 300, 100, 10), 1.0, 128),
    ((784, 300, 100, 10), 0.05, 128),
    ((784, 300, 100, 10), 0.01, 128),
    ((784, 60, 10), 0.1, 128),
    ((16, 100, 100, 26), 1.0, 128),
    ((16, 100, 100, 26), 0.3, 128),
    ((36, 300, 300, 6), 0.02, 128),
    ((64, 50, 10), 1.0, 64),
    ((64, 50, 10), 0.2, 32),
)
N_ROWS, SHOWN_ROWS = 6_400, 60_000
TURNS, EPOCHS = 5, 5


def epoch_s(widths: tuple[int, ...], density: float, batch_size: int, n_epochs: int) -> float:
    """Seconds of the fastest of some epochs of so many rows as are shown."""
    rng = np.random.default_rng(0)
    inputs = Inputs.plain(rng.standard_normal((widths[0], N_ROWS)).astype(np.float32))
    targets = rng.integers(widths[-1], size=N_ROWS).astype(np.float32)
    counts = [max(before, after, round(before * after * density)) for before, after in pairwise(widths)]
    wiring = dense_wiring(widths) if density == 1.0 else random_links(widths, counts, rng)
    network, batches = lay_out(wiring, "relu"), BatchPlan(N_ROWS, batch_size, (0,))
    recipe = Recipe("classification", batches, batches.steps_per_epoch)
    fastest = np.inf
    for _ in range(n_epochs + 1):  # the first compiles
        first = first_state(network, [[0]])
        start = time.perf_counter()
        train([network], [Hyperparameters(1e-3)], [first], inputs, targets, recipe, recipe.total_steps)
        fastest = min(fastest, time.perf_counter() - start)
    return fastest * SHOWN_ROWS / N_ROWS


def gathering_s(n_epochs: int) -> float:
    """Seconds to gather all rows of a matrix of bytes, of the size of MNIST, in batches of 128."""
    rng = np.random.default_rng(0)
    rows, batch = rng.permutation(SHOWN_ROWS).astype(np.int32), aligned_empty((784, 128))
    values = rng.integers(256, size=(SHOWN_ROWS, 784), dtype=np.uint8)
    inputs = Inputs(values, np.ones(784, np.float32), np.zeros(784, np.float32))
    fastest = np.inf
    for _ in range(n_epochs + 1):
        start = time.perf_counter()
        for first in range(0, SHOWN_ROWS - 127, 128):
            gather_batch(inputs, rows[first : first + 128], batch)
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def seconds_in(checkout: Path, n_epochs: int) -> list[float]:
    """What a process that imports the packages of a checkout measures."""
    here = Path(__file__).resolve()
    code = (
        f"import sys; sys.path[:0] = [{str(checkout)!r}, {str(here.parent)!r}]; import engine_versions as versions; "
        f"versions.measure({n_epochs})"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=ENVIRONMENT, cwd=checkout, capture_output=True, text=True, check=True
    )
    return [float(value) for value in json.loads(done.stdout.splitlines()[-1])]


def measure(n_epochs: int) -> None:
    """Print the seconds of all networks, and of the gathering, as JSON."""
    print(json.dumps([*(epoch_s(*network, n_epochs) for network in NETWORKS), gathering_s(n_epochs)]))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--other", type=Path, required=True, help="folder of another checkout")
    given = options.parse_args()
    turns, n_epochs = (1, 1) if given.quick else (TURNS, EPOCHS)
    sides = {"this": Path(__file__).resolve().parents[2], "other": given.other.resolve()}
    found: dict[str, list[list[float]]] = {name: [] for name in sides}
    for turn in range(turns):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            found[name].append(seconds_in(sides[name], n_epochs))
    this, other = (np.array(found[name]).T for name in sides)  # (n_measured, n_turns)
    names = [(" to ".join(map(str, widths)), f"{100 * density:g} %", batch) for widths, density, batch in NETWORKS]
    names.append(("gathering of bytes", "", 128))
    rows = [
        [*name, three_digits(float(np.median(b))), three_digits(float(np.median(a))), spread(b / a)]
        for name, a, b in zip(names, this, other, strict=True)
    ]
    print(header("numba", "numpy", note=f"medians of {turns} turns"))
    print(table(["layers", "density", "rows a batch", "other, s", "this, s", "ratio: median (turns)"], rows))


if __name__ == "__main__":
    main()
