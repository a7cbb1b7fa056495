from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.data.encoding import ArrayCode, Encoding, NumberCode, TextCode
from nas.data.quantile_transform import QuantileTransform
from nas.data.source import NumberColumn, TextColumn
from nas.data.target import TargetCode
from nas.errors import CheckpointError, DataError

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
reals = st.floats(allow_nan=False, allow_infinity=False)
knots = st.integers(3, 6).flatmap(lambda n: st.lists(reals, min_size=n, max_size=n, unique=True).map(sorted).map(tuple))
copies = st.tuples(knots, knots).map(lambda pair: QuantileTransform(*zip(*zip(*pair, strict=False), strict=True)))
number_codes = st.builds(NumberCode, names, reals, reals, st.floats(0, 1e9)) | st.builds(
    NumberCode, names, reals, reals, st.floats(1e-9, 1e9), copies
)
text_codes = st.builds(TextCode, names, st.lists(names, unique=True, min_size=1).map(tuple))


@st.composite
def array_codes(draw: st.DrawFn) -> ArrayCode:
    kept = sorted(draw(st.sets(st.integers(0, 50), min_size=1)))
    is_image = draw(st.booleans())
    n_scales = 1 if is_image else len(kept)
    means = draw(st.lists(reals, min_size=n_scales, max_size=n_scales))
    stds = draw(st.lists(st.floats(1e-9, 1e9), min_size=n_scales, max_size=n_scales))
    n_copies = 0 if is_image else draw(st.sampled_from([0, len(kept)]))
    copied = draw(st.lists(copies | st.none(), min_size=n_copies, max_size=n_copies))
    return ArrayCode(is_image, 51, tuple(kept), tuple(means), tuple(stds), tuple(copied))


targets = st.builds(TargetCode, names, st.lists(names, unique=True, max_size=4).map(tuple), reals, reals)
inputs = st.lists(number_codes | text_codes, min_size=1, max_size=5).map(tuple) | array_codes()
encodings = st.builds(Encoding, inputs, targets, st.booleans())

TABLE = Encoding(
    (
        NumberCode("age", 30, 40, 10),
        TextCode("job", ("cook", "missing", "nurse")),
        NumberCode("same", 1, 1, 0),
    ),
    TargetCode("class", ("a", "b")),
    imputes=True,
)
STRICT_TABLE = dataclasses.replace(TABLE, imputes=False)
COPY = QuantileTransform((0.0, 10.0, 110.0), (-1.0, 0.0, 1.0))
COPIED = Encoding((NumberCode("age", 30, 40, 10, COPY), *TABLE.inputs[1:]), TABLE.target, imputes=True)  # type: ignore[misc]
NUMBERS = Encoding(
    ArrayCode(False, 3, (0, 2), (5.0, 4.0), (3.0, 2.0), (None, COPY)), TargetCode("y", ("0", "1")), imputes=False
)
IMAGES = Encoding(ArrayCode(True, 4, (1, 2), (100.0,), (50.0,)), TargetCode("y", ("0", "1")), imputes=False)


def age(*values: float) -> NumberColumn:
    return NumberColumn("age", np.array(values, dtype=np.float64))


def job(*codes: int) -> TextColumn:
    return TextColumn("job", np.array(codes, dtype=np.int32), ("nurse", "pilot", "cook"))


@settings(deadline=None, max_examples=100)
@given(encodings)
def test_an_encoding_survives_json(encoding: Encoding) -> None:
    values = encoding.to_dict()
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert Encoding.from_dict(json.loads(text)) == encoding


def without(values: dict[str, Any], *path: str | int) -> dict[str, Any]:
    changed: Any = json.loads(json.dumps(values))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def changed(values: dict[str, Any], value: Any, *path: str | int) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(values))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    "values",
    [
        without(TABLE.to_dict(), "imputes"),
        without(TABLE.to_dict(), "inputs", 0, "median"),
        changed(TABLE.to_dict(), 1, "unknown"),
        changed(TABLE.to_dict(), 1, "target", "unknown"),
        changed(TABLE.to_dict(), "1.5", "inputs", 0, "mean"),
        changed(TABLE.to_dict(), math.nan, "inputs", 0, "mean"),
        changed(TABLE.to_dict(), math.inf, "target", "std"),
        changed(TABLE.to_dict(), -1.0, "inputs", 0, "std"),
        changed(TABLE.to_dict(), None, "inputs"),
        changed(IMAGES.to_dict(), [2, 1], "inputs", "kept"),
        changed(IMAGES.to_dict(), [], "inputs", "kept"),
        changed(IMAGES.to_dict(), [1, 4], "inputs", "kept"),
        changed(IMAGES.to_dict(), [1.0, 2.0], "inputs", "means"),
        changed(IMAGES.to_dict(), [0.0], "inputs", "stds"),
        changed(IMAGES.to_dict(), [None, None], "inputs", "quantile_copies"),
        changed(NUMBERS.to_dict(), [None], "inputs", "quantile_copies"),
        changed(NUMBERS.to_dict(), [110.0, 10.0, 0.0], "inputs", "quantile_copies", 1, "values"),
        changed(NUMBERS.to_dict(), [0.0, 0.0, 1.0], "inputs", "quantile_copies", 1, "quantiles"),
        changed(COPIED.to_dict(), [0.0, 10.0], "inputs", 0, "quantile_copy", "values"),
        changed(COPIED.to_dict(), 0.0, "inputs", 0, "std"),
        without(COPIED.to_dict(), "inputs", 0, "quantile_copy", "quantiles"),
    ],
)
def test_a_damaged_encoding_is_refused_in_one_line(values: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=r"^The encoding is damaged: .+\.$"):
        Encoding.from_dict(values)


