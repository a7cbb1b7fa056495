"""The gate: which children of a generation are trained and which are skipped, each with the reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction


@dataclass(frozen=True)
class GateSettings:
    """How much the gate trusts the predictor.

    Attributes:
        warm_up: Fewest labelled outcomes a predictor is fitted on; before, there is no prediction.
        exploration_share: Share of the trained children that are drawn at random, in [0, 1].

    Raises:
        ValueError: A setting is out of range.
    """

    warm_up: int = 30
    exploration_share: float = 0.15

    def __post_init__(self) -> None:
        if self.warm_up < 1:
            raise ValueError(f"GateSettings: warm_up is {self.warm_up}; it must be at least 1.")
        if not 0.0 <= self.exploration_share <= 1.0:
            raise ValueError(f"GateSettings: exploration_share is {self.exploration_share}; it must be in [0, 1].")


@dataclass(frozen=True)
class Decision:
    """What happens to one child.

    Attributes:
        train: Whether it is trained.
        reason: One phrase for the record.
        prediction: Its expected score; None during the warm-up.
        spread: Standard deviation of the expectation; None during the warm-up.
        threshold: Expected score that it needed; None during the warm-up. Never below the prediction of a
            skipped child.
    """

    train: bool
    reason: str
    prediction: float | None = None
    spread: float | None = None
    threshold: float | None = None


def decide(
    keys: Sequence[str],
    n_weights: NDArray[np.int64],
    prediction: Prediction | None,
    front: Sequence[tuple[int, float]],
    n_train: int,
    rng: np.random.Generator,
    settings: GateSettings,
) -> list[Decision]:
    """Which n_train of n children are trained.

    Without a prediction (warm-up) they are drawn at random. With one, ceil(exploration_share * n_train)
    places are kept for children drawn at random; the others go to the children with the highest margin
    between their predicted score and the reference: the best score on the front with at most as many weights.

    Decisions belong to keys: they do not change with the order of the pool, given equal generator states.

    Args:
        keys: Distinct keys of the children, length n. They break ties.
        n_weights: Number of weights of each child, shape (n,).
        prediction: Of the scores of the children, in their order; None during the warm-up.
        front: Number of weights and finite score of each network on the Pareto front so far. If empty, all
            children are compared with 0, hence with one another.
        n_train: How many to train, at least 0; min(n_train, n) are.
        rng: Source of the draws.
        settings: How much the predictor is trusted.

    Returns:
        One decision per child, in the order of `keys`.

    Raises:
        ValueError: The lengths differ, a key occurs twice, a score of the front is not finite, or n_train is
            negative.
    """
    n = len(keys)
    _check_pool(keys, n_weights, prediction, front, n_train)
    order = sorted(range(n), key=keys.__getitem__)
    draw = rng.permutation(n)  # of places in `order`, so that it follows keys
    if prediction is None:
        drawn = {order[place] for place in draw[:n_train]}
        return [
            Decision(True, "warm-up: drawn") if i in drawn else Decision(False, "warm-up: not drawn") for i in range(n)
        ]

    reference = front_reference(front, n_weights)
    margin = prediction.mean - reference
    # Rounded up, but not because of the last bit of the product.
    n_exploration = min(math.ceil(round(settings.exploration_share * n_train, 9)), n_train)
    best_first = sorted(order, key=lambda i: -margin[i])  # stable: ties stay in the order of keys
    chosen = best_first[: n_train - n_exploration]
    # Without a place for them, not even the best margin is enough.
    cut = margin[chosen[-1]] if chosen else max(margin, default=0.0)
    predicted = set(chosen)
    explored = set([order[place] for place in draw if order[place] not in predicted][:n_exploration])

    decisions = []
    for i in range(n):
        mean, spread = float(prediction.mean[i]), float(prediction.spread[i])
        threshold = float(cut + reference[i])
        train = i in predicted or i in explored
        if i in predicted:
            threshold = min(threshold, mean)  # rounding of margin + reference must not contradict the choice
        elif not train:
            threshold = max(threshold, mean)
        reason = f"predicted {mean:.4f}, needs {threshold:.4f} at {int(n_weights[i]):,} weights"
        if i in explored:
            reason = f"exploration: drawn; {reason}"
        decisions.append(Decision(train, reason, mean, spread, threshold))
    return decisions


def front_reference(front: Sequence[tuple[int, float]], n_weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each number of weights the best score on the front with at most as many.

    Numbers below all of the front get its lowest score; an empty front gives 0.

    Args:
        front: Number of weights and score of each network.
        n_weights: Shape (n,).

    Returns:
        Scores, shape (n,).
    """
    if not front:
        return np.zeros(len(n_weights))
    by_weights = sorted(front)
    best = np.maximum.accumulate([score for _, score in by_weights])
    place = np.searchsorted([weights for weights, _ in by_weights], n_weights, side="right") - 1
    lowest = min(score for _, score in by_weights)
    reference: NDArray[np.float64] = np.where(place >= 0, best[place], lowest)
    return reference


def _check_pool(
    keys: Sequence[str],
    n_weights: NDArray[np.int64],
    prediction: Prediction | None,
    front: Sequence[tuple[int, float]],
    n_train: int,
) -> None:
    n_predicted = len(keys) if prediction is None else len(prediction.mean)
    if not len(keys) == len(n_weights) == n_predicted:
        raise ValueError(
            f"decide: {len(keys)} keys, {len(n_weights)} numbers of weights and {n_predicted} predictions; "
            "give one of each per child."
        )
    if len(set(keys)) < len(keys):
        raise ValueError(f"decide: {len(keys)} keys of which {len(set(keys))} are distinct; drop the copies.")
    if not all(math.isfinite(score) for _, score in front):
        raise ValueError(f"decide: the front is {list(front)}; leave out networks without a finite score.")
    if n_train < 0:
        raise ValueError(f"decide: n_train is {n_train}; it must be at least 0.")
