from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged import chosen_sequences, padded_batch, random_sequences
from support import any_recurrent_wiring

from nas.engine.cells import CELLS
from nas.engine.gather import Inputs
from nas.engine.networks import first_state
from nas.engine.population import predict
from nas.engine.recurrent_layout import RecurrentNetwork, lay_out_recurrent
from nas.engine.recurrent_prediction import EVALUATION_BATCH, predict_sequences
from nas.engine.recurrent_reference import reference_recurrent_forward
from nas.engine.sequence_batches import Sequences

N = 2 * EVALUATION_BATCH + 37  # three batches


def network_and_parameters(seed: int, cell: str, density: float = 0.4) -> tuple[RecurrentNetwork, np.ndarray]:
    network = lay_out_recurrent(any_recurrent_wiring(seed, cell, density=density))
    parameters = first_state(network, [[seed]]).parameters[0]
    parameters += 0.1 * np.random.default_rng(seed).standard_normal(parameters.shape).astype(np.float32)  # biases too
    return network, parameters


def exact(network: RecurrentNetwork, parameters: np.ndarray, sequences: Sequences) -> np.ndarray:
    inputs, lengths = padded_batch(sequences, np.arange(len(sequences.offsets) - 1), network.view)
    return reference_recurrent_forward(
        network, torch.tensor(parameters, dtype=torch.float64), torch.tensor(inputs), torch.tensor(lengths)
    ).numpy()


@pytest.mark.parametrize("cell", CELLS)
@given(seed=st.integers(0, 2**32), longest=st.integers(1, 8), density=st.sampled_from([0.1, 0.4, 1.0]))
@settings(deadline=None, max_examples=12)
def test_outputs_are_those_of_the_oracle(cell: str, seed: int, longest: int, density: float) -> None:
    network, parameters = network_and_parameters(seed, cell, density)
    sequences = random_sequences(seed, N, longest=longest)
    found = predict(network, parameters, sequences)
    assert (found.shape, found.dtype) == ((3, N), np.float32)
    np.testing.assert_allclose(found, exact(network, parameters, sequences), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_has_the_same_outputs_alone_and_among_others(cell: str) -> None:
    network, parameters = network_and_parameters(1, cell)
    sequences = random_sequences(1, 40)
    together = predict(network, parameters, sequences)
    alone = [predict(network, parameters, chosen_sequences(sequences, np.array([k]))) for k in range(40)]
    np.testing.assert_allclose(np.concatenate(alone, axis=1), together, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_outputs_do_not_depend_on_the_order(cell: str) -> None:
    network, parameters = network_and_parameters(2, cell)
    sequences, order = random_sequences(2, N), np.random.default_rng(2).permutation(N)
    found = predict(network, parameters, chosen_sequences(sequences, order))
    np.testing.assert_allclose(found, predict(network, parameters, sequences)[:, order], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("first", "last"), [(0, 1), (37, 251), (N - 1, N)])
def test_predictions_of_some_sequences_are_those_of_all(cell: str, first: int, last: int) -> None:
    network, parameters = network_and_parameters(3, cell)
    sequences = random_sequences(3, N)
    whole = predict_sequences(network, parameters, sequences, 0, N)
    some = predict(network, parameters, sequences, first, last)
    np.testing.assert_allclose(some, whole[:, first:last], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_that_is_not_a_number_leaves_the_others_alone(cell: str) -> None:
    network, parameters = network_and_parameters(4, cell, density=0.8)
    sequences = random_sequences(4, 20)
    expected = predict(network, parameters, sequences)
    broken = [3, 11]
    sequences.inputs.values[np.repeat(np.isin(np.arange(20), broken), sequences.lengths())] = np.nan
    found = predict(network, parameters, sequences)
    assert np.isnan(found[:, broken]).all()
    others = np.setdiff1d(np.arange(20), broken)
    np.testing.assert_array_equal(found[:, others], expected[:, others])


def test_bytes_are_the_numbers_that_they_stand_for() -> None:
    network, parameters = network_and_parameters(5, "gru")
    plain, rng = random_sequences(5, 30), np.random.default_rng(5)
    stored = rng.integers(256, size=plain.inputs.values.shape, dtype=np.uint8)
    scale, shift = rng.random(3).astype(np.float32) / 100, rng.standard_normal(3).astype(np.float32)
    meant = (scale * stored.astype(np.float32) + shift).T
    of_bytes = predict(network, parameters, Sequences(Inputs(stored, scale, shift), plain.offsets))
    of_numbers = predict(network, parameters, Sequences(Inputs.plain(meant), plain.offsets))
    np.testing.assert_allclose(of_bytes, of_numbers, rtol=1e-5, atol=1e-5)


def test_parameters_and_sequences_are_left_as_they_are() -> None:
    network, parameters = network_and_parameters(6, "lstm")
    sequences = random_sequences(6, 20)
    before = [array.copy() for array in (parameters, *sequences.inputs, sequences.offsets)]
    predict(network, parameters, sequences)
    for array, copy in zip((parameters, *sequences.inputs, sequences.offsets), before, strict=True):
        np.testing.assert_array_equal(array, copy)
