"""Show how much memory a worker takes at most, while it trains random candidates of about 200 neurons on a data set.

The rows are mapped from a file that all workers share, so that they take memory once however many there are; the peak
counts them in full.

    python tests/benchmarks/worker_memory.py --data mnist.npz
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import tempfile
from pathlib import Path

import numpy as np
import psutil
from drawn import draw_wirings

from nas.data.load import prepare
from nas.engine.batches import plan_batches
from nas.engine.recipe import Hyperparameters, Recipe
from nas.inputs import write_rows
from nas.jobs import Job, Leg
from nas.workers import Workers

MEGABYTE = 1 << 20


def peak_megabytes(process: psutil.Process) -> float:
    """The highest resident memory of a process so far."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process took at most")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="what nas search takes")
    given = options.parse_args()
    dataset = prepare(given.data, target=None, task=None, missing="refuse", seed=0)
    wirings = draw_wirings(4 if given.quick else 32, n_inputs=dataset.n_inputs)
    with tempfile.TemporaryDirectory() as name:
        rows = write_rows(Path(name), dataset)
        data = sum(file.stat().st_size for file in Path(name).rglob("*") if file.is_file()) / MEGABYTE
        plan = plan_batches(dataset.n_train, (0,))
        recipe = Recipe("classification", plan, plan.steps_per_epoch)
        leg = Leg(recipe, 20 if given.quick else plan.steps_per_epoch, (dataset.n_train, len(dataset.y)))
        jobs = [Job(str(i), w, "relu", Hyperparameters(2e-3), ((i, 0), (i, 1), (i, 2))) for i, w in enumerate(wirings)]
        with Workers(1, rows) as workers:
            results = list(workers.train(jobs, leg))
            peak = max(peak_megabytes(child) for child in psutil.Process().children(recursive=True))
    assert all(result.failure is None for result in results)
    print(header("numba", "numpy", note=f"{len(jobs)} candidates of 3 seeds, {dataset.n_train:,} rows"))
    print(
        table(
            ["data MB", "peak MB of a worker", "peak less data MB"], [[f"{v:.0f}" for v in (data, peak, peak - data)]]
        )
    )
    print(f"Mean validation score {np.mean([result.scores for result in results if result.scores] or [0]):.3f}.")


if __name__ == "__main__":
    main()
