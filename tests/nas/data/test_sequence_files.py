from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.sequence_files import (
    SequenceSource,
    has_sequences,
    read_new_arrays,
    read_new_strings,
    read_sequence_arrays,
    read_strings,
)
from nas.data.sequences import Sequences
from nas.data.source import NumberColumn, TextColumn
from nas.errors import DataError

WriteFile = Callable[..., str]
CSV = "string,label\nBTE,1\nNA,0\nnull,1\n"
X = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
TRAIN = {"x_train": X, "lengths_train": [4, 2], "y_train": [0, 1]}
TEST = {"x_test": X[:1, :2], "lengths_test": [2], "y_test": [1]}


def save(folder: Path, **arrays: Any) -> str:
    path = folder / "data.npz"
    np.savez_compressed(path, **arrays)
    return str(path)


def strings_of(sequences: Sequences) -> list[str]:
    return ["".join(map(chr, part.tolist())) for part in np.split(sequences.values, sequences.offsets[1:-1])]


def labels_of(source: SequenceSource) -> list[str | None]:
    assert isinstance(source.target, TextColumn)
    return [source.target.texts[code] if code >= 0 else None for code in source.target.codes]


def test_an_npz_file_is_read_with_and_without_test_sequences(tmp_path: Path) -> None:
    source = read_sequence_arrays(save(tmp_path, **TRAIN))
    np.testing.assert_array_equal(source.sequences.values, np.concatenate([X[0], X[1, :2]]))
    assert source.sequences.offsets.tolist() == [0, 4, 6]
    assert isinstance(source.target, NumberColumn) and source.target.values.tolist() == [0, 1]
    assert source.test_sequences is None and source.test_target is None
    assert source.families is None and source.baselines() == ()
    source = read_sequence_arrays(save(tmp_path, **TRAIN, **TEST, names=["a"]))
    assert source.test_sequences is not None and source.test_sequences.values.tolist() == X[0, :2].tolist()
    assert isinstance(source.test_target, NumberColumn) and source.test_target.values.tolist() == [1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": X, "y_train": [0, 1]}, r'has the keys "x_train", "y_train"\. Store x_train, lengths_train and y_'),
        ({**TRAIN, "x_test": X, "y_test": [0, 1]}, r"optionally with x_test, lengths_test and y_test"),
        ({**TRAIN, "y_train": [0, 1, 1]}, r"x_train has 2 sequences, y_train 3 targets\. Store one target"),
        ({**TRAIN, "lengths_train": [4, 5]}, r"lengths_train is 5 in row 1"),
        ({**TRAIN, **TEST, "lengths_test": [0]}, r"lengths_test is 0 in row 0"),
        ({**TRAIN, **TEST, "x_test": X[:1, :, :2]}, r"x_train has 3 channels, x_test 2\. Store both alike"),
        ({**TRAIN, "y_train": np.zeros((2, 2))}, r"y has shape \(2, 2\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_sequence_arrays(save(tmp_path, **arrays))


def test_new_sequences_of_an_npz_file_are_x_else_x_test(tmp_path: Path) -> None:
    assert len(read_new_arrays(save(tmp_path, x=X, lengths=[1, 1], **TEST))) == 2
    assert len(read_new_arrays(save(tmp_path, **TRAIN, **TEST))) == 1
    with pytest.raises(DataError, match=r'has the keys "x"\. Store the sequences to predict under x and lengths\.$'):
        read_new_arrays(save(tmp_path, x=X))


def test_strings_are_read_as_they_are_written(write_file: WriteFile) -> None:
    source = read_strings(write_file(CSV), None)
    assert strings_of(source.sequences) == ["BTE", "NA", "null"]  # no string stands for a missing value
    assert labels_of(source) == ["1", "0", "1"] and (source.name, source.target.name) == ("string", "label")
    content = '\ufeffstring,label\r\n" a,b\n""c""",yes\r\n\r\né😀, no \r\n'
    source = read_strings(write_file(content), None)
    assert strings_of(source.sequences) == [' a,b\n"c"', "é😀"] and labels_of(source) == ["yes", "no"]


def test_a_compressed_file_gives_the_same(write_file: WriteFile) -> None:
    path = write_file(gzip.compress(CSV.encode()), "data.CSV.gz")
    assert strings_of(read_strings(path, None).sequences) == ["BTE", "NA", "null"] and has_sequences(path)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(st.sampled_from('aé"\n,; \t😀'), min_size=1), min_size=1, max_size=6))
