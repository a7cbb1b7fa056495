"""Who is better than whom among networks of different sizes. The only import of DEAP.

All that is compared are scores, to go up, and numbers of weights, to go down. Selection keeps every size alive: a
network competes with those of its own doubling of size. By plain Pareto ranks (Deb et al. 2002) large networks die out
early in a search: each has to be better than all that are smaller, the luckiest of them too, and after short trainings
it is not yet. So the best of each doubling come first, then the second best of each, and so on; within such a layer
NSGA-II decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from deap import base, tools

WORTHWHILE_FACTOR, LEAST_SHORTFALL = 3.0, 0.02
SHORTFALL_RESOLUTION = 1e-6  # scores that are nearer to 1 are not told apart


class _Fitness(base.Fitness):  # type: ignore[misc]
    weights = (1.0, -1.0)


class _Individual:
    def __init__(self, score: float, n_weights: int) -> None:
        self.fitness = _Fitness()
        # Logarithms: crowding then counts a doubling of weights, or of what is short of a perfect score, alike
        # everywhere. Else the small networks, whose scores are far apart, would be thought the least crowded.
        self.fitness.values = (-math.log(max(1.0 - score, SHORTFALL_RESOLUTION)), math.log(n_weights))


def doubling(n_weights: int) -> int:
    """The doubling that a size belongs to: k for 2^k to 2^(k+1) - 1 weights."""
    return n_weights.bit_length() - 1


def is_worthwhile(scores: Sequence[float]) -> list[bool]:
    """Which candidates are good enough to be wanted for their size.

    A network of a dozen weights is on the front, and of no use. A score of 1 is perfect, both as accuracy and as r2; a
    candidate is worthwhile if it falls short of 1 by at most three times as much as the best, or three times 0.02.
    """
    floor = worthwhile_floor(scores)
    return [score >= floor for score in scores]


def worthwhile_floor(scores: Sequence[float]) -> float:
    """The score that a network needs to be worthwhile beside others with these scores."""
    return 1.0 - WORTHWHILE_FACTOR * max(1.0 - max(scores, default=0.0), LEAST_SHORTFALL)


def selection_order(scores: Sequence[float], n_weights: Sequence[int], keys: Sequence[str]) -> list[int]:
    """Places of candidates from best to worst.

    Layers come one after the other: the best of each doubling of size, the second best of each, and so on. Within a
    layer they are ordered by Pareto rank, then by crowding distance, then by key. Candidates that are not worthwhile
    come last, by score.

    Args:
        scores: Finite scores, higher is better.
        n_weights: Numbers of weights, lower is better.
        keys: Distinct keys, which break ties.
    """
    if not all(math.isfinite(score) for score in scores):
        raise ValueError(f"Scores must be finite; failed candidates do not take part. Got {list(scores)!r}.")
    wanted = is_worthwhile(scores)
    ranked = sorted(range(len(scores)), key=lambda p: (-scores[p], n_weights[p], keys[p]))
    order: list[int] = []
    for layer in layers_by_doubling([p for p in ranked if wanted[p]], n_weights):
        individuals = {p: _Individual(scores[p], n_weights[p]) for p in layer}
        place_of = {id(individual): place for place, individual in individuals.items()}
        for front in tools.sortNondominated(list(individuals.values()), len(individuals)):
            assign_crowding(front)
            places = [place_of[id(individual)] for individual in front]
            order += sorted(places, key=lambda p: (-individuals[p].fitness.crowding_dist, keys[p]))
    return order + sorted((p for p in ranked if not wanted[p]), key=lambda p: (-scores[p], keys[p]))


def layers_by_doubling(ranked: Sequence[int], n_weights: Sequence[int]) -> list[list[int]]:
    """Places in layers, the first with the first place of each doubling of size, the second with the second, and so on.

    Args:
        ranked: Places in some order, which they keep within a doubling.
        n_weights: Numbers of weights by place.
    """
    layers: list[list[int]] = []
    n_before: Counter[int] = Counter()
    for place in ranked:
        size = doubling(n_weights[place])
        if n_before[size] == len(layers):
            layers.append([])
        layers[n_before[size]].append(place)
        n_before[size] += 1
    return layers


def assign_crowding(layer: Sequence[_Individual]) -> None:
    """Set the crowding distances of networks of different sizes; all but the largest have finite ones.

    Deb et al. prefer both ends of a front. The end of the smallest networks is of no special use: it has the distance
    that it would have with a neighbour below it as near as that above.
    """
    tools.emo.assignCrowdingDist(layer)
    by_size = sorted(layer, key=lambda individual: individual.fitness.values[1])
    if len(by_size) > 1:
        smallest, above, largest = (by_size[place].fitness for place in (0, 1, -1))
        of_each = zip(smallest.values, above.values, largest.values, strict=True)
        smallest.crowding_dist = sum(abs(a - b) / abs(a - c) for a, b, c in of_each if a != c)


def pareto_front(scores: Sequence[float], n_weights: Sequence[int]) -> list[int]:
    """Places of the worthwhile candidates that no other dominates, by number of weights; of equals the first."""
    wanted = is_worthwhile(scores)
    front: list[int] = []
    for place in sorted(range(len(scores)), key=lambda p: (n_weights[p], -scores[p], p)):
        if wanted[place] and (not front or scores[place] > scores[front[-1]]):
            front.append(place)
    return front


def best_of_doublings(scores: Sequence[float], n_weights: Sequence[int]) -> list[int]:
    """Places of the best worthwhile candidate of each doubling of size; of equals the smallest or else the first."""
    wanted = is_worthwhile(scores)
    ranked = sorted((p for p in range(len(scores)) if wanted[p]), key=lambda p: (-scores[p], n_weights[p]))
    return layers_by_doubling(ranked, n_weights)[0] if ranked else []
