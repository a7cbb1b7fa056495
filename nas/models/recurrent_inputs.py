"""Sequences and states as torch's recurrent modules take and give them, and the one form that layers work on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

States = tuple[Tensor, ...]


@dataclass(frozen=True)
class Steps:
    """Sequences as torch packs them: the first step of all, longest first, then the second of those that have one.

    Attributes:
        rows: (n_rows, n_values), or (n_steps, batch, n_values) where all are of one length.
        batch_sizes: int64 (n_steps,), on the CPU: how many sequences have each step.
        batch: How many there are.
        order: int64 (batch,), the place of each in the caller's batch; None where that is its own.
        inverse: int64 (batch,), the way back.
    """

    rows: Tensor
    batch_sizes: Tensor
    batch: int
    order: Tensor | None = None
    inverse: Tensor | None = None


def steps_of(name: str, x: Tensor | PackedSequence, batch_first: bool) -> Steps:
    """Give the steps of what a module is called with.

    Args:
        name: Of the module, for messages.
        x: (n_steps, batch, n_values), (batch, n_steps, n_values) if ``batch_first``, (n_steps, n_values), or packed.
        batch_first: Of the module.

    Raises:
        ValueError: Another shape, or no steps.
    """
    if isinstance(x, PackedSequence):
        return Steps(x.data, x.batch_sizes, int(x.batch_sizes[0]), x.sorted_indices, x.unsorted_indices)
    if x.dim() not in (2, 3):
        raise ValueError(
            f"{name}: the input has shape {tuple(x.shape)}; it must have 2 dimensions, or 3 with a batch, or be packed."
        )
    rows = x.unsqueeze(1) if x.dim() == 2 else x.transpose(0, 1) if batch_first else x
    n_steps, batch = rows.shape[:2]
    if n_steps == 0:
        raise ValueError(f"{name}: the input has shape {tuple(x.shape)}; it must have at least 1 step.")
    return Steps(rows, torch.full((n_steps,), batch, device="cpu"), batch)


def outputs_like(x: Tensor | PackedSequence, rows: Tensor, steps: Steps, batch_first: bool) -> Tensor | PackedSequence:
    """Give rows (n_rows, n_values) the form of the input that they were computed from."""
    if isinstance(x, PackedSequence):
        return PackedSequence(rows, steps.batch_sizes, steps.order, steps.inverse)
    if x.dim() == 2:
        return rows
    outputs = rows.view(len(steps.batch_sizes), steps.batch, rows.shape[1])
    return outputs.transpose(0, 1) if batch_first else outputs


def first_states(
    name: str, given: States | None, n_states: int, shape: tuple[int, int, int], is_batched: bool, steps: Steps,
    weight: Tensor,
) -> States:  # fmt: skip
    """Give initial states in the order of steps.

    Args:
        name: Of the module, for messages.
        given: What it is called with, h_0 and for LSTM c_0; None for zeros.
        n_states: How many are wanted.
        shape: (n_layers, batch, n_units).
        is_batched: Whether those given have the middle dimension.
        steps: Whose order states follow.
        weight: A weight of the module.

    Raises:
        ValueError: Another shape, dtype or device.
    """
    if given is None:
        return tuple(weight.new_zeros(shape) for _ in range(n_states))
    is_tuple = isinstance(given, tuple | list) and len(given) == n_states
    if not is_tuple or not all(isinstance(state, Tensor) for state in given):
        raise ValueError(f"{name}: the initial state must be {('a tensor h_0', 'a pair (h_0, c_0)')[n_states - 1]}.")
    expected = shape if is_batched else (shape[0], shape[2])
    for label, state in zip(("h_0", "c_0"), given, strict=False):
        if tuple(state.shape) != expected:
            raise ValueError(f"{name}: {label} has shape {tuple(state.shape)}; this input needs {expected}.")
        if state.dtype != weight.dtype or state.device != weight.device:
            raise ValueError(
                f"{name}: {label} is {state.dtype} on {state.device}, the weights are {weight.dtype} on "
                f"{weight.device}; move one with `.to`."
            )
    states = given if is_batched else tuple(state.unsqueeze(1) for state in given)
    return states if steps.order is None else tuple(state.index_select(1, steps.order) for state in states)


def last_states(states: States, is_batched: bool, steps: Steps) -> States:
    """Give last states (n_layers, batch, n_units) the order and the form of those that a module is called with."""
    if steps.inverse is not None:
        return tuple(state.index_select(1, steps.inverse) for state in states)
    return states if is_batched else tuple(state.squeeze(1) for state in states)
