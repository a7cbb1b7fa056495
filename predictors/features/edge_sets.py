"""Sets of pairs of vertices: the pair of low < high in a graph with n vertices has the code low * n + high."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TABLE_LIMIT = 10_000_000
"""Number of codes up to which a table of all of them is faster than a search, and small: 10 MB."""


def pair_codes(n: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of the pairs of `one` and `other`, in either order; same shape."""
    codes: NDArray[np.int64] = np.minimum(one, other) * n + np.maximum(one, other)
    return codes


def are_among(n: int, wanted: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of the wanted codes is one of `codes`, which are of shape (k,); same shape as `wanted`."""
    if n * n <= TABLE_LIMIT:
        table = np.zeros(n * n, dtype=bool)
        table[codes] = True
        return table[wanted]
    return np.isin(wanted, codes)
