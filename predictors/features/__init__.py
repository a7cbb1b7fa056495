"""Structural features: what a candidate looks like, as a row of numbers for a regressor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictors.features.degrees import DEGREE_NAMES, degree_features
from predictors.features.genes import GENE_NAMES, gene_features
from predictors.features.paths import PATH_NAMES, path_features
from predictors.features.size import SIZE_NAMES, size_features
from search_spaces.genotype import Genotype
from search_spaces.wiring import Wiring

FEATURES_VERSION = 1
"""Raised whenever a feature is added, removed, reordered or computed differently."""

FEATURE_NAMES: tuple[str, ...] = (*SIZE_NAMES, *DEGREE_NAMES, *PATH_NAMES, *GENE_NAMES)
"""Names of the features. The degree and path families are the 23 structural ones of the literature: ``nodes``
and ``edges`` repeat ``n_hidden`` and ``hidden_edges``, so that they and the size family are complete each."""


def extract(genotype: Genotype, wiring: Wiring) -> NDArray[np.float64]:
    """The features of a candidate, in the order of `FEATURE_NAMES`.

    Same in, same out, in whatever process. A network of 200 neurons takes milliseconds; beyond
    `shortest_paths.EXACT_LIMIT`, distances and betweenness are estimated, so that the time stays bounded.

    Args:
        genotype: The candidate.
        wiring: What its search space wires for it.

    Returns:
        Finite values, shape (len(FEATURE_NAMES),), float64.
    """
    return np.concatenate(
        [size_features(wiring), degree_features(wiring), path_features(wiring), gene_features(genotype)]
    )
