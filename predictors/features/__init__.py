"""Structural features: what a candidate looks like, as a row of numbers for a regressor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.degrees import DEGREE_NAMES, degree_features
from predictors.features.genes import GENE_NAMES, gene_features
from predictors.features.paths import PATH_NAMES, path_features
from predictors.features.recurrent import (
    RECURRENT_GENE_NAMES,
    RECURRENT_SIZE_NAMES,
    recurrent_gene_features,
    recurrent_size_features,
)
from predictors.features.size import SIZE_NAMES, size_features
from search_spaces import AnyGenotype, AnyWiring, Genotype, RecurrentGenotype, RecurrentWiring, Wiring

FEATURES_VERSION = 1
"""Raised whenever a feature is added, removed, reordered or computed differently."""

FEATURE_NAMES: tuple[str, ...] = (*SIZE_NAMES, *DEGREE_NAMES, *PATH_NAMES, *GENE_NAMES)
"""Names of the features of multilayer perceptrons. The degree and path families are the 23 structural ones of the
literature: ``nodes`` and ``edges`` repeat ``n_hidden`` and ``hidden_edges``, so that they and the size family are
complete each."""

RECURRENT_FEATURE_NAMES: tuple[str, ...] = (*RECURRENT_SIZE_NAMES, *DEGREE_NAMES, *PATH_NAMES, *RECURRENT_GENE_NAMES)
"""Names of the features of recurrent networks. The degree and path families are those of the wiring's skeleton."""

_NAMES = {"mlp": FEATURE_NAMES, "rnn": RECURRENT_FEATURE_NAMES}


def feature_names(space: str) -> tuple[str, ...]:
    """Names of the features that `extract` gives for the candidates of a search space.

    Raises:
        ValueError: There is no such space.
    """
    if space not in _NAMES:
        raise ValueError(f'The space "{space}" has no features; known are {", ".join(_NAMES)}.')
    return _NAMES[space]


def extract(genotype: AnyGenotype, wiring: AnyWiring) -> NDArray[np.float64]:
    """The features of a candidate, in the order of `feature_names` of its space.

    Same in, same out, in whatever process. A network of 200 neurons takes milliseconds; beyond
    `shortest_paths.EXACT_LIMIT`, distances and betweenness are estimated, so that the time stays bounded.

    Args:
        genotype: The candidate.
        wiring: What its search space wires for it.

    Returns:
        Finite values, shape (len(feature_names(space)),), float64.

    Raises:
        TypeError: The genotype and the wiring are of different kinds.
    """
    if isinstance(genotype, Genotype) and isinstance(wiring, Wiring):
        size, skeleton, genes = size_features(wiring), wiring, gene_features(genotype)
    elif isinstance(genotype, RecurrentGenotype) and isinstance(wiring, RecurrentWiring):
        size, skeleton, genes = (
            recurrent_size_features(wiring),
            wiring.skeleton,
            recurrent_gene_features(genotype, wiring),
        )
    else:
        raise TypeError(f"A {type(wiring).__name__} is not the wiring of a {type(genotype).__name__}.")
    return np.concatenate([size, degree_features(skeleton), path_features(skeleton), genes])
