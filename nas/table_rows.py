"""The rows of a table of networks: what is written down of each, under which names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictors import feature_names
from search_spaces import AnyGenotype, AnyWiring, RecurrentWiring

DIGITS = 6  # significant ones of scores, features and seconds: more than their noise, and a smaller file


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with what its trainings gave.

    Attributes:
        genotype: What it is.
        wiring: Its wiring.
        features: Its structural features, shape (n_features,).
        scores: Validation scores, shape (n_rungs, n_seeds); accuracy as a fraction, or r2.
        test_scores: Test scores of the complete trainings, shape (n_seeds,).
        seconds: Time that the training took until each rung, all seeds together, shape (n_rungs,).
    """

    genotype: AnyGenotype
    wiring: AnyWiring
    features: NDArray[np.float64]
    scores: NDArray[np.float64]
    test_scores: NDArray[np.float64]
    seconds: NDArray[np.float64]


def columns(space: str, n_rungs: int, n_seeds: int) -> list[str]:
    """Names of the columns, in order.

    - ``key``: of the genotype; ``prior``: of its first segment; of recurrent networks ``cell`` and ``graph``, the edges
      of the hidden graph as text.
    - ``score``, ``test_score``: means over the seeds after the whole training, on validation and on test rows.
    - ``score_rung1_seed1`` and so on; ``test_score_seed1`` and so on; ``seconds_rung1`` and so on: until that rung.
    - ``wiring_density``: share of the admissible edges that exist; then the features that a search takes down.
    - ``genotype``: as JSON.
    """
    rungs, seeds = range(1, n_rungs + 1), range(1, n_seeds + 1)
    return [
        "key",
        "prior",
        *(["cell", "graph"] if space == "rnn" else []),
        "score",
        "test_score",
        *(f"score_rung{rung}_seed{seed}" for rung in rungs for seed in seeds),
        *(f"test_score_seed{seed}" for seed in seeds),
        *(f"seconds_rung{rung}" for rung in rungs),
        "wiring_density",
        *feature_names(space),
        "genotype",
    ]


def row(network: TrainedNetwork) -> list[str]:
    """One network as texts, in the order of `columns`."""
    genotype, wiring = network.genotype, network.wiring
    drawn: list[str] = []
    if isinstance(wiring, RecurrentWiring):
        drawn = [wiring.cell, edge_text(*wiring.skeleton.hidden_edges())]
    numbers = [
        network.scores[-1].mean(),
        network.test_scores.mean(),
        *network.scores.ravel(),
        *network.test_scores,
        *network.seconds,
        wiring.density,
        *network.features,
    ]
    return [
        genotype.key(),
        genotype.segments[0].prior,
        *drawn,
        *map(_text, numbers),
        json.dumps(genotype.to_dict(), sort_keys=True, separators=(",", ":")),
    ]


def edge_text(sources: Sequence[Any] | NDArray[Any], targets: Sequence[Any] | NDArray[Any]) -> str:
    """Edges as text: ``0-1 0-2 1-3``."""
    return " ".join(f"{source}-{target}" for source, target in zip(sources, targets, strict=True))


def _text(number: float) -> str:
    return f"{float(number):.{DIGITS}g}"
