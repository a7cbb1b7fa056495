from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from nas.data import Dataset, encode_new, load_source, prepare
from nas.data.source import NumberColumn, TextColumn
from nas.data.split import split_rows
from nas.errors import DataError

WriteFile = Callable[..., str]


def flowers(n: int = 60, **changes: dict[int, str]) -> str:
    """A table of n rows: two numbers, a colour, three kinds; ``changes`` are other cells, by row."""
    rng = np.random.default_rng(0)
    columns = {
        "length": [f"{value:.3f}" for value in rng.normal(5, 2, n)],
        "width": [f"{value:.3f}" for value in rng.normal(1, 1, n)],
        "colour": [("red", "blue", "white")[i] for i in rng.integers(0, 3, n)],
        "kind": [("iris", "rose", "lily")[i % 3] for i in range(n)],
    }
    for name, cells in changes.items():
        for row, cell in cells.items():
            columns[name][row] = cell
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n"


def same_search(first: Dataset, second: Dataset) -> bool:
    """Whether a search would see the same in both."""
    names = ("x", "y", "n_train")
    return first.encoding == second.encoding and all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in names
    )


def test_a_table_becomes_a_data_set(write_file: WriteFile) -> None:
    dataset = prepare(write_file(flowers()), target="kind", seed=0)
    assert dataset.encoding.target.classes == ("iris", "lily", "rose")
    assert (
        dataset.x.shape == (5, 48) and dataset.n_train == 39
    )  # of each kind 20 rows: 4 test, 3 validation, 13 training
    assert (dataset.n_validation, len(dataset.read_test()[1])) == (9, 12)
    assert dataset.notes == ()


def test_the_same_options_give_the_same_data_set_and_another_seed_another(write_file: WriteFile) -> None:
    path = write_file(flowers())
    first, again, other = (prepare(path, target="kind", seed=seed) for seed in (0, 0, 1))
    assert same_search(first, again) and first.fingerprint == again.fingerprint
    assert not same_search(first, other) and first.fingerprint != other.fingerprint


def test_the_fingerprint_sees_content_and_options_but_not_the_name_of_the_file(write_file: WriteFile) -> None:
    path = write_file(flowers())
    base = prepare(path, target="kind", seed=0).fingerprint
    assert len(base) == 64
    assert prepare(write_file(flowers(), "renamed.csv"), target="kind", seed=0).fingerprint == base
    others = [
        prepare(path, target="colour", seed=0),
        prepare(path, target="kind", missing="impute", seed=0),
        prepare(path, target="kind", quantile_copies="all", seed=0),
        prepare(write_file(flowers(length={3: "5.5"}), "other.csv"), target="kind", seed=0),
    ]
    assert base not in {dataset.fingerprint for dataset in others}


@pytest.mark.parametrize("missing", ["refuse", "impute"])
def test_test_rows_of_a_table_influence_nothing_that_a_search_sees(write_file: WriteFile, missing: Any) -> None:
    strata = np.array([("iris", "lily", "rose").index(kind) for kind in ("iris", "rose", "lily") * 20])
    test = split_rows(strata, seed=0, has_test=False).test
    empty = {int(test[0]): ""} if missing == "impute" else {}
    changed = flowers(
        length={int(row): "1e6" for row in test},
        width={int(row): "-777" for row in test} | empty,
        colour={int(row): "purple" for row in test} | empty,
    )
    before = prepare(write_file(flowers()), target="kind", missing=missing, seed=0)
    after = prepare(write_file(changed, "changed.csv"), target="kind", missing=missing, seed=0)
    assert same_search(before, after)
    assert not np.array_equal(before.read_test()[0], after.read_test()[0])


