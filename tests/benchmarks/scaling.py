"""Cost of a training step against the number of edges, and how near it comes to what loads alone would take.

Networks are random DAGs: each neuron reads equally many sources, one half of them inputs, the other half drawn evenly
from the neurons before it. How many is the same at all sizes; with ``--growth 0.5`` it is the number of neurons that
grows with the root of the edges, as it does in networks of equal density, and so do the sources of each. Whole steps,
one weight set, batch 128, float32, one thread.

The bound: a network's products need one vector of 64 bytes an edge and 16 samples, three times: forward, for the
gradient of the source (of hidden edges), and for that of the weight. The engine reads a row once for the latter two, so
the fewest loads are given as well. Both at the bandwidth of a compiled loop that adds rows of 512 bytes in random order
out of as much memory as the network's inputs, activations and gradients take, measured in the same turns.

    python tests/benchmarks/scaling.py [--fan-in 32] [--growth 1.0] [--quick]
"""

from __future__ import annotations

from timing import FULL, QUICK, Call, Effort, header, in_turns, milliseconds, parser, spread, table  # isort: skip

from dataclasses import dataclass

import numpy as np
from engine_step import BATCH, engine_step

from nas.engine.compiler import compiled
from nas.engine.lanes import at, load, store
from nas.engine.layout import aligned_empty
from search_spaces.wiring import Wiring

N_INPUTS, N_OUTPUTS = 784, 10
SIZES = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)  # edges
SMALLEST_BOUNDED = 1e4
BOUNDED_SIZES = (SMALLEST_BOUNDED, 2e4, 5e4, 1e5)
N_READS = 40_000  # rows a call of the loop that measures the bandwidth
ROW_BYTES, VECTOR_BYTES = 4 * BATCH, 64


@dataclass(frozen=True)
class Shape:
    """How networks grow.

    Attributes:
        fan_in: Sources a neuron at 10,000 edges.
        growth: The number of neurons is proportional to the edges to this power.
    """

    fan_in: int
    growth: float

    def __str__(self) -> str:
        if self.growth == 1:
            return f"{self.fan_in} sources a neuron"
        return f"{self.fan_in} sources a neuron at 10,000 edges, neurons grow as edges^{self.growth:g}"


def random_wiring(n_edges: int, shape: Shape) -> Wiring:
    """About so many edges; what no neuron reads is read by an output."""
    rng = np.random.default_rng(0)
    n = round(SMALLEST_BOUNDED / shape.fan_in * (n_edges / SMALLEST_BOUNDED) ** shape.growth)
    fan_in = n_edges // n
    half = fan_in // 2
    neurons = np.arange(n)
    hidden = rng.integers(0, np.maximum(neurons, 1)[:, None], (n, half))
    hidden[0] = -1  # nothing is before it
    keys = [
        (neurons[:, None] * (N_INPUTS + n) + rng.integers(0, N_INPUTS, (n, fan_in - half))).ravel(),
        (neurons[:, None] * (N_INPUTS + n) + N_INPUTS + hidden)[1:].ravel(),
    ]
    targets, sources = np.divmod(np.unique(np.concatenate(keys)), N_INPUTS + n)
    unread = np.setdiff1d(neurons, sources - N_INPUTS)
    outputs = n + np.arange(max(len(unread), N_OUTPUTS)) % N_OUTPUTS
    into_outputs = N_INPUTS + np.resize(unread, len(outputs))
    return Wiring.from_edges(
        N_INPUTS, n, N_OUTPUTS, np.concatenate([sources, into_outputs]), np.concatenate([targets, outputs])
    )


