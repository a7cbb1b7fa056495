"""Dense recurrent networks to compare a run on sequences with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nas.results.dense_networks import Contest, Setting
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import GATES, Cell

HIDDEN_UNITS, USUAL_EMBEDDED = 32, 16
RATES = (1e-2, 3e-3, 1e-3, 2e-2)  # the most promising first


@dataclass(frozen=True)
class SequenceReading:
    """How networks read sequences: what a dense network takes over from the one that it is compared with.

    Attributes:
        n_inputs: Channels of a step that are read, differences included.
        window, stride: As of ``RecurrentWiring``.
        summaries: Places in ``SUMMARIES`` of what outputs read of each unit.
    """

    n_inputs: int
    window: int = 1
    stride: int = 1
    summaries: tuple[int, ...] = (0,)


def dense_recurrent_wiring(
    reading: SequenceReading, n_embedded: int, n_units: int, n_outputs: int, cell: Cell
) -> RecurrentWiring:
    """One recurrent layer, fully connected, whose outputs read all its units."""
    units, embedded, outputs = np.arange(n_units), np.arange(n_embedded), np.arange(n_outputs)
    read = np.concatenate([place * n_units + units for place in reading.summaries])
    return RecurrentWiring.from_edges(
        n_inputs=reading.n_inputs,
        n_embedded=n_embedded,
        n_outputs=n_outputs,
        cell=cell,
        unit_vertex=units,
        input_edges=(np.tile(embedded, n_units), np.repeat(units, n_embedded)),
        recurrent_edges=(np.tile(units, n_units), np.repeat(units, n_units)),
        output_edges=(np.tile(read, n_outputs), np.repeat(outputs, len(read))),
        window=reading.window,
        stride=reading.stride,
    )


def dense_recurrent_contests(
    reading: SequenceReading, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> list[Contest]:
    """Dense recurrent networks of about as many weights as ours and the same cell, and an LSTM of 32 units.

    Both read the sequences as ours does, forwards.
    """
    # gates h^2 + (gates embedded + outputs summaries) h + inputs embedded = weights, for h units
    n_read = reading.n_inputs * reading.window
    linear = GATES[cell] * n_embedded + n_outputs * len(reading.summaries)
    constant = n_read * n_embedded - n_weights
    root = math.sqrt(max(linear**2 - 4 * GATES[cell] * constant, 0.0))
    n_equal = max(1, round((root - linear) / (2 * GATES[cell])))
    usual_embedded = min(n_read, USUAL_EMBEDDED)
    return [
        _contest("equal weights", n_equal, dense_recurrent_wiring(reading, n_embedded, n_equal, n_outputs, cell)),
        _contest(
            f"{HIDDEN_UNITS} units",
            HIDDEN_UNITS,
            dense_recurrent_wiring(reading, usual_embedded, HIDDEN_UNITS, n_outputs, "lstm"),
        ),
    ]


def _contest(name: str, n_units: int, wiring: RecurrentWiring) -> Contest:
    shape = f"{n_units} {wiring.cell} units"
    settings = (Setting(shape, wiring.n_weights, lambda: wiring, None, rate, wiring.stride) for rate in RATES)
    return Contest(name, tuple(settings))
