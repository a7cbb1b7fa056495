"""What can be searched: genotypes, graph priors, wirings, and the spaces they form."""

from __future__ import annotations

from search_spaces.genotype import Edit, Genotype, GenotypeError, Segment
from search_spaces.mlp import MLPSpace, SpaceError
from search_spaces.parameters import PriorError
from search_spaces.priors import PRIORS, Prior
from search_spaces.space import SearchSpace
from search_spaces.wiring import Wiring, WiringError

SPACES: dict[str, type[MLPSpace]] = {"mlp": MLPSpace}

__all__ = [
    "PRIORS",
    "SPACES",
    "Edit",
    "Genotype",
    "GenotypeError",
    "MLPSpace",
    "Prior",
    "PriorError",
    "SearchSpace",
    "Segment",
    "SpaceError",
    "Wiring",
    "WiringError",
]
