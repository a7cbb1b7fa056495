"""Training, validation and test rows: stratified, shuffled, and the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.source import Rows

TEST_SHARE = 0.20
VALIDATION_SHARE = 0.16  # of all rows, where test rows are taken from them as well
VALIDATION_SHARE_OF_TRAINING = 0.20  # where the source brings its own test rows
MAX_VALIDATION_ROWS = 10_000  # an accuracy is then known to half a percent, and more would only cost time
MAX_BINS = 10
ROWS_PER_BIN = 5
SPLIT_STREAM = 1  # keeps these draws apart from others of the same run seed


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of each part, each in random order; ``test`` is empty if the source brings test rows."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(strata: NDArray[np.signedinteger[Any]], *, seed: int, has_test: bool) -> Split:
    """Divide rows so that each part holds its share of every stratum, and at least one row of it.

    The same strata and seed give the same split.

    Args:
        strata: Stratum of each row, numbers from 0 without a gap, of shape (n_rows,). Each stratum has
            at least 3 rows, or 2 if ``has_test``.
        seed: Seed of the run, at least 0.
        has_test: The source brings its own test rows, so that none are taken from these.
    """
    rng = np.random.default_rng([seed, SPLIT_STREAM])
    shuffled = rng.permutation(len(strata))
    sizes = np.bincount(strata)
    share = VALIDATION_SHARE_OF_TRAINING if has_test else VALIDATION_SHARE
    share = min(share, MAX_VALIDATION_ROWS / len(strata))
    n_test = np.zeros_like(sizes) if has_test else np.maximum(1, np.rint(TEST_SHARE * sizes).astype(np.int64))
    n_validation = np.maximum(1, np.floor(share * sizes).astype(np.int64))

    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    stratum = strata[by_stratum]
    position = np.arange(len(strata)) - (np.cumsum(sizes) - sizes)[stratum]  # place of a row within its stratum
    is_test = position < n_test[stratum]
    is_validation = ~is_test & (position < (n_test + n_validation)[stratum])
    return Split(
        train=rng.permutation(by_stratum[~is_test & ~is_validation]),
        validation=rng.permutation(by_stratum[is_validation]),
        test=rng.permutation(by_stratum[is_test]),
    )


def quantile_bins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bin of each value, from 0: at most 10 bins of about as many rows each, at least 5 of them."""
    n_bins = max(1, min(MAX_BINS, len(values) // ROWS_PER_BIN))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks * n_bins // len(values)
