from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.sequence_encoding import ChannelCode, SequenceEncoding, SymbolCode, fit_channels, fit_symbols
from nas.data.sequences import Sequences, offsets_of, sequences_of_strings
from nas.data.target import TargetCode
from nas.errors import CheckpointError, DataError

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
reals = st.floats(allow_nan=False, allow_infinity=False)
symbols = st.sets(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda found: tuple(sorted(found)))
stds = st.floats(0, 1e9)
scales = st.lists(st.tuples(reals, stds, stds), min_size=1).map(lambda rows: tuple(zip(*rows, strict=True)))
targets = st.builds(TargetCode, names, st.lists(names, unique=True, max_size=4).map(tuple), reals, reals)
codes = st.builds(SymbolCode, names, symbols) | scales.map(lambda columns: ChannelCode(*columns))
encodings = st.builds(SequenceEncoding, codes, targets)

TARGET = TargetCode("label", ("0", "1"))
LETTERS = SequenceEncoding(SymbolCode("string", ("B", "E", "T")), TARGET)
NUMBERS = SequenceEncoding(ChannelCode((1.0, 5.0), (2.0, 0.0), (4.0, 0.5)), TARGET)


def array(*sequences: list[list[float]]) -> Sequences:
    return Sequences(
        np.concatenate([np.array(s, dtype=np.float64) for s in sequences]), offsets_of(list(map(len, sequences)))
    )


@settings(deadline=None, max_examples=60)
@given(encodings)
def test_an_encoding_survives_json(encoding: SequenceEncoding) -> None:
    text = json.dumps(encoding.to_dict(), allow_nan=False)
    assert SequenceEncoding.from_dict(json.loads(text)) == encoding


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"inputs": {"name": "string", "symbols": []}},
        {"inputs": {"name": "string", "symbols": ["b", "a"]}},
        {"inputs": {"name": "string", "symbols": ["ab"]}},
        {"inputs": {"means": [1.0], "stds": [1.0, 2.0], "difference_stds": [1.0]}},
        {"inputs": {"means": [1.0], "stds": [1.0], "difference_stds": []}},
        {"inputs": {"means": [1.0], "stds": [-1.0], "difference_stds": [1.0]}},
        {"inputs": {"means": [1.0], "stds": [1.0], "difference_stds": [-1.0]}},
        {"inputs": {"means": [1.0], "stds": [1.0]}},
        {"inputs": {"means": [], "stds": [], "difference_stds": []}},
        {"extra": 1},
    ],
)
def test_a_damaged_encoding_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match=r"^The encoding (is damaged: |has format 99)[^\n]*$"):
        SequenceEncoding.from_dict({**LETTERS.to_dict(), **change})


def test_symbols_are_one_channel_each_and_unknown_ones_give_zeros() -> None:
    x, offsets = LETTERS.transform("s.csv", sequences_of_strings("s.csv", ["BTA", "E", "zé"]))
    assert x.dtype == np.uint8 and x.flags.c_contiguous
    assert x.tolist() == [[1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0]]
    assert offsets.tolist() == [0, 3, 4, 6]


def test_channels_are_standardised_with_their_differences_behind_and_constant_ones_are_zeros() -> None:
    sequences = array([[3, 9], [5, 8], [1, 8]], [[-1, 5]])
    x, offsets = NUMBERS.transform("d.npz", sequences, np.array([1, 0]))
    assert x.dtype == np.float32 and x.flags.c_contiguous
    assert offsets.tolist() == [0, 1, 4]
    assert x[:2].tolist() == [[-1, 1, 2, 0], [0, 0, 0, 0]]
    assert x[2:].tolist() == [[0, 0, 0.5, -1], [0, 0, -2, 0]]  # nothing from one sequence to the next
    assert (NUMBERS.n_inputs, NUMBERS.n_rows) == (2, 4)
    assert (LETTERS.n_inputs, LETTERS.n_rows) == (3, 3)


def test_wild_new_values_stay_finite() -> None:
    x, _ = NUMBERS.transform("d.npz", array([[3e38, 0], [-3e38, 0]]))
    assert x[[0, 2]].tolist() == [[1e6, -1e6], [0, -1e6]]


def test_sequences_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match=r"d\.npz holds arrays, but the network was trained on strings\. Give the same"):
        LETTERS.transform("d.npz", array([[1.0]]))
    with pytest.raises(DataError, match=r"s\.csv holds strings, but the network was trained on arrays"):
        NUMBERS.transform("s.csv", sequences_of_strings("s.csv", ["B"]))
    with pytest.raises(DataError, match=r"d\.npz: a sequence has 1 channel, but the network was trained on 2\."):
        NUMBERS.transform("d.npz", array([[1.0]]))


def test_symbols_are_those_of_the_training_strings_in_order() -> None:
    strings = sequences_of_strings("s.csv", ["ba", "é", "zz", "a c"])
    assert fit_symbols("s.csv", "word", strings, np.array([3, 1])) == SymbolCode("word", (" ", "a", "c", "é"))


def test_more_than_256_symbols_are_refused() -> None:
    strings = ["".join(map(chr, range(100, 356))), "Z"]
    sequences = sequences_of_strings("s.csv", strings)
    assert fit_symbols("s.csv", "string", sequences, np.array([0])).n_channels == 256
    with pytest.raises(DataError, match=r"s\.csv: the training strings have 257 different characters, more than 256"):
        fit_symbols("s.csv", "string", sequences, np.array([0, 1]))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=1, max_size=5), min_size=3, max_size=8))
def test_scales_are_those_of_all_true_training_steps(drawn: list[list[tuple[float, float]]]) -> None:
    sequences = array([[0, 0], [1, 1]], *([list(step) for step in steps] for steps in drawn))
    train = np.arange(len(drawn))  # the last sequence is not among them
    code, notes = fit_channels("d.npz", sequences, train)
    steps = sequences.values[: sequences.offsets[len(drawn)]]
    np.testing.assert_allclose(code.means, steps.mean(axis=0))
    np.testing.assert_allclose(code.stds, steps.std(axis=0))
    changes = np.concatenate([np.diff(np.array(steps), axis=0) for steps in ([[0, 0], [1, 1]], *drawn[:-1])])
    np.testing.assert_allclose(code.difference_stds, changes.std(axis=0), atol=1e-9)
    assert notes == []


def test_constant_channels_are_noted_unless_all_are() -> None:
    sequences = array([[0.1, 1]] * 3, [[0.1, 2]])
    code, notes = fit_channels("d.npz", sequences, np.array([0, 1]))
    assert code.stds[0] == 0 < code.stds[1]
    assert code.difference_stds == (0.0, 0.0)  # what is between two sequences does not count
    assert notes == ["Set 1 of 2 channels to zero: constant over the training sequences."]
    with pytest.raises(DataError, match=r"d\.npz: every channel is constant over the training sequences"):
        fit_channels("d.npz", sequences, np.array([0]))
