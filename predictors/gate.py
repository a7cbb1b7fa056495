"""The gate: which children of a generation are trained and which are skipped, each with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictors.improvement import Staircase, expected_improvement, score_needed
from predictors.prediction import Prediction

WARM_UP = "warm-up"
GATE_OFF = "gate off"
PREDICTED = "predicted"
EXPLORATION = "exploration"
AUDIT = "audit"
UNKNOWN_FAMILY = "unknown family"
SKIPPED = "skipped"
KINDS = (WARM_UP, GATE_OFF, PREDICTED, EXPLORATION, AUDIT, UNKNOWN_FAMILY, SKIPPED)

FEW_OUTCOMES = 3
"""A family with fewer outcomes is not predicted."""
LARGEST_AUDIT = 0.1
"""Of the places; an audit is a check, not the search."""
LEAST_FILLED = 0.5
"""Of the places that prediction may fill: fewer would leave workers idle and the evolution little to select from."""

ROUNDING = 1e-9
"""So that children that all improve alike are all worth as much as their mean."""

Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class GateSettings:
    """How much the gate trusts the predictor.

    Attributes:
        warm_up: Fewest labelled outcomes a predictor is fitted on; before, there is no prediction.
        exploration_share: Share of the places that are filled by children drawn at random, in [0, 1].
        audit_share: Share of those that would be skipped which is trained all the same, in [0, 1]; at most a tenth of
            the places is used for it.

    Raises:
        ValueError: A setting is out of range.
    """

    warm_up: int = 30
    exploration_share: float = 0.15
    audit_share: float = 0.05

    def __post_init__(self) -> None:
        if self.warm_up < 1:
            raise ValueError(f"GateSettings: warm_up is {self.warm_up}; it must be at least 1.")
        for name in ("exploration_share", "audit_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"GateSettings: {name} is {getattr(self, name)}; it must be in [0, 1].")


@dataclass(frozen=True)
class Decision:
    """What happens to one child.

    Attributes:
        train: Whether it is trained.
        reason: One phrase for the record.
        prediction: Its expected score; None if there is no prediction.
        spread: Standard deviation of the expectation; None likewise.
        threshold: Expected score that it needed; None where the prediction did not decide. Never below the prediction
            of a skipped child.
        kind: One of `KINDS`: why it is trained, or that it is not.
        improvement: Expected improvement of the front by it; None if there is no prediction.
        improvement_needed: Expected improvement that it needed, or, while the gate was closed, would have needed; None
            likewise.
    """

    train: bool
    reason: str
    prediction: float | None = None
    spread: float | None = None
    threshold: float | None = None
    kind: str = WARM_UP
    improvement: float | None = None
    improvement_needed: float | None = None

    @property
    def is_predicted_good(self) -> bool | None:
        """Whether the prediction alone would have it trained; None if there is no prediction."""
        if self.improvement is None or self.improvement_needed is None:
            return None
        if self.kind == GATE_OFF:
            return self.improvement >= self.improvement_needed
        return self.kind == PREDICTED


def decide(
    keys: Sequence[str],
    n_weights: NDArray[np.int64],
    prediction: Prediction | None,
    front: Sequence[tuple[int, float]],
    n_train: int,
    rng: np.random.Generator,
    settings: GateSettings,
    *,
    closed: str | None = None,
    families: Sequence[str] = (),
    n_outcomes: Mapping[str, int] | None = None,
    floor: float | None = None,
    shown: Scale = np.asarray,
) -> list[Decision]:
    """Which of n children are trained, at most n_train.

    While the gate is closed, or without a prediction (warm-up), n_train are drawn at random. Else:

    1. Children of a family with fewer than `FEW_OUTCOMES` outcomes are trained, not predicted.
    2. ceil(exploration_share * n_train) places are kept for exploration: children drawn from the others.
    3. The other places go to the children with the highest expected improvement of the front, as long as it is at
       least what training a random child brings, the mean over the pool; half of the places are filled in any case.
    4. Of those that would be skipped by that, a share is drawn as an audit, and takes the last places. How many is
       rounded up or down at random, so that the expectation is right in small generations too.

    Exploration and audit are drawn with equal chances from all that prediction alone would skip.

    Decisions belong to keys: they do not change with the order of the pool, given equal generator states.

    Args:
        keys: Distinct keys of the children, length n. They break ties.
        n_weights: Number of weights of each child, at least 1, shape (n,). If all are equal, score alone counts.
        prediction: Of the scores of the children, in their order; None during the warm-up.
        front: Number of weights and finite score of each network on the Pareto front so far.
        n_train: How many may be trained, at least 0.
        rng: Source of the draws.
        settings: How much the predictor is trusted.
        closed: Why the gate is closed, such as `RunSkill.reason`; None if it is open. Predictions are then for the
            record, where they are evidence for or against the predictor.
        families: Family of each child, length n; empty to take all for known.
        n_outcomes: Labelled outcomes of each family so far; those not named have none.
        floor: Score below which nothing improves the front, see `Staircase.of`.
        shown: From the scale of `prediction`, `front` and `floor` to scores as people know them; ascending.

    Returns:
        One decision per child, in the order of `keys`. At least one child is trained if there is one and a place.

    Raises:
        ValueError: The lengths differ, a key occurs twice, a score of the front is not finite, or n_train is
            negative.
    """
    _check_pool(keys, n_weights, prediction, front, n_train, families)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    draw = [order[place] for place in rng.permutation(len(keys))]  # of places in `order`, so that it follows keys
    predicted = None if prediction is None else _as_shown(prediction, shown)
    counts = n_outcomes or {}
    unknown = {i for i in draw if families and counts.get(families[i], 0) < FEW_OUTCOMES}
    if prediction is None or predicted is None:
        return _drawn(len(keys), set(draw[:n_train]), WARM_UP if closed is None else GATE_OFF, closed or "drawn")
    staircase = Staircase.of(front, n_weights, floor)
    improvement = expected_improvement(prediction, n_weights, staircase)
    if closed is not None:
        decisions = _drawn(len(keys), set(draw[:n_train]), GATE_OFF, closed)
        predictable = [i for i in range(len(keys)) if i not in unknown]
        worth = _worth_of_a_random_child(improvement[predictable])
        for i in predictable:
            mean, spread = predicted[i]
            improves = float(improvement[i])
            decisions[i] = replace(
                decisions[i], prediction=mean, spread=spread, improvement=improves, improvement_needed=worth
            )
        return decisions
    best_first = sorted(
        [i for i in order if i not in unknown], key=lambda i: (-improvement[i], -prediction.mean[i])
    )  # stable: ties stay in the order of keys
    tried = [i for i in draw if i in unknown][:n_train]
    kinds, needed = _fill(best_first, draw, improvement, n_train - len(tried), rng, settings)
    kinds |= dict.fromkeys(tried, UNKNOWN_FAMILY)

    scores = score_needed(needed, prediction.spread, n_weights, staircase) if needed > 0 else prediction.mean
    decisions = []
    for i, ((mean, spread), score) in enumerate(zip(predicted, shown(scores).tolist(), strict=True)):
        kind = kinds.get(i, SKIPPED)
        if i in unknown:
            why = "trained to learn about it" if i in tried else "no place left"
            decisions.append(Decision(i in tried, f"unknown family {families[i]}: {why}", kind=kind))
            continue
        # Rounding in the search for the score must not contradict the choice.
        threshold = min(score, mean) if kind == PREDICTED else max(score, mean)
        reason = f"predicted {mean:.4f}, needs {threshold:.4f} at {int(n_weights[i]):,} weights"
        if kind in (EXPLORATION, AUDIT):
            reason = f"{kind}: drawn; {reason}"
        improves = float(improvement[i])
        decisions.append(Decision(kind != SKIPPED, reason, mean, spread, threshold, kind, improves, needed))
    return decisions


def _fill(
    best_first: Sequence[int],
    draw: Sequence[int],
    improvement: NDArray[np.float64],
    n_places: int,
    rng: np.random.Generator,
    settings: GateSettings,
) -> tuple[dict[int, str], float]:
    """Fill places with children that can be predicted.

    Args:
        best_first: Their places in the pool, the most improving first.
        draw: The pool in random order.
        improvement: Expected of each child, shape (n,).
        n_places: How many may be trained.
        rng: Source of what is drawn besides.
        settings: Shares.

    Returns:
        The kinds of those that are trained, and the expected improvement that was needed.
    """
    expected = improvement[np.array(best_first, np.int64)]  # descending
    worth = _worth_of_a_random_child(expected)
    n_explored = _share(settings.exploration_share, n_places)
    n_worthwhile = max(int(np.count_nonzero(expected >= worth)), _share(LEAST_FILLED, n_places - n_explored))
    n_predicted = min(n_worthwhile, n_places - n_explored, len(best_first))
    n_skipped = max(len(best_first) - n_predicted - n_explored, 0)
    audit = min(settings.audit_share * n_skipped, LARGEST_AUDIT * n_places)
    n_audited = min(math.floor(audit + rng.random()), n_places - n_explored)
    n_predicted = min(n_predicted, n_places - n_explored - n_audited)

    kinds = dict.fromkeys(best_first[:n_predicted], PREDICTED)
    rest = set(best_first[n_predicted:])
    drawn = [i for i in draw if i in rest]
    kinds |= dict.fromkeys(drawn[:n_explored], EXPLORATION)
    kinds |= dict.fromkeys(drawn[n_explored : n_explored + n_audited], AUDIT)

    # Without a place for it, not even the greatest improvement is enough.
    least = float(expected[max(n_predicted - 1, 0)]) if len(expected) else 0.0
    more_were_worthwhile = n_predicted < len(expected) and expected[n_predicted] >= worth
    return kinds, least if more_were_worthwhile else min(least, worth)


def _worth_of_a_random_child(improvement: NDArray[np.float64]) -> float:
    """What training a random child of a pool is expected to bring, a little less so that rounding decides nothing."""
    return math.fsum(improvement) / max(len(improvement), 1) * (1.0 - ROUNDING)


def _drawn(n: int, drawn: set[int], kind: str, why: str) -> list[Decision]:
    """Decisions on n children of whom some are drawn at random."""
    return [Decision(i in drawn, f"{kind}: {why if i in drawn else 'not drawn'}", kind=kind) for i in range(n)]


def _as_shown(prediction: Prediction, shown: Scale) -> list[tuple[float, float]]:
    """Mean and spread of each child as they are shown; the spread is half of what lies between mean +- spread."""
    mean, spread = prediction.mean, prediction.spread
    half = (shown(mean + spread) - shown(mean - spread)) / 2.0
    return list(zip(shown(mean).tolist(), half.tolist(), strict=True))


def _share(share: float, n: int) -> int:
    """A share of n, rounded up, but not because of the last bit of the product."""
    return math.ceil(round(share * n, 9))


def _check_pool(
    keys: Sequence[str],
    n_weights: NDArray[np.int64],
    prediction: Prediction | None,
    front: Sequence[tuple[int, float]],
    n_train: int,
    families: Sequence[str],
) -> None:
    n_predicted = len(keys) if prediction is None else len(prediction.mean)
    if not len(keys) == len(n_weights) == n_predicted or len(families) not in (0, len(keys)):
        raise ValueError(
            f"decide: {len(keys)} keys, {len(n_weights)} numbers of weights, {n_predicted} predictions and "
            f"{len(families)} families; give one of each per child."
        )
    if len(set(keys)) < len(keys):
        raise ValueError(f"decide: {len(keys)} keys of which {len(set(keys))} are distinct; drop the copies.")
    if not all(math.isfinite(score) for _, score in front):
        raise ValueError(f"decide: the front is {list(front)}; leave out networks without a finite score.")
    if n_train < 0:
        raise ValueError(f"decide: n_train is {n_train}; it must be at least 0.")
