"""Examples from elsewhere that a run may learn from before it has enough of its own, once its own agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.errors import PredictorError


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Networks of other runs, with their scores.

    Attributes:
        names: Name of each feature.
        rows: Features, finite, float64, shape (n, n_features), n >= 2.
        targets: Score of each, finite, larger is better, on whatever scale, shape (n,).
    """

    names: tuple[str, ...]
    rows: NDArray[np.float64]
    targets: NDArray[np.float64]

    def rows_for(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """The features of these names in their order, shape (n, len(names)).

        Raises:
            PredictorError: A name is missing.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise PredictorError(
                f"The predictor does not know {len(missing)} of {len(names)} features of this search, among them "
                f'"{missing[0]}". Train one on runs of the same search space and version.'
            )
        return self.rows[:, [self.names.index(name) for name in names]]


def adapt_targets(
    targets: NDArray[np.float64], expected: NDArray[np.float64], own: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scores from elsewhere on the scale of a run's own, by the least-squares line from expected to own scores.

    The weaker the relation, the flatter the line, so that examples from elsewhere never spread more than they explain.

    Args:
        targets: Scores from elsewhere, shape (n,).
        expected: What a regressor that learned from them expects of the run's own networks, shape (m,), m >= 2.
        own: What those reached, shape (m,).

    Returns:
        Shape (n,).
    """
    centred = expected - expected.mean()
    variance = float(centred @ centred)
    slope = max(float(centred @ own) / variance, 0.0) if variance > 0 else 0.0
    return np.asarray(own.mean() + slope * (targets - expected.mean()))
