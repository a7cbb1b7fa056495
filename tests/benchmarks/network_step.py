"""Time a training step of whole networks, in turns against other implementations of the same step.

Networks are Watts-Strogatz graphs directed from low to high vertex number, with 784 inputs and 10 outputs; batch 128,
float32, one thread; forward, backward and Adam.

Against deepstruct's MaskedDeepDAN: all inputs feed the sources of the graph, its sinks feed all outputs, as deepstruct
wires them. It reads only the sinks of the last level, and takes the ReLU of each level's part of a sum by itself.

Against another implementation, with ``--other``: a Python file with the functions ``wire`` and ``step`` of the sketch
that the engine grew from. Neurons read some inputs each, outputs every neuron. Each side runs in processes of its own,
in turns, so that neither changes how the other is compiled.

    python tests/benchmarks/network_step.py [--other sparse_dag.py] [--quick]
"""

from __future__ import annotations

from timing import ENVIRONMENT, FULL, QUICK, header, in_turns, milliseconds, parser, peer, spread, table  # isort: skip

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import networkx as nx
import numpy as np

from search_spaces.wiring import Wiring

GRAPHS = [(50, 4, 0.3), (100, 6, 0.3), (200, 8, 0.3)]  # vertices, neighbours, share rewired
GRAPHS_OF_OTHER = [
    (50, 4, 0.3, 16),
    (100, 6, 0.3, 16),
    (200, 8, 0.3, 16),
    (200, 8, 0.3, 64),
    (500, 10, 0.3, 32),
    (1000, 10, 0.3, 32),
]  # and inputs a neuron
N_INPUTS, N_OUTPUTS, BATCH = 784, 10, 128
STEPS, TURNS = 400, 5  # of the other's comparison


def directed(n: int, k: int, p: float) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(sorted((min(e), max(e)) for e in nx.connected_watts_strogatz_graph(n, k, p, seed=0).edges))
    return graph


def wiring_of(graph: nx.DiGraph) -> Wiring:
    """All inputs to the sources of a graph, all its sinks to the outputs."""
    n = len(graph)
    first = [(i, v) for v in graph if not graph.in_degree(v) for i in range(N_INPUTS)]
    hidden = [(N_INPUTS + u, v) for u, v in graph.edges]
    last = [(N_INPUTS + v, n + c) for v in graph if not graph.out_degree(v) for c in range(N_OUTPUTS)]
    sources, targets = np.array(first + hidden + last).T
    return Wiring.from_edges(N_INPUTS, n, N_OUTPUTS, sources, targets)


def step_of_deepstruct(graph: nx.DiGraph) -> tuple[Callable[[], object], int]:
    """A step, and the number of edges that are not masked."""
    import torch
    from deepstruct.graph import CachedLayeredGraph
    from deepstruct.sparse import MaskedDeepDAN, MaskedLinearLayer

    structure = CachedLayeredGraph()
    structure.add_nodes_from(graph.nodes)
    structure.add_edges_from(graph.edges)
    model = MaskedDeepDAN(N_INPUTS, N_OUTPUTS, structure)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)  # the fastest of torch's
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((BATCH, N_INPUTS)), dtype=torch.float32)
    y = torch.tensor(rng.integers(0, N_OUTPUTS, BATCH))

    def step() -> object:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        return optimiser.step()

    return step, sum(int(layer.mask.sum()) for layer in model.modules() if isinstance(layer, MaskedLinearLayer))


def against_deepstruct(is_quick: bool) -> None:
    import torch
    from engine_step import engine_step

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as the engine does; moments of silent neurons would slow deepstruct down
    is_there, effort = peer("deepstruct.sparse") is not None, QUICK if is_quick else FULL
    rows = []
    for n, k, p in GRAPHS:
        graph = directed(n, k, p)
        wiring = wiring_of(graph)
        sides, edges = {"engine": engine_step(wiring)}, 0
        if is_there:
            sides["deepstruct"], edges = step_of_deepstruct(graph)
        seconds = in_turns(sides, effort)
        cells = ["not installed"] * 3
        if is_there:
            theirs = seconds["deepstruct"]
            cells = [f"{edges:,}", milliseconds(theirs), spread(theirs / seconds["engine"])]
        name, depth = f"WS({n}, {k}, {p})", wiring.depth
        rows.append([name, depth, f"{wiring.n_edges:,}", cells[0], milliseconds(seconds["engine"]), *cells[1:]])
    print(header("numba", "numpy", "torch", *["deepstruct"] * is_there, note=effort))
    columns = ["graph", "levels", "edges", "of deepstruct", "engine ms", "deepstruct ms", "ratio: median (turns)"]
    print(table(columns, rows))


