"""SearchSpace: what a search needs to know about a family of networks."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.wiring import Wiring

AnyWiring = Wiring | RecurrentWiring


class SearchSpace(Protocol):
    """A family of networks that can be searched.

    Every method is a pure function of its arguments, the generator's state included. The operators are
    closed: they accept any genotype of the space and give a genotype of the space.
    """

    @property
    def name(self) -> str:
        """Its name in `SPACES` and in its genotypes."""

    def sample(self, rng: np.random.Generator) -> AnyGenotype:
        """A random genotype."""

    def mutate(self, genotype: AnyGenotype, rng: np.random.Generator) -> AnyGenotype:
        """A genotype near this one, and different from it."""

    def cross(self, first: AnyGenotype, second: AnyGenotype, rng: np.random.Generator) -> AnyGenotype:
        """One child that takes after both."""

    def wire(self, genotype: AnyGenotype) -> AnyWiring:
        """The wiring of the genotype: the same one each time."""
