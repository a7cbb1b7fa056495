"""The recurrent networks of a published study of structural priors, as genotypes of the recurrent space."""

from __future__ import annotations

from typing import Final

import numpy as np

from search_spaces.genotype import MAX_NEURONS, MAX_SEED, Segment
from search_spaces.graphs import NEIGHBOURS
from search_spaces.recurrent_genotype import RecurrentGenotype
from search_spaces.recurrent_wiring import Cell

STUDIED_PRIORS: Final = ("barabasi-albert", "watts-strogatz")
FEWEST_VERTICES, MOST_VERTICES = 10, 50
LEARNING_RATE = 1e-3


def layered_prior_genotype(prior: str, cell: Cell, rng: np.random.Generator) -> RecurrentGenotype:
    """A stack of recurrent layers whose wiring is drawn as in the study.

    Of n = 10 to 50 vertices; Barabasi-Albert with n div 10 attachments, from as many vertices without edges;
    Watts-Strogatz with n div 5 neighbours, half of them, rounded down, to each side, all rewired. Edges lead from the
    lower to the higher number; the graph is read as "layered"; the embedding has as many values as the graph has
    sources; the deepest layer is read out.

    Source: Stier et al., "Experiments on Properties of Hidden Structures of Sparse Neural Networks" (2021, arXiv
    2107.12917) and the code published with it. Where a Watts-Strogatz graph falls apart they draw another, while here
    its parts are joined.

    Args:
        prior: One of `STUDIED_PRIORS`.
        cell: Kind of the recurrent units.
        rng: Source of randomness.

    Raises:
        ValueError: The prior is not one of the two.
    """
    n = int(rng.integers(FEWEST_VERTICES, MOST_VERTICES + 1))
    if prior == "barabasi-albert":
        parameters: tuple[tuple[str, int | float], ...] = (("attachments", n // 10),)
    elif prior == "watts-strogatz":
        parameters = (("neighbours", NEIGHBOURS.nearest(n, n // 10 * 2)), ("rewiring", 1.0))
    else:
        raise ValueError(f'The study has no prior "{prior}"; give one of {", ".join(STUDIED_PRIORS)}.')
    return RecurrentGenotype(
        space="rnn",
        segments=(Segment(prior, parameters, n, int(rng.integers(MAX_SEED)), 0, n),),
        orientation="index",
        max_depth=MAX_NEURONS,
        edits=(),
        inputs_per_neuron=1,
        readout="sinks",
        readout_share=1.0,
        reading="layered",
        cell=cell,
        embedding=0,
        window=1,
        stride=1,
        differences=False,
        bidirectional=False,
        pooling="last",
        learning_rate=LEARNING_RATE,
        dropout=0.0,
        label_smoothing=0.0,
    )
