from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from nas.data import SequenceDataset, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.results.families import family_rows
from nas.results.held_out import HeldOut


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    """400 strings of the Reber grammar."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=0)


def test_each_family_has_the_accuracy_of_the_network_and_of_each_rule(reber: SequenceDataset) -> None:
    _, _, y = reber.read_test()
    predicted = np.random.default_rng(0).integers(0, 2, len(y)).astype(np.float32)
    rows = family_rows(reber, predicted, HeldOut.read(reber, 0))
    drawn = reber_strings(400, seed=0)
    family_of = drawn.families[drawn.n_train :]
    present = [number for number in range(len(drawn.family_names)) if (family_of == number).any()]
    answers = {"network": predicted, **dict(reber.read_baselines())}
    assert [row.family for row in rows] == [drawn.family_names[number] for number in present]
    assert list(answers) == ["network", "bigram rule", "trigram rule", "length rule"]
    for row, number in zip(rows, present, strict=True):
        chosen = np.flatnonzero(family_of == number)
        assert row.n == len(chosen)
        expected = {who: accuracy_score(y[chosen], answer[chosen]) for who, answer in answers.items()}
        assert row.accuracies == pytest.approx(expected)
    assert {type(value) for row in rows for value in row.accuracies.values()} == {float}  # for JSON


def test_other_data_have_no_families(tmp_path: Path) -> None:
    wine = prepare("wine", seed=0)
    assert family_rows(wine, np.zeros(3, np.float32), HeldOut.read(wine, 0)) == []
    (tmp_path / "x.csv").write_text("string,label\n" + "".join(f"{'ab'[i % 2] * (i + 1)},{i % 2}\n" for i in range(30)))
    strings = prepare_sequences(str(tmp_path / "x.csv"), seed=0)
    assert family_rows(strings, np.zeros(3, np.float32), HeldOut.read(strings, 0)) == []
