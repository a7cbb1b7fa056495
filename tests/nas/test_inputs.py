from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.data import AnyDataset, Dataset, SequenceDataset, prepare, prepare_sequences
from nas.data.shared import SharedRows
from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences
from nas.inputs import engine_rows, mean_square, read_test, sequences_of, write_rows

RNG = np.random.default_rng(0)
N, N_STEPS, N_CHANNELS = 60, 6, 3
LABELS = np.arange(N) % 2


@pytest.fixture(scope="module", params=["table", "images", "strings", "arrays"])
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AnyDataset:
    """Data of each kind, in the form in which it is kept."""
    if request.param == "table":
        return prepare("wine", seed=0)
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "images":
        np.savez(folder / "x.npz", x=RNG.integers(0, 256, (N, 2, 2), dtype=np.uint8), y=LABELS)
        return prepare(str(folder / "x.npz"), seed=0)
    if request.param == "strings":
        lines = ["".join(RNG.choice(list("abc"), RNG.integers(1, N_STEPS))) + f",{label}" for label in LABELS]
        (folder / "x.csv").write_text("\n".join(["string,label", *lines]))
        return prepare_sequences(str(folder / "x.csv"), seed=0)
    x, lengths = RNG.normal(size=(N, N_STEPS, N_CHANNELS)), RNG.integers(1, N_STEPS + 1, N)
    np.savez(folder / "x.npz", x_train=x, lengths_train=lengths, y_train=LABELS)
    return prepare_sequences(str(folder / "x.npz"), seed=0)


def numbers(inputs: Inputs) -> np.ndarray:
    """What inputs stand for, feature-major."""
    return (inputs.scale * inputs.values + inputs.shift).T


def stored_numbers(dataset: AnyDataset) -> np.ndarray:
    """What the inputs of a data set stand for."""
    return dataset.numbers() if isinstance(dataset, Dataset) else dataset.x


def test_workers_find_what_was_prepared(dataset: AnyDataset, tmp_path: Path) -> None:
    stored = write_rows(tmp_path / "shared", dataset).open()
    rows = engine_rows(stored)
    np.testing.assert_array_equal(stored.y, dataset.y)
    inputs = rows.inputs if isinstance(rows, Sequences) else rows
    np.testing.assert_array_equal(numbers(inputs), stored_numbers(dataset))
    assert inputs.values.dtype == dataset.x.dtype
    assert isinstance(rows, Sequences) == isinstance(dataset, SequenceDataset)
    if isinstance(rows, Sequences) and isinstance(dataset, SequenceDataset):
        np.testing.assert_array_equal(rows.offsets, dataset.offsets)


def test_another_order_moves_whole_rows_and_whole_sequences(dataset: AnyDataset, tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(len(dataset.y))
    stored = write_rows(tmp_path, dataset, order).open()
    rows, values = engine_rows(stored), stored_numbers(dataset)
    np.testing.assert_array_equal(stored.y, dataset.y[order])
    if isinstance(rows, Sequences):
        assert isinstance(dataset, SequenceDataset)
        moved = [values[:, dataset.offsets[row] : dataset.offsets[row + 1]] for row in order]
        np.testing.assert_array_equal(np.diff(rows.offsets), [sequence.shape[1] for sequence in moved])
        np.testing.assert_array_equal(numbers(rows.inputs), np.concatenate(moved, axis=1))
        assert rows.inputs.values.dtype == dataset.x.dtype
    else:
        np.testing.assert_array_equal(numbers(rows), values[:, order])
        assert rows.values.dtype == dataset.x.dtype


def test_what_lay_in_the_folder_before_is_gone(dataset: AnyDataset, tmp_path: Path) -> None:
    SharedRows.write(tmp_path, np.ones((3, 2), np.uint8), np.ones(2), np.array([0, 1, 3]), *np.full((2, 2), 7, "f4"))
    rows = engine_rows(write_rows(tmp_path, dataset).open())
    assert isinstance(rows, Sequences) == isinstance(dataset, SequenceDataset)
    inputs = rows.inputs if isinstance(rows, Sequences) else rows
    np.testing.assert_array_equal(numbers(inputs), stored_numbers(dataset))


def test_test_rows_are_in_the_scale_of_those_that_were_trained_on(dataset: AnyDataset) -> None:
    rows, targets = read_test(dataset)
    assert targets.dtype == np.float32
    if isinstance(dataset, Dataset):
        x, y = dataset.read_test()
        assert isinstance(rows, Inputs)
        np.testing.assert_array_equal(numbers(rows), x)
    else:
        x, offsets, y = dataset.read_test()
        assert isinstance(rows, Sequences)
        np.testing.assert_array_equal(numbers(rows.inputs), x)
        np.testing.assert_array_equal(rows.offsets, offsets)
        assert rows.inputs.values.dtype == x.dtype
    np.testing.assert_array_equal(targets, y)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_encoded_sequences_stand_for_themselves(dtype: type) -> None:
    values, offsets = RNG.integers(0, 2, (N_CHANNELS, 9)).astype(dtype), np.array([0, 4, 9])
    sequences = sequences_of(values, offsets)
    assert sequences.inputs.values.dtype == dtype
    np.testing.assert_array_equal(sequences.offsets, offsets)
    np.testing.assert_array_equal(numbers(sequences.inputs), values)


def test_the_mean_square_of_channels_is_that_of_the_training_steps(dataset: AnyDataset) -> None:
    rows, _ = read_test(dataset)
    if isinstance(dataset, Dataset):
        assert mean_square(rows) == 1.0
    else:
        channels = dataset.x[: dataset.n_inputs, : dataset.offsets[dataset.n_train]].astype(np.float64)
        assert mean_square(rows) == pytest.approx((channels**2).mean(), rel=1e-5)
