"""Genotypes of whatever space."""

from __future__ import annotations

from typing import TypeVar

from search_spaces.gene_checks import GenotypeError
from search_spaces.genotype import Genotype
from search_spaces.recurrent_genotype import RecurrentGenotype
from search_spaces.recurrent_wiring import RecurrentWiring
from search_spaces.wiring import Wiring

AnyGenotype = Genotype | RecurrentGenotype
GenotypeT = TypeVar("GenotypeT", Genotype, RecurrentGenotype)

_KINDS: dict[str, type[Genotype] | type[RecurrentGenotype]] = {"mlp": Genotype, "rnn": RecurrentGenotype}


def weights_left(genotype: AnyGenotype, wiring: Wiring | RecurrentWiring) -> int:
    """How many weights the wiring of a genotype has after its training."""
    if isinstance(genotype, Genotype) and isinstance(wiring, Wiring):
        return genotype.sparse_training.weights_left(wiring)
    return wiring.n_weights


def genotype_from_dict(data: object) -> AnyGenotype:
    """The genotype that `to_dict` wrote, of the kind that its space has.

    Raises:
        GenotypeError: The space is missing or unknown, a key is missing or unknown, or a gene has a wrong type or
            is out of range.
        PriorError: The same of a graph prior and its parameters.
    """
    if not isinstance(data, dict):
        raise GenotypeError(f"Genotype: {data!r} must be an object with named genes.")
    space = data.get("space")
    if not isinstance(space, str) or space not in _KINDS:
        raise GenotypeError(f"Genotype: space is {space!r}; it must be one of {', '.join(_KINDS)}.")
    return _KINDS[space].from_dict(data)