def step_of_other(other: ModuleType, arrays: tuple[np.ndarray, ...]) -> Callable[[], Any]:
    *csr, weights = arrays
    rng = np.random.default_rng(0)
    n_neurons = len(csr[0]) - 1
    activations = np.zeros((N_INPUTS + n_neurons, BATCH), np.float32)
    activations[:N_INPUTS] = rng.standard_normal((N_INPUTS, BATCH))
    y = rng.integers(0, N_OUTPUTS, BATCH)
    gradients = np.zeros_like(activations)
    first, second, edge_gradients = (np.zeros_like(weights) for _ in range(3))
    biases, first_bias, second_bias, bias_gradients = (np.zeros(n_neurons, np.float32) for _ in range(4))
    t = 0

    def step() -> Any:
        nonlocal t
        t += 1
        sizes = (N_INPUTS, n_neurons - N_OUTPUTS, N_OUTPUTS)
        moments = (first, second, first_bias, second_bias)
        return other.step(
            activations, gradients, y, *sizes, *csr, weights, biases, *moments, edge_gradients, bias_gradients,
            np.float32(1e-4), t,
        )  # fmt: skip

    return step


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("other", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["other"] = module
    spec.loader.exec_module(module)
    return module


def measure(side: str, path: str, steps: int) -> list[tuple[int, float]]:
    """Edges and median seconds a step from fresh weights, for each graph, of one side."""
    if side == "engine":
        from engine_step import engine_step  # before numba is first imported
    other = load(path)
    rows = []
    for n, k, p, inputs in GRAPHS_OF_OTHER:
        arrays = other.wire(n, k, p, N_INPUTS, N_OUTPUTS, inputs)
        if side == "engine":
            targets = np.repeat(np.arange(n + N_OUTPUTS), np.diff(arrays[0]))
            step = engine_step(Wiring.from_edges(N_INPUTS, n, N_OUTPUTS, arrays[1], targets))
        else:
            step = step_of_other(other, arrays)
        times = []
        for _ in range(steps + 10):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        rows.append((len(arrays[-1]), float(np.median(times[10:]))))
    return rows


def against_other(path: str, is_quick: bool) -> None:
    steps, turns = (40, 2) if is_quick else (STEPS, TURNS)
    seconds: dict[str, list[list[float]]] = {"engine": [], "other": []}
    edges: list[int] = []
    for _ in range(turns):
        for side, runs in seconds.items():
            command = [sys.executable, __file__, "--other", path, "--side", side, *["--quick"] * is_quick]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT).stdout
            edges = [row[0] for row in json.loads(answer)]
            runs.append([row[1] for row in json.loads(answer)])
    engine, other = np.array(seconds["engine"]), np.array(seconds["other"])  # (turns, graphs)
    rows = []
    for i, (n, k, p, inputs) in enumerate(GRAPHS_OF_OTHER):
        speed = 6 * edges[i] * BATCH / np.median(engine[:, i]) / 1e9
        times = [milliseconds(other[:, i]), milliseconds(engine[:, i]), spread(other[:, i] / engine[:, i])]
        rows.append([f"WS({n}, {k}, {p})", inputs, f"{edges[i]:,}", *times, f"{speed:.0f}"])
    print(header("numba", "numpy", note=f"medians of {turns} turns of {steps} steps in processes of their own"))
    name = Path(path).stem
    columns = ["graph", "inputs a neuron", "edges", f"{name} ms", "engine ms", "ratio: median (turns)", "GFLOP/s"]
    print(table(columns, rows))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--other", help="the Python file to compare with")
    options.add_argument("--side", choices=["engine", "other"], help="what this process is to time, with --other")
    given = options.parse_args()
    if given.side:
        print(json.dumps(measure(given.side, given.other, 40 if given.quick else STEPS)))
        return
    against_deepstruct(given.quick)
    if given.other:
        against_other(given.other, given.quick)


if __name__ == "__main__":
    main()
