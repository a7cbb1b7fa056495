"""Dense recurrent networks to compare a run on sequences with."""

from __future__ import annotations

import math

import numpy as np

from nas.results.dense_networks import Contest, Setting
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import GATES, Cell

HIDDEN_UNITS, USUAL_EMBEDDED = 32, 16
RATES = (1e-2, 3e-3, 1e-3, 2e-2)  # the most promising first


def dense_recurrent_wiring(n_inputs: int, n_embedded: int, n_units: int, n_outputs: int, cell: Cell) -> RecurrentWiring:
    """One recurrent layer, fully connected, whose outputs read all its units."""
    units, embedded, outputs = np.arange(n_units), np.arange(n_embedded), np.arange(n_outputs)
    return RecurrentWiring.from_edges(
        n_inputs=n_inputs,
        n_embedded=n_embedded,
        n_outputs=n_outputs,
        cell=cell,
        unit_vertex=units,
        input_edges=(np.tile(embedded, n_units), np.repeat(units, n_embedded)),
        recurrent_edges=(np.tile(units, n_units), np.repeat(units, n_units)),
        output_edges=(np.tile(units, n_outputs), np.repeat(outputs, n_units)),
    )


def dense_recurrent_contests(
    n_inputs: int, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> list[Contest]:
    """Dense recurrent networks of about as many weights as ours and the same cell, and an LSTM of 32 units."""
    # gates h^2 + (gates embedded + outputs) h + inputs embedded = weights, for h units
    linear, constant = GATES[cell] * n_embedded + n_outputs, n_inputs * n_embedded - n_weights
    root = math.sqrt(max(linear**2 - 4 * GATES[cell] * constant, 0.0))
    n_equal = max(1, round((root - linear) / (2 * GATES[cell])))
    usual_embedded = min(n_inputs, USUAL_EMBEDDED)
    return [
        _contest("equal weights", n_equal, dense_recurrent_wiring(n_inputs, n_embedded, n_equal, n_outputs, cell)),
        _contest(
            f"{HIDDEN_UNITS} units",
            HIDDEN_UNITS,
            dense_recurrent_wiring(n_inputs, usual_embedded, HIDDEN_UNITS, n_outputs, "lstm"),
        ),
    ]


def _contest(name: str, n_units: int, wiring: RecurrentWiring) -> Contest:
    shape = f"{n_units} {wiring.cell} units"
    return Contest(name, tuple(Setting(shape, wiring.n_weights, lambda: wiring, None, rate) for rate in RATES))
