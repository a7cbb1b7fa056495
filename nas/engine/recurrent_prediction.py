"""Outputs of a recurrent network for many sequences."""

from __future__ import annotations

import numpy as np

from nas.engine.compiler import compiled
from nas.engine.lanes import at
from nas.engine.layout import Float32, Int32
from nas.engine.recurrent_layout import (
    RecurrentNetwork,
    RecurrentWorkspace,
    Sizes,
    parameter_sizes,
    recurrent_workspace,
    sequence_batch,
)
from nas.engine.recurrent_training import outputs_of
from nas.engine.sequence_batches import Sequences, active_counts, gather_sequences, longest_first

EVALUATION_BATCH = 128


@compiled
def outputs_of_batch(
    network: RecurrentNetwork,
    sizes: Sizes,
    parameters: Float32,
    inputs: Float32,
    n_active: Int32,
    work: RecurrentWorkspace,
) -> None:
    """`recurrent_training.outputs_of`, given an array of parameters."""
    outputs_of(network, sizes, at(parameters, 0), inputs, n_active, work)


def predict_sequences(
    network: RecurrentNetwork, parameters: Float32, sequences: Sequences, first: int, last: int
) -> Float32:
    """Outputs for the sequences first..last-1.

    Args:
        network: The wiring.
        parameters: float32 (n_parameters,).
        sequences: All of them.
        first, last: Which are wanted.

    Returns:
        float32 (n_outputs, last - first).
    """
    n_outputs, view = len(network.output_indptr) - 1, network.view
    outputs = np.empty((n_outputs, last - first), np.float32)
    batch = sequence_batch(view, sequences.longest(), EVALUATION_BATCH)
    work = recurrent_workspace([network], len(batch), EVALUATION_BATCH)
    parameters = np.ascontiguousarray(parameters)
    # Batches of like length: sorted over all, not only within a batch.
    rows = longest_first(sequences, np.arange(first, last, dtype=np.int32))
    for start in range(0, len(rows), EVALUATION_BATCH):
        chosen = rows[start : start + EVALUATION_BATCH]
        n_active = active_counts(sequences, chosen, view.stride)
        gather_sequences(sequences, chosen, n_active, view, batch)
        outputs_of_batch(network, parameter_sizes(network), parameters, batch, n_active, work)
        outputs[:, chosen - first] = work.outputs[:n_outputs, : len(chosen)]
    return outputs