def test_an_encoding_of_another_format_is_refused() -> None:
    with pytest.raises(CheckpointError, match="The encoding has format 1, this version reads 2"):
        Encoding.from_dict({**TABLE.to_dict(), "format": 1})
    with pytest.raises(CheckpointError, match="format None"):
        Encoding.from_dict({})


def test_numbers_are_standardised_and_texts_become_one_input_a_category() -> None:
    x = TABLE.transform("d.csv", (age(40, 60, np.nan), job(0, 2, -1)))
    expected = [[0, 2, -1], [0, 1, 0], [0, 0, 1], [1, 0, 0]]  # age (30 where missing), cook, missing, nurse
    np.testing.assert_array_equal(x, expected)
    assert x.dtype == np.float32 and x.flags.c_contiguous
    assert TABLE.n_inputs == 4


def test_a_column_with_quantiles_gives_them_as_a_second_input_beside_the_first() -> None:
    x = COPIED.transform("d.csv", (age(40, 60, np.nan, 1e9), job(0, 2, -1, -1)))
    expected = [[0, 2, -1, 99_999_996], [0.3, 0.5, 0.2, 1], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]]
    expected[0][3] = 1e6  # clipped; the quantile ends at the last knot
    np.testing.assert_allclose(x, expected, rtol=1e-6)
    assert x.dtype == np.float32 and COPIED.n_inputs == 5


def test_quantiles_of_an_array_come_after_its_values_in_blocks_of_any_length() -> None:
    numbers = np.random.default_rng(0).normal(20, 40, (5000, 3)).astype(np.float32)
    rows = np.random.default_rng(1).permutation(5000)
    x = NUMBERS.transform("d.npz", numbers, rows)
    taken = numbers[rows].astype(np.float64)
    np.testing.assert_allclose(x[:2], ((taken[:, [0, 2]] - [5, 4]) / [3, 2]).T, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(x[2], np.interp(taken[:, 2], COPY.values, COPY.quantiles), rtol=1e-5, atol=1e-6)
    assert x.shape == (3, 5000) and NUMBERS.n_inputs == 3


def test_columns_are_found_by_name_and_an_unknown_text_gives_zeros() -> None:
    extra = NumberColumn("extra", np.zeros(1))
    x = TABLE.transform("d.csv", (extra, job(1), age(50)))
    np.testing.assert_array_equal(x[:, 0], [1, 0, 0, 0])


def test_a_missing_text_gives_zeros_if_training_rows_missed_none() -> None:
    encoding = Encoding((TextCode("job", ("cook", "nurse")),), TABLE.target, imputes=True)
    np.testing.assert_array_equal(encoding.transform("d.csv", (job(-1, 2),)), [[0, 1], [0, 0]])


def test_rows_come_in_the_order_asked_for() -> None:
    x = TABLE.transform("d.csv", (age(40, 50, 60), job(0, 0, 2)), np.array([2, 0, 2]))
    np.testing.assert_array_equal(x, [[2, 0, 2], [1, 0, 1], [0, 0, 0], [0, 1, 0]])


def test_images_have_one_scale_and_lose_their_constant_pixels() -> None:
    images = np.array([[0, 100, 150, 0], [9, 50, 0, 9]], dtype=np.uint8)
    np.testing.assert_array_equal(IMAGES.transform("d.npz", images), [[0, -1], [1, -2]])
    assert IMAGES.n_inputs == 2


def test_arrays_longer_than_a_block_are_encoded_like_short_ones() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5000, 4), dtype=np.uint8)
    rows = np.random.default_rng(1).permutation(5000)
    expected = ((images[rows][:, [1, 2]] - 100.0) / 50).T.astype(np.float32)
    np.testing.assert_array_equal(IMAGES.transform("d.npz", images, rows), expected)


def test_a_wild_new_value_stays_finite() -> None:
    encoding = Encoding((NumberCode("age", 0, 0, 1e-30),), TABLE.target, imputes=False)
    np.testing.assert_array_equal(encoding.transform("d.csv", (age(1e30, -1e30),)), [[1e6, -1e6]])