@compiled
def add_rows(memory: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Add up rows of 128 numbers; two sums, so that no load waits for an addition."""
    address, target = at(memory, 0), at(out, 0)
    first, second = load(target, 0, 128), load(target, 0, 128)
    for r in range(0, rows.shape[0], 2):
        first = first + load(address, rows[r] * 128, 128)
        second = second + load(address, rows[r + 1] * 128, 128)
    store(first + second, target, 0)


def reading(n_rows: int) -> Call:
    """A call that loads N_READS random rows of so many."""
    memory, out = aligned_empty((n_rows, BATCH)), aligned_empty((BATCH,))
    memory[:], out[:] = 0, 0
    rows = np.random.default_rng(0).integers(0, n_rows, N_READS)
    return lambda: add_rows(memory, rows, out)


def cost_against_edges(sizes: list[int], shape: Shape, effort: Effort) -> None:
    wirings = [random_wiring(size, shape) for size in sizes]
    seconds = in_turns({str(i): engine_step(wiring) for i, wiring in enumerate(wirings)}, effort)
    edges = np.array([wiring.n_edges for wiring in wirings])
    times = np.array([np.median(seconds[str(i)]) for i in range(len(wirings))])
    rows = []
    for i, wiring in enumerate(wirings):
        step_to_step = "" if i == 0 else f"{np.log(times[i] / times[i - 1]) / np.log(edges[i] / edges[i - 1]):.2f}"
        each = seconds[str(i)] / wiring.n_edges * 1e9
        speed = f"{6 * wiring.n_edges * BATCH / times[i] / 1e9:.0f}"
        cells = [milliseconds(seconds[str(i)]), spread(each), step_to_step, speed]
        rows.append([f"{wiring.n_edges:,}", f"{wiring.n_hidden:,}", *cells])
    columns = ["edges", "neurons", "step ms", "ns an edge: median (turns)", "slope from the row above", "GFLOP/s"]
    print(table(columns, rows))
    is_from = edges >= 0.9e4
    slope = np.polyfit(np.log(edges[is_from]), np.log(times[is_from]), 1)[0]
    print(f"Log-log slope from {edges[is_from][0]:,} edges to {edges[-1]:,}: {slope:.3f}.\n")


def share_of_bound(sizes: list[int], shape: Shape, effort: Effort) -> None:
    rows = []
    for size in sizes:
        wiring = random_wiring(size, shape)
        n_rows = N_INPUTS + 2 * (wiring.n_hidden + N_OUTPUTS)  # inputs, activations, gradients
        seconds = in_turns({"step": engine_step(wiring), "reading": reading(n_rows)}, effort)
        n_hidden_edges = int((wiring.indices >= N_INPUTS).sum())
        n_loads = BATCH * 4 // VECTOR_BYTES * np.array([2 * wiring.n_edges + n_hidden_edges, 2 * wiring.n_edges])
        speed = N_READS * ROW_BYTES / seconds["reading"]  # bytes a second, (turns,)
        bound = n_loads[:, None] * VECTOR_BYTES / speed
        size_of = [f"{wiring.n_edges:,}", f"{wiring.n_hidden:,}", f"{n_rows * ROW_BYTES / 1e6:.2f}"]
        medians = [f"{1e6 * np.median(times):.0f}" for times in (*bound, seconds["step"])]
        shares = [spread(times / seconds["step"]) for times in bound]
        rows.append([*size_of, f"{np.median(speed) / 1e9:.0f}", *medians, *shares])
    columns = ["edges", "neurons", "MB", "GB/s", "bound us", "of fewest loads us", "step us"]
    print(table([*columns, "share of the bound: median (turns)", "of that of fewest loads"], rows))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--fan-in", type=int, default=32, help="sources a neuron (default: 32)")
    options.add_argument("--growth", type=float, default=1.0, help="1 (default): equal sources a neuron")
    given = options.parse_args()
    shape, effort = Shape(given.fan_in, given.growth), QUICK if given.quick else FULL
    sizes, bounded = ([int(size) for size in group] for group in (SIZES, BOUNDED_SIZES))
    print(header("numba", "numpy", note=f"{shape}; {effort}"))
    cost_against_edges(sizes[:5] if given.quick else sizes, shape, effort)
    share_of_bound(bounded[:2] if given.quick else bounded, shape, effort)


if __name__ == "__main__":
    main()
