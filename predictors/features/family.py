"""Family: a named, versioned group of structural features of a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.features.graph import Graph

Describe = Callable[[Graph], NDArray[np.float64]]


@dataclass(frozen=True)
class Family:
    """Features that are computed together.

    Attributes:
        name: What it is called.
        version: Raised whenever a feature is added, removed, reordered or computed differently.
        feature_names: Name of each feature, distinct, and in no other family.
        describe: Gives the features of a graph: finite values in the order of the names, float64, shape
            (len(feature_names),). Same in, same out.
    """

    name: str
    version: int
    feature_names: tuple[str, ...]
    describe: Describe
