from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from masked_cells import LAYERS

from nas.data import SequenceDataset, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.recurrent_baselines import dense_recurrent_wiring, dense_recurrent_wirings, rule_baselines
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import CELLS, Cell

cells = st.sampled_from(CELLS)
sizes = st.integers(1, 40)


@settings(deadline=None, max_examples=40)
@given(sizes, sizes, sizes, sizes, cells)
def test_a_dense_network_has_the_weights_of_torchs_layers(
    n_inputs: int, n_embedded: int, n_units: int, n_outputs: int, cell: Cell
) -> None:
    wiring = dense_recurrent_wiring(n_inputs, n_embedded, n_units, n_outputs, cell)
    layers = (
        torch.nn.Linear(n_inputs, n_embedded),
        LAYERS[cell](n_embedded, n_units),
        torch.nn.Linear(n_units, n_outputs),
    )
    weights = [tensor for layer in layers for name, tensor in layer.named_parameters() if "weight" in name]
    assert wiring.n_weights == sum(tensor.numel() for tensor in weights)
    assert (wiring.n_inputs, wiring.n_embedded, wiring.n_outputs) == (n_inputs, n_embedded, n_outputs)
    assert (wiring.cell, wiring.n_units, wiring.n_vertices) == (cell, n_units, n_units)
    assert (wiring.density, wiring.depth) == (1.0, 1)


def test_every_unit_reads_all_embedded_values_and_all_units_of_the_step_before() -> None:
    wiring = dense_recurrent_wiring(7, 3, 4, 2, "gru")
    np.testing.assert_array_equal(wiring.input_indices.reshape(4, 3), np.tile(np.arange(3), (4, 1)))
    np.testing.assert_array_equal(wiring.recurrent_indices.reshape(4, 4), np.tile(np.arange(4), (4, 1)))
    np.testing.assert_array_equal(wiring.output_indices.reshape(2, 4), np.tile(np.arange(4), (2, 1)))


def unlike(wiring: RecurrentWiring, n_weights: int) -> float:
    """How far a network is from a number of weights, as a share of it."""
    return abs(wiring.n_weights / n_weights - 1)


@settings(deadline=None, max_examples=100)
@given(sizes, sizes, sizes, st.integers(1, 10_000), cells)
def test_one_dense_network_has_about_as_many_weights_and_the_other_is_an_lstm(
    n_inputs: int, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> None:
    (name, equal), (lstm_name, lstm) = dense_recurrent_wirings(n_inputs, n_embedded, n_outputs, n_weights, cell).items()
    assert name == f"dense {cell}, {equal.n_units} units (equal weights)"
    assert lstm_name == "dense lstm, 32 units" and (lstm.cell, lstm.n_units) == ("lstm", 32)
    assert (equal.n_inputs, equal.n_embedded, equal.n_outputs) == (n_inputs, n_embedded, n_outputs)
    assert (lstm.n_inputs, lstm.n_embedded, lstm.n_outputs) == (n_inputs, min(n_inputs, 16), n_outputs)
    assert equal.cell == cell
    fewer, more = (
        dense_recurrent_wiring(n_inputs, n_embedded, max(1, equal.n_units + change), n_outputs, cell)
        for change in (-1, 1)
    )
    assert n_weights < more.n_weights and (equal.n_units == 1 or fewer.n_weights < n_weights)
    if min(unlike(wiring, n_weights) for wiring in (fewer, more)) <= 0.25:
        assert unlike(equal, n_weights) <= 0.25


@settings(deadline=None, max_examples=40)
@given(sizes, sizes, sizes, st.integers(5, 60), cells)
def test_as_many_weights_as_a_dense_network_has_give_that_network(
    n_inputs: int, n_embedded: int, n_outputs: int, n_units: int, cell: Cell
) -> None:
    dense = dense_recurrent_wiring(n_inputs, n_embedded, n_units, n_outputs, cell)
    name, equal = next(iter(dense_recurrent_wirings(n_inputs, n_embedded, n_outputs, dense.n_weights, cell).items()))
    assert (equal.n_units, name) == (n_units, f"dense {cell}, {n_units} units (equal weights)")


@settings(deadline=None, max_examples=40)
@given(sizes, sizes, sizes, st.integers(1, 10_000), cells)
def test_from_five_units_on_weights_are_equal_within_a_quarter(
    n_inputs: int, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> None:
    equal = next(iter(dense_recurrent_wirings(n_inputs, n_embedded, n_outputs, n_weights, cell).values()))
    assume(equal.n_units >= 5)
    assert unlike(equal, n_weights) <= 0.25


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=3)


def test_rules_are_right_as_often_as_counted_by_hand(reber: SequenceDataset) -> None:
    drawn = reber_strings(400, seed=3)
    strings, labels, n = drawn.strings, drawn.labels, drawn.n_train
    baselines = {baseline.name: baseline for baseline in rule_baselines(reber, labels[n:])}
    assert list(baselines) == ["bigram rule", "trigram rule", "length rule"]
    for name, width in (("bigram rule", 2), ("trigram rule", 3)):
        valid = [string for string, label in zip(strings[:n], labels[:n], strict=True) if label]
        known = {s[i : i + width] for s in valid for i in range(len(s))}
        said = [all(s[i : i + width] in known for i in range(len(s) - width + 1)) for s in strings[n:]]
        assert baselines[name].test_score == np.mean([a == (b == 1) for a, b in zip(said, labels[n:], strict=True)])
        assert baselines[name].test_score > 0.5
    lengths = np.array([len(s) for s in strings])
    best = max(range(1, 100), key=lambda shortest: ((lengths[:n] >= shortest) == labels[:n]).mean())
    assert baselines["length rule"].test_score == np.mean((lengths[n:] >= best) == labels[n:])
    assert all((baseline.n_weights, baseline.seconds) == (None, 0.0) for baseline in baselines.values())


def test_rules_are_measured_against_the_targets_given(reber: SequenceDataset) -> None:
    _, _, y = reber.read_test()
    straight, turned = rule_baselines(reber, y), rule_baselines(reber, 1 - y)
    assert [a.test_score + b.test_score for a, b in zip(straight, turned, strict=True)] == pytest.approx([1.0] * 3)


def test_other_sequences_have_no_rules(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("strings") / "x.csv"
    file.write_text("string,label\n" + "".join(f"{'ab'[i % 2] * (i + 1)},{i % 2}\n" for i in range(30)))
    dataset = prepare_sequences(str(file), seed=0)
    assert rule_baselines(dataset, dataset.read_test()[2]) == []
