from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.data import (
    SequenceDataset,
    SequenceEncoding,
    encode_new_sequences,
    is_sequence_source,
    prepare,
    prepare_sequences,
    sequence_load,
)
from nas.data.reber import embedded_reber_strings, reber_strings
from nas.data.split import split_rows
from nas.errors import DataError

WriteFile = Callable[..., str]
RNG = np.random.default_rng(0)
STRINGS = ["".join(RNG.choice(list("abc"), RNG.integers(1, 9))) for _ in range(60)]
LABELS = ["red" if "a" in string else "blue" for string in STRINGS]


@pytest.fixture(autouse=True)
def few_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built-ins of 400 strings, which are drawn at once."""
    for draw in (reber_strings, embedded_reber_strings):
        monkeypatch.setattr(sequence_load, draw.__name__, partial(draw, 400))


def table(strings: list[str], header: str = "string,label") -> str:
    return "\n".join([header, *(f"{s},{c}" for s, c in zip(strings, LABELS, strict=True))])


def save(folder: Path, name: str = "data.npz", **changes: Any) -> str:
    rng = np.random.default_rng(1)
    arrays = {
        "x_train": rng.normal(size=(40, 5, 2)),
        "lengths_train": rng.integers(1, 6, 40),
        "y_train": np.arange(40) % 2,
        "x_test": rng.normal(size=(10, 6, 2)),
        "lengths_test": rng.integers(1, 7, 10),
        "y_test": np.arange(10) % 2,
    }
    path = folder / name
    np.savez(path, **{key: value for key, value in {**arrays, **changes}.items() if value is not None})
    return str(path)


def same_search(first: SequenceDataset, second: SequenceDataset) -> bool:
    """Whether a search would see the same in both."""
    names = ("x", "offsets", "y", "n_train")
    return first.encoding == second.encoding and all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in names
    )


def strings_in(dataset: SequenceDataset, x: Any, offsets: Any) -> list[str]:
    symbols = np.array(dataset.encoding.inputs.symbols)  # type: ignore[union-attr]
    return ["".join(part) for part in np.split(symbols[x.argmax(axis=0)], offsets[1:-1])]


def test_strings_are_split_as_rows_of_a_table_are_and_keep_their_labels(write_file: WriteFile) -> None:
    dataset = prepare_sequences(write_file(table(STRINGS)), seed=3)
    assert dataset.encoding.target.classes == ("blue", "red")
    y = np.array([("blue", "red").index(label) for label in LABELS])
    split = split_rows(y, seed=3, has_test=False)
    development = np.concatenate([split.train, split.validation])
    assert dataset.n_train == len(split.train)
    assert strings_in(dataset, dataset.x, dataset.offsets) == [STRINGS[row] for row in development]
    np.testing.assert_array_equal(dataset.y, y[development])
    x, offsets, y_test = dataset.read_test()
    assert strings_in(dataset, x, offsets) == [STRINGS[row] for row in split.test]
    np.testing.assert_array_equal(y_test, y[split.test])


def test_the_strings_of_a_built_in_are_those_of_its_generator() -> None:
    drawn, dataset = reber_strings(400, seed=5), prepare_sequences("reber", seed=5)
    x, offsets, y = dataset.read_test()
    assert strings_in(dataset, x, offsets) == list(drawn.strings[drawn.n_train :])
    np.testing.assert_array_equal(y, drawn.labels[drawn.n_train :])
    development = strings_in(dataset, dataset.x, dataset.offsets)
    assert sorted(development) == sorted(drawn.strings[: drawn.n_train])


def test_the_same_options_give_the_same_data_set_and_another_seed_another(
    write_file: WriteFile, tmp_path: Path
) -> None:
    for data in (write_file(table(STRINGS)), save(tmp_path)):
        first, again, other = (prepare_sequences(data, seed=seed) for seed in (0, 0, 1))
        assert same_search(first, again) and first.fingerprint == again.fingerprint
        assert not same_search(first, other) and first.fingerprint != other.fingerprint


def test_the_fingerprint_sees_content_lengths_and_options_but_not_the_name(
    write_file: WriteFile, tmp_path: Path
) -> None:
    base = prepare_sequences(write_file(table(STRINGS)), seed=0).fingerprint
    assert len(base) == 64
    assert prepare_sequences(write_file(table(STRINGS), "renamed.csv"), seed=0).fingerprint == base
    moved = [STRINGS[0] + STRINGS[1][:-1], STRINGS[1][-1], *STRINGS[2:]]  # the same letters, otherwise divided
    assert prepare_sequences(write_file(table(moved), "moved.csv"), seed=0).fingerprint != base
    base = prepare_sequences(save(tmp_path), seed=0).fingerprint
    lengths = np.full(10, 6)
    assert prepare_sequences(save(tmp_path, lengths_test=lengths), seed=0).fingerprint != base
    assert prepare_sequences(save(tmp_path), task="regression", seed=0).fingerprint != base


def test_test_sequences_influence_nothing_that_a_search_sees(write_file: WriteFile, tmp_path: Path) -> None:
    codes = np.array([("blue", "red").index(label) for label in LABELS])
    changed = list(STRINGS)
    for row in split_rows(codes, seed=0, has_test=False).test:
        changed[row] = "xyz" * 9
    before = prepare_sequences(write_file(table(STRINGS)), seed=0)
    after = prepare_sequences(write_file(table(changed), "changed.csv"), seed=0)
    assert same_search(before, after) and before.fingerprint != after.fingerprint
    x, offsets, _ = after.read_test()
    assert not x.any() and set(np.diff(offsets).tolist()) == {27}  # unknown symbols

    before = prepare_sequences(save(tmp_path), seed=0)
    after = prepare_sequences(save(tmp_path, x_test=np.full((10, 6, 2), 99.0)), seed=0)
    assert same_search(before, after)
    assert (before.n_train, before.n_validation, len(before.read_test()[2])) == (32, 8, 10)


def test_padding_influences_nothing(tmp_path: Path) -> None:
    with np.load(save(tmp_path)) as arrays:
        x, lengths = arrays["x_train"].copy(), arrays["lengths_train"]
    before = prepare_sequences(save(tmp_path), seed=0)
    x[np.arange(5) >= lengths[:, None]] = np.nan
    longer = np.concatenate([x, np.full((40, 3, 2), np.inf)], axis=1)
    assert same_search(before, prepare_sequences(save(tmp_path, x_train=longer), seed=0))


def test_the_task_may_be_named_for_arrays_and_strings_have_classes(write_file: WriteFile, tmp_path: Path) -> None:
    y = np.arange(40.0)
    assert prepare_sequences(save(tmp_path, y_train=y), seed=0).task == "regression"
    with pytest.raises(DataError, match="each needs at least 2 rows, one for each split"):
        prepare_sequences(save(tmp_path, y_train=y), task="classification", seed=0)
    with pytest.raises(DataError, match="all 10 test rows have the same target"):
        prepare_sequences(save(tmp_path, y_train=y, y_test=np.ones(10)), seed=0)
    for data in (write_file(table(STRINGS)), "reber-embedded"):
        with pytest.raises(DataError, match=r'the target "label" is text .*Leave --task regression out'):
            prepare_sequences(data, task="regression", seed=0)


def test_targets_are_checked_as_those_of_tables(write_file: WriteFile, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'1 of 60 rows have no target in "label"'):
        prepare_sequences(write_file(table(STRINGS).replace(",red", ",", 1)), seed=0)
    with pytest.raises(DataError, match=r'no training row has the class of some test rows: "7"'):
        prepare_sequences(save(tmp_path, y_test=np.full(10, 7)), seed=0)
    with pytest.raises(DataError, match=r"10 test rows without a target"):
        prepare_sequences(save(tmp_path, y_test=np.full(10, np.nan)), seed=0)


def test_sources_are_told_from_tables(write_file: WriteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_sequence_source("reber") and is_sequence_source("reber-embedded")
    assert is_sequence_source(write_file(table(STRINGS))) and is_sequence_source(save(tmp_path))
    assert not any(map(is_sequence_source, ("digits", "no/such.csv", "", "a\0b", str(tmp_path))))
    assert not is_sequence_source(write_file(table(STRINGS, "word,colour")))
    monkeypatch.chdir(tmp_path)
    os.mkdir("reber")  # a folder wins over a built-in of its name
    assert not is_sequence_source("reber")


def test_a_column_of_labels_may_be_named(write_file: WriteFile) -> None:
    path = write_file(table(STRINGS, "word,colour"))
    dataset = prepare_sequences(path, target="colour", seed=0)
    assert dataset.encoding.target.name == "colour"
    np.testing.assert_array_equal(dataset.x, prepare_sequences(write_file(table(STRINGS), "b.csv"), seed=0).x)
    x, offsets = encode_new_sequences(path, dataset.encoding)
    assert strings_in(dataset, x, offsets) == STRINGS
    with pytest.raises(DataError, match=r'"string", on which the network was trained') as error:
        encode_new_sequences(path, prepare_sequences("reber-embedded", seed=0).encoding)
    assert str(error.value).startswith(path)


@pytest.mark.parametrize("data", ["reber", "npz"])
def test_a_source_without_columns_takes_no_target(data: str, tmp_path: Path) -> None:
    data = save(tmp_path) if data == "npz" else data
    with pytest.raises(DataError, match=r'has no columns, so none is called "label"\. Leave --target out'):
        prepare_sequences(data, target="label", seed=0)


def test_a_name_that_is_nothing_is_refused() -> None:
    for data in ("rebr", "digits", "no/such.npz", "a\0b"):
        with pytest.raises(DataError, match=r"There is no file .* built-in grammars \(reber, reber-embedded\)\."):
            prepare_sequences(data, seed=0)


def test_new_sequences_are_encoded_as_in_training(tmp_path: Path) -> None:
    path = save(tmp_path)
    dataset = prepare_sequences(path, seed=0)
    encoding = SequenceEncoding.from_dict(dataset.encoding.to_dict())
    for new, expected in zip(encode_new_sequences(path, encoding), dataset.read_test(), strict=False):
        np.testing.assert_array_equal(new, expected)
    with pytest.raises(DataError, match=r"reber holds strings, but the network was trained on arrays"):
        encode_new_sequences("reber", encoding)


def test_new_strings_of_a_built_in_are_those_of_seed_zero() -> None:
    dataset = prepare_sequences("reber", seed=1)
    x, offsets = encode_new_sequences("reber", dataset.encoding)
    assert strings_in(dataset, x, offsets) == list(reber_strings(400, seed=0).strings)


def test_a_table_of_sequences_is_not_for_networks_without_memory() -> None:
    with pytest.raises(DataError, match=r"reber holds sequences, not rows of a table\..* --space rnn\.$"):
        prepare("reber", seed=0)
    with pytest.raises(DataError, match=r'Did you mean "reber"\?$'):
        prepare("rebr", seed=0)
