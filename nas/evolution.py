"""The genetic search: NSGA-II (Deb et al. 2002) on score, to go up, and number of weights, to go down.

Pure ask and tell: no training, no clock, no files. The only import of DEAP, whose deterministic parts are used
(non-dominated sorting and crowding distance); whatever draws, draws from a generator of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np
from deap import base, tools

from nas.seeding import Stream, generator
from search_spaces import AnyGenotype, AnyWiring, genotype_from_dict, phenotype_key
from search_spaces.space import Space

IN_FLIGHT = 2  # generations that are trained at a time
FRESH_SHARE = 0.1  # children drawn anew, so that the search never runs dry
CROSSOVER_SHARE = 0.4
MUTATION_AFTER_CROSSOVER_SHARE = 0.5
TOURNAMENT_SIZE = 2
ATTEMPTS_A_CHILD = 50
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


@dataclass(frozen=True, eq=False)
class Child:
    """A candidate that was asked for.

    Attributes:
        key: Its key; see `search_spaces.phenotype_key`.
        genotype: What it is.
        wiring: Its wiring.
        parents: Keys of what it came from: none, one, or two.
    """

    key: str
    genotype: AnyGenotype
    wiring: AnyWiring
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A trained candidate. ``n_rungs`` is how many rungs it reached, and 0 if it failed."""

    key: str
    genotype: AnyGenotype
    score: float
    n_weights: int
    n_rungs: int


KeyOf = Callable[[AnyGenotype, AnyWiring], str]
Parents = tuple[Member, ...]
"""A population, best first."""


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


def pareto_order(scores: Sequence[float], n_weights: Sequence[int], keys: Sequence[str]) -> list[int]:
    """Places of candidates from best to worst: by Pareto rank, then by crowding distance, then by key.

    Candidates that are not worthwhile come last, by score.

    Args:
        scores: Finite scores, higher is better.
        n_weights: Numbers of weights, lower is better.
        keys: Distinct keys, which break ties.
    """
    if not all(math.isfinite(score) for score in scores):
        raise ValueError(f"Scores must be finite; failed candidates do not take part. Got {list(scores)!r}.")
    wanted = is_worthwhile(scores)
    individuals = {p: _Individual(scores[p], n_weights[p]) for p in range(len(scores)) if wanted[p]}
    place_of = {id(individual): place for place, individual in individuals.items()}
    order: list[int] = []
    for front in tools.sortNondominated(list(individuals.values()), len(individuals)) if individuals else []:
        assign_crowding(front)
        places = [place_of[id(individual)] for individual in front]
        order += sorted(places, key=lambda p: (-individuals[p].fitness.crowding_dist, keys[p]))
    rest = [place for place in range(len(scores)) if not wanted[place]]
    return order + sorted(rest, key=lambda p: (-scores[p], keys[p]))


def assign_crowding(front: Sequence[_Individual]) -> None:
    """Set the crowding distances of a front; all but the largest have finite ones.

    Deb et al. prefer both ends of a front. The end of the smallest networks is of no special use: it has the distance
    that it would have with a neighbour below it as near as that above.
    """
    tools.emo.assignCrowdingDist(front)
    by_size = sorted(front, key=lambda individual: individual.fitness.values[1])
    smallest, largest = by_size[0].fitness, by_size[-1].fitness
    if smallest.values == largest.values:
        return
    spans = [abs(a - b) for a, b in zip(smallest.values, largest.values, strict=True)]
    n_alike = sum(one.fitness.values == smallest.values for one in by_size)
    above = by_size[n_alike].fitness.values
    gaps = [abs(a - b) / span for a, b, span in zip(smallest.values, above, spans, strict=True) if span > 0.0]
    for one in by_size[:n_alike]:
        one.fitness.crowding_dist = sum(gaps)


def pareto_front(scores: Sequence[float], n_weights: Sequence[int]) -> list[int]:
    """Places of the worthwhile candidates that no other dominates, by number of weights; of equals the first."""
    wanted = is_worthwhile(scores)
    front: list[int] = []
    for place in sorted(range(len(scores)), key=lambda p: (n_weights[p], -scores[p], p)):
        if wanted[place] and (not front or scores[place] > scores[front[-1]]):
            front.append(place)
    return front


