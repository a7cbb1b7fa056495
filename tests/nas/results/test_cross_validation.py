from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from candidates import complete, trial

from nas import confirmation
from nas.data import Dataset, SequenceDataset, prepare, prepare_sequences
from nas.inputs import engine_rows


@pytest.fixture(scope="module")
def wine() -> Dataset:
    dataset = prepare("wine", seed=0)
    assert isinstance(dataset, Dataset)
    return dataset


@pytest.fixture
def strings(tmp_path: Path) -> SequenceDataset:
    rng = np.random.default_rng(0)
    lines = ["".join(rng.choice(list("ab"), rng.integers(1, 9))) for _ in range(60)]
    file = tmp_path / "strings.csv"
    file.write_text("string,label\n" + "".join(f"{line},{line[0]}\n" for line in lines))
    return prepare_sequences(str(file), seed=0)


def test_the_best_of_each_size_come_before_the_second_best() -> None:
    scores = {100: 0.9, 120: 0.95, 70: 0.99, 5000: 0.8, 4500: 0.7, 300: 0.6}
    history = [trial(number, complete(size, score)) for number, (size, score) in enumerate(scores.items())]
    chosen = confirmation.best_trials(history)
    assert [t.n_weights for t in chosen] == [70, 5000, 300, 120, 4500, 100]


def test_no_more_are_confirmed_than_is_worth_it() -> None:
    history = [trial(number, complete(10 + number, 0.5)) for number in range(40)]
    assert len(confirmation.best_trials(history)) == confirmation.MOST_CANDIDATES


def test_every_row_is_scored_on_in_exactly_one_fold(wine: Dataset, tmp_path: Path) -> None:
    folds = confirmation.write_folds(tmp_path, wine, 0)
    rows = {row.tobytes() for row in wine.numbers().T}
    held_out = []
    for fold in folds:
        stored = fold.rows.open()
        assert fold.n_rows == len(stored.x) == len(wine.y)
        assert fold.n_train >= confirmation.fold_rows(len(wine.y))
        held_out += [row.tobytes() for row in stored.x[fold.n_train :]]
    assert len(folds) == confirmation.N_FOLDS
    assert len(held_out) == len(wine.y) and set(held_out) == rows


def test_rows_keep_their_targets(wine: Dataset, tmp_path: Path) -> None:
    target_of = {row.tobytes(): y for row, y in zip(wine.x.T.copy(), wine.y, strict=True)}
    for fold in confirmation.write_folds(tmp_path, wine, 3):
        stored = fold.rows.open()
        assert [target_of[row.tobytes()] for row in stored.x] == stored.y.tolist()


def test_sequences_stay_whole(strings: SequenceDataset, tmp_path: Path) -> None:
    def whole(x: np.ndarray, offsets: np.ndarray, y: np.ndarray) -> list[tuple[bytes, float]]:
        parts = np.split(x, offsets[1:-1])
        return sorted((part.tobytes(), float(target)) for part, target in zip(parts, y, strict=True))

    expected = whole(strings.x.T.copy(), strings.offsets, strings.y)
    for fold in confirmation.write_folds(tmp_path / "folds", strings, 0):
        stored = fold.rows.open()
        assert stored.offsets is not None
        assert whole(stored.x, stored.offsets, stored.y) == expected
        assert engine_rows(stored).inputs.n_inputs == strings.n_inputs


def test_folds_depend_on_the_seed_alone(wine: Dataset, tmp_path: Path) -> None:
    first, again, other = (confirmation.write_folds(tmp_path / str(k), wine, seed) for k, seed in enumerate((1, 1, 2)))
    np.testing.assert_array_equal(first[0].rows.open().y, again[0].rows.open().y)
    assert not np.array_equal(first[0].rows.open().x, other[0].rows.open().x)


def test_only_few_rows_are_confirmed(wine: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert confirmation.is_wanted(wine)
    monkeypatch.setattr(confirmation, "NOISY_VALIDATION_ROWS", wine.n_validation)
    assert not confirmation.is_wanted(wine)
    monkeypatch.undo()
    monkeypatch.setattr(confirmation, "LARGEST_BYTES", wine.x.nbytes - 1)
    assert not confirmation.is_wanted(wine)
