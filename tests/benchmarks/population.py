"""Time the training of a population: side by side in workers as a search does it, against one after another.

The engine trains 100 random candidates with 1 and with 2 workers, and scores them. With ``--other``, a Python file with
the function ``step`` of the sketch that the engine grew from trains the same wirings, each alone and gathering its own
batches, in 2 processes that begin together with half of the edges each. Two pools of one worker each, which share
nothing, show what the machine itself gives to a second process. Loading and compiling are not timed.

    python tests/benchmarks/population.py --data mnist.npz [--other sparse_dag.py] [--epochs 10] [--turns 3] [--quick]
"""

from __future__ import annotations

from timing import ENVIRONMENT, header, parser, spread, table, three_digits  # isort: skip

import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from drawn import N_INPUTS, N_OUTPUTS, described, draw_wirings
from network_step import load

from search_spaces.wiring import Wiring

BATCH, LEARNING_RATE, N_PROCESSES = 128, 2e-3, 2
SCALE, SHIFT = 1 / (255 * 0.3081), -0.1307 / 0.3081  # of MNIST's bytes, to mean 0 and variance 1


def synthetic(path: Path) -> Path:
    rng = np.random.default_rng(0)
    sizes = {"train": 8192, "test": 512}
    arrays: dict[str, Any] = {f"x_{k}": rng.integers(0, 256, (n, N_INPUTS), np.uint8) for k, n in sizes.items()}
    np.savez(path, **arrays, **{f"y_{k}": rng.integers(0, N_OUTPUTS, n, np.uint8) for k, n in sizes.items()})
    return path


def parts(wirings: list[Wiring]) -> list[list[int]]:
    """Which candidates each process of the sketch trains: the largest first, to the one with the fewest edges."""
    groups: list[list[int]] = [[] for _ in range(N_PROCESSES)]
    for i in sorted(range(len(wirings)), key=lambda i: -wirings[i].n_edges):
        min(groups, key=lambda group: sum(wirings[j].n_edges for j in group)).append(i)
    return groups


def arrays_of_other(wiring: Wiring) -> list[np.ndarray]:
    n = wiring.n_hidden + wiring.n_outputs
    targets = np.repeat(np.arange(n), np.diff(wiring.indptr))
    order = np.argsort(wiring.indices, kind="stable")
    order = order[wiring.indices[order] >= N_INPUTS]
    out = np.concatenate([[0], np.cumsum(np.bincount(wiring.indices[order] - N_INPUTS, minlength=n))])
    in_order = [wiring.indptr.copy(), wiring.indices.copy(), np.arange(wiring.n_edges)]
    return [a.astype(np.int32) for a in (*in_order, out, targets[order] + N_INPUTS, order)]


def train_with_other(other: Any, wiring: Wiring, x: np.ndarray, y: np.ndarray, n_steps: int, seed: int) -> np.ndarray:
    """The parameters of a candidate after so many steps, gathering batches as the sketch's own script does."""
    n, rng = wiring.n_hidden + wiring.n_outputs, np.random.default_rng(seed)
    csr, fan_in = arrays_of_other(wiring), np.diff(wiring.indptr)
    weights = (rng.standard_normal(wiring.n_edges) * np.sqrt(2 / np.repeat(fan_in, fan_in))).astype(np.float32)
    biases, bias_gradients, *bias_moments = (np.zeros(n, np.float32) for _ in range(4))
    gradients_of_weights, *moments = (np.zeros_like(weights) for _ in range(3))
    values, gradients = (np.zeros((N_INPUTS + n, BATCH), np.float32) for _ in range(2))
    steps_per_epoch = len(x) // BATCH
    for t in range(n_steps):
        if t % steps_per_epoch == 0:
            order = rng.permutation(len(x)).astype(np.int32)
        index = order[t % steps_per_epoch * BATCH :][:BATCH]
        other.transpose_batch(x, index, values[:N_INPUTS])
        other.step(
            values, gradients, y[index], N_INPUTS, wiring.n_hidden, N_OUTPUTS, *csr, weights, biases, *moments,
            *bias_moments, gradients_of_weights, bias_gradients, np.float32(LEARNING_RATE), t + 1,
        )  # fmt: skip
    return np.concatenate([weights, biases])


