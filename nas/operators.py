"""Which ways of making children deserve the time on these data: those whose children enter the front."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from nas.generation import is_pruned_further
from nas.ranking import doubling, worthwhile_floor
from search_spaces import AnyGenotype

Operator = Literal["drawn", "crossed", "mutated", "pruned further"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

USUAL_SHARES: Mapping[Operator, float] = {"drawn": 0.1, "crossed": 0.3, "mutated": 0.35, "pruned further": 0.25}
"""The share of the children that each operator makes before any child was scored."""
LEAST_SHARE = 0.05  # so that each is tried again
CAUTION = 5.0  # children of each operator that are taken to do as well as all do
REMEMBERED = 8  # generations: what helps at first need not help later

Tally = dict[Operator, tuple[int, int]]
"""How many children of each operator were trained, and how many of them entered the front."""
BestScores = dict[int, float]
"""The best score of each doubling of size that has been trained to the end."""


def operator_of(genotype: AnyGenotype, parents: Sequence[str]) -> Operator:
    """How a child was made, given its genotype and the keys of its parents."""
    if is_pruned_further(genotype):
        return "pruned further"
    by_number: tuple[Operator, ...] = ("drawn", "mutated", "crossed")
    return by_number[len(parents)]


def tally(children: Sequence[tuple[Operator, float | None, int]], best: BestScores) -> tuple[Tally, BestScores]:
    """Count the children of a generation, and give the best scores with theirs.

    A network enters the front if no network of its doubling of size or of a smaller one has as high a score, and if it
    is worthwhile at all.

    Args:
        children: Operator, score, and weights of each; None if it was not trained to the end.
        best: Of earlier generations.
    """
    counts: dict[Operator, list[int]] = {}
    best = dict(best)
    for operator, score, n_weights in children:
        count = counts.setdefault(operator, [0, 0])
        count[0] += 1
        size = doubling(n_weights)
        if score is not None and all(other < score for of_other, other in best.items() if of_other <= size):
            best[size] = score
            count[1] += score >= worthwhile_floor(list(best.values()))
    return {operator: (n_trained, n_entered) for operator, (n_trained, n_entered) in counts.items()}, best


def shares(tallies: Sequence[Tally]) -> dict[Operator, float]:
    """The share of the children that each operator is to make, by how often its last children entered the front.

    Usual shares are multiplied with the square root of that: what entered often has less to gain the next time, and
    networks that are pruned further are never the largest.

    Args:
        tallies: Of generations, the newest last.
    """
    recent = tallies[-REMEMBERED:]
    n_trained = {operator: sum(one.get(operator, (0, 0))[0] for one in recent) for operator in OPERATORS}
    n_entered = {operator: sum(one.get(operator, (0, 0))[1] for one in recent) for operator in OPERATORS}
    mean = (sum(n_entered.values()) + 1.0) / (sum(n_trained.values()) + len(OPERATORS))
    rates = {
        operator: (n_entered[operator] + CAUTION * mean) / (n_trained[operator] + CAUTION) for operator in OPERATORS
    }
    wanted = {operator: USUAL_SHARES[operator] * math.sqrt(rates[operator]) for operator in OPERATORS}
    total = sum(wanted.values())
    rest = 1.0 - LEAST_SHARE * len(OPERATORS)
    return {operator: LEAST_SHARE + rest * wanted[operator] / total for operator in OPERATORS}
