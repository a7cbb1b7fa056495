"""What follows a search, in the order of importance; each step gets what time is left.

The front is cross-validated, trained to the end and tested. The findings are then complete enough for a report. What
comes after, the baselines, may be cut short by the end of the budget, or fail, and the findings say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from nas.budget import batch_plan
from nas.estimation import estimated_scores
from nas.recorder import Trial
from nas.results import cross_validation
from nas.results.baselines import baselines
from nas.results.families import family_rows
from nas.results.final_part import FinalPart
from nas.results.final_training import MARGIN
from nas.results.findings import Findings
from nas.results.front import best_of_front, front_by_doubling, known_of
from nas.results.front_training import judge_front, train_front
from nas.results.held_out import HeldOut, compare_best
from nas.results.methods import method_rows
from nas.seeding import Stream
from nas.speed import Load
from nas.status import best_of


def finish(part: FinalPart, show: Callable[[str], None]) -> Iterator[Findings]:
    """Give what a run has found, ever more complete; end early if interrupted.

    Args:
        part: The search that is over, and the time that is left.
        show: Told what is being done.
    """
    search, dataset = part.search, part.dataset
    history = search.recorder.history
    if best_of(history) is None:
        yield Findings()
        return

    estimates = estimated_scores(history, search.course.run_seed)
    confirmed: dict[str, float] = {}
    n_folds = 0
    if cross_validation.is_wanted(dataset):
        show("cross-validating the best")
        confirmed, n_folds = _cross_validated(part, cross_validation.closest_choices(known_of(history, {}, estimates)))
        if search.is_interrupted():
            return
    front = front_by_doubling(known_of(history, confirmed, estimates))
    best = best_of_front(front)

    show("training the front to the end")
    by_importance = [best, *(one for one in reversed(front) if one is not best)]
    training = train_front(part, by_importance)
    if search.is_interrupted():
        return

    show("reading the test rows")
    test = HeldOut.read(dataset, search.course.run_seed)
    rows, answers = judge_front(part, by_importance, training.trained, test)
    findings = Findings(
        front=rows,
        best=best.trial.number,
        families=[] if answers is None else family_rows(dataset, answers, test),
        methods=method_rows(history, [one.trial for one in front]),
        n_folds=n_folds,
    )
    for compared in baselines(part, best, training, test, show):
        yield replace(
            findings,
            baselines=[one.baseline for one in compared.answered],
            comparison=compare_best(answers, compared.answered, test),
            missing=compared.missing,
            notes=compared.notes,
        )


def _cross_validated(part: FinalPart, trials: Sequence[Trial]) -> tuple[dict[str, float], int]:
    """Cross-validated scores by key, of as many of the first trials as the time allows, and the number of folds."""
    search, deadline = part.search, part.deadline_of_cross_validation()
    course = search.course
    recipe = course.recipe.over(batch_plan(cross_validation.fold_rows(part.n_rows), course.run_seed))
    if part.table is not None:
        fold_s = [MARGIN * part.speed.training_s(Load.of_trial(trial), recipe) for trial in trials]
        n = cross_validation.affordable_candidates(fold_s, part.n_workers, part.table.cross_validation)
        trials = trials[:n]
    if not trials:
        return {}, 0
    folds = cross_validation.write_folds(
        search.directory.shared / "cross-validation", part.dataset, course.run_seed, Stream.CROSS_VALIDATION
    )
    return cross_validation.cross_validate(
        trials, folds, search.space, recipe, course.run_seed, search.workers, deadline
    )
