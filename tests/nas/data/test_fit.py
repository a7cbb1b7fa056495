from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nas.data.encoding import ArrayCode, Encoding, NumberCode, TextCode
from nas.data.fit import MAX_CATEGORIES, ROWS_AT_ONCE, QuantileCopies, fit_inputs
from nas.data.source import Features, NumberColumn, TextColumn
from nas.data.target import TargetCode
from nas.errors import DataError


def encoded(features: Features, train: np.ndarray, quantile_copies: QuantileCopies = "none") -> np.ndarray:
    inputs, _ = fit_inputs("d.csv", features, train, quantile_copies)
    return Encoding(inputs, TargetCode("y", ("a", "b")), imputes=True).transform("d.csv", features)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    n_rows=st.integers(4, 60),
    offset=st.floats(-1e4, 1e4),
    size=st.floats(1e-3, 1e5),
    as_array=st.booleans(),
)
def test_scaling_is_that_of_scikit_learn_fitted_on_the_training_rows(
    seed: int, n_rows: int, offset: float, size: float, as_array: bool
) -> None:
    rng = np.random.default_rng(seed)
    values = offset + size * rng.standard_normal((n_rows, 3))
    train = rng.permutation(n_rows)[: n_rows // 2]
    columns = tuple(NumberColumn(name, column) for name, column in zip("abc", values.T, strict=True))
    x = encoded(values if as_array else columns, train)
    expected = StandardScaler().fit(values[train]).transform(values)
    np.testing.assert_allclose(x, expected.T, rtol=1e-4, atol=1e-4)


def test_missing_numbers_are_imputed_like_scikit_learn_by_the_median() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((50, 2))
    values[rng.random((50, 2)) < 0.3] = np.nan
    train = np.arange(30)
    columns = tuple(NumberColumn(name, column) for name, column in zip("ab", values.T, strict=True))
    filled = SimpleImputer(strategy="median").fit(values[train]).transform(values)
    expected = StandardScaler().fit(filled[train]).transform(filled)
    np.testing.assert_allclose(encoded(columns, train), expected.T, rtol=1e-5, atol=1e-6)


def heavy_and_light(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """A normal column, a log-normal one, a rare 1 among zeros, and training rows."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((n, 2))
    values = np.stack([normal[:, 0], np.exp(1.5 * normal[:, 1]), rng.random(n) < 0.05], axis=1)
    return values, rng.permutation(n)[: n // 2]


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(("quantile_copies", "copied"), [("auto", [1]), ("all", [0, 1]), ("none", [])])
def test_quantiles_are_added_to_columns_with_heavy_tails_or_to_all_that_have_three_values(
    as_array: bool, quantile_copies: QuantileCopies, copied: list[int]
) -> None:
    values, train = heavy_and_light()
    columns = tuple(NumberColumn(name, column) for name, column in zip("abc", values.T, strict=True))
    x = encoded(values if as_array else columns, train, quantile_copies)
    plain = StandardScaler().fit(values[train]).transform(values)
    quantiles = norm.ppf((rankdata(values[train], axis=0) - 0.5) / len(train))
    assert len(x) == 3 + len(copied)
    for place, number in enumerate(copied):
        in_array, in_table = 3 + place, number + place + 1
        np.testing.assert_allclose(x[in_array if as_array else in_table, train], quantiles[:, number], atol=1e-5)
    first = [0, 1, 2] if as_array else [number + sum(other < number for other in copied) for number in range(3)]
    np.testing.assert_allclose(x[first], plain.T, rtol=1e-4, atol=1e-4)


def test_the_user_is_told_which_columns_have_heavy_tails() -> None:
    values, train = heavy_and_light()
    columns = tuple(NumberColumn(name, column) for name, column in zip("abc", values.T, strict=True))
    _, notes = fit_inputs("d.csv", columns, train)
    assert notes == ['Added the normal quantiles of 1 column with heavy tails: "b".']
    _, notes = fit_inputs("d.csv", columns, train, "all")
    assert notes == ['Added the normal quantiles of 2 columns: "a", "b".']
    _, notes = fit_inputs("d.npz", values, train)
    assert notes == ["Added the normal quantiles of 1 of 3 features with heavy tails."]


def test_only_training_rows_say_where_quantiles_lie() -> None:
    values, train = heavy_and_light()
    changed = values.copy()
    changed[np.setdiff1d(np.arange(len(values)), train)] *= 1e6
    assert fit_inputs("d.npz", values, train, "all")[0] == fit_inputs("d.npz", changed, train, "all")[0]


def test_images_have_no_quantiles() -> None:
    images = (np.random.default_rng(0).random((200, 4)) ** 9 * 255).astype(np.uint8)
    code, _ = fit_inputs("d.npz", images, np.arange(200), "all")
    assert isinstance(code, ArrayCode) and code.n_inputs == 4


def test_missing_numbers_have_the_quantile_of_the_median() -> None:
    values = np.exp(np.random.default_rng(0).standard_normal(101))
    values[7] = np.nan
    x = encoded((NumberColumn("a", values),), np.arange(101), "all")
    middle = np.argsort(np.abs(values - np.nanmedian(values)))[:2]
    assert x.shape == (2, 101) and min(x[1, middle]) <= x[1, 7] <= max(x[1, middle])


def test_texts_are_encoded_like_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    texts = ("pear", "apple", "fig", "kiwi")
    codes = rng.integers(0, 4, 40).astype(np.int32)
    train = np.flatnonzero(codes != 3)[:20]  # no training row is a kiwi
    column = np.array(texts)[codes][:, None]
    expected = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(column[train]).transform(column)
    np.testing.assert_array_equal(encoded((TextColumn("fruit", codes, texts),), train), expected.T)


def test_missing_texts_are_a_category_only_if_training_rows_miss_some() -> None:
    column = TextColumn("fruit", np.array([0, 1, -1], np.int32), ("pear", "apple"))
    (code,), _ = fit_inputs("d.csv", (column,), np.array([0, 1, 2]))
    assert code == TextCode("fruit", ("apple", "missing", "pear"))
    (code,), _ = fit_inputs("d.csv", (column,), np.array([0, 1]))
    assert code == TextCode("fruit", ("apple", "pear"))


def test_image_scale_is_one_mean_and_deviation_over_the_pixels_that_vary() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (ROWS_AT_ONCE + 100, 6), dtype=np.uint8)
    images[:, 2] = 7
    images[-1, 2] = 8  # varies only beyond the training rows
    train = rng.permutation(len(images) - 1)
    code, notes = fit_inputs("d.npz", images, train)
    assert isinstance(code, ArrayCode) and code.is_image
    assert code.kept == (0, 1, 3, 4, 5)
    pixels = images[train][:, list(code.kept)]
    np.testing.assert_allclose(code.means, [pixels.mean()], rtol=1e-12)
    np.testing.assert_allclose(code.stds, [pixels.std()], rtol=1e-12)
    assert notes == ["Dropped 1 of 6 pixels: constant over the training rows."]


def test_constant_columns_are_dropped_and_named() -> None:
    train = np.array([0, 1])
    columns = (
        NumberColumn("same", np.array([0.1, 0.1, 5.0])),
        NumberColumn("gone", np.full(3, np.nan)),
        TextColumn("text", np.array([0, 0, 1], np.int32), ("a", "b")),
        NumberColumn("varies", np.array([1.0, 2.0, 3.0])),
    )
    codes, notes = fit_inputs("d.csv", columns, train)
    assert isinstance(codes, tuple)
    assert [code.n_inputs for code in codes] == [0, 0, 0, 1]
    assert codes[1] == NumberCode("gone", 0, 0, 0)
    assert notes == ['Dropped 3 columns constant over the training rows: "same", "gone", "text".']


def test_constant_features_of_an_array_are_counted() -> None:
    array = np.array([[1.0, 0.1, 2.0], [2.0, 0.1, 3.0], [3.0, 0.1, 4.0]], dtype=np.float32)
    code, notes = fit_inputs("d.npz", array, np.array([0, 1]))
    assert isinstance(code, ArrayCode) and code.kept == (0, 2) and not code.is_image
    assert notes == ["Dropped 1 of 3 features: constant over the training rows."]


@pytest.mark.parametrize("features", [(NumberColumn("same", np.ones(4)),), np.ones((4, 2)), np.ones((4, 2), np.uint8)])
def test_features_that_are_all_constant_are_refused(features: Features) -> None:
    message = r"^d\.csv: every feature is constant over the training rows\. Give features that vary\.$"
    with pytest.raises(DataError, match=message):
        fit_inputs("d.csv", features, np.arange(4))


def test_a_text_column_that_names_its_rows_is_refused() -> None:
    n = MAX_CATEGORIES + 1
    column = TextColumn("id", np.arange(n, dtype=np.int32), tuple(f"row {i}" for i in range(n)))
    (code,), _ = fit_inputs("d.csv", (column,), np.arange(MAX_CATEGORIES))
    assert code.n_inputs == MAX_CATEGORIES
    message = r'^d\.csv, column "id": 101 different texts in the training rows, more than 100\. Remove the column'
    with pytest.raises(DataError, match=message):
        fit_inputs("d.csv", (column,), np.arange(n))


def test_fitting_leaves_the_source_as_it_was() -> None:
    column = NumberColumn("a", np.array([1.0, np.nan, 3.0]))
    fit_inputs("d.csv", (column,), np.arange(3))
    np.testing.assert_array_equal(column.values, [1, np.nan, 3])
