"""A sparse layer against dense numpy in float64: feature-major and batch first, with and without all gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.layer import (
    BLOCK,
    TILE,
    Layer,
    backward,
    backward_batch_first,
    forward,
    forward_batch_first,
    layer_of,
)
from nas.engine.layout import padded

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


class Case(NamedTuple):
    layer: Layer
    weights: np.ndarray  # (n_edges,)
    bias: np.ndarray  # (n_outputs,) or (0,)
    x: np.ndarray  # (batch, n_inputs)
    dy: np.ndarray  # (batch, n_outputs)
    dtype: type
    y: np.ndarray  # from here on what is expected
    dx: np.ndarray
    dw: np.ndarray
    db: np.ndarray


def case(dtype: type, seed: int, n_inputs: int, n_outputs: int, batch: int, density: float, with_bias: bool) -> Case:
    rng = np.random.default_rng(seed)
    mask = rng.random((n_outputs, n_inputs)) < density
    indptr = np.concatenate([[0], np.cumsum(mask.sum(1))]).astype(np.int32)
    layer = layer_of(indptr, np.nonzero(mask)[1].astype(np.int32), n_inputs)
    shapes = [(mask.sum(),), (n_outputs if with_bias else 0,), (batch, n_inputs), (batch, n_outputs)]
    weights, bias, x, dy = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    matrix = np.zeros(mask.shape)
    matrix[mask] = weights
    y = x @ matrix.T + (bias if with_bias else 0)
    dw = (dy.T.astype(np.float64) @ x)[mask]
    return Case(layer, weights, bias, x, dy, dtype, y, dy @ matrix, dw, dy.sum(0, dtype=np.float64)[: len(bias)])


def feature_major(rows: np.ndarray) -> np.ndarray:
    out = np.zeros((rows.shape[1], padded(len(rows))), rows.dtype)
    out[:, : len(rows)] = rows.T
    return out


def unset(dtype: type, *shape: int) -> np.ndarray:
    return np.full(shape, np.nan, dtype)


def assert_close(found: np.ndarray, expected: np.ndarray, dtype: type) -> None:
    assert found.shape == expected.shape and found.dtype == dtype
    size = max(np.linalg.norm(expected), np.sqrt(expected.size))  # terms of about 1 may cancel each other
    assert np.linalg.norm(found - expected) <= TOLERANCE[dtype] * size


cases = given(
    seed=st.integers(0, 2**32),
    n_inputs=st.integers(1, 50),
    n_outputs=st.integers(1, 50),
    batch=st.one_of(st.integers(0, 40), st.sampled_from([127, 128, 129, 300])),
    density=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    with_bias=st.booleans(),
    with_dx=st.booleans(),
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@cases
@settings(deadline=None, max_examples=30)
def test_feature_major_layers_are_those_of_numpy(
    dtype: type, seed: int, n_inputs: int, n_outputs: int, batch: int, density: float, with_bias: bool, with_dx: bool
) -> None:
    c = case(dtype, seed, n_inputs, n_outputs, batch, density, with_bias)
    x, out = feature_major(c.x), unset(dtype, n_outputs, padded(batch))
    forward(c.layer, c.weights, c.bias, x, out)
    assert_close(out[:, :batch].T, c.y, dtype)
    dx = unset(dtype, n_inputs, padded(batch)) if with_dx else unset(dtype, 0, 0)
    dw, db = unset(dtype, len(c.weights)), unset(dtype, len(c.bias))
    backward(c.layer, c.weights, x, feature_major(c.dy), dx, dw, db)
    if with_dx:
        assert_close(dx[:, :batch].T, c.dx, dtype)
    assert_close(dw, c.dw, dtype)
    assert_close(db, c.db, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@cases
@settings(deadline=None, max_examples=30)
def test_batch_first_layers_are_those_of_numpy(
    dtype: type, seed: int, n_inputs: int, n_outputs: int, batch: int, density: float, with_bias: bool, with_dx: bool
) -> None:
    c = case(dtype, seed, n_inputs, n_outputs, batch, density, with_bias)
    tiles, block, out = unset(dtype, n_inputs * padded(batch)), unset(dtype, BLOCK), unset(dtype, batch, n_outputs)
    forward_batch_first(c.layer, c.weights, c.bias, c.x, tiles, block, out)
    assert_close(out, c.y, dtype)
    dx = unset(dtype, batch, n_inputs) if with_dx else unset(dtype, 0, 0)
    dw, db, turned = unset(dtype, len(c.weights)), unset(dtype, len(c.bias)), unset(dtype, n_outputs * TILE)
    backward_batch_first(c.layer, c.weights, tiles, c.dy, turned, block, dx, dw, db)
    if with_dx:
        assert_close(dx, c.dx, dtype)
    assert_close(dw, c.dw, dtype)
    assert_close(db, c.db, dtype)


def test_tiles_are_the_inputs_feature_major() -> None:
    c = case(np.float32, 0, 3, 2, 130, 1.0, True)
    tiles = unset(np.float32, 3 * 144)
    forward_batch_first(c.layer, c.weights, c.bias, c.x, tiles, unset(np.float32, BLOCK), unset(np.float32, 130, 2))
    np.testing.assert_array_equal(tiles[: 3 * 128].reshape(3, 128), c.x[:128].T)
    np.testing.assert_array_equal(tiles[3 * 128 :].reshape(3, 16)[:, :2], c.x[128:].T)
    assert not tiles[3 * 128 :].reshape(3, 16)[:, 2:].any()


def test_the_other_direction_names_each_edge_once() -> None:
    c = case(np.float32, 1, 9, 6, 1, 0.4, True)
    targets = np.repeat(np.arange(6), np.diff(c.layer.indptr))
    assert sorted(c.layer.out_edges) == list(range(len(c.layer.indices)))
    for i in range(9):
        edges = c.layer.out_edges[c.layer.out_indptr[i] : c.layer.out_indptr[i + 1]]
        assert set(c.layer.indices[edges]) <= {i}
    np.testing.assert_array_equal(targets[c.layer.out_edges], c.layer.out_targets)
    assert all(array.dtype == np.int32 for array in c.layer)
