"""Predictions of each row by a regressor that has not seen it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

N_FOLDS = 5


def draw_folds(n: int, seed: int, groups: NDArray[np.int64] | None = None, n_folds: int = N_FOLDS) -> NDArray[np.int64]:
    """The fold of each row: sizes as equal as can be, drawn from the seed.

    Args:
        n: Number of rows, at least 2.
        seed: 0 or more.
        groups: Rows of a group stay in one fold, shape (n,); None where each row is its own group.
        n_folds: As many or, if there are fewer rows or groups, as there are.

    Returns:
        Fold of each row, shape (n,), int64, from 0; at least two occur.

    Raises:
        ValueError: There are fewer than two rows or groups, or not one group a row.
    """
    rng = np.random.default_rng(seed)
    _, group_of = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    if len(group_of) != n or n == 0 or group_of.max() == 0:
        raise ValueError(f"Folds of {n} rows and {len(set(group_of.tolist()))} groups; give two groups or more.")
    sizes = np.bincount(group_of)
    filled = np.zeros(min(n_folds, len(sizes)), np.int64)
    fold_of_group = np.empty(len(sizes), np.int64)
    # The largest group first, each into the emptiest fold; the draw decides among equals.
    for group in sorted(rng.permutation(len(sizes)).tolist(), key=lambda group: -int(sizes[group])):
        fold_of_group[group] = int(filled.argmin())
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[group_of]


def out_of_fold(
    predict_unseen: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What is predicted of each row from the rows of the other folds.

    Args:
        predict_unseen: From the places to learn from and the places to predict to one or several predictions of each
            of the latter, shape (n_places, ...).
        folds: Fold of each row, shape (n,).

    Returns:
        Predictions in the order of the rows, shape (n, ...).
    """
    parts = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
    predicted = np.concatenate([predict_unseen(np.flatnonzero(folds != folds[part[0]]), part) for part in parts])
    ordered = np.empty_like(predicted)
    ordered[np.concatenate(parts)] = predicted
    return ordered
