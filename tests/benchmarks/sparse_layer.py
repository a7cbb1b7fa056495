"""Time one sparse layer, forward and backward (gradients of its inputs and its weights), in turns with its peers.

784 to 1024 and 1024 to 1024, batch 128, float32, one thread, no bias, the same random mask for all (sparselab draws its
own). Speeds are over dense torch. Feature-major, (features, batch): the engine's kernels, and torch's CSR matrices,
which are at their best so. Batch first, with autograd: nas.models.SparseLinear, masked dense torch, and sparselab.

    python tests/benchmarks/sparse_layer.py [--quick]
"""

from __future__ import annotations

from timing import QUICK, Call, Effort, header, in_turns, milliseconds, parser, peer, spread, table  # isort: skip

import warnings

import numpy as np
import torch
from torch import Tensor

from nas.engine.layer import backward, forward, layer_of
from nas.engine.layout import aligned_empty
from nas.models import SparseLinear
from nas.models.pattern import compressed_rows

SHAPES = ((784, 1024), (1024, 1024))  # inputs, outputs
DENSITIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
BATCH = 128
FULL = Effort(7, 0.2)
KERNELS, MODULE, SPARSELAB = "engine's kernels", "SparseLinear", "sparselab"
SIDES = (KERNELS, MODULE, "masked", "CSR", SPARSELAB)


def random_mask(n_inputs: int, n_outputs: int, density: float) -> np.ndarray:
    """bool (outputs, inputs) with at least one input for each output."""
    rng = np.random.default_rng(0)
    mask = rng.random((n_outputs, n_inputs)) < density
    mask[np.arange(n_outputs), rng.integers(0, n_inputs, n_outputs)] = True
    return mask


def kernels(mask: np.ndarray) -> Call:
    """Forward and backward of the engine's kernels, which take and give (features, batch)."""
    indptr, indices = compressed_rows(mask, mask.shape[1], mask.shape[0])
    layer, rng = layer_of(indptr, indices, mask.shape[1]), np.random.default_rng(0)
    x, dx, out, slope = (aligned_empty((n, BATCH)) for n in (*[mask.shape[1]] * 2, *[mask.shape[0]] * 2))
    x[:], slope[:] = rng.standard_normal(x.shape), rng.standard_normal(slope.shape)
    weights, gradients = rng.standard_normal(len(indices), np.float32), np.empty(len(indices), np.float32)
    no_bias = np.empty(0, np.float32)

    def step() -> None:
        forward(layer, weights, no_bias, x, out)
        backward(layer, weights, x, slope, dx, gradients, no_bias)

    return step


def autograd(layer: torch.nn.Module, n_inputs: int, n_outputs: int) -> Call:
    """Forward and backward of a layer that takes and gives (batch, features)."""
    x, slope = torch.randn(BATCH, n_inputs, requires_grad=True), torch.randn(BATCH, n_outputs)
    wanted = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x), wanted, slope)


class Masked(torch.nn.Linear):
    """A dense layer whose weights are multiplied with a mask."""

    def __init__(self, mask: np.ndarray) -> None:
        super().__init__(mask.shape[1], mask.shape[0], bias=False)
        self.mask = torch.from_numpy(mask).float()

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, self.weight * self.mask)


def csr(mask: np.ndarray) -> Call:
    weights = (torch.randn(mask.shape) * torch.from_numpy(mask)).to_sparse_csr().requires_grad_()
    x, slope = torch.randn(mask.shape[1], BATCH, requires_grad=True), torch.randn(mask.shape[0], BATCH)
    return lambda: torch.autograd.grad(torch.sparse.mm(weights, x), (x, weights), slope)


def sides_of(mask: np.ndarray) -> dict[str, Call]:
    n_outputs, n_inputs = mask.shape
    sides = {
        "dense": autograd(torch.nn.Linear(n_inputs, n_outputs, bias=False), n_inputs, n_outputs),
        "masked": autograd(Masked(mask), n_inputs, n_outputs),
        "CSR": csr(mask),
        KERNELS: kernels(mask),
        MODULE: autograd(SparseLinear(n_inputs, n_outputs, mask, bias=False), n_inputs, n_outputs),
    }
    if (sparselab := peer("sparselab")) is not None:
        sparselab.ops._clear_transpose_cache()  # it would mistake a new layer for one that is gone
        sparse = sparselab.SparseLinear(n_inputs, n_outputs, bias=False, sparsity=1 - float(mask.mean()))
        sides[SPARSELAB] = autograd(sparse, n_inputs, n_outputs)
    return sides


def row_of(n_inputs: int, n_outputs: int, density: float, effort: Effort) -> list[str]:
    mask = random_mask(n_inputs, n_outputs, density)
    seconds = in_turns(sides_of(mask), effort)
    speeds = [spread(seconds["dense"] / seconds[side]) if side in seconds else "not installed" for side in SIDES]
    is_there = SPARSELAB in seconds
    over_sparselab = spread(seconds[SPARSELAB] / seconds[MODULE]) if is_there else "not installed"
    size = [f"{n_inputs} to {n_outputs}", f"{100 * density:g} %", f"{int(mask.sum()):,}"]
    return [*size, milliseconds(seconds["dense"]), *speeds, over_sparselab]


def main() -> None:
    is_quick = parser(__doc__).parse_args().quick
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
    effort, densities = (QUICK, DENSITIES[1::3]) if is_quick else (FULL, DENSITIES)
    rows = [row_of(*shape, density, effort) for shape in SHAPES for density in densities]
    peers = ["sparselab"] * (peer("sparselab") is not None)
    print(header("numba", "numpy", "torch", *peers, note=f"speeds over dense: medians (turns); {effort}"))
    print(table(["layer", "density", "edges", "dense ms", *SIDES, "SparseLinear over sparselab"], rows))


if __name__ == "__main__":
    main()
