from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from masked_cells import LAYERS

from nas.results.dense_recurrent_networks import (
    RATES,
    SequenceReading,
    dense_recurrent_contests,
    dense_recurrent_wiring,
)
from nas.speed import Load
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import CELLS, Cell

cells = st.sampled_from(CELLS)
sizes = st.integers(1, 40)
readings = st.builds(
    SequenceReading, sizes, st.integers(5, 9), st.integers(1, 5), st.sampled_from([(0,), (1,), (2,), (0, 1, 2)])
)


@settings(deadline=None, max_examples=40)
@given(readings, sizes, sizes, sizes, cells)
def test_a_dense_network_has_the_weights_of_torchs_layers(
    reading: SequenceReading, n_embedded: int, n_units: int, n_outputs: int, cell: Cell
) -> None:
    wiring = dense_recurrent_wiring(reading, n_embedded, n_units, n_outputs, cell)
    layers = (
        torch.nn.Linear(reading.n_inputs * reading.window, n_embedded),
        LAYERS[cell](n_embedded, n_units),
        torch.nn.Linear(len(reading.summaries) * n_units, n_outputs),
    )
    weights = [tensor for layer in layers for name, tensor in layer.named_parameters() if "weight" in name]
    assert wiring.n_weights == sum(tensor.numel() for tensor in weights)
    assert (wiring.n_inputs, wiring.n_embedded, wiring.n_outputs) == (reading.n_inputs, n_embedded, n_outputs)
    assert (wiring.window, wiring.stride) == (reading.window, reading.stride)
    assert (wiring.cell, wiring.n_units, wiring.n_vertices) == (cell, n_units, n_units)
    assert (wiring.density, wiring.depth) == (1.0, 1)


def test_every_unit_reads_all_embedded_values_and_all_units_of_the_step_before() -> None:
    wiring = dense_recurrent_wiring(SequenceReading(7, 5, 2, (1, 2)), 3, 4, 2, "gru")
    np.testing.assert_array_equal(wiring.input_indices.reshape(4, 3), np.tile(np.arange(3), (4, 1)))
    np.testing.assert_array_equal(wiring.recurrent_indices.reshape(4, 4), np.tile(np.arange(4), (4, 1)))
    np.testing.assert_array_equal(wiring.output_indices.reshape(2, 8), np.tile(np.arange(4, 12), (2, 1)))


def dense(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> list[RecurrentWiring]:
    """The wirings of the two contests."""
    contests = dense_recurrent_contests(reading, n_embedded, n_outputs, n_weights, cell)
    wirings = [contest.settings[0].make_wiring() for contest in contests]
    assert all(isinstance(wiring, RecurrentWiring) for wiring in wirings)
    return wirings  # type: ignore[return-value]


@settings(deadline=None, max_examples=20)
@given(readings, sizes, sizes, st.integers(1, 10_000), cells)
def test_every_rate_is_tried_at_both_sizes(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> None:
    contests = dense_recurrent_contests(reading, n_embedded, n_outputs, n_weights, cell)
    assert [contest.name for contest in contests] == ["equal weights", "32 units"]
    for contest in contests:
        wiring = contest.settings[0].make_wiring()
        assert isinstance(wiring, RecurrentWiring)
        assert [setting.learning_rate for setting in contest.settings] == list(RATES)
        assert {setting.name for setting in contest.settings} == {f"{wiring.n_units} {wiring.cell} units"}
        assert {setting.n_weights for setting in contest.settings} == {wiring.n_weights}
        assert {setting.activation for setting in contest.settings} == {None}
        assert {setting.load for setting in contest.settings} == {Load(wiring.n_weights, reading.stride)}


def unlike(wiring: RecurrentWiring, n_weights: int) -> float:
    """How far a network is from a number of weights, as a share of it."""
    return abs(wiring.n_weights / n_weights - 1)


@settings(deadline=None, max_examples=100)
@given(readings, sizes, sizes, st.integers(1, 10_000), cells)
def test_one_dense_network_has_about_as_many_weights_and_the_other_is_an_lstm(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> None:
    equal, lstm = dense(reading, n_embedded, n_outputs, n_weights, cell)
    assert (lstm.cell, lstm.n_units) == ("lstm", 32)
    assert (equal.n_inputs, equal.n_embedded, equal.n_outputs) == (reading.n_inputs, n_embedded, n_outputs)
    assert (lstm.n_inputs, lstm.n_embedded, lstm.n_outputs) == (
        reading.n_inputs,
        min(reading.n_inputs * reading.window, 16),
        n_outputs,
    )
    assert equal.cell == cell
    fewer, more = (
        dense_recurrent_wiring(reading, n_embedded, max(1, equal.n_units + change), n_outputs, cell)
        for change in (-1, 1)
    )
    assert n_weights < more.n_weights and (equal.n_units == 1 or fewer.n_weights < n_weights)
    if min(unlike(wiring, n_weights) for wiring in (fewer, more)) <= 0.25:
        assert unlike(equal, n_weights) <= 0.25


@settings(deadline=None, max_examples=40)
@given(readings, sizes, sizes, st.integers(5, 60), cells)
def test_as_many_weights_as_a_dense_network_has_give_that_network(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_units: int, cell: Cell
) -> None:
    n_weights = dense_recurrent_wiring(reading, n_embedded, n_units, n_outputs, cell).n_weights
    assert dense(reading, n_embedded, n_outputs, n_weights, cell)[0].n_units == n_units


@settings(deadline=None, max_examples=40)
@given(readings, sizes, sizes, st.integers(5, 60), st.floats(0.0, 1.0), cells)
def test_from_five_units_on_weights_are_equal_within_a_quarter(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_units: int, share: float, cell: Cell
) -> None:
    fewer, more = (dense_recurrent_wiring(reading, n_embedded, n_units + k, n_outputs, cell).n_weights for k in (0, 1))
    n_weights = fewer + round(share * (more - fewer))
    assert unlike(dense(reading, n_embedded, n_outputs, n_weights, cell)[0], n_weights) <= 0.25
