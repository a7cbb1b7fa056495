"""The regressor that ranked unseen rows best, chosen from the rows alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.folds import draw_folds, out_of_fold
from predictors.regressors.learned import Rows, Values
from predictors.regressors.protocol import Make, Regressor, check_table, check_unseen

FEWEST_ROWS = 10
"""With fewer rows the first regressor is taken."""


def choose(
    rows: Rows, targets: Values, makes: Mapping[str, Make], seed: int, groups: NDArray[np.int64] | None = None
) -> tuple[str, dict[str, float]]:
    """Name of the regressor whose cross-validated predictions have the highest Kendall tau; of equals the first.

    Where the choice itself is judged, it has to be made anew in each outer fold, as `Chosen` does.

    Args:
        rows: Features, shape (n, n_features).
        targets: Shape (n,).
        makes: What there is to choose from, at least one.
        seed: Of folds and regressors.
        groups: Rows of a group stay in one fold, shape (n,).

    Returns:
        The name, and tau of each; of none if there are fewer than `FEWEST_ROWS` rows, or nothing to rank.
    """
    from scipy.stats import kendalltau

    first = next(iter(makes))
    n_groups = len(rows) if groups is None else len(np.unique(groups))
    if len(makes) == 1 or min(len(rows), n_groups) < FEWEST_ROWS or np.ptp(targets) == 0:
        return first, {}
    folds = draw_folds(len(rows), seed, groups)
    taus = {}
    for name, make in makes.items():

        def predict_unseen(
            learned: NDArray[np.int64], unseen: NDArray[np.int64], make: Make = make
        ) -> NDArray[np.float64]:
            return make(seed).fit(rows[learned], targets[learned]).predict(rows[unseen]).mean

        tau = float(kendalltau(out_of_fold(predict_unseen, folds), targets).statistic)
        taus[name] = tau if np.isfinite(tau) else 0.0  # all predictions are equal
    return max(taus, key=lambda name: taus[name]), taus


class Chosen:
    """A `Regressor` that first chooses what to be, by `choose` on the rows that it is given to learn from.

    Equal rows, such as those of one network that was trained twice, stay in one fold of the choice.

    Args:
        makes: What there is to choose from.
        seed: 0 or more.

    Attributes:
        name: What was chosen at the last `fit`.
    """

    def __init__(self, makes: Mapping[str, Make], seed: int) -> None:
        self._makes = makes
        self._seed = seed
        self._chosen: Regressor | None = None
        self.name: str | None = None

    def fit(self, rows: Rows, targets: Values) -> Self:
        """See `Regressor.fit`."""
        check_table("auto", rows, targets)
        groups = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
        self.name, _ = choose(rows, targets, self._makes, self._seed, groups)
        self._chosen = self._makes[self.name](self._seed).fit(rows, targets)
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Regressor.predict`."""
        if self._chosen is None:
            check_unseen("auto", rows, None)
        assert self._chosen is not None  # check_unseen raised
        return self._chosen.predict(rows)
