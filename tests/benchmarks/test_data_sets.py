"""Data sets of the benchmarks are read by `nas search`, with the split that their baselines had."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_sets import (
    LONG_CLASSES,
    LONG_STEPS,
    long_sequences,
    names_of_tables,
    write_long_sequences,
    write_sequences,
    write_table,
)
from sklearn.linear_model import LogisticRegression

from nas.data import prepare, prepare_sequences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 3)), np.arange(60) % 3
    np.savez(tmp_path / "tabular.npz", small_x=x, small_y=y, small_classes=np.array(["a", "b", "c"]), other_x=x)
    arrays = {}
    for part, n in (("train", 20), ("test", 10)):
        arrays |= {
            f"waves_x_{part}": rng.standard_normal((n, 5, 2)),
            f"waves_len_{part}": 1 + np.arange(n) % 5,
            f"waves_y_{part}": np.arange(n) % 2,
        }
    np.savez(tmp_path / "sequences.npz", **arrays)
    return tmp_path


def test_a_table_has_a_stratified_test_of_three_tenths(folder: Path, tmp_path: Path) -> None:
    assert names_of_tables(folder) == ["other", "small"]
    dataset = prepare(write_table(folder, "small", tmp_path), seed=0)
    assert dataset.n_outputs == 3
    assert dataset.encoding.target.classes == ("a", "b", "c")
    _, y_test = dataset.read_test()
    assert np.bincount(y_test).tolist() == [6, 6, 6]
    assert len(dataset.y) == 42


def test_sequences_keep_their_lengths_and_split(folder: Path, tmp_path: Path) -> None:
    dataset = prepare_sequences(write_sequences(folder, "waves", tmp_path), seed=0)
    assert len(dataset.y) == 20
    assert sorted(np.diff(dataset.offsets).tolist()) == sorted((1 + np.arange(20) % 5).tolist())
    assert len(dataset.read_test()[2]) == 10


def test_long_sequences_are_long_and_of_six_classes(tmp_path: Path) -> None:
    dataset = prepare_sequences(write_long_sequences(tmp_path, n=60), seed=0)
    assert dataset.n_outputs == LONG_CLASSES
    assert set(np.diff(dataset.offsets).tolist()) == {LONG_STEPS}


def test_long_sequences_can_be_told_apart_by_their_spectra_over_time_but_not_by_a_step() -> None:
    (x, y), (x_test, y_test) = (long_sequences(300, np.random.default_rng(seed)) for seed in (0, 1))
    assert np.bincount(y).tolist() == [50] * LONG_CLASSES

    def spectra(x: np.ndarray) -> np.ndarray:
        return np.concatenate([np.abs(np.fft.rfft(half[:, :, 0]))[:, :20] for half in np.array_split(x, 2, 1)], 1)

    by_spectra = LogisticRegression(max_iter=500, C=0.01).fit(spectra(x), y).score(spectra(x_test), y_test)
    by_step = LogisticRegression().fit(x[:, 200], y).score(x_test[:, 200], y_test)
    assert by_spectra > 0.8
    assert by_step < 0.3
