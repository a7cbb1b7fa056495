"""Random permutations that are computed element by element.

The first k elements of a permutation of `size` numbers are a sample without replacement. Each neuron has a
permutation of its own, given by a key, so that its sample grows and shrinks at the end only, and does not
depend on the neurons around it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from search_spaces.edge_codes import Int64Array

KeyArray = npt.NDArray[np.uint64]

N_ROUNDS = 5
GOLDEN = 0x9E3779B97F4A7C15


def keys(seed: int, purpose: int, n_keys: int) -> KeyArray:
    """Independent pseudo-random keys: uint64, shape (n_keys,). Key i depends on seed, purpose and i alone.

    SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    start = _mix(np.array([(seed + purpose * GOLDEN) % 2**64], dtype=np.uint64))
    return _mix(start + np.arange(1, n_keys + 1, dtype=np.uint64) * np.uint64(GOLDEN))


def sample_rows(counts: Int64Array, size: int, row_keys: KeyArray) -> tuple[Int64Array, Int64Array]:
    """Draws `counts[row]` distinct numbers in 0..size-1 for each row.

    Args:
        counts: int64, shape (n_rows,), in 0..size.
        size: Number of numbers to draw from.
        row_keys: uint64, shape (n_rows,). Equal keys give equal draws; a longer draw begins with a shorter.

    Returns:
        (rows, numbers), each int64 of shape (counts.sum(),), ordered by row.
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    positions = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, _permute(positions, size, row_keys[rows])


def _permute(positions: Int64Array, size: int, position_keys: KeyArray) -> Int64Array:
    """Image of each position in 0..size-1 under the permutation its key gives.

    A Feistel network on a rectangle of at least `size` cells, walked until it is back below `size`:
    Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002.
    """
    n_rows = math.isqrt(max(size - 1, 0)) + 1
    n_columns = -(-size // n_rows)
    image = positions.astype(np.uint64)
    outside = np.arange(len(image))
    while len(outside):
        walked = _feistel(image[outside], n_rows, n_columns, position_keys[outside])
        image[outside] = walked
        outside = outside[walked >= size]
    # On an even number of cells every Feistel round is an even permutation; turning by one is an odd one.
    turned = (image + (_scramble(position_keys, ~position_keys) >> np.uint64(32))) % np.uint64(size)
    return turned.astype(np.int64)


def _feistel(cells: KeyArray, n_rows: int, n_columns: int, cell_keys: KeyArray) -> KeyArray:
    rows, columns = np.divmod(cells, np.uint64(n_columns))
    for _ in range(N_ROUNDS):
        rows = (rows + (_scramble(columns, cell_keys) >> np.uint64(32))) % np.uint64(n_rows)
        columns = (columns + (_scramble(rows, ~cell_keys) >> np.uint64(32))) % np.uint64(n_columns)
        cell_keys = cell_keys * np.uint64(0xD1342543DE82EF95) + np.uint64(GOLDEN)
    return rows * np.uint64(n_columns) + columns


def _scramble(values: KeyArray, value_keys: KeyArray) -> KeyArray:
    mixed = (values * np.uint64(GOLDEN)) ^ value_keys
    return (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)


def _mix(values: KeyArray) -> KeyArray:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
