"""A spectrum estimated by one Lanczos process: extreme eigenvalues, and sums over all eigenvalues."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]

N_STEPS = 100
PROBE_SEED = 0
BREAKDOWN = 1e-10  # relative: what is left of the next direction when the process has seen all it can


def ritz_spectrum(product: Product, n: int, project: Product) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ritz values of a symmetric matrix and how many eigenvalues each stands for.

    A vector of random signs, projected, is the start. With T = S diag(values) S' the tridiagonal matrix of the process,
    a sum of f over the eigenvalues is estimated by (start' start) sum of S(0, i)^2 f(values(i)), stochastic Lanczos
    quadrature (Ubaru, Chen and Saad 2017); its relative error falls as 1 / sqrt(n). The largest and smallest values
    converge first (Golub and Van Loan, "Matrix Computations", 10.1). All directions are kept orthogonal.

    Args:
        product: The matrix times a vector of shape (n,).
        n: Size of the matrix.
        project: Takes off a vector what lies in the eigenvectors that are to be left out.

    Returns:
        Values, ascending, shape (k,), k <= N_STEPS, and weights, not negative, shape (k,). Same in, same out.
    """
    start = project(np.random.default_rng(PROBE_SEED).choice([-1.0, 1.0], n))
    norm = float(np.linalg.norm(start))
    if norm <= BREAKDOWN * n**0.5:
        return np.zeros(0), np.zeros(0)
    directions = np.empty((min(N_STEPS, n), n))
    directions[0] = start / norm
    diagonal: list[float] = []
    beside: list[float] = []
    for step in range(len(directions)):
        known = directions[: step + 1]
        following = product(known[-1])
        diagonal.append(float(known[-1] @ following))
        for _ in range(2):  # twice is enough (Parlett)
            following = project(following - (known @ following) @ known)
        length = float(np.linalg.norm(following))
        if step + 1 == len(directions) or length <= BREAKDOWN * max(abs(diagonal[0]), 1.0):
            break
        beside.append(length)
        directions[step + 1] = following / length
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return values, norm**2 * vectors[0] ** 2
