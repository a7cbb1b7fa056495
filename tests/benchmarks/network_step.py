"""Time a training step of whole networks, in turns against another implementation of the same step.

Networks are Watts-Strogatz graphs directed from low to high vertex number whose neurons read some of 784 inputs each,
with 10 outputs that read every neuron; batch 128, float32, one thread. The other implementation is a Python file with
the functions ``wire`` and ``step`` of the sketch that the engine grew from. Each side runs in processes of its own, in
turns, so that neither changes how the other is compiled, and the machine's drift meets both.

    python tests/benchmarks/network_step.py --other sparse_dag.py
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

GRAPHS = [
    (50, 4, 0.3, 16),
    (100, 6, 0.3, 16),
    (200, 8, 0.3, 16),
    (200, 8, 0.3, 64),
    (500, 10, 0.3, 32),
    (1000, 10, 0.3, 32),
]
N_INPUTS, N_OUTPUTS, BATCH = 784, 10, 128
STEPS, TURNS = 400, 5


def median_seconds(step: Callable[[int], Any]) -> float:
    """Median time of a step."""
    for t in range(1, 11):
        step(t)
    times = []
    for t in range(11, STEPS + 11):
        start = time.perf_counter()
        step(t)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((N_INPUTS, BATCH)).astype(np.float32), rng.integers(0, N_OUTPUTS, BATCH)


def step_of_other(other: ModuleType, arrays: tuple[np.ndarray, ...]) -> Callable[[int], Any]:
    *csr, weights = arrays
    x, y = batch()
    n_neurons = len(csr[0]) - 1
    activations = np.zeros((N_INPUTS + n_neurons, BATCH), np.float32)
    activations[:N_INPUTS] = x
    gradients = np.zeros_like(activations)
    edge_buffers = [np.zeros_like(weights) for _ in range(3)]
    neuron_buffers = [np.zeros(n_neurons, np.float32) for _ in range(4)]
    first, second, edge_gradients = edge_buffers
    biases, first_bias, second_bias, bias_gradients = neuron_buffers

    def step(t: int) -> Any:
        sizes = (N_INPUTS, n_neurons - N_OUTPUTS, N_OUTPUTS)
        moments = (first, second, first_bias, second_bias)
        return other.step(
            activations, gradients, y, *sizes, *csr, weights, biases, *moments, edge_gradients, bias_gradients,
            np.float32(1e-4), t,
        )  # fmt: skip

    return step


def step_of_engine(arrays: tuple[np.ndarray, ...]) -> Callable[[int], Any]:
    from nas.engine.layout import aligned_empty, lay_out, workspace
    from nas.engine.losses import CROSS_ENTROPY
    from nas.engine.optimisers import ADAMW, Optimiser
    from nas.engine.training import Objective, train_network
    from search_spaces.wiring import Wiring

    indptr, indices, weights = arrays[0], arrays[1].copy(), arrays[-1].copy()
    for j in range(len(indptr) - 1):
        row = slice(indptr[j], indptr[j + 1])
        order = np.argsort(indices[row])
        indices[row], weights[row] = indices[row][order], weights[row][order]
    n_neurons = len(indptr) - 1
    network = lay_out(Wiring(N_INPUTS, n_neurons - N_OUTPUTS, N_OUTPUTS, indptr, indices), "relu")
    work = workspace([network], 1, BATCH)
    x, y = batch()
    batches = aligned_empty((1, N_INPUTS, BATCH))
    batches[0] = x
    parameters = np.concatenate([weights, np.zeros(n_neurons, np.float32)])[None].copy()
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    objective, optimiser = Objective(CROSS_ENTROPY, 0.0, 0.0), Optimiser(ADAMW, 0.0, 0.9, 0.0)
    keys = np.zeros(1, np.uint32)
    targets, rates = y[None].astype(np.float32), np.array([1e-4], np.float32)

    def step(t: int) -> Any:
        return train_network(
            network, parameters, first, second, batches, targets, objective, optimiser, rates, keys, t - 1, work
        )

    return step


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("other", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["other"] = module
    spec.loader.exec_module(module)
    return module


def measure(side: str, path: str) -> list[tuple[int, float]]:
    """Edges and median seconds a step, for each graph, of one side."""
    if side == "engine":
        import nas.engine.compiler  # noqa: F401  before numba is first imported
    other = load(path)
    rows = []
    for n, k, p, fan in GRAPHS:
        arrays = other.wire(n, k, p, N_INPUTS, N_OUTPUTS, fan)
        step = step_of_engine(arrays) if side == "engine" else step_of_other(other, arrays)
        rows.append((len(arrays[-1]), median_seconds(step)))
    return rows


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", required=True, help="the Python file to compare with")
    parser.add_argument("--side", choices=["engine", "other"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options.other)))
        return
    seconds: dict[str, list[list[float]]] = {"engine": [], "other": []}
    edges: list[int] = []
    for _ in range(TURNS):
        for side, runs in seconds.items():
            command = [sys.executable, __file__, "--other", options.other, "--side", side]
            rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            edges = [row[0] for row in rows]
            runs.append([row[1] for row in rows])
    import numba

    print(f"{processor()}; numba {numba.__version__}, numpy {np.__version__}; median of {STEPS} steps, {TURNS} turns\n")
    print(
        "| graph | inputs a neuron | edges | other ms | engine ms | ratio: median (lowest to highest turn) | GFLOP/s |"
    )
    print("|---|---|---|---|---|---|---|")
    for i, (n, k, p, fan) in enumerate(GRAPHS):
        other = np.array([run[i] for run in seconds["other"]])
        engine = np.array([run[i] for run in seconds["engine"]])
        ratios = other / engine
        speed = 6 * edges[i] * BATCH / np.median(engine) / 1e9
        print(
            f"| WS({n}, {k}, {p}) | {fan} | {edges[i]:,} "
            f"| {1e3 * np.median(other):.3f} | {1e3 * np.median(engine):.3f} "
            f"| {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f}) | {speed:.0f} |"
        )


if __name__ == "__main__":
    main()
