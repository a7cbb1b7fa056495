"""The front's final training, and its test."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from nas.engine.recipe import Hyperparameters, Recipe
from nas.generation import activation_of, weight_seeds
from nas.network_file import TrainedNetwork, save_network
from nas.results.density import density_of
from nas.results.final_part import FinalPart
from nas.results.final_training import MARGIN, Trained, epochs_of, final_recipe, train_to_end
from nas.results.findings import FrontRow
from nas.results.front import Known
from nas.results.held_out import Answers, HeldOut
from nas.results.lengthening import try_longer
from nas.results.trial_job import trial_job
from nas.speed import Load

FIRST_SHARE = 0.5  # of all workers' time for the front, at most, for its first network


@dataclass(frozen=True, eq=False)
class FrontTraining:
    """What the final training of a front came to.

    Attributes:
        recipe: How the first of the networks was trained; the others may have had fewer or more epochs.
        hyperparameters: Of each network, by key.
        trained: The networks by key. Those that were not trained to the end before the time was over are left out, but
            for the most important, which is kept as far as it came.
    """

    recipe: Recipe
    hyperparameters: dict[str, Hyperparameters]
    trained: dict[str, Trained]


def train_front(part: FinalPart, front: Sequence[Known]) -> FrontTraining:
    """Train the networks of a front, the most important first, on all rows but the test's."""
    search, course = part.search, part.search.course
    how = try_longer(part, front)
    jobs = []
    for one, epochs in zip(front, _epochs_of_each(part, front, how.epochs), strict=True):
        seeds = weight_seeds(course.run_seed, one.trial.key, 1)
        job = trial_job(one.trial, search.space, how.hyperparameters[one.trial.key], seeds)
        jobs.append((job, final_recipe(course, part.n_rows, epochs)))
    trained = train_to_end(search.workers, jobs, part.latest_end_of_front())
    first = front[0].trial.key
    kept = {key: one for key, one in trained.items() if one.is_complete or key == first}
    return FrontTraining(jobs[0][1], how.hyperparameters, kept)


def _epochs_of_each(part: FinalPart, front: Sequence[Known], longest: int) -> list[int]:
    """The epochs of each network: the number that is wanted, or fewer where time is short.

    The first network, which is what most take, comes first: it gets as many as one worker can do, but no more than
    `FIRST_SHARE` of all workers' time. The others share what is left alike. All get as many as in the search, as far as
    the first alone could be trained for so long.
    """
    seconds = part.seconds_for_front()
    if seconds is None:
        return [longest] * len(front)
    one_epoch = final_recipe(part.search.course, part.n_rows, 1)
    first_s, *others_s = (MARGIN * part.speed.training_s(Load.of_trial(one.trial), one_epoch) for one in front)
    usual = min(epochs_of(part.search.course.recipe), int(seconds / first_s))
    of_workers_s = part.n_workers * seconds
    share_s = min(seconds, FIRST_SHARE * of_workers_s) if others_s else seconds
    of_first = max(1, min(longest, max(usual, int(share_s / first_s))))
    if not others_s:
        return [of_first]
    affordable = (of_workers_s - of_first * first_s) / math.fsum(others_s), seconds / max(others_s)
    of_others = max(1, min(longest, max(usual, int(min(affordable)))))
    return [of_first] + [of_others] * len(others_s)


def judge_front(
    part: FinalPart, front: Sequence[Known], trained: dict[str, Trained], test: HeldOut
) -> tuple[list[FrontRow], Answers | None]:
    """Test the networks of a front, and keep them in the folder of the run.

    Args:
        part: The final part of the run.
        front: The networks, the most important first.
        trained: Those that were trained, by key.
        test: The test rows.

    Returns:
        The rows of the front from small to large, and what the first network answers; None if it has no answers.
    """
    rows: list[FrontRow] = []
    answers: list[Answers | None] = []
    for one in front:
        is_over = part.end is not None and time.monotonic() > part.end
        row, of_one = _tested(part, one, None if rows and is_over else trained.get(one.trial.key), test)
        rows.append(row)
        answers.append(of_one)
    return sorted(rows, key=lambda row: row.n_weights), answers[0]


def _tested(part: FinalPart, one: Known, trained: Trained | None, test: HeldOut) -> tuple[FrontRow, Answers | None]:
    trial = one.trial
    wiring = part.search.space.wire(trial.genotype) if trained is None else trained.wiring
    row = FrontRow(
        trial=trial.number,
        n_weights=trial.n_weights if trained is None else wiring.n_weights,
        n_parameters=trial.n_parameters if trained is None else wiring.n_parameters,
        density=density_of(wiring),
        validation_score=one.score,
        is_confirmed=one.is_confirmed,
        epochs=0.0 if trained is None else trained.epochs,
    )
    if trained is None:
        return row, None
    network = TrainedNetwork(wiring, activation_of(trial.genotype), trained.parameters, part.dataset.encoding)
    answers = test.answers(network.outputs(test.rows))
    if answers is None:
        return row, None
    row = replace(row, test_score=test.score(answers), test_error=test.error(answers))
    directory = part.search.directory
    about = {
        "run": directory.name,
        "score_name": part.dataset.score_name,
        **asdict(row),
        "genotype": trial.genotype.to_dict(),
    }
    save_network(directory.models / f"trial-{trial.number}", network, about)
    return row, answers
