"""How many weights a dense network of the same layers would have."""

from __future__ import annotations

import numpy as np

from nas.results.dense_networks import n_dense_weights
from search_spaces import AnyWiring, RecurrentWiring


def density_of(wiring: AnyWiring) -> float:
    """Weights of a network as a share of those of a dense one with the same layers, above 0.

    The layers of a feed-forward network are its levels: the dense one has as many neurons on each, and all edges from
    each level to the next. A network with many edges that skip levels may have more weights than that. Of a recurrent
    network see ``RecurrentWiring.density``.
    """
    if isinstance(wiring, RecurrentWiring):
        return wiring.density
    widths = (wiring.n_inputs, *np.bincount(wiring.levels()).tolist(), wiring.n_outputs)
    return wiring.n_weights / n_dense_weights(widths)
