from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from predictors.examples import Examples
from predictors.prediction import Prediction


class LeastSquares:
    """Fast, and good at what `draw_examples` draws; its spread is that of the residuals."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> Self:
        design = np.column_stack([np.ones(len(rows)), rows])
        self.weights = np.linalg.lstsq(design, targets, rcond=None)[0]
        residuals = targets - design @ self.weights
        self.spread = float(np.sqrt((residuals**2).sum() / max(len(rows) - len(self.weights), 1)))
        return self

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        mean = np.column_stack([np.ones(len(rows)), rows]) @ self.weights
        return Prediction(mean, np.full(len(rows), self.spread))


@pytest.fixture(scope="session")
def least_squares() -> type[LeastSquares]:
    return LeastSquares


@pytest.fixture(scope="session")
def draw_examples() -> Callable[..., Examples]:
    """Networks whose score is size + structure * the next feature + noise, with families and repeats."""

    def draw(seed: int, n: int = 60, structure: float = 1.0, n_seeds: int = 3, shift: float = 0.0) -> Examples:
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(n, 4))
        families = ["watts-strogatz" if i % 2 else "barabasi-albert" for i in range(n)]
        sign = np.where([name == "watts-strogatz" for name in families], 1.0, 1.0 - shift)
        truth = rows[:, 0] + structure * sign * rows[:, 1]
        repeats = truth[:, None] + rng.normal(size=(n, n_seeds))
        names = ("nodes", "clustering", "path_length", "spectral_gap")
        return Examples(names, rows, repeats.mean(axis=1), repeats, ("nodes",), tuple(families))

    return draw
