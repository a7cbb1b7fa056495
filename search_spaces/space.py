"""Space: what a search needs to know about a family of networks, whatever its genotypes are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.wiring import Wiring

AnyWiring = Wiring | RecurrentWiring


class Keyed(Protocol):
    """The least that a genotype is: a value with a name, and writable."""

    def key(self) -> str:
        """A text that equal genotypes share, and no others."""

    def to_dict(self) -> dict[str, Any]:
        """The genotype in JSON types."""


class Sized(Protocol):
    """The least that a wiring is: something of a size."""

    @property
    def n_weights(self) -> int:
        """Number of weights, biases included, at least 1."""


KeyedT = TypeVar("KeyedT", bound=Keyed)
SizedT_co = TypeVar("SizedT_co", bound=Sized, covariant=True)


class Space(Protocol[KeyedT, SizedT_co]):
    """A family of networks that can be searched.

    Every method is a pure function of its arguments, the generator's state included. The operators are
    closed: they accept any genotype of the space and give a genotype of the space.
    """

    @property
    def name(self) -> str:
        """Its name in `SPACES` and in its genotypes."""

    def sample(self, rng: np.random.Generator) -> KeyedT:
        """A random genotype."""

    def mutate(self, genotype: KeyedT, rng: np.random.Generator) -> KeyedT:
        """A genotype near this one, and different from it."""

    def cross(self, first: KeyedT, second: KeyedT, rng: np.random.Generator) -> KeyedT:
        """One child that takes after both."""

    def prune(self, genotype: KeyedT, rng: np.random.Generator) -> KeyedT | None:
        """The genotype, whose network is made smaller after its training; None where there is no such thing."""

    def wire(self, genotype: KeyedT) -> SizedT_co:
        """The wiring of the genotype: the same one each time."""


class SearchSpace(Space[AnyGenotype, AnyWiring], Protocol):
    """A space whose networks the engine trains."""

    def plain(self, rng: np.random.Generator) -> Sequence[AnyGenotype]:
        """Networks of several sizes as one would set them by hand, the largest first; the generator gives seeds."""
