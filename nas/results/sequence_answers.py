"""What needs no network, for sequences, learned in a worker beside whatever else is done."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from nas.baseline_seconds import LOADING_S
from nas.data import SequenceDataset
from nas.results.final_part import FinalPart
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut
from nas.results.sequence_learning import answer_sequences
from nas.results.timetable import MAX_BOOSTING_S, boosting_limit_s
from nas.workers import KILL_AFTER_S

if TYPE_CHECKING:
    from nas.sequence_baselines import SequenceBaseline


NAMES = "linear model, nearest neighbours, random kernels"


def begin_sequences(part: FinalPart) -> Future[list[SequenceBaseline]] | Answered:
    """Begin linear models, nearest neighbours and random convolution kernels; or say why not, if time is too short."""
    assert isinstance(part.dataset, SequenceDataset)
    now, last = time.monotonic(), part.deadline_of_baselines()
    # What they are to take is estimated; they are killed only when there is no time left at all.
    deadline = now + 2 * MAX_BOOSTING_S if last is None else last - KILL_AFTER_S
    if deadline - now < LOADING_S:
        given_s = max(0.0, deadline - now)
        return Answered(Baseline(f"{NAMES}: not begun, they need {LOADING_S:.1f} s and have {given_s:.1f} s"))
    limit_s = max(0.0, min(boosting_limit_s(part.search.clock.budget_s), deadline - now))
    return part.search.workers.begin(
        answer_sequences, part.dataset, limit_s, part.search.course.run_seed, deadline=deadline
    )


def finished_sequences(begun: Future[list[SequenceBaseline]] | Answered, test: HeldOut) -> list[Answered]:
    """What they answer."""
    if isinstance(begun, Answered):
        return [begun]
    try:
        found = begun.result()
    except TimeoutError:
        return [Answered(Baseline(f"{NAMES}: stopped by their time limit"))]
    answered = []
    for one in found:
        sizes = {"n_weights": one.n_weights, "n_parameters": one.n_parameters}
        answered.append(Answered.judged(Baseline(one.name, **sizes, seconds=one.seconds), one.predicted, test))
    return answered
