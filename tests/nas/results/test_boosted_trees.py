from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from nas.data.shared import SharedRows
from nas.results.boosted_trees import boost

SCALE, SHIFT = 0.25, -3.0

TASKS = [
    ("classification", load_wine, HistGradientBoostingClassifier),
    ("regression", load_diabetes, HistGradientBoostingRegressor),
]


def halves(folder: Path, x: np.ndarray, y: np.ndarray) -> tuple[SharedRows, SharedRows, tuple[np.ndarray, ...]]:
    """Two thirds to learn from and the others, both stored in a scale of their own, and as they are."""
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order].astype(np.float32), y[order].astype(np.float32)
    middle = len(y) * 2 // 3
    scale, shift = np.full(x.shape[1], SCALE, np.float32), np.full(x.shape[1], SHIFT, np.float32)
    parts = (slice(None, middle), slice(middle, None))
    rows = [SharedRows.write(folder / str(k), x[part], y[part], None, scale, shift) for k, part in enumerate(parts)]
    x = x * np.float32(SCALE) + np.float32(SHIFT)
    return rows[0], rows[1], (x[:middle], y[:middle], x[middle:])


@pytest.mark.parametrize(("task", "load", "kind"), TASKS)
def test_trees_with_enough_time_are_those_of_scikit_learn(
    tmp_path: Path, task: str, load: Callable, kind: type
) -> None:
    rows, test, (x, y, x_test) = halves(tmp_path, *load(return_X_y=True))
    boosted = boost(rows, lambda: False, test, task, 0, 1000.0)
    with threadpool_limits(1):
        expected = kind(random_state=0, early_stopping=False).fit(x, y).predict(x_test)
    np.testing.assert_allclose(boosted.predicted, expected, rtol=1e-5)
    assert (boosted.n_iterations, boosted.predicted.dtype) == (100, np.float32)
    assert boosted.seconds > 0


@pytest.mark.parametrize(("task", "load", "kind"), TASKS)
@pytest.mark.parametrize("n", [1, 7])
def test_trees_stop_when_they_are_told_to(tmp_path: Path, task: str, load: Callable, kind: type, n: int) -> None:
    rows, test, (x, y, x_test) = halves(tmp_path, *load(return_X_y=True))
    asked = iter(range(1000))
    boosted = boost(rows, lambda: next(asked) >= n, test, task, 0, 1000.0)  # asked once before the first iteration too
    assert boosted.n_iterations == n
    with threadpool_limits(1):
        expected = kind(random_state=0, early_stopping=False, max_iter=n).fit(x, y).predict(x_test)
    np.testing.assert_allclose(boosted.predicted, expected, rtol=1e-5)


def test_trees_stop_when_their_own_time_is_over(tmp_path: Path) -> None:
    rows, test, _ = halves(tmp_path, *load_wine(return_X_y=True))
    assert boost(rows, lambda: False, test, "classification", 0, 0.0).n_iterations == 1


def test_what_is_to_be_predicted_is_not_learned_from(tmp_path: Path) -> None:
    rows, test, _ = halves(tmp_path, *load_wine(return_X_y=True))
    stored = test.open()
    turned = SharedRows.write(tmp_path / "turned", stored.x, 2 - stored.y, None, stored.scale, stored.shift)
    first, second = (boost(rows, lambda: False, one, "classification", 0, 1000.0).predicted for one in (test, turned))
    np.testing.assert_array_equal(first, second)
