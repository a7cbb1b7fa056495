"""Features of a candidate: what is known of it before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.data.shared import SharedRows
from nas.engine.layout import lay_out
from nas.engine.networks import first_state
from nas.generation import weight_seeds
from nas.training_free import BATCH_SIZE, training_free_scores
from predictors import extract
from search_spaces import AnyGenotype, AnyWiring, Genotype, Wiring, phenotype_key


@dataclass(frozen=True)
class Probe:
    """What training-free scores are computed from: the first rows, and the first set of first weights.

    Attributes:
        rows: Where the rows lie, training rows first.
        n_train: Number of training rows.
        task: "classification" or "regression".
        run_seed: Seed of the run.
    """

    rows: SharedRows
    n_train: int
    task: str
    run_seed: int

    def scores(self, genotype: AnyGenotype, wiring: AnyWiring) -> NDArray[np.float64]:
        """The scores of a feed-forward network, as `training_free_scores` gives them."""
        assert isinstance(genotype, Genotype) and isinstance(wiring, Wiring)
        network = lay_out(wiring, genotype.activation)
        key = phenotype_key(genotype, wiring)
        (parameters,) = first_state(network, weight_seeds(self.run_seed, key, 1)).parameters
        stored, n = self.rows.open(), min(BATCH_SIZE, self.n_train)
        inputs = (stored.scale * stored.x[:n] + stored.shift).T  # (n_inputs, n)
        return training_free_scores(network, parameters, inputs, stored.y[:n].astype(np.float64), self.task)


def describe(probe: Probe | None, genotype: AnyGenotype, wiring: AnyWiring) -> NDArray[np.float64]:
    """The features of a candidate, shape (n_features,); with a probe its training-free scores too."""
    features = extract(genotype, wiring)
    return features if probe is None else np.concatenate([features, probe.scores(genotype, wiring)])
