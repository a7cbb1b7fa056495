"""One step of each cell against torch's equations, on rows of every kind of length."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nas.engine.cells import CELLS, CODES, cell_backward, cell_forward, sigmoid_of_lanes, tanh_of_lanes
from nas.engine.compiler import compiled
from nas.engine.lanes import at, load, store
from search_spaces.recurrent_wiring import GATES

WIDTH = 16
widths = st.integers(1, 5).map(lambda n: n * WIDTH)


@compiled
def one_step_forward(code, sums, cell_before, cell, hidden_before, hidden, width):
    rows = (at(cell_before, 0), at(cell, 0), at(hidden_before, 0), at(hidden, 0))
    cell_forward(code, at(sums, 0), sums.shape[1], *rows, width)


@compiled
def one_step_backward(code, sums, cell_before, cell, hidden_before, hidden, gradient, carried, out, width):
    rows = (at(cell_before, 0), at(cell, 0), at(hidden_before, 0), at(hidden, 0), at(gradient, 0), at(carried, 0))
    cell_backward(code, at(sums, 0), sums.shape[1], *rows, at(out, 0), out.shape[1], width)


@compiled
def curves(x, out):
    for k in range(0, x.shape[0], WIDTH):
        store(tanh_of_lanes(load(at(x, 0), k, WIDTH)), at(out, 0), k)
        store(sigmoid_of_lanes(load(at(x, 0), k, WIDTH)), at(out, x.shape[0]), k)


def torch_step(name: str, sums: Tensor, cell: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """(output, cell state), as the documentation of torch.nn.RNNCell, LSTMCell and GRUCell has them."""
    if name == "lstm":
        i, f, g, o = sums
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell
    if name == "gru":
        n, r, z, m = sums
        new = torch.tanh(n + torch.sigmoid(r) * m)
        return (1 - torch.sigmoid(z)) * new + torch.sigmoid(z) * hidden, cell
    return torch.relu(sums[0]) if name == "relu" else torch.tanh(sums[0]), cell


class Step:
    """Random rows of one step, what torch makes of them, and what the kernels do; nothing else but NaN around."""

    def __init__(self, name: str, seed: int, width: int, spread: float = 3.0) -> None:
        rng = np.random.default_rng(seed)
        self.name, self.width, self.length = name, width, width + WIDTH

        def rows(*shape: int, scale: float = 1.0) -> np.ndarray:
            filled = np.full((*shape, self.length), np.nan, np.float32)
            filled[..., :width] = scale * rng.standard_normal((*shape, width))
            return filled

        self.sums = rows(CELLS[name].n_planes, scale=spread)
        self.gradient, self.carried = rows(), rows()
        self.nothing = np.full(self.length, np.nan, np.float32)
        self.cell_before = rows() if name == "lstm" else self.nothing.copy()
        self.hidden_before = rows() if name == "gru" else self.nothing.copy()
        self.cell, self.hidden = self.nothing.copy(), self.nothing.copy()
        self.out = np.full_like(self.sums, np.nan)

    def torch(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Output and cell state, and the gradients of the sums and of both states before, all (..., width)."""
        sums, cell, hidden = (
            torch.tensor(np.nan_to_num(rows[..., : self.width]), dtype=torch.float64, requires_grad=True)
            for rows in (self.sums, self.cell_before, self.hidden_before)
        )
        found = torch_step(self.name, sums, cell, hidden)
        upstream = [torch.tensor(rows[: self.width], dtype=torch.float64) for rows in (self.gradient, self.carried)]
        n_found = 2 if self.name == "lstm" else 1
        gradients = torch.autograd.grad(
            found[:n_found], (sums, cell, hidden), upstream[:n_found], materialize_grads=True
        )
        return found[0].detach(), found[1].detach(), *gradients

    def states(self) -> tuple[np.ndarray, ...]:
        return self.sums, self.cell_before, self.cell, self.hidden_before, self.hidden

    def forward(self) -> None:
        one_step_forward(CODES[self.name], *self.states(), self.width)

    def backward(self) -> None:
        one_step_backward(CODES[self.name], *self.states(), self.gradient, self.carried, self.out, self.width)


