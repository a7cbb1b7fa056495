"""What the modules refuse: inputs of another shape or dtype, and states of another pattern."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from nas.models.pattern import PatternError

KEPT = ("sizes", "indptr", "indices")  # buffers that say which weights exist


def checked_rows(name: str, x: Tensor, n_inputs: int, n_outputs: int, weight: Tensor) -> Tensor:
    """Give an input (..., n_inputs) as rows, (batch, n_inputs).

    Under autocast, rows take the dtype of the weights.

    Raises:
        ValueError: Another shape, dtype or device.
    """
    if x.dim() == 0 or x.shape[-1] != n_inputs:
        raise ValueError(
            f"{name}: the input has shape {tuple(x.shape)}; its last dimension must be {n_inputs}, "
            f"the inputs of a matrix of shape ({n_outputs}, {n_inputs})."
        )
    if x.dtype != weight.dtype and torch.is_autocast_enabled(x.device.type):
        x = x.to(weight.dtype)
    if x.dtype != weight.dtype or x.device != weight.device:
        raise ValueError(
            f"{name}: the input is {x.dtype} on {x.device}, the weights are {weight.dtype} on {weight.device}; "
            "move one with `.to`."
        )
    return x.reshape(-1, n_inputs)


def check_pattern(module: nn.Module, state: Mapping[str, Tensor], prefix: str) -> None:
    """Accept a state, of the keys that begin with a prefix, if its pattern is that of the module.

    Raises:
        PatternError: It is not.
    """
    for name in KEPT:
        own, other = module.get_buffer(name), state.get(prefix + name)
        if other is not None and not torch.equal(own.cpu(), other.cpu()):
            raise PatternError(
                f"{type(module).__name__}: the state has another pattern: its {prefix + name} differs. "
                "Make the module with the pattern that it was saved with."
            )
