from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import norm
from sklearn.preprocessing import QuantileTransformer

from nas.data.quantile_transform import MAX_KNOTS, QuantileTransform, fit_quantile_transform, has_heavy_tails

reals = st.floats(-1e300, 1e300)
columns = hnp.arrays(np.float64, st.integers(3, 200), elements=st.integers(-8, 8).map(float) | reals)


def fitted(values: np.ndarray) -> QuantileTransform:
    transform = fit_quantile_transform(values)
    assert transform is not None
    return transform


@settings(deadline=None, max_examples=200)
@given(columns.filter(lambda values: len(np.unique(values)) >= 3))
def test_a_value_has_the_mean_quantile_of_the_ranks_that_it_holds(values: np.ndarray) -> None:
    n = len(values)
    quantiles = norm.ppf((np.arange(n) + 0.5) / n)
    ascending = np.sort(values)
    expected = [quantiles[ascending == value].mean() for value in values]
    np.testing.assert_allclose(fitted(values).apply(values), expected, rtol=1e-9, atol=1e-9)


def test_a_long_column_is_transformed_as_by_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    train, rows = np.exp(2 * rng.standard_normal(5000)), np.exp(2 * rng.standard_normal(3000))
    oracle = QuantileTransformer(n_quantiles=5000, output_distribution="normal").fit(train[:, None])
    expected = oracle.transform(rows[:, None])[:, 0]
    is_inside = (rows > np.quantile(train, 0.01)) & (rows < np.quantile(train, 0.99))
    np.testing.assert_allclose(fitted(train).apply(rows)[is_inside], expected[is_inside], atol=0.03)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.integers(3, 3000), st.floats(0.1, 4.0))
def test_knots_are_values_of_the_column_with_its_extremes_and_numbers_beyond_have_their_quantiles(
    seed: int, n: int, width: float
) -> None:
    rng = np.random.default_rng(seed)
    values = np.exp(width * rng.standard_normal(n)).round(2)
    transform = fit_quantile_transform(values)
    if len(np.unique(values)) < 3:
        assert transform is None
        return
    assert transform is not None and 3 <= len(transform.values) <= MAX_KNOTS
    assert set(transform.values) <= set(values.tolist())
    assert (transform.values[0], transform.values[-1]) == (values.min(), values.max())
    ends = transform.apply(np.array([values.min() - 1e9, values.max() + 1e9]))
    assert ends.tolist() == [transform.quantiles[0], transform.quantiles[-1]]
    assert (np.diff(transform.apply(np.sort(values))) >= 0).all()


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0], [0.0, 1.0, 1.0, 0.0]])
def test_fewer_than_three_values_have_no_transform(values: list[float]) -> None:
    assert fit_quantile_transform(np.array(values)) is None


def test_rare_values_keep_quantiles_of_their_own() -> None:
    values = np.zeros(10_000)
    values[:3] = 1, 2, 3
    transform = fitted(values)
    assert transform.values == (0, 1, 2, 3)
    assert len(set(transform.apply(np.array([0.0, 1.0, 2.0, 3.0])).tolist())) == 4


def test_fitting_leaves_the_column_as_it_was() -> None:
    values = np.array([3.0, 1.0, 2.0])
    fit_quantile_transform(values)
    assert values.tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("values", "quantiles"),
    [
        ((1.0, 2.0), (-1.0, 1.0)),
        ((1.0, 2.0, 3.0), (-1.0, 1.0)),
        ((1.0, 3.0, 2.0), (-1.0, 0.0, 1.0)),
        ((1.0, 2.0, 2.0), (-1.0, 0.0, 1.0)),
        ((1.0, 2.0, 3.0), (-1.0, 1.0, 0.0)),
    ],
)
def test_knots_that_do_not_ascend_in_pairs_are_refused(values: tuple[float, ...], quantiles: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"values have \d quantiles|do not ascend"):
        QuantileTransform(values, quantiles)


# --- heavy tails ------------------------------------------------------------------------------------------------------


def drawn(name: str, n: int = 20_000) -> np.ndarray:
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(n)
    return {
        "normal": normal,
        "uniform": rng.random(n),
        "exponential": rng.exponential(size=n),
        "two groups": normal + 10 * (rng.random(n) < 0.5),
        "whole numbers": rng.integers(0, 10, n).astype(np.float64),
        "log-normal": np.exp(normal),
        "cauchy": rng.standard_cauchy(n),
        "few outliers": np.where(rng.random(n) < 0.005, 1000 * normal, normal),
        "mostly zero": np.maximum(0, normal - 1),
    }[name]


@pytest.mark.parametrize(
    ("name", "is_heavy"),
    [
        ("normal", False),
        ("uniform", False),
        ("exponential", False),
        ("two groups", False),
        ("whole numbers", False),
        ("log-normal", True),
        ("cauchy", True),
        ("few outliers", True),
        ("mostly zero", True),
    ],
)
def test_tails_are_heavy_where_few_values_are_far_out(name: str, is_heavy: bool) -> None:
    values = drawn(name)
    assert has_heavy_tails(values, float(values.std())) is is_heavy


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(0.1, 2.0))
def test_units_and_sign_of_a_column_do_not_matter(seed: int, shift: float, size: float, width: float) -> None:
    values = np.exp(width * np.random.default_rng(seed).standard_normal(500))
    other = shift - size * values
    excess = values.std() / (np.quantile(values, 0.75) - np.quantile(values, 0.25)) * 1.349 / 1.5
    if abs(excess - 1) > 1e-6:  # rounding may decide where it is close
        assert has_heavy_tails(values, float(values.std())) is has_heavy_tails(other, float(other.std()))
