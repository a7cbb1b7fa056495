"""What needs no network, for sequences, judged on the test sequences."""

from __future__ import annotations

import time

from nas.data import SequenceDataset
from nas.results.final_part import FinalPart
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut
from nas.results.timetable import boosting_limit_s
from nas.sequence_baselines import sequence_baselines


def answered_sequences(part: FinalPart, test: HeldOut) -> list[Answered]:
    """Linear models, nearest neighbours and random convolution kernels, as far as the time allows."""
    assert isinstance(part.dataset, SequenceDataset)
    limit_s, last = boosting_limit_s(part.search.clock.budget_s), part.deadline_of_baselines()
    if last is not None:
        limit_s = max(0.0, min(limit_s, last - time.monotonic()))
    return [
        Answered.judged(Baseline(found.name, n_weights=found.n_weights, seconds=found.seconds), found.predicted, test)
        for found in sequence_baselines(part.dataset, limit_s, part.search.course.run_seed)
    ]
