"""What a worker does for the baselines of sequences; light, so that a worker need not load what a driver has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nas.data import SequenceDataset
from nas.data.shared import SharedRows

if TYPE_CHECKING:
    from nas.sequence_baselines import SequenceBaseline


def answer_sequences(
    rows: SharedRows, stop: Callable[[], bool], dataset: SequenceDataset, limit_s: float, seed: int
) -> list[SequenceBaseline]:
    """All baselines of sequences one after the other, until told to stop; in a worker."""
    from nas.sequence_baselines import sequence_baselines  # scikit-learn is loaded here alone

    found = []
    for one in sequence_baselines(dataset, limit_s, seed):
        found.append(one)
        if stop():
            break
    return found
