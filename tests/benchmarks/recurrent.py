"""Time an epoch of recurrent networks, in turns against torch's cells: dense, and with masked weights.

128 units over 50 inputs, sequences of 25 steps, a linear layer from the last step to 2 outputs; batch 128, float32,
Adam, one thread. Masked cells multiply both of their matrices with a mask in each step. All networks but those of the
modules begin with a dense embedding of 50 values, which the engine's have. In the row "floor" a unit reads one value
and itself: what is left is the embedding and the arithmetic of the cells, which no density makes smaller.

    python tests/benchmarks/recurrent.py [--quick]
"""

from __future__ import annotations

from timing import QUICK, Call, Effort, header, in_turns, milliseconds, parser, spread, table  # isort: skip

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from nas.engine.batches import BatchPlan
from nas.engine.feed import SequenceFeed
from nas.engine.gather import Inputs
from nas.engine.networks import first_state, network_of
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.sequence_batches import Sequences
from nas.models import SparseGRU, SparseLSTM, SparseRNN
from search_spaces import RecurrentWiring

CELLS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "tanh": nn.RNN}
DENSITIES = (0.0, 0.02, 0.05, 0.1, 0.2)
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
    rng = np.random.default_rng(1)
    n_embedded = N_INPUTS
    pairs = [np.nonzero(rng.random((N_UNITS, n)) < density)[::-1] for n in (n_embedded, N_UNITS)]
    own = np.arange(N_UNITS)  # so that no unit is without edges
    edges = [np.unique(np.stack([*p], 1), axis=0) for p in (pairs[0], pairs[1])]
    recurrent = np.unique(np.concatenate([edges[1], np.stack([own, own], 1)]), axis=0)
    inputs = np.unique(np.concatenate([edges[0], np.stack([own % n_embedded, own], 1)]), axis=0)
    wiring = RecurrentWiring.from_edges(
        n_inputs=N_INPUTS,
        n_embedded=n_embedded,
        n_outputs=N_OUTPUTS,
        cell=cell,
        unit_vertex=own,
        input_edges=(inputs[:, 0], inputs[:, 1]),
        recurrent_edges=(recurrent[:, 0], recurrent[:, 1]),
        output_edges=(np.tile(own, N_OUTPUTS), np.repeat(np.arange(N_OUTPUTS), N_UNITS)),
    )
    network = network_of(wiring, None)
    n = len(data.y)
    offsets = np.arange(0, (n + 1) * N_STEPS, N_STEPS)
    plain = Inputs(data.x.reshape(-1, N_INPUTS), np.ones(N_INPUTS, np.float32), np.zeros(N_INPUTS, np.float32))
    sequences, targets = Sequences(plain, offsets), data.y.astype(np.float32)
    recipe = Recipe("classification", BatchPlan(n, BATCH, (0,)), n // BATCH, weight_decay=0.0, schedule="constant")
    feed = SequenceFeed(sequences, targets, recipe, [network], 1)
    state, own = first_state(network, [(0,)]), Hyperparameters(LEARNING_RATE)

    def epoch() -> None:
        for step in range(n // BATCH):
            feed.load(step, step + 1)
            feed.train(network, state, own, step)

    return epoch


def module_epoch(cell: str, density: float, data: Data) -> Call:
    """A call that trains a module of `nas.models` on all sequences once."""
    generator = torch.Generator().manual_seed(0)
    masks = [torch.rand((N_UNITS, n), generator=generator) < density for n in (N_INPUTS, N_UNITS)]
    masks[0][torch.arange(N_UNITS), torch.arange(N_UNITS) % N_INPUTS] = True
    masks[1] |= torch.eye(N_UNITS, dtype=torch.bool)
    module = {"lstm": SparseLSTM, "gru": SparseGRU, "tanh": SparseRNN}[cell]
    layer = module(N_INPUTS, N_UNITS, input_pattern=masks[0], recurrent_pattern=masks[1], batch_first=True)
    return epoch_of(layer, lambda batch: layer(batch)[0], data)


def torch_epoch(cell: str, density: float | None, data: Data) -> Call:
    """A call that trains a torch cell on all sequences once; dense, or with so many of its weights not masked."""
    torch.manual_seed(0)
    layer = CELLS[cell](N_INPUTS, N_UNITS, batch_first=True)
    matrices = {name: weight for name, weight in layer.named_parameters() if name.startswith("weight")}
    masks = {name: (torch.rand_like(weight) < (density or 1.0)).float() for name, weight in matrices.items()}

    embedding = nn.Linear(N_INPUTS, N_INPUTS, bias=False)

    def values(batch: Tensor) -> Tensor:
        if density is None:
            return layer(embedding(batch))[0]
        masked = {name: weight * masks[name] for name, weight in matrices.items()}
        return functional_call(layer, masked, (embedding(batch),))[0]

    return epoch_of(nn.ModuleList([embedding, layer]), values, data)


def epoch_of(layer: nn.Module, values: Callable[[Tensor], Tensor], data: Data) -> Call:
    """A call that trains a layer and a linear readout of its last step on all sequences once."""
    readout = nn.Linear(N_UNITS, N_OUTPUTS)
    optimiser = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=LEARNING_RATE, fused=True)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)

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
        sides = {
            "dense": torch_epoch(cell, None, data),
            "masked": torch_epoch(cell, density, data),
            "engine": engine_epoch(cell, density, data),
            "module": module_epoch(cell, density, data),
        }
        seconds = in_turns(sides, effort)
        ratios = [("dense", "engine"), ("masked", "engine"), ("dense", "module")]
        rows.append(
            [cell, f"{density:.0%}" if density else "floor"]
            + [milliseconds(seconds[side]) for side in sides]
            + [spread(seconds[slow] / seconds[fast]) for slow, fast in ratios]
        )
    return rows


def main() -> None:
    is_quick = parser(__doc__).parse_args().quick
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as the engine does
    data, effort = made_up(1 if is_quick else 8), QUICK if is_quick else FULL
    rows = [row for cell in CELLS for row in cells_of(cell, data, effort)]
    note = f"epochs of {len(data.x):,} sequences; {effort}"
    print(header("numba", "numpy", "torch", note=note))
    times = ["torch dense ms", "torch masked ms", "engine ms", "module ms"]
    ratios = ["dense over engine: median (turns)", "masked over engine", "dense over module"]
    print(table(["cell", "density", *times, *ratios], rows))


if __name__ == "__main__":
    main()
