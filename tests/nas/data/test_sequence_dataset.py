from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nas.data import SequenceDataset, prepare_sequences


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    return prepare_sequences("reber", seed=0)


def test_strings_are_feature_major_uint8_without_padding(reber: SequenceDataset) -> None:
    assert not reber.has_differences
    assert reber.lengths.tolist() == np.diff(reber.offsets).tolist()
    for x, offsets, y in ((reber.x, reber.offsets, reber.y), reber.read_test()):
        assert x.shape == (reber.n_inputs, offsets[-1]) == (26, offsets[-1]) and x.dtype == np.uint8
        assert x.flags.c_contiguous and offsets.dtype == np.int64 and offsets.shape == (len(y) + 1,)
        assert offsets[0] == 0 and np.diff(offsets).min() == 11
        assert (x.sum(axis=0, dtype=np.int64) == 1).all()  # every step is one letter
        letters = "".join(reber.encoding.inputs.symbols)  # type: ignore[union-attr]
        assert x[letters.index("B"), offsets[:-1]].all() and x[letters.index("E"), offsets[1:] - 1].all()
        assert y.dtype == np.int32 and set(y.tolist()) == {0, 1}
    assert (reber.task, reber.n_outputs, reber.score_name) == ("classification", 2, "accuracy")
    assert reber.encoding.target.classes == ("0", "1") and reber.notes == ()
    assert reber.n_train + reber.n_validation == len(reber.y) == 18_750
    assert reber.n_test == len(reber.read_test()[2]) == 6_250
    assert abs(reber.n_validation - 3_750) <= 2


def test_arrays_are_float32_in_the_scale_of_the_training_steps(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, lengths = rng.normal(3, 2, (60, 7, 2)), rng.integers(1, 8, 60)
    for row, length in enumerate(lengths):
        x[row, length:] = 1e9
    path = str(tmp_path / "data.npz")
    np.savez(path, x_train=x, lengths_train=lengths, y_train=rng.normal(10, 5, 60))
    dataset = prepare_sequences(path, seed=0)
    assert (dataset.task, dataset.n_outputs, dataset.score_name) == ("regression", 1, "r2")
    assert dataset.x.dtype == np.float32 and dataset.y.dtype == np.float32 and dataset.n_inputs == 2
    train = dataset.x[:, : dataset.offsets[dataset.n_train]]
    np.testing.assert_allclose(train[:2].mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(train[:2].std(axis=1), 1, atol=1e-5)
    assert len(dataset.x) == 4 and dataset.has_differences
    is_first = np.isin(np.arange(train.shape[1]), dataset.offsets)
    assert not train[2:, is_first].any()
    np.testing.assert_allclose(train[2:, ~is_first].std(axis=1), 1, atol=1e-5)
    assert abs(dataset.y[: dataset.n_train].mean()) < 1e-5
    assert dataset.test_families is None and dataset.read_baselines() == ()
    assert sorted(np.diff(dataset.offsets).tolist() + np.diff(dataset.read_test()[1]).tolist()) == sorted(lengths)


def test_families_and_baselines_belong_to_the_test_strings(reber: SequenceDataset) -> None:
    _, _, y = reber.read_test()
    assert reber.test_families is not None
    names, numbers = reber.test_families
    assert names[0] == "valid" and len(names) == 9 and numbers.shape == y.shape
    np.testing.assert_array_equal(numbers == 0, y == 1)
    rules = dict(reber.read_baselines())
    assert list(rules) == ["bigram rule", "trigram rule", "length rule"]
    np.testing.assert_array_equal(rules["trigram rule"], y)


def test_test_sequences_are_the_same_at_every_reading(reber: SequenceDataset) -> None:
    for first, again in zip(reber.read_test(), reber.read_test(), strict=True):
        np.testing.assert_array_equal(first, again)


def test_no_public_attribute_holds_the_test_sequences(reber: SequenceDataset) -> None:
    public = [field.name for field in dataclasses.fields(reber) if not field.name.startswith("_")]
    arrays = [value for name in public if isinstance(value := getattr(reber, name), np.ndarray)]
    lengths = {len(values) for values in reber.read_test()[1:]}
    assert len(arrays) == 3 and all(array.shape[-1] not in lengths for array in arrays)


def test_a_dataset_cannot_be_changed_and_prints_in_a_line(reber: SequenceDataset) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        reber.fingerprint = ""  # type: ignore[misc]
    assert len(repr(reber)) < 400
