"""Where all randomness of a run comes from: generators named by the run's seed and what they are for."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a generator is for; each purpose draws from its own stream."""

    EVOLUTION = 11
    GATE = 12
    PREDICTOR = 13
    WEIGHTS = 14
    BATCHES = 15
    BASELINES = 16
    FOLDS = 17
    TABLE = 18
    TRUST = 19
    CROSS_VALIDATION = 20
    BOOTSTRAP = 21
    ESTIMATES = 22
    PRUNING = 23


def words_of_key(key: str) -> list[int]:
    """The first 16 bytes of a hexadecimal key as two seed words."""
    return [int(key[:16], 16), int(key[16:32], 16)]


def seed_words(run_seed: int, stream: Stream, *numbers: int) -> list[int]:
    """Seed words for ``numpy.random.default_rng``: the same arguments give the same numbers on every machine."""
    return [run_seed, int(stream), *numbers]


def generator(run_seed: int, stream: Stream, *numbers: int) -> np.random.Generator:
    """A fresh generator for one purpose of a run."""
    return np.random.default_rng(seed_words(run_seed, stream, *numbers))
