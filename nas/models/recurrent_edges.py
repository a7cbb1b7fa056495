"""Which weights of a recurrent layer exist, the same for all of its gates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.engine.recurrent_layer import recurrent_layer
from nas.models.pattern import Pattern, PatternError, compressed_rows
from nas.models.recurrent_operators import packed_layer


class Edges(nn.Module):
    """A pattern as buffers.

    Attributes:
        sizes: int64 (2,), numbers of inputs and of units.
        indptr: int32 (n_units + 1,). Unit u reads the inputs ``indices[indptr[u]:indptr[u + 1]]``.
        indices: int32 (n_edges,).
    """

    sizes: Tensor
    indptr: Tensor
    indices: Tensor

    def __init__(
        self, name: str, pattern: Pattern, n_inputs: int, n_units: int, device: torch.device | str | None
    ) -> None:
        """Check a pattern; units may read nothing. ``name`` is what messages call it."""
        super().__init__()
        try:
            rows = compressed_rows(pattern, n_inputs, n_units, allow_empty_rows=True)
        except PatternError as error:
            raise PatternError(f"{name}: {error}") from None
        self.n_inputs, self.n_units, self.n_edges = n_inputs, n_units, len(rows[1])
        self.register_buffer("sizes", torch.tensor([n_inputs, n_units], device=device))
        self.register_buffer("indptr", torch.tensor(rows[0], device=device))
        self.register_buffer("indices", torch.tensor(rows[1], device=device))

    def rows(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(indptr, indices) as arrays."""
        return self.indptr.cpu().numpy(), self.indices.cpu().numpy()

    def dense(self, weight: Tensor) -> Tensor:
        """Weights (n_gates, n_edges) as torch has them, (n_gates * n_units, n_inputs), zero where no edge is."""
        zeros = weight.new_zeros(len(weight), self.n_units * self.n_inputs)
        return zeros.scatter(1, self._places().expand(weight.shape), weight).view(-1, self.n_inputs)

    def chosen(self, matrix: Tensor) -> Tensor:
        """The weights (n_gates, n_edges) that a matrix (n_gates * n_units, n_inputs) has where edges are."""
        return matrix.reshape(-1, self.n_units * self.n_inputs)[:, self._places()]

    def extra_repr(self) -> str:
        """What stands between the brackets of the printed module."""
        density = self.n_edges / (self.n_inputs * self.n_units)
        return f"n_inputs={self.n_inputs}, n_units={self.n_units}, n_edges={self.n_edges}, density={density:.4f}"

    def _places(self) -> Tensor:
        """Where edges are in the flat matrix of one gate, int64 (n_edges,)."""
        units = torch.arange(self.n_units, device=self.indptr.device)
        units = units.repeat_interleave(self.indptr.diff(), output_size=self.n_edges)
        return units * self.n_inputs + self.indices


class LayerEdges(nn.Module):
    """What the units of a layer read: inputs, and one another in the step before. The weights are another module's.

    Attributes:
        ih, hh: The patterns, called like the weights of torch's modules.
        wiring: Both for the kernels, as of `packed_layer`.
    """

    ih: Edges
    hh: Edges
    wiring: Tensor

    def __init__(
        self,
        name: str,
        cell: str,
        input_pattern: Pattern,
        recurrent_pattern: Pattern,
        n_inputs: int,
        n_units: int,
        allow_empty_rows: bool,
        device: torch.device | str | None,
    ) -> None:
        """Check the patterns of a layer, see `compressed_rows`. ``name`` is what messages call it.

        Raises:
            PatternError: One does not fit, or a unit reads nothing although it may not.
        """
        super().__init__()
        self.ih = Edges(f"{name}, input_pattern", input_pattern, n_inputs, n_units, device)
        self.hh = Edges(f"{name}, recurrent_pattern", recurrent_pattern, n_units, n_units, device)
        is_alone = self.fan_in() == 0
        if is_alone.any() and not allow_empty_rows:
            raise PatternError(
                f"{name}: unit {np.argmax(is_alone)} reads no input and no unit; connect it, or pass "
                "allow_empty_rows=True."
            )
        wiring = packed_layer(recurrent_layer(cell, n_inputs, *self.ih.rows(), *self.hh.rows()))
        self.register_buffer("wiring", wiring.to(device), persistent=False)

    def fan_in(self) -> NDArray[np.int32]:
        """How many inputs and units each unit reads, int32 (n_units,)."""
        return np.diff(self.ih.rows()[0]) + np.diff(self.hh.rows()[0])
