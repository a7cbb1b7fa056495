"""Which dense networks the best network of a run is compared with."""

from __future__ import annotations

from nas.data import AnyDataset
from nas.recorder import Trial
from nas.results.dense_networks import Contest, dense_contests
from nas.results.dense_recurrent_networks import dense_recurrent_contests
from search_spaces import RecurrentGenotype


def contests_for(dataset: AnyDataset, best: Trial) -> list[Contest]:
    """Dense networks of about as many weights as the best, and of a usual size; recurrent ones if it is recurrent."""
    if isinstance(best.genotype, RecurrentGenotype):
        n_embedded = max(1, best.genotype.embedding)
        return dense_recurrent_contests(
            dataset.n_inputs, n_embedded, dataset.n_outputs, best.n_weights, best.genotype.cell
        )
    return dense_contests(dataset.n_inputs, dataset.n_outputs, best.n_weights)
