"""Time an epoch of recurrent networks, in turns against torch's cells: dense, and with masked weights.

128 units over 50 inputs, sequences of 25 steps, a linear layer from the last step to 2 outputs; batch 128, float32,
Adam, one thread. Masked cells multiply both of their matrices with a mask in each step.

    python tests/benchmarks/recurrent.py [--quick]
"""

from __future__ import annotations

from timing import QUICK, Call, Effort, header, in_turns, milliseconds, parser, spread, table  # isort: skip

import contextlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

CELLS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "tanh": nn.RNN}
DENSITIES = (0.02, 0.05, 0.1, 0.2)
N_INPUTS, N_UNITS, N_OUTPUTS, N_STEPS, BATCH, LEARNING_RATE = 50, 128, 2, 25, 128, 1e-3
FULL = Effort(5, 0.5)


class Data(NamedTuple):
    """Sequences of equal length."""

    x: np.ndarray  # float32 (n, steps, inputs)
    y: np.ndarray  # int64 (n,)


def made_up(n_batches: int) -> Data:
    rng = np.random.default_rng(0)
    n = n_batches * BATCH
    return Data(rng.standard_normal((n, N_STEPS, N_INPUTS), np.float32), rng.integers(0, N_OUTPUTS, n))


def engine_epoch(cell: str, density: float, data: Data) -> Call:
    """A call that trains a network of the engine on all sequences once."""
    raise NotImplementedError


def torch_epoch(cell: str, density: float | None, data: Data) -> Call:
    """A call that trains a torch cell on all sequences once; dense, or with so many of its weights not masked."""
    torch.manual_seed(0)
    layer = CELLS[cell](N_INPUTS, N_UNITS, batch_first=True)
    readout = nn.Linear(N_UNITS, N_OUTPUTS)
    optimiser = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=LEARNING_RATE, fused=True)
    matrices = {name: weight for name, weight in layer.named_parameters() if name.startswith("weight")}
    masks = {name: (torch.rand_like(weight) < (density or 1.0)).float() for name, weight in matrices.items()}
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)

    def values(batch: Tensor) -> Tensor:
        if density is None:
            return layer(batch)[0]
        masked = {name: weight * masks[name] for name, weight in matrices.items()}
        return functional_call(layer, masked, (batch,))[0]

    def epoch() -> None:
        order = torch.randperm(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(readout(values(x[rows])[:, -1]), y[rows])
            loss.backward()
            optimiser.step()

    return epoch


def cells_of(cell: str, data: Data, effort: Effort) -> list[list[str]]:
    """A row for each density of one kind of cell."""
    rows = []
    for density in DENSITIES:
        sides = {"dense": torch_epoch(cell, None, data), "masked": torch_epoch(cell, density, data)}
        with contextlib.suppress(NotImplementedError):
            sides["engine"] = engine_epoch(cell, density, data)
        seconds = in_turns(sides, effort)
        row = [cell, f"{density:.0%}", milliseconds(seconds["dense"]), milliseconds(seconds["masked"])]
        if "engine" in sides:
            row += [milliseconds(seconds["engine"])]
            row += [spread(seconds[side] / seconds["engine"]) for side in ("dense", "masked")]
        rows.append(row + ["not implemented"] * (7 - len(row)))
    return rows


def main() -> None:
    is_quick = parser(__doc__).parse_args().quick
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as the engine does
    data, effort = made_up(1 if is_quick else 8), QUICK if is_quick else FULL
    rows = [row for cell in CELLS for row in cells_of(cell, data, effort)]
    note = f"epochs of {len(data.x):,} sequences; {effort}"
    print(header("numba", "numpy", "torch", note=note))
    times = ["torch dense ms", "torch masked ms", "engine ms"]
    print(table(["cell", "density", *times, "dense over engine: median (turns)", "masked over engine"], rows))


if __name__ == "__main__":
    main()
