"""Familiarity: which networks are so unlike those that were learned from that their predictions say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

KNOWN_SHARE = 0.99
"""Share of the learned networks that count as familiar to the others."""
MOST_PROBES = 2000
"""Of more learned networks, evenly chosen ones stand for all where their nearest are sought."""


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Knows the networks that were learned from. Same networks, same answers.

    A network is outside if its family was not learned from, or if it is farther from the nearest learned network
    than 99 % of these are from their own nearest. Distances are Euclidean, each feature in standard deviations.

    Attributes:
        families: Families that were learned from; empty where they are not known.
        centre: Mean of each feature, shape (n_features,).
        scale: Standard deviation of each, above 0, shape (n_features,); tiny where a feature did not vary, so that
            another value of it is far from all that was learned.
        learned: scipy's KDTree of the learned rows, scaled.
        reach: Distance beyond which a network is outside.
    """

    families: frozenset[str]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    learned: Any
    reach: float

    @classmethod
    def of(cls, rows: NDArray[np.float64], families: Sequence[str] = ()) -> Familiarity:
        """With these networks.

        Args:
            rows: Finite features, shape (n, n_features), n and n_features at least 1.
            families: Of each network, length n; empty where they are not known.
        """
        from scipy.spatial import KDTree

        centre, deviation = rows.mean(axis=0), rows.std(axis=0)
        largest = np.abs(rows).max(axis=0)
        varies = deviation > 1e-10 * largest + np.finfo(np.float64).tiny
        scale = np.where(varies, deviation, 1e-6 * np.where(largest > 0, largest, 1.0))
        # Copies would make every distance 0, so that nothing else were familiar.
        learned = KDTree(np.unique((rows - centre) / scale, axis=0))
        probes = learned.data[:: -(-learned.n // MOST_PROBES)]
        nearest = learned.query(probes, k=[2])[0][:, 0] if learned.n > 1 else np.zeros(1)
        reach = float(np.quantile(nearest, KNOWN_SHARE, method="higher"))
        return cls(frozenset(families), centre, scale, learned, reach)

    def distances(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of each row to the nearest learned one, shape (n,), for rows of shape (n, n_features)."""
        nearest: NDArray[np.float64] = self.learned.query((rows - self.centre) / self.scale)[0]
        return nearest

    def outside(self, rows: NDArray[np.float64], families: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Which networks a prediction should not be trusted for.

        Args:
            rows: Finite features, shape (n, n_features) with as many features as were learned from.
            families: Of each network, length n; empty where they are not known: only distances decide then.

        Returns:
            Shape (n,).
        """
        # A copy of the farthest learned row must not be outside because of the last bit.
        is_far: NDArray[np.bool_] = self.distances(rows) > self.reach * (1 + 1e-9) + 1e-9
        if not families or not self.families:
            return is_far
        is_unknown = np.array([family not in self.families for family in families], dtype=np.bool_)
        return is_far | is_unknown
