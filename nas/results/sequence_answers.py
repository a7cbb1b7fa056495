"""What needs no network, for sequences, learned in a worker beside whatever else is done."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from nas.data import SequenceDataset
from nas.results.final_part import FinalPart
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut
from nas.results.sequence_learning import answer_sequences
from nas.results.timetable import MAX_BOOSTING_S, boosting_limit_s
from nas.workers import KILL_AFTER_S

if TYPE_CHECKING:
    from nas.sequence_baselines import SequenceBaseline


def begin_sequences(part: FinalPart) -> Future[list[SequenceBaseline]]:
    """Begin linear models, nearest neighbours and random convolution kernels, as far as the time allows."""
    assert isinstance(part.dataset, SequenceDataset)
    now, last = time.monotonic(), part.deadline_of_baselines()
    # What they are to take is estimated; they are killed only when there is no time left at all.
    deadline = now + 2 * MAX_BOOSTING_S if last is None else last - KILL_AFTER_S
    limit_s = max(0.0, min(boosting_limit_s(part.search.clock.budget_s), deadline - now))
    return part.search.workers.begin(
        answer_sequences, part.dataset, limit_s, part.search.course.run_seed, deadline=deadline
    )


def finished_sequences(begun: Future[list[SequenceBaseline]], test: HeldOut) -> list[Answered]:
    """What they answer."""
    try:
        found = begun.result()
    except TimeoutError:
        return [Answered(Baseline("linear model, nearest neighbours, random kernels: stopped by their time limit"))]
    answered = []
    for one in found:
        sizes = {"n_weights": one.n_weights, "n_parameters": one.n_parameters}
        answered.append(Answered.judged(Baseline(one.name, **sizes, seconds=one.seconds), one.predicted, test))
    return answered
