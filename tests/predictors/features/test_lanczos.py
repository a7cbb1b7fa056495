from __future__ import annotations

import numpy as np
import pytest

from predictors.features.lanczos import N_STEPS, ritz_spectrum


def symmetric(n: int) -> np.ndarray:
    matrix = np.random.default_rng(1).normal(size=(n, n)) / n**0.5
    return matrix + matrix.T


def test_a_small_matrix_has_all_its_eigenvalues_found() -> None:
    matrix = symmetric(30)
    values, weights = ritz_spectrum(lambda x: matrix @ x, 30, lambda x: x)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix), atol=1e-9)
    assert weights.sum() == pytest.approx(30)
    assert weights @ values == pytest.approx(np.ones(30) @ matrix @ np.ones(30), abs=60)


def test_extremes_of_a_large_one_are_found_and_sums_are_near() -> None:
    matrix, n = symmetric(800), 800
    exact = np.linalg.eigvalsh(matrix)
    values, weights = ritz_spectrum(lambda x: matrix @ x, n, lambda x: x)
    assert len(values) == N_STEPS
    np.testing.assert_allclose(values[[0, -2, -1]], exact[[0, -2, -1]], atol=1e-3)
    assert weights @ np.exp(values) == pytest.approx(np.exp(exact).sum(), rel=0.1)


def test_what_is_projected_away_is_not_found() -> None:
    matrix = np.diag(np.arange(40.0))

    def project(x: np.ndarray) -> np.ndarray:
        return x * (np.arange(40) != 39)

    values, weights = ritz_spectrum(lambda x: matrix @ x, 40, project)
    assert values[-1] == pytest.approx(38)
    assert weights.sum() == pytest.approx(39)


def test_nothing_is_found_where_everything_is_projected_away() -> None:
    values, weights = ritz_spectrum(lambda x: x, 5, lambda x: 0 * x)
    assert len(values) == len(weights) == 0


def test_one_eigenvalue_is_found_once_with_all_the_weight() -> None:
    values, weights = ritz_spectrum(lambda x: 3 * x, 50, lambda x: x)
    assert values.tolist() == [3.0] and weights == pytest.approx([50.0])
