"""Whether the final training is to be longer than that of the search, and with how much dropout.

Where the budget shortened the trainings of the search, so that it saw enough candidates, the final training is as long
as it would have been without a budget, or as the time allows. Beyond that, longer trainings fit the training rows
better. On most data that helps, small networks above all; large ones need more dropout for it; and where the targets
are noisy it harms. So it is tried: the networks of the front are trained anew on the training rows, as long as in the
search and longer, and the validation rows decide for all of them together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nas.data.shared import SharedRows
from nas.engine.networks import as_changed, network_of
from nas.engine.population import predict, score
from nas.engine.recipe import Hyperparameters, Recipe
from nas.generation import hyperparameters_of
from nas.inputs import engine_rows
from nas.jobs import Job, Leg, Result
from nas.results.cross_validation import N_FOLDS, weight_seed
from nas.results.final_part import FinalPart
from nas.results.final_training import MIN_LENGTHENING, epochs_of, final_recipe, training_wall_s
from nas.results.front import Known
from nas.results.trial_job import trial_job
from nas.speed import Load

# The least dropout of a longer training, by the ratio of the errors on unseen and on training rows. Measured on letter,
# satimage, digits, magic and spambase with networks of 130 to 9,000 weights; see tests/benchmarks/RESULTS.md.
LEAST_DROPOUT = ((2.0, 0.02), (5.0, 0.05))
MAX_TRAINING_ROWS = 4000  # on which the error on training rows is measured


@dataclass(frozen=True)
class Lengthening:
    """How the front is trained to the end.

    Attributes:
        epochs: Of the final training, where there is time.
        hyperparameters: Of each network, by key.
        gain: Mean change of the validation score by the longer training; None if it was not tried.
    """

    epochs: int
    hyperparameters: dict[str, Hyperparameters]
    gain: float | None = None


def try_longer(part: FinalPart, front: Sequence[Known]) -> Lengthening:
    """Try a longer training of the networks of a front, if there is time for it.

    Args:
        part: The final part of the run.
        front: The networks, the most important first.
    """
    course, usual = part.search.course, epochs_of(part.search.course.recipe)
    own = {one.trial.key: hyperparameters_of(one.trial.genotype) for one in front}
    short, full = Lengthening(usual, own), part.search.plan.full_epochs
    if full > usual:
        return replace(short, epochs=full)
    if affordable_epochs(part, front, 1 + course.n_seeds, course.n_seeds) < MIN_LENGTHENING * usual:
        return short
    first = _tried(part, front, own, course.recipe, part.deadline_of_front())
    regularised = {key: with_dropout(own[key], *scores) for key, scores in first.items()}
    epochs = affordable_epochs(part, front, 1 + course.n_seeds, 0)
    if not first or epochs < MIN_LENGTHENING * usual:
        return short
    recipe = replace(course.recipe, total_steps=epochs * course.recipe.batches.steps_per_epoch)
    seconds = part.seconds_for_front()  # to be shared with the final training
    deadline = None if seconds is None else time.monotonic() + seconds * course.n_seeds / (1 + course.n_seeds)
    second = _tried(part, [one for one in front if one.trial.key in first], regularised, recipe, deadline)
    gains = [unseen_score - first[key][0] for key, (unseen_score, _) in second.items()]
    gain = math.fsum(gains) / len(gains) if gains else 0.0
    if gain <= 0.0:
        return replace(short, gain=gain)
    return Lengthening(epochs, own | regularised, gain)


def affordable_epochs(part: FinalPart, front: Sequence[Known], n_longer: int, n_usual: int) -> int:
    """Epochs of a longer training that is done some times, beside some trainings as long as in the search.

    At most the planned number. If the time is too short, less than 1.5 times the epochs of the search.
    """
    course, planned, seconds = part.search.course, part.search.plan.final_epochs, part.seconds_for_front()
    if seconds is None:
        return planned
    usual = final_recipe(course, part.n_rows, epochs_of(course.recipe))
    usual_s = training_wall_s([Load.of_trial(one.trial) for one in front], usual, part.speed, part.n_workers)
    return min(planned, int(epochs_of(usual) * max(0.0, seconds / usual_s - n_usual) / n_longer))


def _tried(
    part: FinalPart,
    front: Sequence[Known],
    own: Mapping[str, Hyperparameters],
    recipe: Recipe,
    deadline: float | None,
) -> dict[str, tuple[float, float]]:
    """Scores on unseen and on training rows, by key, of the networks whose training is complete before a deadline."""
    course = part.search.course
    leg = Leg(recipe, recipe.total_steps, course.scored_columns, deadline, course.folds)
    jobs = {}
    for one in front:
        key = one.trial.key
        seeds = [weight_seed(course.run_seed, key, N_FOLDS + k) for k in range(course.n_seeds)]
        jobs[key] = trial_job(one.trial, part.search.space, own[key], seeds)
    return {
        result.key: (math.fsum(result.scores) / len(result.scores), _training_score(part, jobs[result.key], result))
        for result in part.search.workers.train(list(jobs.values()), leg, one_by_one=True)
        if result.scores
    }


def _training_score(part: FinalPart, job: Job, result: Result) -> float:
    """The score of the first set of weights on rows that it was trained on, or on some thousands of them."""
    course = part.search.course
    rows, n_train = SharedRows(part.search.directory.shared), course.scored_columns[0]
    if course.folds:
        rows, n_train = course.folds[0].rows, course.folds[0].n_train
    stored, last = rows.open(), min(n_train, MAX_TRAINING_ROWS)
    assert result.state is not None  # of a training that has scores
    network = as_changed(network_of(job.wiring, job.activation), result.state.only(0))
    outputs = predict(network, result.state.parameters[0], engine_rows(stored), 0, last)
    return score(outputs, stored.y[:last], part.dataset.task)


def with_dropout(own: Hyperparameters, unseen_score: float, training_score: float) -> Hyperparameters:
    """The hyperparameters of a longer training.

    Args:
        own: Those of the network in the search.
        unseen_score: Its score on rows that it was not trained on, at most 1.
        training_score: Its score on rows that it was trained on, at most 1.
    """
    ratio = (1.0 - unseen_score) / max(1.0 - training_score, 1e-9)
    least = max((dropout for least_ratio, dropout in LEAST_DROPOUT if ratio >= least_ratio), default=0.0)
    return replace(own, dropout=max(own.dropout, least))
