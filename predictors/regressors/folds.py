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


def equal_row_groups(rows: NDArray[np.float64], groups: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The group of each row: rows with equal features share a group, and so do rows that share a given group.

    What was learned from one of several equal rows gives away the others, so that they belong in one fold.

    Args:
        rows: Features, shape (n, n_features).
        groups: Groups that stay together for other reasons, shape (n,); None or empty where there are none.

    Returns:
        Groups numbered from 0, int64, shape (n,).
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(rows)
    first_equal = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    if groups is None or len(groups) == 0:
        return first_equal.astype(np.int64)
    # Rows and groups are vertices: a chain of equal rows and common groups is one component.
    given = np.unique(groups, return_inverse=True)[1].reshape(-1)
    links = csr_array((np.ones(n), (first_equal, n + given)), shape=(2 * n, 2 * n))
    component = connected_components(links, directed=False)[1][first_equal]
    return np.unique(component, return_inverse=True)[1].reshape(-1).astype(np.int64)


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
