"""What a genotype amounts to: two that give the same network and train it alike are one candidate."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace

import numpy as np

from search_spaces.any_genotype import AnyGenotype
from search_spaces.gene_checks import values_of
from search_spaces.genotype import Genotype
from search_spaces.space import AnyWiring
from search_spaces.sparse_training import STATIC


def phenotype_key(genotype: AnyGenotype, wiring: AnyWiring) -> str:
    """64 hexadecimal digits that genotypes share if their networks and the training of these are the same.

    Genes that leave no trace in the wiring do not count: a limit on depth that nothing reaches, the seed of a dense
    junction.

    Args:
        genotype: The candidate.
        wiring: What its search space wires for it.
    """
    digest = hashlib.sha256()
    training: dict[str, object] = {
        "kind": type(wiring).__name__,
        "activation": genotype.activation if isinstance(genotype, Genotype) else None,
        "learning_rate": genotype.learning_rate,
        "dropout": genotype.dropout,
        "label_smoothing": genotype.label_smoothing,
    }
    if isinstance(genotype, Genotype) and genotype.sparse_training != STATIC:
        training["sparse_training"] = values_of(genotype.sparse_training)
    digest.update(json.dumps(training, sort_keys=True, allow_nan=False).encode())
    for field in fields(wiring):
        value = getattr(wiring, field.name)
        is_array = isinstance(value, np.ndarray)
        shape = f"{value.dtype}{value.shape}" if is_array else repr(value)
        digest.update(f"|{field.name}:{shape}|".encode())
        if is_array:
            digest.update(value.tobytes())
    return digest.hexdigest()


def first_key(genotype: AnyGenotype, wiring: AnyWiring) -> str:
    """The key of the candidate without the prunings that follow its training: what these begin with."""
    if isinstance(genotype, Genotype):
        genotype = replace(genotype, sparse_training=genotype.sparse_training.first)
    return phenotype_key(genotype, wiring)
