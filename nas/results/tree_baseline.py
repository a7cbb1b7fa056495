"""Gradient-boosted trees as a baseline, learned in a worker beside whatever else is done."""

from __future__ import annotations

import time
from concurrent.futures import Future

from nas.baseline_seconds import LOADING_S, MAX_ITERATIONS, least_seconds
from nas.data.shared import SharedRows
from nas.engine.gather import Inputs
from nas.results.boosted_trees import Boosted, boost
from nas.results.final_part import FinalPart
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut
from nas.results.timetable import MAX_BOOSTING_S, boosting_limit_s
from nas.workers import KILL_AFTER_S

NAME = "HistGradientBoosting"


def begin_trees(part: FinalPart, test: HeldOut) -> Future[Boosted] | Answered:
    """Begin to learn trees; or say why not, where there is not even time for the first."""
    search, now, last = part.search, time.monotonic(), part.deadline_of_baselines()
    # Their share counts from when scikit-learn is loaded. They are killed only when there is no time left at all.
    deadline = now + 2 * MAX_BOOSTING_S if last is None else last - KILL_AFTER_S
    limit_s = boosting_limit_s(search.clock.budget_s)
    needed_s = least_seconds(part.dataset.n_inputs, part.n_rows)
    given_s = max(0.0, min(LOADING_S + limit_s, deadline - now))
    if needed_s > given_s:
        return Answered(Baseline(f"{NAME}: not begun, it needs {needed_s:.0f} s and has {given_s:.0f} s"))
    assert isinstance(test.rows, Inputs)
    rows = SharedRows.write(
        search.directory.shared / "test", test.rows.values, test.targets, None, test.rows.scale, test.rows.shift
    )
    return search.workers.begin(boost, rows, part.dataset.task, search.course.run_seed, limit_s, deadline=deadline)


def finished_trees(begun: Future[Boosted] | Answered, test: HeldOut) -> Answered:
    """What was learned in the time of the trees, and how much of it."""
    if isinstance(begun, Answered):
        return begun
    try:
        boosted = begun.result()
    except TimeoutError:
        return Answered(Baseline(f"{NAME}: stopped by its time limit before its first iteration"))
    name = NAME
    if boosted.n_iterations < MAX_ITERATIONS:
        name += f" ({boosted.n_iterations} of {MAX_ITERATIONS} iterations: time was short)"
    return Answered.judged(Baseline(name, seconds=boosted.seconds), boosted.predicted, test)
