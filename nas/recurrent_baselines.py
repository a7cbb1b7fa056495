"""What a run on sequences is compared with, on the same split: dense recurrent networks, and rules of the data set."""

from __future__ import annotations

import math

import numpy as np

from nas.baselines import Baseline
from nas.data import SequenceDataset
from search_spaces import RecurrentWiring
from search_spaces.recurrent_wiring import GATES, Cell

HIDDEN_UNITS, USUAL_EMBEDDED = 32, 16


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


def dense_recurrent_wirings(
    n_inputs: int, n_embedded: int, n_outputs: int, n_weights: int, cell: Cell
) -> dict[str, RecurrentWiring]:
    """The dense networks to compare with, by name: one of about as many weights and the same cell, and an LSTM."""
    # gates h^2 + (gates embedded + outputs) h + inputs embedded = weights, for h units
    linear, constant = GATES[cell] * n_embedded + n_outputs, n_inputs * n_embedded - n_weights
    root = math.sqrt(max(linear**2 - 4 * GATES[cell] * constant, 0.0))
    n_equal = max(1, round((root - linear) / (2 * GATES[cell])))
    usual_embedded = min(n_inputs, USUAL_EMBEDDED)
    return {
        f"dense {cell}, {n_equal} units (equal weights)": dense_recurrent_wiring(
            n_inputs, n_embedded, n_equal, n_outputs, cell
        ),
        f"dense lstm, {HIDDEN_UNITS} units": dense_recurrent_wiring(
            n_inputs, usual_embedded, HIDDEN_UNITS, n_outputs, "lstm"
        ),
    }


def rule_baselines(dataset: SequenceDataset, y_test: np.ndarray) -> list[Baseline]:
    """How often the trivial rules of a built-in grammar are right; none for other data. Reads the test sequences."""
    return [
        Baseline(name, float(np.mean(predicted == y_test)), None, 0.0) for name, predicted in dataset.read_baselines()
    ]