def test_gates_are_those_of_the_search_space() -> None:
    assert {name: cell.n_gates for name, cell in CELLS.items()} == GATES
    assert {name: cell.code for name, cell in CELLS.items()} == CODES
    assert len(set(CODES.values())) == len(CODES)
    for cell in CELLS.values():  # the weight sets of inputs and of the recurrence cover the planes between them
        ends = cell.n_gates, cell.recurrent_plane + cell.n_gates
        assert max(ends) == cell.n_planes and cell.recurrent_plane <= cell.n_gates


@pytest.mark.parametrize("name", CELLS)
@given(seed=st.integers(0, 2**32), width=widths)
@settings(deadline=None, max_examples=20)
def test_a_step_is_torchs(name: str, seed: int, width: int) -> None:
    step = Step(name, seed, width)
    hidden, cell, *_ = step.torch()
    sums = step.sums.copy()
    step.forward()
    np.testing.assert_allclose(step.hidden[:width], hidden, rtol=1e-5, atol=3e-6)
    if name == "lstm":
        np.testing.assert_allclose(step.cell[:width], cell, rtol=1e-5, atol=3e-6)
    else:
        assert np.isnan(step.cell).all()  # left alone
    assert np.isnan(step.hidden[width:]).all() and np.isnan(step.cell[width:]).all()
    np.testing.assert_array_equal(step.sums[:, width:], sums[:, width:])


@pytest.mark.parametrize("name", CELLS)
@given(seed=st.integers(0, 2**32), width=widths)
@settings(deadline=None, max_examples=20)
def test_gradients_of_a_step_are_those_of_autograd(name: str, seed: int, width: int) -> None:
    step = Step(name, seed, width)
    _, _, of_sums, of_cell, of_hidden = step.torch()
    if name != "lstm":  # what comes from the next step past the weights is in the gradient of the output already
        step.carried[:] = np.nan
    step.forward()
    step.backward()
    np.testing.assert_allclose(step.out[:, :width], of_sums, rtol=1e-4, atol=1e-5)
    assert np.isnan(step.out[:, width:]).all()
    assert np.isnan(step.carried[width:]).all()
    if name == "lstm":
        np.testing.assert_allclose(step.carried[:width], of_cell, rtol=1e-4, atol=1e-5)
    elif name == "gru":
        np.testing.assert_allclose(step.carried[:width], of_hidden, rtol=1e-4, atol=1e-5)
    else:
        assert np.isnan(step.carried).all()


@pytest.mark.parametrize("name", CELLS)
def test_saturated_gates_let_no_gradient_through_and_stay_finite(name: str) -> None:
    step = Step(name, 0, WIDTH, spread=1e4)
    hidden, _, of_sums, *_ = step.torch()
    step.forward()
    step.backward()
    np.testing.assert_allclose(step.hidden[:WIDTH], hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(step.out[:, :WIDTH], of_sums, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_a_value_that_is_not_a_number_stays_so(name: str) -> None:
    step = Step(name, 0, WIDTH)
    step.sums[:, 3] = np.nan
    step.forward()
    assert np.flatnonzero(np.isnan(step.hidden[:WIDTH])).tolist() == [3]


def test_a_rectifier_has_no_gradient_at_zero() -> None:
    step = Step("relu", 0, WIDTH)
    step.sums[0, :WIDTH] = [-1.0, -0.0, 0.0, 1e-30] * 4
    step.forward()
    step.backward()
    expected = np.where(np.tile([False, False, False, True], 4), step.gradient[:WIDTH], 0)
    np.testing.assert_array_equal(step.out[0, :WIDTH], expected)


@given(st.lists(st.floats(-100, 100, width=32), min_size=WIDTH, max_size=WIDTH))
@settings(deadline=None, max_examples=50)
def test_tanh_and_sigmoid_are_within_four_ten_millionths(values: list[float]) -> None:
    out = np.empty((2, WIDTH), np.float32)
    curves(np.array(values, np.float32), out)
    for x, hyperbolic, logistic in zip(values, *out, strict=True):
        assert abs(hyperbolic - math.tanh(x)) <= 4e-7
        assert abs(logistic - 0.5 * (1 + math.tanh(0.5 * x))) <= 4e-7