class Evolution:
    """A population that proposes children and learns how they did.

    The same space, settings and outcomes give the same children. A generation is one ``ask``, one ``begin`` and one
    ``tell``. As many as `IN_FLIGHT` generations are trained at a time, so that no worker ever waits for the last of a
    generation; hence the parents of a generation are those of which the generation before the last was told.
    """

    def __init__(
        self,
        space: Space[AnyGenotype, AnyWiring],
        population_size: int,
        seed: int,
        key_of: KeyOf = phenotype_key,
        first: Sequence[AnyGenotype] = (),
    ) -> None:
        """Begin without a population.

        Args:
            space: Where children come from.
            population_size: Members that are kept.
            seed: Of the run.
            key_of: The key of a genotype and its wiring, by which children count as one.
            first: Asked for in the first generations, before any is told, beside as many that are drawn.
        """
        self._space = space
        self._key_of = key_of
        self._population_size = population_size
        self._seed = seed
        self._first = tuple(first)
        self.n_begun = 0
        self.n_told = 0
        self._populations: list[Parents] = [()]  # after the last generations that were told, the newest last
        self._seen: set[str] = set()
        self._toolbox = base.Toolbox()
        self._toolbox.register("mate", space.cross)
        self._toolbox.register("mutate", space.mutate)
        self._toolbox.register("select", self._tournament)

    @property
    def population(self) -> Parents:
        """The newest population, best first."""
        return self._populations[-1]

    @property
    def n_seen(self) -> int:
        """Candidates of all generations that were begun."""
        return len(self._seen)

    def parents(self) -> Parents:
        """The parents of the next generation.

        Raises:
            RuntimeError: Too few generations have been told.
        """
        n_needed = max(self.n_begun - (IN_FLIGHT - 1), 0)
        if self.n_told < n_needed:
            raise RuntimeError(f"Generation {self.n_begun} needs {n_needed} told generations, there are {self.n_told}.")
        return self._populations[n_needed - self.n_told - 1]

    def ask(self, parents: Parents, n_children: int) -> list[Child]:
        """Propose children for the next generation, none of which was begun before and no two alike.

        Fewer come back only when the space is exhausted.

        Args:
            parents: What `parents` gave.
            n_children: How many.
        """
        rng = generator(self._seed, Stream.EVOLUTION, self.n_begun)
        children: dict[str, Child] = {}
        first = self._first[self.n_begun :: IN_FLIGHT] if self.n_begun < IN_FLIGHT else ()
        proposals = chain(
            ((genotype, ()) for genotype in first[: math.ceil(n_children / 2)]),
            (self._propose(parents, rng) for _ in range(n_children * ATTEMPTS_A_CHILD)),
        )
        for genotype, came_from in proposals:
            if len(children) == n_children:
                break
            wiring = self._space.wire(genotype)
            key = self._key_of(genotype, wiring)
            if key not in self._seen and key not in children:
                children[key] = Child(key, genotype, wiring, came_from)
        return list(children.values())

    def begin(self, keys: Iterable[str]) -> None:
        """Take note of which children are trained, and go on to the next generation."""
        self._seen.update(keys)
        self.n_begun += 1

    def tell(self, members: Sequence[Member]) -> None:
        """Take in how the oldest generation that was begun did, and select the next population.

        Candidates that reached more rungs come first, since their scores are the ones to compare; among equals NSGA-II
        decides. Failed candidates are only remembered, so that they are not proposed again.
        """
        selected = self._select(self.population, [member for member in members if member.n_rungs > 0])
        self._populations = [*self._populations, selected][-IN_FLIGHT:]
        self.n_told += 1

    def to_dict(self, unfinished: Iterable[str] = ()) -> dict[str, Any]:
        """The state in JSON types, in which only generations that were told have begun.

        Args:
            unfinished: Keys of those of generations that were not.
        """
        populations = [[asdict(m) | {"genotype": m.genotype.to_dict()} for m in p] for p in self._populations]
        return {
            "generation": self.n_told,
            "populations": populations,
            "seen": sorted(self._seen.difference(unfinished)),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state that ``to_dict`` wrote."""
        self.n_told = self.n_begun = int(state["generation"])
        self._seen = set(state["seen"])
        self._populations = [
            tuple(Member(**m | {"genotype": genotype_from_dict(m["genotype"])}) for m in population)
            for population in state["populations"]
        ]

    def _select(self, population: Parents, members: Sequence[Member]) -> Parents:
        """The next population, best first."""
        return tuple(_best_first([*population, *members])[: self._population_size])

    def _propose(self, parents: Parents, rng: np.random.Generator) -> tuple[AnyGenotype, tuple[str, ...]]:
        """A genotype, and the keys of what it came from."""
        if not parents or rng.random() < FRESH_SHARE:
            return self._space.sample(rng), ()
        first = self._toolbox.select(parents, rng)
        if len(parents) > 1 and rng.random() < CROSSOVER_SHARE:
            second = self._toolbox.select(parents, rng)
            if second is not first:
                genotype = self._toolbox.mate(first.genotype, second.genotype, rng)
                if rng.random() < MUTATION_AFTER_CROSSOVER_SHARE:
                    genotype = self._toolbox.mutate(genotype, rng)
                return genotype, (first.key, second.key)
        return self._toolbox.mutate(first.genotype, rng), (first.key,)

    def _tournament(self, parents: Parents, rng: np.random.Generator) -> Member:
        """The best of a few drawn members; parents are ordered best first."""
        return parents[int(rng.integers(len(parents), size=TOURNAMENT_SIZE).min())]


def _best_first(members: Sequence[Member]) -> list[Member]:
    ordered: list[Member] = []
    for n_rungs in sorted({member.n_rungs for member in members}, reverse=True):
        group = [member for member in members if member.n_rungs == n_rungs]
        places = pareto_order([m.score for m in group], [m.n_weights for m in group], [m.key for m in group])
        ordered += [group[place] for place in places]
    return ordered
