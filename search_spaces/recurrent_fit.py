"""Making a recurrent genotype small enough for a limit on the number of weights."""

from __future__ import annotations

from dataclasses import replace

from search_spaces.fit import smaller
from search_spaces.readings import read_graph
from search_spaces.recurrent_genotype import RecurrentGenotype
from search_spaces.recurrent_wiring import RecurrentWiring

MOST_FOR_EMBEDDING = 0.5  # of the limit


def fit_recurrent(genotype: RecurrentGenotype, n_inputs: int, n_outputs: int, max_weights: int) -> RecurrentGenotype:
    """The genotype, made smaller where it has more than `max_weights` weights.

    A little too much costs embedded values, at most half of them. Otherwise graphs become smaller and sparser,
    and where the embedding takes more than half of the limit, it does too; where a single embedded value takes so
    much, the window becomes shorter, then differences and the second direction go. An embedding of as many values as
    there are sources stays that, and only shrinks with the graph. Deterministic.

    Args:
        genotype: Any recurrent genotype.
        n_inputs: Channels of a step of the sequence.
        n_outputs: Number of outputs.
        max_weights: At least that of one unit which reads one embedded value and itself:
            n_inputs + n_outputs + twice the gates of the cell.
    """
    while True:
        wiring = read_graph(genotype, n_inputs, n_outputs)
        excess = wiring.n_weights - max_weights
        if excess <= 0:
            return genotype
        if wiring.window * wiring.n_inputs * wiring.n_directions > MOST_FOR_EMBEDDING * max_weights:
            shorter = _with_less_to_read(genotype)
            if shorter != genotype:
                genotype = shorter
                continue
        value_weights = _embedding_weights(wiring) * wiring.n_directions // wiring.n_embedded
        n_values = wiring.n_embedded // wiring.n_directions
        n_left = n_values - -(-excess // value_weights)
        if genotype.embedding and 2 * n_left >= n_values:
            genotype = replace(genotype, embedding=n_left)
            continue
        fewer = smaller(genotype, max_weights / wiring.n_weights)
        most_embedded = max(int(MOST_FOR_EMBEDDING * max_weights / value_weights), 1)
        if fewer == genotype:
            fewer = replace(_with_less_to_read(fewer), embedding=1, pooling="last")
        elif genotype.embedding:
            fewer = replace(fewer, embedding=min(genotype.embedding, most_embedded))
        genotype = fewer


def _with_less_to_read(genotype: RecurrentGenotype) -> RecurrentGenotype:
    """A genotype whose units read less of the sequence at each step; the same one if none does."""
    if genotype.window > 1:
        window = genotype.window // 2
        return replace(genotype, window=window, stride=min(genotype.stride, window))
    if genotype.differences:
        return replace(genotype, differences=False)
    return replace(genotype, bidirectional=False)


def _embedding_weights(wiring: RecurrentWiring) -> int:
    """Weights into embedded values and out of them."""
    n_readers = int((wiring.input_indices < wiring.n_embedded).sum())
    return wiring.n_embedding_weights + wiring.n_gates * n_readers
