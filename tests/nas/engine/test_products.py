"""The products of a sparse layer against dense numpy, on rows of every length that is made of whole vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.products import (
    add_backward_products,
    add_products,
    add_products_3,
    add_products_4,
    add_weight_gradients,
    add_weight_gradients_3,
)

SHIFT = 2  # indices are so much higher than rows


class Layer(NamedTuple):
    mask: np.ndarray  # (n_rows, n_columns)
    indptr: np.ndarray
    indices: np.ndarray
    out_indptr: np.ndarray
    out_targets: np.ndarray
    out_edges: np.ndarray


@compiled
def sums(layer, weights, values, out, width):
    n_rows, stride = out.shape[1], out.shape[2]
    plane, step = n_rows * stride, weights.shape[1]
    sources = at(layer.indices, 0)
    for j in range(n_rows):
        first, last, row = layer.indptr[j], layer.indptr[j + 1], at(out, j * stride)
        if weights.shape[0] == 1:
            add_products(first, last, sources, SHIFT, at(weights, 0), at(values, 0), row, stride, width)
        elif weights.shape[0] == 3:
            add_products_3(first, last, sources, SHIFT, at(weights, 0), step, at(values, 0), row, plane, stride, width)
        else:
            add_products_4(first, last, sources, SHIFT, at(weights, 0), step, at(values, 0), row, plane, stride, width)


@compiled
def weight_gradients(layer, values, gradients, out, width):
    n_rows, stride = gradients.shape[1], gradients.shape[2]
    plane, step = n_rows * stride, out.shape[1]
    sources = at(layer.indices, 0)
    for j in range(n_rows):
        first, last, row = layer.indptr[j], layer.indptr[j + 1], at(gradients, j * stride)
        if out.shape[0] == 1:
            add_weight_gradients(first, last, sources, SHIFT, at(values, 0), row, at(out, 0), stride, width)
        else:
            add_weight_gradients_3(
                first, last, sources, SHIFT, at(values, 0), row, plane, at(out, 0), step, stride, width
            )


@compiled
def backward(layer, weights, values, gradients, out, weight_gradients, width):
    stride = values.shape[1]
    for i in range(values.shape[0]):
        add_backward_products(
            layer.out_indptr[i], layer.out_indptr[i + 1], at(layer.out_targets, 0), at(layer.out_edges, 0),
            at(weights, 0), at(values, i * stride), at(gradients, 0), at(out, i * stride), at(weight_gradients, 0),
            stride, width,
        )  # fmt: skip


def random_layer(rng: np.random.Generator, n_rows: int, n_columns: int, density: float) -> Layer:
    mask = rng.random((n_rows, n_columns)) < density
    rows, columns = np.nonzero(mask)
    order = np.argsort(columns, kind="stable")
    pointers = [np.concatenate([[0], np.cumsum(mask.sum(axis))]).astype(np.int32) for axis in (1, 0)]
    indices, targets, edges = (a.astype(np.int32) for a in (columns + SHIFT, rows[order], order))
    return Layer(mask, pointers[0], indices, pointers[1], targets, edges)


def dense(layer: Layer, weights: np.ndarray) -> np.ndarray:
    matrix = np.zeros(layer.mask.shape)
    matrix[layer.mask] = weights
    return matrix


cases = {
    "seed": st.integers(0, 2**32),
    "n_rows": st.integers(1, 12),
    "n_columns": st.integers(1, 40),
    "density": st.floats(0, 1),
    "vectors": st.integers(1, 19),
    "unused": st.integers(0, 2),
}


def rows_of(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_sets", [1, 3, 4])
@given(**cases)
@settings(deadline=None, max_examples=25)
def test_sums_are_added_up_to_the_width(
    dtype: type, n_sets: int, seed: int, n_rows: int, n_columns: int, density: float, vectors: int, unused: int
) -> None:
    rng, width, stride = np.random.default_rng(seed), 16 * vectors, 16 * (vectors + unused)
    layer = random_layer(rng, n_rows, n_columns, density)
    weights = rows_of(rng, (n_sets, len(layer.indices)), dtype)
    values, out = rows_of(rng, (n_columns, stride), dtype), rows_of(rng, (n_sets, n_rows, stride), dtype)
    expected = out.astype(np.float64)
    for k in range(n_sets):
        expected[k, :, :width] += dense(layer, weights[k]) @ values[:, :width]
    sums(layer, weights, values, out, width)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_sets", [1, 3])
@given(**cases)
@settings(deadline=None, max_examples=25)
def test_weight_gradients_are_added(
    n_sets: int, seed: int, n_rows: int, n_columns: int, density: float, vectors: int, unused: int
) -> None:
    rng, width, stride = np.random.default_rng(seed), 16 * vectors, 16 * (vectors + unused)
    layer = random_layer(rng, n_rows, n_columns, density)
    values = rows_of(rng, (n_columns, stride), np.float32)
    gradients = rows_of(rng, (n_sets, n_rows, stride), np.float32)
    out = rows_of(rng, (n_sets, len(layer.indices)), np.float32)
    products = gradients[:, :, :width].astype(np.float64) @ values[:, :width].T.astype(np.float64)
    expected = out + products[:, layer.mask]
    weight_gradients(layer, values, gradients, out, width)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(**cases)
@settings(deadline=None, max_examples=40)
def test_both_gradients_of_the_edges_that_leave_a_neuron_are_added(
    dtype: type, seed: int, n_rows: int, n_columns: int, density: float, vectors: int, unused: int
) -> None:
    rng, width, stride = np.random.default_rng(seed), 16 * vectors, 16 * (vectors + unused)
    layer = random_layer(rng, n_rows, n_columns, density)
    weights, out_weights = rows_of(rng, (2, len(layer.indices)), dtype)
    values, out = rows_of(rng, (2, n_columns, stride), dtype)
    gradients = rows_of(rng, (n_rows, stride), dtype)
    expected = out.astype(np.float64)
    expected[:, :width] += dense(layer, weights).T @ gradients[:, :width]
    expected_weights = out_weights + (gradients[:, :width].astype(np.float64) @ values[:, :width].T)[layer.mask]
    backward(layer, weights, values, gradients, out, out_weights, width)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(out_weights, expected_weights, rtol=1e-4, atol=1e-3)
