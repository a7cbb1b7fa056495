"""Wiring and features of a child: what is asked of worker processes before anything is trained."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from predictors import extract
from search_spaces import AnyGenotype, AnyWiring, SearchSpace

Described = tuple[AnyWiring, NDArray[np.float64]]


def describe(space: SearchSpace, genotype: AnyGenotype) -> Described:
    """The wiring of a genotype, and its structural features of shape (n_features,); a pure function."""
    wiring = space.wire(genotype)
    return wiring, extract(genotype, wiring)


def describer(space: SearchSpace) -> Callable[[AnyGenotype], Described]:
    """``describe`` for one space, in a form that can be sent to a worker process."""
    return functools.partial(describe, space)
