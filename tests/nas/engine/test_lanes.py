from __future__ import annotations

import numpy as np
import pytest

from nas.engine.compiler import compiled
from nas.engine.lanes import (
    add_at,
    add_scattered,
    at,
    clamped,
    four_totals,
    load,
    moved,
    positive,
    spread,
    store,
    total,
    zeros,
)

WIDTH = 32


@compiled
def arithmetic(x, y, out):
    value = zeros(at(x, 0), WIDTH) + spread(at(x, 3), 0, WIDTH) * load(at(y, 0), 5, WIDTH)
    store(value + load(moved(at(x, 1), 1), 0, WIDTH), at(out, 4), 2)


@compiled
def scaled(x, number, out):
    value = load(at(x, 0), 0, WIDTH)
    store((number - value * number) / (number + value * value) + number, at(out, 0), 0)


@compiled
def bounded(x, number, out):
    value = load(at(x, 0), 0, WIDTH)
    store(clamped(value, number), at(out, 0), 0)
    store(positive(value, value + number), at(out, WIDTH), 0)


@compiled
def sums(x, out):
    a, b = load(at(x, 0), 0, WIDTH), load(at(x, 0), WIDTH, WIDTH)
    c, d = load(at(x, 0), 2 * WIDTH, WIDTH), load(at(x, 0), 3 * WIDTH, WIDTH)
    folded = four_totals(a * a, a * b, a * c, a * d)
    store(folded, at(out, 0), 0)
    add_scattered(folded, at(out, 0), 7, 4, 6, 5)
    add_at(total(a), at(out, 0), 8)
    add_at(total(c * d), at(out, 0), 8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanes_are_read_computed_and_written_where_they_should(dtype: type) -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 8, 16)).astype(dtype)
    out = np.zeros((8, 16), dtype)
    arithmetic(x, y, out)
    expected = np.zeros(128, dtype)
    expected[6 : 6 + WIDTH] = x.flat[3] * y.ravel()[5 : 5 + WIDTH] + x.ravel()[2 : 2 + WIDTH]
    np.testing.assert_allclose(out.ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_lanes_are_those_of_numpy(dtype: type) -> None:
    x = np.random.default_rng(1).standard_normal((4, WIDTH)).astype(dtype)
    out = np.arange(9).astype(dtype)
    sums(x, out)
    products = x[0] @ x.T
    expected = [
        *products,
        4 + products[1],
        5 + products[3],
        6 + products[2],
        7 + products[0],
        8 + x[0].sum() + x[2] @ x[3],
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_meet_every_lane(dtype: type) -> None:
    x = np.random.default_rng(1).standard_normal(WIDTH).astype(dtype)
    out = np.zeros(WIDTH, dtype)
    scaled(x, dtype(3), out)
    np.testing.assert_allclose(out, (3 - x * 3) / (3 + x * x) + 3, rtol=1e-5)


def test_bounds_let_pass_what_is_not_a_number() -> None:
    x = np.linspace(-2, 2, WIDTH).astype(np.float32)
    x[[0, -1]] = np.nan, np.inf
    out = np.zeros((2, WIDTH), np.float32)
    bounded(x, np.float32(0.5), out)
    np.testing.assert_array_equal(out[0], np.clip(x, -0.5, 0.5))
    np.testing.assert_array_equal(out[1], np.where(x <= 0, 0, x + np.float32(0.5)))
