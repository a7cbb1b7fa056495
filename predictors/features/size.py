"""How large a wiring is. This family alone is the size-only baseline that any predictor has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search_spaces.wiring import Wiring

SIZE_NAMES = (
    "n_weights",
    "log_weights",
    "n_hidden",
    "input_edges",
    "hidden_edges",
    "output_edges",
    "mean_fan_in",
)


def size_features(wiring: Wiring) -> NDArray[np.float64]:
    """Counts of neurons and edges, in the order of `SIZE_NAMES`.

    - ``n_weights``: number of edges; ``log_weights``: its decimal logarithm.
    - ``n_hidden``: number of hidden neurons.
    - ``input_edges``: edges from an input to a hidden neuron; ``hidden_edges``: between hidden neurons;
      ``output_edges``: into an output, from wherever. The three add up to ``n_weights``.
    - ``mean_fan_in``: edges per hidden and output neuron.

    Source: plain counts, against which the other families are judged.

    Returns:
        Finite values, shape (len(SIZE_NAMES),).
    """
    n_into_hidden = int(wiring.indptr[wiring.n_hidden])
    input_edges = int(np.count_nonzero(wiring.indices[:n_into_hidden] < wiring.n_inputs))
    return np.array(
        [
            wiring.n_edges,
            np.log10(wiring.n_edges),
            wiring.n_hidden,
            input_edges,
            n_into_hidden - input_edges,
            wiring.n_edges - n_into_hidden,
            wiring.n_edges / (wiring.n_hidden + wiring.n_outputs),
        ],
        dtype=np.float64,
    )
