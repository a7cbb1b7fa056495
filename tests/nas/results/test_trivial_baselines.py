from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from nas.data import Dataset, SequenceDataset, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.results.held_out import HeldOut
from nas.results.trivial_baselines import trivial_baselines


@pytest.mark.parametrize(
    ("source", "dummy", "name"),
    [
        ("wine", DummyClassifier(strategy="most_frequent"), "always the commonest class"),
        ("diabetes", DummyRegressor(strategy="mean"), "always the mean"),
    ],
)
def test_the_commonest_answer_is_that_of_scikit_learn(
    source: str, dummy: DummyClassifier | DummyRegressor, name: str
) -> None:
    dataset = prepare(source, seed=0)
    assert isinstance(dataset, Dataset)
    test = HeldOut.read(dataset, 0)
    (answered,) = trivial_baselines(dataset, test)
    dummy.fit(dataset.x.T, dataset.y)
    expected = dummy.score(np.zeros((len(test.targets), 1)), test.targets)
    assert answered.baseline.name == name
    assert answered.baseline.test_score == pytest.approx(expected, abs=1e-6)
    assert answered.baseline.test_error is not None and answered.baseline.test_error > 0.0
    assert (answered.baseline.n_weights, answered.baseline.n_parameters) == (None, None)


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=3)


def test_rules_are_right_as_often_as_counted_by_hand(reber: SequenceDataset) -> None:
    drawn = reber_strings(400, seed=3)
    strings, labels, n = drawn.strings, drawn.labels, drawn.n_train
    baselines = {one.baseline.name: one.baseline for one in trivial_baselines(reber, HeldOut.read(reber, 0))}
    assert list(baselines) == ["always the commonest class", "bigram rule", "trigram rule", "length rule"]
    for name, width in (("bigram rule", 2), ("trigram rule", 3)):
        valid = [string for string, label in zip(strings[:n], labels[:n], strict=True) if label]
        known = {s[i : i + width] for s in valid for i in range(len(s))}
        said = [all(s[i : i + width] in known for i in range(len(s) - width + 1)) for s in strings[n:]]
        assert baselines[name].test_score == np.mean([a == (b == 1) for a, b in zip(said, labels[n:], strict=True)])
        assert baselines[name].test_score > 0.5  # type: ignore[operator]
    lengths = np.array([len(s) for s in strings])
    best = max(range(1, 100), key=lambda shortest: ((lengths[:n] >= shortest) == labels[:n]).mean())
    assert baselines["length rule"].test_score == np.mean((lengths[n:] >= best) == labels[n:])
    assert all((baseline.n_weights, baseline.seconds) == (None, 0.0) for baseline in baselines.values())


def test_other_sequences_have_no_rules(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("strings") / "x.csv"
    file.write_text("string,label\n" + "".join(f"{'ab'[i % 2] * (i + 1)},{i % 2}\n" for i in range(30)))
    dataset = prepare_sequences(str(file), seed=0)
    assert len(trivial_baselines(dataset, HeldOut.read(dataset, 0))) == 1
