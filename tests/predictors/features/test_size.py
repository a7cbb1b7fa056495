from __future__ import annotations

import math

import numpy as np

from predictors.features.size import SIZE_NAMES, size_features
from search_spaces.wiring import Wiring


def test_counts_of_a_small_network_are_as_counted_by_hand() -> None:
    # Sources 0, 1 are the inputs and 2, 3, 4 the three hidden neurons; then come two outputs.
    rows = [[0, 1], [2], [1, 2, 3], [4], [0, 3]]
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    wiring = Wiring(2, 3, 2, indptr, np.concatenate(rows).astype(np.int32))
    assert dict(zip(SIZE_NAMES, size_features(wiring), strict=True)) == {
        "n_weights": 9,
        "log_weights": math.log10(9),
        "n_hidden": 3,
        "input_edges": 3,
        "hidden_edges": 3,
        "output_edges": 3,
        "mean_fan_in": 9 / 5,
    }
