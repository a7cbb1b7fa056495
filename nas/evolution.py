"""The genetic search: a population that proposes children and learns how they did.

Pure ask and tell: no training, no clock, no files. Who is better than whom is said in `nas.ranking`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np

from nas.generation import N_RUNGS
from nas.operators import OPERATORS, BestScores, Operator, Tally, operator_of, shares, tally
from nas.ranking import selection_order
from nas.seeding import Stream, generator
from search_spaces import AnyGenotype, AnyWiring, genotype_from_dict, phenotype_key
from search_spaces.space import Space

IN_FLIGHT = 2  # generations that are trained at a time
MUTATION_AFTER_CROSSOVER_SHARE = 0.5
TOURNAMENT_SIZE = 2
ATTEMPTS_A_CHILD = 50


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
    """A trained candidate.

    Attributes:
        key, genotype, n_weights: What it is.
        score: What it scored, or is expected to score.
        n_rungs: How many rungs it reached; 0 if it failed.
        parents: Keys of what it came from.
    """

    key: str
    genotype: AnyGenotype
    score: float
    n_weights: int
    n_rungs: int
    parents: tuple[str, ...] = ()


KeyOf = Callable[[AnyGenotype, AnyWiring], str]
Parents = tuple[Member, ...]
"""A population, best first."""


class Evolution:
    """A population that proposes children and learns how they did.

    The same space, settings and outcomes give the same children. A generation is one ``ask``, one ``begin`` and one
    ``tell``. As many as `IN_FLIGHT` generations are trained at a time, so that no worker ever waits for the last of a
    generation. So the parents of a generation are the population as it was two generations earlier.
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
        self._tallies: list[Tally] = []  # of all generations that were told
        self._best: BestScores = {}

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

    def all_parents(self) -> set[str]:
        """Keys of all that may be parents of a generation to come."""
        return {member.key for population in self._populations for member in population}

    def ask(self, parents: Parents, n_children: int) -> list[Child]:
        """Propose children for the next generation: no two alike, and none like an earlier candidate.

        Fewer come back only when the space is exhausted.

        Args:
            parents: What `parents` gave.
            n_children: How many.
        """
        rng = generator(self._seed, Stream.EVOLUTION, self.n_begun)
        known = self._tallies[IN_FLIGHT : max(self.n_begun - (IN_FLIGHT - 1), 0)]  # the first have no parents
        of_operators = shares(known)
        children: dict[str, Child] = {}
        first = self._first[self.n_begun :: IN_FLIGHT] if self.n_begun < IN_FLIGHT else ()
        proposals = chain(
            ((genotype, ()) for genotype in first[: math.ceil(n_children / 2)]),
            (self._propose(parents, rng, of_operators) for _ in range(n_children * ATTEMPTS_A_CHILD)),
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
        """Note which children are trained, and go on to the next generation."""
        self._seen.update(keys)
        self.n_begun += 1

    def tell(self, members: Sequence[Member], estimates: Mapping[str, float] = MappingProxyType({})) -> None:
        """Take in how the oldest generation that was begun did, and select the next population.

        Candidates that reached more rungs come first, since their scores are the ones to compare; those of as many are
        ranked by `selection_order`. Failed candidates are only remembered, so that they are not proposed again.

        Args:
            members: The candidates of the generation.
            estimates: By key, scores to select by in place of those of members and of the population.
        """
        population, told = (
            [replace(member, score=estimates.get(member.key, member.score)) for member in some]
            for some in (self.population, members)
        )
        selected = self._select(tuple(population), [member for member in told if member.n_rungs > 0])
        children: list[tuple[Operator, float | None, int]] = [
            (operator_of(one.genotype, one.parents), one.score if one.n_rungs == N_RUNGS else None, one.n_weights)
            for one in told
        ]
        counts, self._best = tally(children, self._best)
        self._tallies.append(counts)
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
            "tallies": self._tallies,
            "best": sorted(self._best.items()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state that ``to_dict`` wrote."""
        self.n_told = self.n_begun = int(state["generation"])
        self._seen = set(state["seen"])
        self._populations = [
            tuple(
                Member(**m | {"genotype": genotype_from_dict(m["genotype"]), "parents": tuple(m["parents"])})
                for m in population
            )
            for population in state["populations"]
        ]
        self._tallies = [{name: (n[0], n[1]) for name, n in counts.items()} for counts in state["tallies"]]
        self._best = dict(state["best"])

    def _select(self, population: Parents, members: Sequence[Member]) -> Parents:
        """The next population, best first."""
        return tuple(_best_first([*population, *members])[: self._population_size])

    def _propose(
        self, parents: Parents, rng: np.random.Generator, of_operators: Mapping[Operator, float]
    ) -> tuple[AnyGenotype, tuple[str, ...]]:
        """A genotype, and the keys of what it came from."""
        operator = OPERATORS[int(rng.choice(len(OPERATORS), p=[of_operators[name] for name in OPERATORS]))]
        if not parents or operator == "drawn":
            return self._space.sample(rng), ()
        first = _tournament(parents, rng)
        if operator == "pruned further" and first.n_rungs == N_RUNGS:
            pruned = self._space.prune(first.genotype, rng)
            if pruned is not None:
                return pruned, (first.key,)
        if operator == "crossed" and len(parents) > 1:
            second = _tournament(parents, rng)
            if second is not first:
                genotype = self._space.cross(first.genotype, second.genotype, rng)
                if rng.random() < MUTATION_AFTER_CROSSOVER_SHARE:
                    genotype = self._space.mutate(genotype, rng)
                return genotype, (first.key, second.key)
        return self._space.mutate(first.genotype, rng), (first.key,)


def _tournament(parents: Parents, rng: np.random.Generator) -> Member:
    """The best of a few drawn members; parents are ordered best first."""
    return parents[int(rng.integers(len(parents), size=TOURNAMENT_SIZE).min())]


def _best_first(members: Sequence[Member]) -> list[Member]:
    ordered: list[Member] = []
    for n_rungs in sorted({member.n_rungs for member in members}, reverse=True):
        group = [member for member in members if member.n_rungs == n_rungs]
        places = selection_order([m.score for m in group], [m.n_weights for m in group], [m.key for m in group])
        ordered += [group[place] for place in places]
    return ordered
