"""The seconds of a budget that are kept for what follows the search, and what each step of it gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from nas.baseline_seconds import LOADING_S, boosting_seconds, wanted_seconds
from nas.budget import Plan, batch_plan
from nas.data import AnyDataset, Dataset
from nas.generation import Course, hyperparameters_of
from nas.recorder import Trial
from nas.results import cross_validation
from nas.results.contests import contests_for
from nas.results.dense_training import NUMBERS_TO_TRY, DenseTraining, Entry, dense_seconds
from nas.results.final_training import MARGIN, MIN_LENGTHENING, epochs_of, final_recipe, training_wall_s
from nas.results.front import best_of_front, front_by_doubling, known_of
from nas.speed import Load, Speed
from nas.workers import KILL_AFTER_S

# What a step gets of the budget, at most.
CROSS_VALIDATION_SHARE, FRONT_SHARE, DENSE_SHARE, BOOSTING_SHARE, TRUST_SHARE = 0.11, 0.25, 0.13, 0.08, 0.02
TEST_SHARE = 0.05
MAX_BOOSTING_S, MAX_TRUST_S = 120.0, 5.0
FORWARD_SHARE = 0.4  # of a training step, that the answers alone take; about a third, and more for a single network


@dataclass(frozen=True)
class Timetable:
    """Seconds for each step that follows a search.

    Attributes:
        cross_validation: Of the best candidates.
        front: The final training of the front.
        baselines: Dense networks, and boosted trees beside them.
        trust: How far to trust the predictor, what is left of it when all else is done.
        test: The answers of the front to the test rows, in one process.
    """

    cross_validation: float
    front: float
    baselines: float
    trust: float
    test: float = 0.0

    @property
    def total_s(self) -> float:
        """Seconds of all steps."""
        return math.fsum(astuple(self))

    def within(self, seconds: float) -> Timetable:
        """The same in no more than some seconds: every step is shortened alike."""
        share = max(0.0, min(1.0, seconds / self.total_s)) if self.total_s > 0.0 else 1.0
        return Timetable(*(share * of_step for of_step in astuple(self)))


def timetable(
    history: Sequence[Trial],
    *,
    dataset: AnyDataset,
    course: Course,
    plan: Plan,
    speed: Speed,
    n_workers: int,
    budget_s: float,
    with_trust: bool,
) -> Timetable:
    """What each step needs, as far as the trials so far tell, and at most its share of the budget.

    Args:
        history: All trials.
        dataset, course: What is trained, and how.
        plan: How long the final training may be.
        speed: Of one worker.
        n_workers: Workers.
        budget_s: Of the whole run.
        with_trust: Whether there is a predictor.
    """
    trust_s = min(TRUST_SHARE * budget_s, MAX_TRUST_S) if with_trust else 0.0
    most = Timetable(CROSS_VALIDATION_SHARE * budget_s, FRONT_SHARE * budget_s, DENSE_SHARE * budget_s, trust_s)
    known = known_of(history, {}, {})
    front = front_by_doubling(known)
    if not front:
        return most
    n_rows, best = len(dataset.y), best_of_front(front)

    validating_s = 0.0
    if cross_validation.is_wanted(dataset):
        of_fold = course.recipe.over(batch_plan(cross_validation.fold_rows(n_rows), course.run_seed))
        trials = cross_validation.closest_choices(known)
        fold_s = [MARGIN * speed.training_s(Load.of_trial(trial), of_fold) for trial in trials]
        n = cross_validation.affordable_candidates(fold_s, n_workers, most.cross_validation)
        validating_s = cross_validation.N_FOLDS * math.fsum(fold_s[:n]) / n_workers

    usual = final_recipe(course, n_rows, epochs_of(course.recipe))
    usual_s = training_wall_s([Load.of_trial(one.trial) for one in front], usual, speed, n_workers)
    if plan.full_epochs > plan.epochs:
        front_s = min(usual_s * plan.full_epochs / plan.epochs, most.front)
    else:
        front_s = usual_s * trainings_of_front(most.front / usual_s, plan.final_epochs / plan.epochs, course.n_seeds)

    own = hyperparameters_of(best.trial.genotype)
    how = DenseTraining(course, final_recipe(course, n_rows, plan.final_epochs), own, own)
    entries = [Entry(contest, NUMBERS_TO_TRY[0], how.final) for contest in contests_for(dataset, best.trial)]
    dense_s = MARGIN * dense_seconds(entries, how, speed) / n_workers
    trees_s = min(boosting_limit_s(budget_s), MARGIN * boosting_s(dataset))
    baselines_s = min(dense_s, most.baselines)
    answering_s = FORWARD_SHARE * dataset.n_test * math.fsum(speed.row_s(Load.of_trial(one.trial)) for one in front)
    return Timetable(
        min(validating_s, most.cross_validation),
        front_s,
        max(baselines_s, trees_s) if n_workers > 1 else baselines_s + trees_s,
        trust_s,
        min(MARGIN * answering_s, TEST_SHARE * budget_s),
    )


def trainings_of_front(affordable: float, longest: float, n_tried: int) -> float:
    """How often the front is trained as long as in the search, or for as much time.

    It is trained once; or, if a longer training is to be tried, both lengths with as many sets of weights as in the
    search, and then once more in the longer.

    Args:
        affordable: For how many there is time.
        longest: How many times as long the longer training may be.
        n_tried: Sets of weights a candidate.
    """
    lengthening = min(longest, (affordable - n_tried) / (1 + n_tried))
    return n_tried + lengthening * (1 + n_tried) if lengthening >= MIN_LENGTHENING else min(1.0, affordable)


def boosting_limit_s(budget_s: float | None) -> float:
    """The most seconds that boosted trees may take."""
    return MAX_BOOSTING_S if budget_s is None else min(BOOSTING_SHARE * budget_s, MAX_BOOSTING_S)


def boosting_s(dataset: AnyDataset) -> float:
    """About the seconds that boosted trees take, or for sequences what takes their place.

    They include those from when a call is told to stop until it is killed, which come off what it is given.
    """
    if not isinstance(dataset, Dataset):
        return LOADING_S + wanted_seconds(dataset) + KILL_AFTER_S
    n_inputs, n_rows = dataset.x.shape
    return boosting_seconds(n_inputs, n_rows, dataset.n_outputs) + KILL_AFTER_S
