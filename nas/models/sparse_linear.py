"""A linear layer that has only some of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.engine.layer import layer_of
from nas.models.checks import check_pattern, checked_rows
from nas.models.linear_operators import sparse_linear
from nas.models.packing import packed
from nas.models.pattern import Pattern, PatternError, compressed_rows

KERNEL_DTYPES = (torch.float32, torch.float64)


class SparseLinear(nn.Module):
    """A drop-in for ``torch.nn.Linear`` whose cost is proportional to the number of weights that exist.

    On the CPU, float32 and float64 run in compiled kernels, one thread a call, gradients included; the first call on a
    machine compiles them. Elsewhere, and for other dtypes, the weights are scattered into a dense matrix. Gradients of
    gradients need that path.

    Attributes:
        weight: (n_edges,), in the order of ``indices``.
        bias: (out_features,), or None.
        indptr: int32 (out_features + 1,), a buffer. Output j reads the inputs ``indices[indptr[j]:indptr[j + 1]]``.
        indices: int32 (n_edges,), a buffer.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None
    indptr: Tensor
    indices: Tensor
    packed_pattern: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pattern: Pattern,
        bias: bool = True,
        *,
        allow_empty_rows: bool = False,
        seed: int = 0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Lay out a pattern, with initial weights as of `reset_parameters`.

        Args:
            in_features: Number of inputs, at least 1.
            out_features: Number of outputs, at least 1.
            pattern: The weights that exist; see `compressed_rows` in ``nas.models.pattern``.
            bias: Whether outputs have a bias.
            allow_empty_rows: Whether an output may read no input; it then gives its bias.
            seed: Of the initial weights. Layers of one network want different ones.
            dtype: Any floating dtype; torch's default dtype by default.
            device: A torch device.

        Raises:
            PatternError: (a ValueError) The pattern does not fit, or the dtype is not a floating one.
        """
        super().__init__()
        dtype = dtype or torch.get_default_dtype()
        if not dtype.is_floating_point:
            raise PatternError(f"SparseLinear: dtype is {dtype}; it must be a floating one.")
        layer = layer_of(*compressed_rows(pattern, in_features, out_features, allow_empty_rows), in_features)
        self.in_features, self.out_features = in_features, out_features
        self.register_buffer("sizes", torch.tensor([in_features, out_features], device=device))
        self.register_buffer("indptr", torch.tensor(layer.indptr, device=device))
        self.register_buffer("indices", torch.tensor(layer.indices, device=device))
        self.register_buffer("packed_pattern", packed(layer).to(device), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(layer.indices), dtype=dtype, device=device))
        self.bias = nn.Parameter(torch.empty(out_features, dtype=dtype, device=device)) if bias else None
        self.reset_parameters(seed)

    @classmethod
    def from_dense(cls, linear: nn.Linear, pattern: Pattern, *, allow_empty_rows: bool = False) -> SparseLinear:
        """Keep the weights of a dense layer that are in a pattern.

        Args:
            linear: The dense layer; left as it is.
            pattern: As for the constructor, such as a boolean mask of the shape of ``linear.weight``.
            allow_empty_rows: As for the constructor.

        Raises:
            PatternError: As for the constructor.
        """
        sparse = cls(
            linear.in_features,
            linear.out_features,
            pattern,
            linear.bias is not None,
            allow_empty_rows=allow_empty_rows,
            dtype=linear.weight.dtype,
            device=linear.weight.device,
        )
        with torch.no_grad():
            sparse.weight.copy_(linear.weight.flatten()[sparse._places()])
            if sparse.bias is not None:
                sparse.bias.copy_(linear.bias)
        return sparse

    def to_dense(self) -> nn.Linear:
        """A dense layer that computes the same, with zeros for the weights that do not exist."""
        linear = nn.Linear(
            self.in_features, self.out_features, self.bias is not None, device="meta", dtype=self.weight.dtype
        ).to_empty(device=self.weight.device)
        with torch.no_grad():
            linear.weight.copy_(self._dense_weight())
            if self.bias is not None:
                linear.bias.copy_(self.bias)
        return linear

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weights and biases as ``torch.nn.Linear`` does, with the actual fan-in of each output.

        Both are uniform within 1 / sqrt(fan-in) of 0, the bound of Kaiming He et al. 2015 (equation 10) for the slope
        that torch assumes. With the fan-in of a dense layer the signal would die at low density.

        Args:
            seed: Same seed, same weights, whatever the dtype or device.
        """
        rng = np.random.default_rng(seed)
        fan_in = np.diff(self.indptr.cpu().numpy())
        bound = np.where(fan_in > 0, 1 / np.sqrt(np.maximum(fan_in, 1)), 0)
        with torch.no_grad():
            self.weight.copy_(torch.from_numpy(np.repeat(bound, fan_in) * rng.uniform(-1, 1, len(self.indices))))
            if self.bias is not None:
                self.bias.copy_(torch.from_numpy(bound * rng.uniform(-1, 1, self.out_features)))

    def forward(self, x: Tensor) -> Tensor:
        """Give the outputs.

        Args:
            x: (..., in_features), of the dtype and on the device of the weights, of any strides.

        Returns:
            (..., out_features).

        Raises:
            ValueError: Another shape, dtype or device.
        """
        rows = checked_rows("SparseLinear", x, self.in_features, self.out_features, self.weight)
        if rows.device.type == "cpu" and rows.dtype in KERNEL_DTYPES:
            y: Tensor = sparse_linear(rows, self.weight, self.bias, self.packed_pattern, self.out_features)[0]
        else:
            y = self._reference(rows)
        return y.reshape(*x.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        """What stands between the brackets of the printed module."""
        n_edges = len(self.indices)
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, n_edges={n_edges}, "
            f"density={n_edges / (self.in_features * self.out_features):.4f}, bias={self.bias is not None}"
        )

    def _reference(self, rows: Tensor) -> Tensor:
        """The outputs in plain torch, by way of the dense matrix."""
        return functional.linear(rows, self._dense_weight(), self.bias)

    def _dense_weight(self) -> Tensor:
        zeros = self.weight.new_zeros(self.out_features * self.in_features)
        return zeros.scatter(0, self._places(), self.weight).view(self.out_features, self.in_features)

    def _places(self) -> Tensor:
        """Where the edges are in the flat dense matrix, int64 (n_edges,)."""
        rows = torch.arange(self.out_features, device=self.indptr.device)
        rows = rows.repeat_interleave(self.indptr.diff(), output_size=len(self.indices))
        return rows * self.in_features + self.indices

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        check_pattern(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *rest)
