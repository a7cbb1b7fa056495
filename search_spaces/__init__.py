"""What can be searched: genotypes, graph priors, wirings, and the spaces they form."""

from __future__ import annotations

from search_spaces.any_genotype import AnyGenotype, genotype_from_dict, weights_left
from search_spaces.gene_checks import GenotypeError
from search_spaces.genotype import Edit, Genotype, Segment
from search_spaces.limits import SpaceError
from search_spaces.mlp import MLPSpace
from search_spaces.parameters import PriorError
from search_spaces.phenotype import first_key, phenotype_key
from search_spaces.priors import PRIORS, Prior
from search_spaces.recurrent_genotype import RecurrentGenotype
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.rnn import RNNSpace
from search_spaces.rows import WiringError
from search_spaces.space import AnyWiring, SearchSpace
from search_spaces.wiring import Wiring

SPACES: dict[str, type[MLPSpace] | type[RNNSpace]] = {"mlp": MLPSpace, "rnn": RNNSpace}

__all__ = [
    "PRIORS",
    "SPACES",
    "AnyGenotype",
    "AnyWiring",
    "Edit",
    "Genotype",
    "GenotypeError",
    "MLPSpace",
    "Prior",
    "PriorError",
    "RNNSpace",
    "RecurrentGenotype",
    "RecurrentWiring",
    "SearchSpace",
    "Segment",
    "SpaceError",
    "Wiring",
    "WiringError",
    "first_key",
    "genotype_from_dict",
    "phenotype_key",
    "weights_left",
]