def test_strings_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, strings: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    rows = [f'"{string.replace(chr(34), 2 * chr(34))}",{i}' for i, string in enumerate(strings)]
    path.write_bytes("\n".join(["string,label", *rows]).encode())
    source = read_strings(str(path), None)
    assert strings_of(source.sequences) == strings
    assert labels_of(source) == [str(i) for i in range(len(strings))]


def test_another_column_of_labels_is_named_and_the_strings_are_the_other(write_file: WriteFile) -> None:
    source = read_strings(write_file("kind,word\na,0110\nb,2\n"), "kind")
    assert strings_of(source.sequences) == ["0110", "2"] and labels_of(source) == ["a", "b"]
    assert (source.name, source.target.name) == ("word", "kind")


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("kind,word\na,b\n", None, r'has the header "kind", "word"\. For sequences write string,label, or name the'),
        ("a,b,c\n1,2,3\n", "a", r'has the columns "a", "b", "c"\. For sequences give "a" and one other, the strings'),
        ("a,b\n1,2\n", "c", r'has the columns "a", "b"\. For sequences give "c" and one other'),
        ("a,a\n1,2\n", "a", r'For sequences give "a" and one other'),
        ("", None, r"has the header \(none\)\."),
        ("string,label\n", None, r"has a header but no rows\. Add rows below the header line"),
        ("string,label\nab,0\n,1\n", None, r"1 string without a character, the first in row 2\."),
        ("string,label\nab,0\na,b,1\n", None, r"cannot be read: CSV parse error: .*Expected 2 columns, got 3"),
        (b"string,label\nab\xff,0\n", None, r"cannot be read: .* invalid UTF8 data\.$"),
    ],
)
def test_files_that_hold_no_strings_are_refused(
    write_file: WriteFile, content: str, target: str | None, message: str
) -> None:
    path = write_file(content)
    with pytest.raises(DataError, match=message) as error:
        read_strings(path, target)
    assert str(error.value).startswith(path) and "\n" not in str(error.value)


def test_a_file_of_another_kind_or_a_damaged_one_is_refused(write_file: WriteFile, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.tsv has no sequences\. Give a \.csv, \.csv\.gz or \.npz file"):
        read_strings(write_file(CSV, "data.tsv"), None)
    with pytest.raises(DataError, match=r"has no sequences"):
        read_strings(str(tmp_path), None)
    with pytest.raises(DataError, match=r"data\.csv\.gz cannot be read: "):
        read_strings(write_file(CSV, "data.csv.gz"), None)
    with pytest.raises(DataError, match=r"data\.csv\.gz cannot be read: "):
        read_strings(write_file(gzip.compress((CSV * 999).encode())[:-30], "data.csv.gz"), None)


def test_new_strings_need_their_column_only(write_file: WriteFile) -> None:
    assert strings_of(read_new_strings(write_file(CSV), "string")) == ["BTE", "NA", "null"]
    assert strings_of(read_new_strings(write_file("a,word\n1,x\n"), "word")) == ["x"]
    assert strings_of(read_new_strings(write_file("word\nx\nyz"), "word")) == ["x", "yz"]
    with pytest.raises(DataError, match=r'has no column "word", on which the network was trained\. Add it'):
        read_new_strings(write_file(CSV), "word")


def test_files_with_sequences_are_told_from_others(write_file: WriteFile, tmp_path: Path) -> None:
    assert has_sequences(write_file(CSV))
    assert has_sequences(write_file('\ufeff"string", label\r\n'))
    assert has_sequences(save(tmp_path, **TRAIN))
    assert not has_sequences(save(tmp_path, x_train=X, y_train=[0, 1]))
    others: dict[str, str | bytes] = {
        "a.csv": "label,other\n",
        "b.csv": "string,label,more\n",
        "c.csv": "",
        "d.csv": b"\xff\xfe\x00",
        "e.npz": "no archive",
        "f.csv.gz": CSV,
        "g.tsv": CSV,
        "h.txt": CSV,
        "i.csv": "a" * 200_000,
    }
    assert [name for name, content in others.items() if has_sequences(write_file(content, name))] == []
    assert not has_sequences(str(tmp_path))
