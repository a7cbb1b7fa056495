from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nas.data import Dataset, prepare


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare("digits", seed=0)


def test_inputs_are_feature_major_float32_and_classes_int32(digits: Dataset) -> None:
    n_rows = 0
    for x, y in (
        (digits.x, digits.y),
        digits.read_test(),
    ):
        assert x.shape == (digits.n_inputs, len(y)) and x.dtype == np.float32 and x.flags.c_contiguous
        assert y.dtype == np.int32 and set(y.tolist()) == set(range(10))
        assert np.isfinite(x).all()
        n_rows += len(y)
    assert digits.n_test == len(digits.read_test()[1]) == n_rows - len(digits.y)
    assert n_rows == 1797 and digits.n_train + digits.n_validation == len(digits.y)
    assert (digits.task, digits.n_outputs, digits.score_name) == ("classification", 10, "accuracy")


def test_a_regression_target_is_float32_in_the_scale_of_the_training_rows() -> None:
    dataset = prepare("diabetes", seed=0)
    assert (dataset.task, dataset.n_outputs, dataset.score_name) == ("regression", 1, "r2")
    train = dataset.y[: dataset.n_train]
    assert dataset.y.dtype == np.float32
    assert abs(train.mean()) < 1e-5 and abs(train.std() - 1) < 1e-5
    assert dataset.encoding.target.decode(dataset.read_test()[1]).min() >= 25


def test_training_rows_come_first_and_shape_the_scale(digits: Dataset) -> None:
    train = digits.x[:, : digits.n_train]
    np.testing.assert_allclose(train.mean(axis=1), 0, atol=1e-4)
    assert np.abs(digits.x[:, digits.n_train :].mean(axis=1)).max() > 1e-3


def test_test_rows_are_the_same_at_every_reading(digits: Dataset) -> None:
    (x, y), (again, y_again) = digits.read_test(), digits.read_test()
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, y_again)


def test_no_public_attribute_holds_the_test_rows(digits: Dataset) -> None:
    public = [field.name for field in dataclasses.fields(digits) if not field.name.startswith("_")]
    arrays = [value for name in public if isinstance(value := getattr(digits, name), np.ndarray)]
    n_test = len(digits.read_test()[1])
    assert len(arrays) == 4 and all(array.shape[-1] != n_test for array in arrays)


def test_a_dataset_cannot_be_changed_and_prints_in_a_line(digits: Dataset) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.fingerprint = ""  # type: ignore[misc]
    assert len(repr(digits)) < 400


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """300 images of 30 pixels, of which the first is always black."""
    rng = np.random.default_rng(0)
    x = np.clip(rng.normal(90, 60, (300, 5, 6)), 0, 255).astype(np.uint8)
    x[:, 0, 0] = 0
    file: Path = tmp_path_factory.mktemp("images") / "x.npz"
    np.savez(file, x=x, y=np.arange(300) % 3)
    return prepare(str(file), seed=0)


def test_images_stay_bytes_and_stand_for_standardised_numbers(images: Dataset) -> None:
    assert images.x.dtype == np.uint8 and images.x.shape == (29, len(images.y)) and images.x.flags.c_contiguous
    numbers = images.numbers()
    assert numbers.dtype == np.float32 and numbers.shape == images.x.shape
    train = numbers[:, : images.n_train]
    assert abs(train.mean()) < 1e-4 and abs(train.std() - 1) < 1e-4  # one scale for all pixels
    assert len(set(images.scale.tolist())) == len(set(images.shift.tolist())) == 1


def test_numbers_of_both_parts_are_in_the_same_scale(images: Dataset) -> None:
    x_test, _ = images.read_test()
    assert x_test.dtype == np.float32
    values = {float(v) for v in np.unique(images.x)}
    of_byte = {round(float(images.scale[0] * v + images.shift[0]), 4) for v in values}
    shared = {round(float(v), 4) for v in np.unique(x_test)} & of_byte
    assert len(shared) > 50  # the same byte is the same number, but for rounding
    assert abs(x_test.mean()) < 0.1 and abs(x_test.std() - 1) < 0.1


def test_numbers_of_tables_are_as_they_are_kept(digits: Dataset) -> None:
    assert digits.x.dtype == np.float32
    np.testing.assert_array_equal(digits.numbers(), digits.x)
