"""The buffers of a recurrent layer; what it computes is tested with the modules of ``nas.models``."""

from __future__ import annotations

import numpy as np
import pytest

from nas.engine.cells import CELLS
from nas.engine.layout import aligned_empty
from nas.engine.recurrent_layer import (
    SEGMENT,
    kept_size,
    layer_backward,
    layer_forward,
    layer_sizes,
    recurrent_layer,
    scratch_size,
)
from nas.engine.recurrent_layout import RecurrentNetwork, lay_out_recurrent
from search_spaces.recurrent_wiring import RecurrentWiring

N_INPUTS, N_UNITS, BATCH_SIZES = 3, 7, np.array([130, 129, 40, 40, 3, 3, 1])
BATCH, N_ROWS, GUARD = int(BATCH_SIZES[0]), int(BATCH_SIZES.sum()), 64


def edges(seed: int, n_sources: int) -> tuple[np.ndarray, np.ndarray]:
    """(sources, units)."""
    mask = np.random.default_rng(seed).random((N_UNITS, n_sources)) < 0.5
    mask[:, 0] = True
    return np.nonzero(mask)[::-1]


def layer(cell: str) -> RecurrentNetwork:
    rows = []
    for sources, units in (edges(0, N_INPUTS), edges(1, N_UNITS)):
        rows += [np.searchsorted(units, np.arange(N_UNITS + 1)).astype(np.int32), sources.astype(np.int32)]
    return recurrent_layer(cell, N_INPUTS, *rows)


class Buffers:
    """float32 buffers full of NaN, between numbers that nobody may change."""

    def __init__(self) -> None:
        self.wholes: list[np.ndarray] = []

    def new(self, *shape: int) -> np.ndarray:
        whole = aligned_empty((int(np.prod(shape)) + 2 * GUARD,))
        whole[:] = np.nan
        self.wholes.append(whole)
        return whole[GUARD:-GUARD].reshape(shape)

    def are_intact(self) -> bool:
        return all(np.isnan(whole[:GUARD]).all() and np.isnan(whole[-GUARD:]).all() for whole in self.wholes)


@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_is_a_wiring_without_outputs(cell: str) -> None:
    network = layer(cell)
    outputs = np.arange(N_UNITS), np.zeros(N_UNITS, np.int64)
    wiring = RecurrentWiring.from_edges(
        N_INPUTS, N_INPUTS, 1, cell, np.arange(N_UNITS), edges(0, N_INPUTS), edges(1, N_UNITS), outputs
    )
    expected = lay_out_recurrent(wiring)
    for name in RecurrentNetwork._fields:
        if name != "channels" and not name.startswith("output"):
            np.testing.assert_array_equal(getattr(network, name), getattr(expected, name))
    assert len(network.output_indptr) == 1 and len(network.output_indices) == 0


@pytest.mark.parametrize("cell", CELLS)
def test_buffers_are_filled_and_nothing_beside_them(cell: str) -> None:
    network, rng = layer(cell), np.random.default_rng(2)
    sizes = layer_sizes(network)
    parameters = rng.standard_normal(sizes.end).astype(np.float32)
    rows = rng.standard_normal((N_ROWS, N_INPUTS)).astype(np.float32)
    n_cells = (BATCH, N_UNITS) if cell == "lstm" else (0, 0)
    states = [rng.standard_normal(shape).astype(np.float32) for shape in ((BATCH, N_UNITS), n_cells)]
    found, buffers = [], Buffers()
    for n_steps in (SEGMENT, len(BATCH_SIZES)):
        keeps = n_steps > SEGMENT
        kept = buffers.new(kept_size(cell, N_INPUTS, N_UNITS, n_steps, BATCH))
        results = buffers.new(N_ROWS, N_UNITS), buffers.new(BATCH, N_UNITS), buffers.new(*n_cells)
        layer_forward(network, sizes, parameters, BATCH_SIZES, rows, *states, keeps, kept, *results)
        assert not any(np.isnan(result).any() for result in results)
        found.append(results)
    for own, other in zip(*found, strict=True):
        np.testing.assert_array_equal(own, other)
    scratch = buffers.new(scratch_size(cell, N_INPUTS, N_UNITS, BATCH))
    before = kept.copy()
    gradients = (
        buffers.new(sizes.end),
        buffers.new(N_ROWS, N_INPUTS),
        buffers.new(BATCH, N_UNITS),
        buffers.new(*n_cells),
    )
    layer_backward(network, sizes, parameters, BATCH_SIZES, kept, *results, scratch, *gradients)
    assert not any(np.isnan(gradient).any() for gradient in gradients)
    assert buffers.are_intact()
    np.testing.assert_array_equal(before, kept)


def test_subnormal_numbers_are_back_after_a_call() -> None:
    network, none = layer("tanh"), np.zeros((0, 0), np.float32)
    sizes, kept = layer_sizes(network), aligned_empty((kept_size("tanh", N_INPUTS, N_UNITS, SEGMENT, 1),))
    hidden, out, last_hidden = np.zeros((3, 1, N_UNITS), np.float32)
    rows, parameters = np.zeros((1, N_INPUTS), np.float32), np.zeros(sizes.end, np.float32)
    layer_forward(network, sizes, parameters, np.array([1]), rows, hidden, none, False, kept, out, last_hidden, none)
    assert np.array([1e-40], np.float32)[0] * np.float32(0.5) > 0