def test_test_rows_of_an_array_influence_nothing_that_a_search_sees(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (80, 3, 3), dtype=np.uint8), np.arange(80) % 4
    x[:, 0, 0] = 5
    path = str(tmp_path / "data.npz")
    np.savez(path, x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    before = prepare(path, seed=0)
    np.savez(path, x_train=x[:60], y_train=y[:60], x_test=255 - x[60:], y_test=y[::-1][:20])
    after = prepare(path, seed=0)
    assert same_search(before, after)
    assert before.fingerprint != after.fingerprint
    assert before.x.shape == (8, 60) and before.n_validation == 12
    x_test, y_test = before.read_test()
    np.testing.assert_array_equal(y_test, y[60:])
    pixels = x[60:].reshape(20, 9)[:, 1:].T
    code = before.encoding.inputs
    np.testing.assert_allclose(x_test, (pixels - code.means[0]) / code.stds[0], rtol=1e-6)  # type: ignore[union-attr]


def test_missing_features_are_refused_or_imputed(write_file: WriteFile) -> None:
    path = write_file(flowers(length={1: "", 2: "NA"}, colour={5: "?"}))
    message = r'has 3 missing values: "length" \(2\), "colour" \(1\)\. Fill them in, or pass --missing impute\.$'
    with pytest.raises(DataError, match=message):
        prepare(path, target="kind", seed=0)
    dataset = prepare(path, target="kind", missing="impute", seed=0)
    assert dataset.notes == ('Imputed 3 missing values: "length" (2), "colour" (1).',)
    assert np.isfinite(dataset.x).all()


def test_missing_targets_are_refused_even_when_imputing(write_file: WriteFile) -> None:
    path = write_file(flowers(kind={1: "", 7: "NA"}))
    with pytest.raises(DataError, match=r'2 of 60 rows have no target in "kind"'):
        prepare(path, target="kind", missing="impute", seed=0)


def test_constant_columns_are_noted(write_file: WriteFile) -> None:
    dataset = prepare(write_file(flowers(width=dict.fromkeys(range(60), "1"))), target="kind", seed=0)
    assert dataset.notes == ('Dropped 1 column constant over the training rows: "width".',)
    assert dataset.n_inputs == 4


def test_the_target_must_be_named_and_known(write_file: WriteFile) -> None:
    path = write_file(flowers())
    with pytest.raises(
        DataError, match=r'name the column .* --target\. Columns: "length", "width", "colour", "kind"\.$'
    ):
        prepare(path, seed=0)
    with pytest.raises(DataError, match=r'data\.csv has no column "Kid"\. Did you mean "kind"\?$'):
        prepare(path, target="Kid", seed=0)
    with pytest.raises(DataError, match=r'has no column "zzz"\. Columns: "length", "width", "colour", "kind"\.$'):
        prepare(path, target="zzz", seed=0)
    wide = write_file(",".join(f"f{i}" for i in range(13)) + "\n" + ",".join("1" * 13))
    with pytest.raises(DataError, match=r'Columns: "f0", "f1", .*, "f9" and 3 more\.$'):
        prepare(wide, seed=0)
    escaped = write_file("\x1b[2J,b\n1,2\n")
    with pytest.raises(DataError, match=r'Columns: "\\x1b\[2J", "b"\.$'):
        prepare(escaped, target="zzz", seed=0)
    with pytest.raises(DataError, match=r'has no column but the target "a;b"\. .* separates by commas'):
        prepare(write_file("a;b\n1;2\n"), target="a;b", seed=0)


def test_arrays_take_no_target(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.zeros((4, 2)), y=np.zeros(4))
    with pytest.raises(DataError, match=r'data\.npz holds arrays, which have no column "y"\. Leave --target out'):
        prepare(str(tmp_path / "data.npz"), target="y", seed=0)


@pytest.mark.parametrize(
    ("kinds", "task", "message"),
    [
        ({0: "daisy"}, None, r'class "daisy" has 1, but each needs at least 3 rows, one for each split'),
        (dict.fromkeys(range(60), "rose"), None, r'all 60 rows have the class "rose"'),
        ({}, "regression", r'the target "kind" is text'),
        ({i: f"{i}.5" for i in range(60)}, "classification", r'"kind" has fractions \(such as 0\.5\)'),
        (dict.fromkeys(range(60), "7"), "regression", r'the target "kind" is 7 in all training rows'),
        (dict.fromkeys(range(59), "1") | {59: "x"}, None, r'line 61, column "kind": "x" is not a number'),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(
    write_file: WriteFile, kinds: dict[int, str], task: Any, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        prepare(write_file(flowers(kind=kinds)), target="kind", task=task, seed=0)


def test_the_task_can_be_overridden(write_file: WriteFile) -> None:
    path = write_file(flowers(kind={i: str(i % 3) for i in range(60)}))
    assert prepare(path, target="kind", seed=0).encoding.target.classes == ("0", "1", "2")
    assert prepare(path, target="kind", task="regression", seed=0).score_name == "r2"
    mixed = write_file(flowers(kind={i: "x" if i < 3 else str(i % 2) for i in range(60)}), "mixed.csv")
    assert prepare(mixed, target="kind", task="classification", seed=0).encoding.target.classes == (
        "0",
        "1",
        "x",
    )


def test_regression_needs_rows_that_vary_in_every_part(write_file: WriteFile) -> None:
    rows = [f"{i},{i}.5" for i in range(9)]
    with pytest.raises(DataError, match=r"data\.csv has 9 rows; regression needs at least 10"):
        prepare(write_file("a,b\n" + "\n".join(rows)), target="b", seed=0)
    rows = [f"{i},{1.5 if i == 0 else 0}" for i in range(60)]
    message = r"all \d+ (validation|test) rows have the same target|is 0 in all training rows"
    with pytest.raises(DataError, match=message):
        prepare(write_file("a,b\n" + "\n".join(rows)), target="b", seed=0)


def test_a_source_with_test_rows_needs_two_training_rows_of_each_class(tmp_path: Path) -> None:
    path = str(tmp_path / "data.npz")
    x = np.random.default_rng(0).normal(size=(8, 2))
    np.savez(path, x_train=x, y_train=[0, 0, 0, 1, 1, 1, 2, 2], x_test=x[:2], y_test=[0, 2])
    dataset = prepare(path, seed=0)
    assert set(dataset.y[: dataset.n_train]) == set(dataset.y[dataset.n_train :]) == {0, 1, 2}
    np.savez(path, x_train=x, y_train=[0, 0, 0, 1, 1, 1, 1, 2], x_test=x[:2], y_test=[0, 2])
    with pytest.raises(DataError, match='class "2" has 1, but each needs at least 2 rows'):
        prepare(path, seed=0)
    np.savez(path, x_train=x, y_train=[0, 0, 0, 0, 1, 1, 1, 1], x_test=x[:2], y_test=[0, 5])
    with pytest.raises(DataError, match='no training row has the class of some test rows: "5"'):
        prepare(path, seed=0)
    np.savez(path, x_train=x, y_train=[0, 0, 0, 0, 1, 1, 1, 1], x_test=x[:2], y_test=[0, np.nan])
    with pytest.raises(DataError, match=r"data\.npz: 1 test row without a target\. Remove"):
        prepare(path, seed=0)


def test_sources_that_are_not_there_or_of_no_known_kind_are_refused(tmp_path: Path, write_file: WriteFile) -> None:
    with pytest.raises(DataError, match=r'no file or folder "digit", .* wine\)\. Did you mean "digits"\?$'):
        prepare("digit", seed=0)
    with pytest.raises(DataError, match=r'"no/such\.csv", .*\(breast-cancer, diabetes, digits, wine\)\.$'):
        prepare("no/such.csv", seed=0)
    for odd in ("", "a\0b", "x" * 5000, "a\nb"):
        with pytest.raises(DataError, match="There is no file or folder"):
            prepare(odd, seed=0)
    with pytest.raises(DataError, match=r"data\.xlsx has an unknown suffix\. Give a \.csv, .* or \.npz file"):
        prepare(write_file("", "data.xlsx"), seed=0)
    with pytest.raises(DataError, match="is a folder without train-images-idx3-ubyte"):
        prepare(str(tmp_path), seed=0)


def test_a_file_wins_over_a_built_in_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_source("wine", target=None).target.name == "target"
    os.mkdir("wine")
    with pytest.raises(DataError, match="wine is a folder without"):
        load_source("wine", target=None)


def test_built_ins_have_a_target_and_take_another() -> None:
    source = load_source("wine", target=None)
    assert isinstance(source.target, TextColumn) and len(source.features) == 13
    source = load_source("wine", target="alcohol")
    assert isinstance(source.target, NumberColumn) and len(source.features) == 13
    with pytest.raises(DataError, match=r'wine has no column "alchol"\. Did you mean "alcohol"\?'):
        load_source("wine", target="alchol")


def test_new_rows_are_encoded_as_the_training_rows_were(write_file: WriteFile) -> None:
    path = write_file(flowers())
    encoding = prepare(path, target="kind", seed=0).encoding
    x, n_rows = encode_new(path, encoding)
    assert n_rows == 60 and x.shape == (5, 60)
    lines = [line.rsplit(",", 1)[0] for line in flowers().splitlines()]
    np.testing.assert_array_equal(encode_new(write_file("\n".join(lines), "no_target.csv"), encoding)[0], x)
    reordered = "note,colour,width,length\n" + "\n".join(
        f"{'7' * 30},{colour},{width},{length}" for length, width, colour in (line.split(",") for line in lines[1:])
    )
    np.testing.assert_array_equal(encode_new(write_file(reordered, "other.csv"), encoding)[0], x)


def test_new_rows_of_parquet_are_encoded_like_those_of_csv(tmp_path: Path, write_file: WriteFile) -> None:
    path = write_file(flowers())
    encoding = prepare(path, target="kind", seed=0).encoding
    columns = zip(*(line.split(",") for line in flowers().splitlines()[1:]), strict=True)
    length, width, colour, _ = (list(column) for column in columns)
    table = pa.table({"length": [float(v) for v in length], "width": [float(v) for v in width], "colour": colour})
    pq.write_table(table, tmp_path / "new.parquet")
    np.testing.assert_array_equal(encode_new(str(tmp_path / "new.parquet"), encoding)[0], encode_new(path, encoding)[0])


def test_one_new_row_of_one_column_is_enough(write_file: WriteFile) -> None:
    rows = "\n".join(f"{i},{'ab'[i % 2]}" for i in range(20))
    encoding = prepare(write_file(f"age,kind\n{rows}\n"), target="kind", seed=0).encoding
    assert encode_new(write_file("age\n5\n"), encoding)[0].shape == (1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("length,colour\n1,red\n", r'has no column "width", on which the network was trained'),
        ("length,width,colour\n1,x,red\n", r'line 2, column "width": "x" is not a number'),
        ("length,width,colour\n1,,red\n", r'has 1 missing value: "width" \(1\)\. Fill them in; the network'),
        ("length,width,colour\n", r"has a header but no rows"),
    ],
)
def test_new_rows_that_cannot_be_encoded_are_refused(write_file: WriteFile, content: str, message: str) -> None:
    encoding = prepare(write_file(flowers()), target="kind", seed=0).encoding
    with pytest.raises(DataError, match=message):
        encode_new(write_file(content, "new.csv"), encoding)


def test_new_rows_come_from_arrays_folders_and_built_ins_too(tmp_path: Path) -> None:
    wine = prepare("wine", seed=0)
    x, n_rows = encode_new("wine", wine.encoding)
    assert n_rows == 178
    header, rows = ",".join(load_wine().feature_names), load_wine().data
    text = "\n".join([header, *(",".join(repr(float(value)) for value in row) for row in rows)])
    (tmp_path / "wine.csv").write_text(text)
    np.testing.assert_array_equal(encode_new(str(tmp_path / "wine.csv"), wine.encoding)[0], x)

    images = np.random.default_rng(0).integers(0, 256, (30, 2, 2), dtype=np.uint8)
    path = str(tmp_path / "data.npz")
    np.savez(path, x=images, y=np.arange(30) % 3)
    encoding = prepare(path, seed=0).encoding
    x, n_rows = encode_new(path, encoding)
    assert n_rows == 30 and x.shape == (4, 30)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(
        bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in images.shape) + images.tobytes()
    )
    np.testing.assert_array_equal(encode_new(str(tmp_path), encoding)[0], x)
    with pytest.raises(DataError, match="wine is a table, but the network was trained on arrays"):
        encode_new("wine", encoding)
    with pytest.raises(DataError, match=r"wine\.csv is a table, but the network was trained on arrays"):
        encode_new(str(tmp_path / "wine.csv"), encoding)


def test_images_take_little_more_memory_than_their_float32_inputs(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20_000, 400), dtype=np.uint8)
    path = str(tmp_path / "data.npz")
    np.savez(path, x_train=images, y_train=np.arange(20_000) % 10, x_test=images[:10], y_test=np.arange(10))
    tracemalloc.start()
    try:
        dataset = prepare(path, seed=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    n_bytes = dataset.x.nbytes
    assert peak < 1.1 * (n_bytes + images.nbytes) + 24e6  # blocks of 2048 rows in float64


cells = st.sampled_from(["1", "2.5", "-3e5", "", "NA", "x", "red", "inf", '"q\nq"', '"', "1e300", "1e-310", "é"])
tables = st.lists(st.lists(cells, min_size=1, max_size=3), max_size=40).map(
    lambda rows: ("a,b,c\n" + "\n".join(",".join(row) for row in rows)).encode()
)
columns = st.tuples(*[st.sampled_from([["1", "2"], ["x", "y", "z"], ["0.5", "1e38", "1e-38"], ["1", ""]])] * 3)
full_tables = st.tuples(columns, st.integers(10, 60), st.randoms(use_true_random=False)).map(
    lambda drawn: (
        "a,b,c\n" + "\n".join(",".join(drawn[2].choice(options) for options in drawn[0]) for _ in range(drawn[1]))
    ).encode()
)


@settings(deadline=None, max_examples=300)
@given(
    content=st.binary() | st.binary().map(lambda tail: b"a,b\n" + tail) | tables | full_tables,
    task=st.sampled_from([None, "classification", "regression"]),
    missing=st.sampled_from(["refuse", "impute"]),
)
def test_arbitrary_bytes_give_a_sound_data_set_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, task: Any, missing: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    try:
        dataset = prepare(str(path), target="a", task=task, missing=missing, seed=0)
    except DataError as error:
        assert str(error).isprintable()
        return
    for x, y in ((dataset.x, dataset.y), dataset.read_test()):
        assert np.isfinite(x).all() and np.isfinite(y).all() and len(y) > 0
    x, n_rows = encode_new(str(path), dataset.encoding)
    assert n_rows == len(dataset.y) + len(dataset.read_test()[1])
    assert np.isfinite(x).all()