def process_of_other(given: Namespace) -> None:
    """Load, say so, wait for a line, train a part of the candidates, say so, and store their parameters."""
    other = load(given.other)
    with np.load(given.data) as data:
        x, y = data["x_train"].reshape(-1, N_INPUTS), data["y_train"].astype(np.int64)
    x = x * np.float32(SCALE) + np.float32(SHIFT)
    wirings = draw_wirings(given.candidates)
    own = parts(wirings)[given.part]
    train_with_other(other, wirings[0], x, y, 1, 0)
    print("ready", flush=True)
    sys.stdin.readline()
    trained = [train_with_other(other, wirings[i], x, y, given.epochs * (len(x) // BATCH), i) for i in own]
    print("done", flush=True)
    for i, parameters in zip(own, trained, strict=True):
        np.save(Path(given.folder) / f"{i}.npy", parameters)


def seconds_of_other(given: Namespace, folder: Path) -> tuple[float, list[np.ndarray]]:
    """How long the sketch takes, and what it has learnt."""
    command = [sys.executable, __file__, "--data", given.data, "--other", given.other, "--epochs", str(given.epochs)]
    command += ["--candidates", str(given.candidates), "--folder", str(folder), "--part"]
    processes = [
        subprocess.Popen([*command, str(k)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        for k in range(N_PROCESSES)
    ]
    pipes: Any = [(process.stdin, process.stdout) for process in processes]
    for _, output in pipes:
        assert output.readline() == "ready\n"
    start = time.perf_counter()
    for entry, _ in pipes:
        entry.write("\n")
        entry.flush()
    for _, output in pipes:
        assert output.readline() == "done\n"
    seconds = time.perf_counter() - start
    for process in processes:
        process.communicate()
    return seconds, [np.load(folder / f"{i}.npy") for i in range(given.candidates)]


def measure(given: Namespace, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, float], str]:
    """Seconds of each side in each turn, its mean test accuracy, and what was trained."""
    from nas.data.shared import SharedRows
    from nas.engine.batches import plan_batches
    from nas.engine.gather import Inputs
    from nas.engine.layout import lay_out
    from nas.engine.population import predict, score
    from nas.engine.recipe import Hyperparameters, Recipe
    from nas.jobs import Job, Leg
    from nas.workers import Workers

    with np.load(given.data) as data:
        order = np.random.default_rng(0).permutation(len(data["y_train"]))  # as a search has its rows
        x, x_test = data["x_train"][order].reshape(-1, N_INPUTS), data["x_test"].reshape(-1, N_INPUTS)
        y, y_test = data["y_train"][order].astype(np.float32), data["y_test"].astype(np.float32)
    scale, shift = np.full(N_INPUTS, SCALE, np.float32), np.full(N_INPUTS, SHIFT, np.float32)
    rows = SharedRows.write(
        folder / "rows", np.vstack([x, x_test]), np.concatenate([y, y_test]), scale=scale, shift=shift
    )
    plan = plan_batches(len(y), (0,))
    n_steps = given.epochs * plan.steps_per_epoch
    recipe = Recipe("classification", plan, n_steps, weight_decay=0.0, schedule="constant")
    leg = Leg(recipe, n_steps, (len(y), len(y) + len(y_test)))
    wirings = draw_wirings(given.candidates)
    jobs = [Job(str(i), wiring, "relu", Hyperparameters(LEARNING_RATE), ((i,),)) for i, wiring in enumerate(wirings)]
    accuracy: dict[str, float] = {}

    def of_engine(name: str, n_workers: int) -> float:
        with Workers(n_workers, rows) as workers:
            list(workers.train(jobs, Leg(recipe, 1, leg.scored_columns)))  # loads the kernels
            start = time.perf_counter()
            results = list(workers.train(jobs, leg))
            seconds = time.perf_counter() - start
        accuracy[name] = float(np.mean([result.scores[0] for result in results]))
        return seconds

    def of_engine_apart(name: str) -> float:
        """Two searches that know nothing of one another, each with one worker and half of the candidates."""
        halves = [[jobs[i] for i in part] for part in parts(wirings)]
        with Workers(1, rows) as first, Workers(1, rows) as second, ThreadPoolExecutor(2) as threads:
            for workers in (first, second):
                list(workers.train(jobs, Leg(recipe, 1, leg.scored_columns)))
            sides_apart = list(zip((first, second), halves, strict=True))
            start = time.perf_counter()
            both = [threads.submit(lambda w, h: list(w.train(h, leg)), *side) for side in sides_apart]
            results = [result for future in both for result in future.result()]
            seconds = time.perf_counter() - start
        accuracy[name] = float(np.mean([result.scores[0] for result in results]))
        return seconds

    def of_other(name: str) -> float:
        seconds, trained = seconds_of_other(given, folder)
        test = Inputs(x_test, scale, shift)
        outputs = (predict(lay_out(w, "relu"), p, test) for w, p in zip(wirings, trained, strict=True))
        accuracy[name] = float(np.mean([score(o, y_test, "classification") for o in outputs]))
        return seconds

    sides = {f"engine, {n} worker{'s' * (n > 1)}": (lambda name, n=n: of_engine(name, n)) for n in (1, 2)}
    sides["engine, 2 processes apart"] = of_engine_apart
    if given.other:
        sides[f"{Path(given.other).stem}, {N_PROCESSES} processes"] = of_other
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(given.turns):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(sides[name](name))
    trained = f"{described(wirings)}; epochs of {len(y):,} rows: {given.epochs}; {given.turns} turns"
    return {name: np.array(turns) for name, turns in seconds.items()}, accuracy, trained


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", help="NPZ file with x_train, y_train, x_test and y_test of MNIST's form")
    options.add_argument("--other", help="the Python file to compare with")
    for name, default in (("--epochs", 10), ("--turns", 3), ("--candidates", 100)):
        options.add_argument(name, type=int, default=default)
    options.add_argument("--part", type=int, help="what this process is to train, of the other side")
    options.add_argument("--folder", help="where that process stores what it has trained")
    given = options.parse_args()
    if given.part is not None:
        return process_of_other(given)
    with tempfile.TemporaryDirectory() as name:
        if given.quick:
            given.data, given.epochs, given.turns, given.candidates = str(synthetic(Path(name, "data.npz"))), 1, 2, 4
        elif given.data is None:
            options.error("--data is missing; give it, or --quick for made-up data")
        seconds, accuracy, trained = measure(given, Path(name))
    one, two, apart = list(seconds.values())[:3]
    print(header("numba", "numpy", note=trained, threads="1 thread a process"))
    cells = [[k, three_digits(np.median(s)), spread(s / two), f"{accuracy[k]:.4f}"] for k, s in seconds.items()]
    columns = ["side", "seconds", "time over that of the engine with 2 workers: median (turns)", "mean test accuracy"]
    print(table(columns, cells))
    print(f"Throughput with 2 workers over that with 1: {spread(one / two)}.")
    print(f"Of 2 processes apart over that of one: {spread(one / apart)}.\n")


if __name__ == "__main__":
    main()
