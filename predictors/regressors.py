"""The regressors: from rows of features to an expected score with its spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor


class Regressor(Protocol):
    """Learns scores from rows of features. Equal seeds and calls give equal predictions."""

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> Self:
        """Forget what was learned before, learn from these rows, and give itself back.

        Args:
            rows: Finite features, shape (n, n_features), n >= 1.
            targets: Finite scores, shape (n,).

        Raises:
            ValueError: The shapes do not fit, there is no row, or a value is not finite.
        """

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        """The expected scores of the rows, in their order.

        Args:
            rows: Finite features, shape (n, n_features) with as many features as were learned from.

        Raises:
            ValueError: The shape does not fit, a value is not finite, or nothing was learned yet.
        """


class RandomForest:
    """A `Regressor`: 100 regression trees; the spread is the standard deviation over the trees.

    Source: Breiman, "Random Forests" (2001). Each split looks at a third of the features, as he advises for
    regression, and a leaf holds at least two rows, because the scores are noisy. The spread is that of Hutter
    et al., "Algorithm runtime prediction" (2014), without the variance inside the leaves.

    Args:
        seed: 0 or more. The same seed and rows give the same trees.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._forest: RandomForestRegressor | None = None

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> Self:
        """See `Regressor.fit`."""
        # Here, because it takes a second to import and processes that only extract features never need it.
        from sklearn.ensemble import RandomForestRegressor

        _check_rows(rows)
        if len(rows) == 0 or targets.shape != (len(rows),) or not np.isfinite(targets).all():
            raise ValueError(
                f"RandomForest: {len(rows)} rows and targets of shape {targets.shape}; "
                "give at least one row and a finite target for each."
            )
        # n_jobs=1 and a seed of its own: the same trees whatever else runs in the process.
        self._forest = RandomForestRegressor(
            n_estimators=100,
            min_samples_leaf=2,
            max_features=1 / 3,
            n_jobs=1,
            random_state=int(np.random.SeedSequence(self._seed).generate_state(1)[0]),
        ).fit(rows, targets)
        return self

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        """See `Regressor.predict`."""
        if self._forest is None:
            raise ValueError("RandomForest: nothing was learned yet; call fit before predict.")
        _check_rows(rows)
        n_features = self._forest.n_features_in_
        if rows.shape[1] != n_features:
            raise ValueError(f"RandomForest: rows have {rows.shape[1]} features; it learned from {n_features}.")
        if len(rows) == 0:
            return Prediction(np.empty(0), np.empty(0))
        singles = np.ascontiguousarray(rows, dtype=np.float32)  # what trees compare in
        by_tree = np.array(
            [tree.predict(singles, check_input=False) for tree in self._forest.estimators_]
        )  # (n_trees, n)
        return Prediction(by_tree.mean(axis=0), by_tree.std(axis=0))


def _check_rows(rows: NDArray[np.float64]) -> None:
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError(f"RandomForest: rows of shape {rows.shape}; give finite numbers of shape (rows, features).")


REGRESSORS: dict[str, Callable[[int], Regressor]] = {"forest": RandomForest}
"""Name to a function that makes an unfitted regressor from a seed."""