def test_missing_values_are_refused_if_the_run_did_not_impute() -> None:
    message = r'^d\.csv has 2 missing values: "age" \(1\), "job" \(1\)\. .* without --missing impute\.$'
    with pytest.raises(DataError, match=message):
        STRICT_TABLE.transform("d.csv", (age(1, np.nan), job(0, -1)))


def test_a_missing_value_in_a_column_that_gives_no_input_does_not_matter() -> None:
    same = NumberColumn("same", np.array([np.nan]))
    assert STRICT_TABLE.transform("d.csv", (age(40), job(0), same)).shape == (4, 1)


def test_rows_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match=r'd\.csv has no column "job", on which the network was trained\. Add it'):
        TABLE.transform("d.csv", (age(1),))
    with pytest.raises(DataError, match=r'd\.csv, column "age": the network was trained on numbers there'):
        TABLE.transform("d.csv", (TextColumn("age", np.zeros(1, np.int32), ("a",)), job(0)))
    with pytest.raises(DataError, match=r'd\.csv, column "job": the network was trained on text there'):
        TABLE.transform("d.csv", (age(1), NumberColumn("job", np.zeros(1))))
    with pytest.raises(DataError, match=r"d\.npz holds arrays, but the network was trained on a table"):
        TABLE.transform("d.npz", np.zeros((2, 2)))
    with pytest.raises(DataError, match=r"d\.csv is a table, but the network was trained on arrays"):
        IMAGES.transform("d.csv", (age(1),))
    with pytest.raises(DataError, match=r"a row is 5 values of uint8, but .* trained on 4 values, uint8"):
        IMAGES.transform("d.npz", np.zeros((2, 5), np.uint8))
    with pytest.raises(DataError, match=r"a row is 4 values of float64, but .* trained on 4 values, uint8"):
        IMAGES.transform("d.npz", np.zeros((2, 4)))


# --- as inputs are kept ----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0.5, 254.5), st.floats(0.05, 127.0))
def test_images_are_kept_as_bytes_that_stand_for_what_transform_gives(
    seed: int, n_pixels: int, mean: float, std: float
) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (30, n_pixels), dtype=np.uint8)
    kept = np.flatnonzero(rng.random(n_pixels) < 0.7) if n_pixels > 1 else np.array([0])
    if not len(kept):
        kept = np.array([n_pixels - 1])
    code = ArrayCode(True, n_pixels, tuple(kept.tolist()), (mean,), (std,))
    encoding = Encoding(code, IMAGES.target, imputes=False)
    rows = rng.permutation(30)[:17]
    stored = encoding.store("d.npz", images, rows)
    assert stored.x.dtype == np.uint8 and stored.x.flags.c_contiguous
    np.testing.assert_array_equal(stored.x, images[rows][:, kept].T)
    assert stored.scale.dtype == stored.shift.dtype == np.float32
    assert stored.scale.shape == stored.shift.shape == (len(kept),)
    expected = encoding.transform("d.npz", images, rows)
    # Two roundings more than in transform, relative to the larger of what is added.
    np.testing.assert_allclose(
        stored.scale[:, None] * stored.x + stored.shift[:, None], expected, rtol=0, atol=3e-7 * 255 / std
    )


def test_more_images_than_a_block_are_kept_like_few() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5000, 4), dtype=np.uint8)
    rows = np.random.default_rng(1).permutation(5000)
    stored = IMAGES.store("d.npz", images, rows)
    np.testing.assert_array_equal(stored.x, images[rows][:, [1, 2]].T)


def test_numbers_and_tables_are_kept_as_transform_gives_them() -> None:
    numbers = np.random.default_rng(0).normal(5, 3, (20, 3))
    table = (age(40, 50, np.nan, 60), job(0, 0, 2, -1))
    rows = np.array([3, 1, 2])
    for encoding, features in ((NUMBERS, numbers), (TABLE, table), (COPIED, table)):
        stored = encoding.store("d", features, rows)
        np.testing.assert_array_equal(stored.x, encoding.transform("d", features, rows))
        assert stored.x.dtype == np.float32 and stored.x.flags.c_contiguous
        assert stored.scale.tolist() == [1.0] * encoding.n_inputs and stored.shift.tolist() == [0.0] * encoding.n_inputs


def test_images_of_another_kind_are_not_kept() -> None:
    with pytest.raises(DataError, match=r"a row is 5 values of uint8, but .* trained on 4 values, uint8"):
        IMAGES.store("d.npz", np.zeros((2, 5), np.uint8), np.arange(2))
    with pytest.raises(DataError, match=r"d\.csv is a table, but the network was trained on arrays"):
        IMAGES.store("d.csv", (age(1),), np.arange(1))
