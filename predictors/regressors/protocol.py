"""What every regressor does, and the tables that it accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction


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


class IntervalRegressor(Regressor, Protocol):
    """A regressor that says, too, between which bounds a score will lie."""

    def predict_interval(
        self, rows: NDArray[np.float64], coverage: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds that hold the scores of a share `coverage` of new rows like those that were learned from.

        Args:
            rows: As for `predict`, shape (n, n_features).
            coverage: Share in (0, 1).

        Returns:
            Lower and upper bounds, shape (n,) each. Infinite where too few rows were learned from to promise the
            coverage: below coverage / (1 - coverage) rows, that is 9 rows for .9 and 19 for .95.

        Raises:
            ValueError: As for `predict`, or the coverage is out of range.
        """


Make = Callable[[int], Regressor]
"""Makes an unfitted regressor from a seed, an integer of 0 or more."""


def check_table(who: str, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
    """Refuse what cannot be learned from.

    Raises:
        ValueError: See `Regressor.fit`; the message starts with `who`.
    """
    _check_rows(who, rows)
    if len(rows) == 0 or targets.shape != (len(rows),) or not np.isfinite(targets).all():
        raise ValueError(
            f"{who}: {len(rows)} rows and targets of shape {targets.shape}; "
            "give at least one row and a finite target for each."
        )


def check_unseen(who: str, rows: NDArray[np.float64], n_features: int | None) -> None:
    """Refuse what cannot be predicted.

    Args:
        who: Start of the message.
        rows: Rows to predict.
        n_features: How many features were learned from; None if nothing was learned yet.

    Raises:
        ValueError: See `Regressor.predict`.
    """
    if n_features is None:
        raise ValueError(f"{who}: nothing was learned yet; call fit before predict.")
    _check_rows(who, rows)
    if rows.shape[1] != n_features:
        raise ValueError(f"{who}: rows have {rows.shape[1]} features; it learned from {n_features}.")


def _check_rows(who: str, rows: NDArray[np.float64]) -> None:
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError(f"{who}: rows of shape {rows.shape}; give finite numbers of shape (rows, features).")
