"""Which dense networks the best network of a run is compared with."""

from __future__ import annotations

from nas.data import AnyDataset
from nas.recorder import Trial
from nas.results.dense_networks import Contest, dense_contests
from nas.results.dense_recurrent_networks import SequenceReading, dense_recurrent_contests
from nas.results.learned_networks import learned_contests
from search_spaces import RecurrentGenotype
from search_spaces.recurrent_genotype import POOLINGS


def contests_for(dataset: AnyDataset, best: Trial) -> list[Contest]:
    """Dense networks of about as many weights as the best, and of a usual size; recurrent ones if it is recurrent.

    For rows of a table there are also networks of as many weights whose wiring the gradient chooses.
    """
    if isinstance(best.genotype, RecurrentGenotype):
        own = best.genotype
        reading = SequenceReading(
            2 * dataset.n_inputs if own.differences else dataset.n_inputs,
            own.window,
            own.stride,
            POOLINGS[own.pooling],
        )
        return dense_recurrent_contests(reading, max(1, own.embedding), dataset.n_outputs, best.n_weights, own.cell)
    sizes = dataset.n_inputs, dataset.n_outputs, best.n_weights
    return [*dense_contests(*sizes), *learned_contests(*sizes)]
