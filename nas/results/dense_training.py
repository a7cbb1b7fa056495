"""Dense baselines: settings chosen by the run's own validation, then trained as long as the networks of the front.

The choice is a successive halving over the rungs of the search (Jamieson & Talwalkar 2016). A network that is too large
for the time that is left is not chosen among settings, and trained for as many epochs as there is time for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.generation import Course
from nas.jobs import Job, Leg
from nas.results.dense_networks import Contest, Setting
from nas.results.final_training import Trained, epochs_of, train_to_end, training_wall_s
from nas.seeding import Stream, seed_words
from nas.speed import Speed
from nas.workers import Workers

NUMBERS_TO_TRY = (24, 12, 6, 2, 1)
REDUCTION = 3  # of the number of settings at each rung
FEW = 3  # settings that are not told apart at the first rung already
MOST_OF_TIME = 0.9  # that the final training of one network may take


@dataclass(frozen=True)
class Entry:
    """What the time allows of a contest.

    Attributes:
        contest: The contest.
        n_settings: How many of its settings are compared, the most promising, at least 1.
        final: The recipe of the winner's final training.
    """

    contest: Contest
    n_settings: int
    final: Recipe


@dataclass(frozen=True, eq=False)
class DenseNetwork:
    """A dense network after its final training.

    Attributes:
        entry: What it won, among how many settings.
        setting: Its setting.
        trained: Its weights.
        seconds: Time in the workers of all settings that were tried, and of the final training.
    """

    entry: Entry
    setting: Setting
    trained: Trained
    seconds: float


@dataclass(frozen=True)
class DenseTraining:
    """How dense networks are chosen and trained: as our best network was.

    Attributes:
        course: How candidates are trained, and on which rows they are chosen.
        final: The recipe of the final training.
        while_choosing: Dropout and label smoothing of our best network in the search; each setting has its own rate.
        while_training: The same in its final training.
    """

    course: Course
    final: Recipe
    while_choosing: Hyperparameters
    while_training: Hyperparameters

    def candidate(self, key: str, setting: Setting, state: TrainingState | None) -> Job:
        """A setting as workers take it while settings are compared."""
        return self._job(key, setting, self.while_choosing, self.course.n_seeds, state)

    def winner(self, key: str, setting: Setting) -> Job:
        """A setting as workers take it for the final training."""
        return self._job(key, setting, self.while_training, 1, None)

    def _job(self, key: str, setting: Setting, own: Hyperparameters, n_seeds: int, state: TrainingState | None) -> Job:
        # The same shape starts from the same weights whatever its rate.
        words = (self.course.run_seed, Stream.BASELINES, setting.n_weights)
        seeds = tuple(tuple(seed_words(*words, k)) for k in range(n_seeds))
        own = replace(own, learning_rate=setting.learning_rate, sparse_training=setting.sparse_training)
        return Job(key, setting.make_wiring(), setting.activation, own, seeds, state)


def train_dense(
    entries: Sequence[Entry],
    how: DenseTraining,
    workers: Workers,
    deadline: float | None,
    final_s: float,
) -> list[DenseNetwork]:
    """Choose a setting in each contest, and train it to the end.

    Args:
        entries: The contests, the most important first.
        how: How they are trained.
        workers: Where it is done.
        deadline: Time of ``time.monotonic``; None for no limit.
        final_s: Seconds before the deadline at which the choice ends and the final training begins.

    Returns:
        The chosen networks that were trained to the end before the deadline.
    """
    if not entries:
        return []
    until = None if deadline is None else deadline - final_s
    chosen, choosing_s = _choose(entries, how, workers, until)
    jobs = [
        (how.winner(entry.contest.key, setting), entry.final) for entry, setting in zip(entries, chosen, strict=True)
    ]
    trained = train_to_end(workers, jobs, deadline)
    return [
        DenseNetwork(entry, setting, trained[key], seconds + trained[key].seconds)
        for entry, setting, seconds in zip(entries, chosen, choosing_s, strict=True)
        if (key := entry.contest.key) in trained and trained[key].is_complete
    ]


def affordable_entries(
    contests: Sequence[Contest], how: DenseTraining, speed: Speed, wall_s: float, seconds: float, n_free: int
) -> list[Entry]:
    """What the time is enough for; contests without time for a single epoch are left out.

    Args:
        contests: The contests, the most important first.
        how: How they are trained.
        speed: Of one worker.
        wall_s: Seconds until all is to be over.
        seconds: What all workers may use together.
        n_free: Workers that have nothing else to do.
    """
    entries: list[Entry] = []
    free_s, one_epoch = MOST_OF_TIME * wall_s, over_epochs(how.final, 1)
    for contest in contests:
        load = contest.settings[0].load
        n_epochs = min(free_s / training_wall_s([load], one_epoch, speed, 1), epochs_of(how.final))
        if n_epochs >= 1.0:
            final = over_epochs(how.final, int(n_epochs))
            entries.append(Entry(contest, 1, final))
            if n_free == 1:
                free_s -= training_wall_s([load], final, speed, 1)
    for last in range(len(entries), 0, -1):  # as many of each as there is time for, then more of the most important
        for n in NUMBERS_TO_TRY:
            more = [
                replace(entry, n_settings=max(n, entry.n_settings))
                if place < last and entry.final == how.final
                else entry
                for place, entry in enumerate(entries)
            ]
            if dense_seconds(more, how, speed) <= seconds:
                entries = more
                break
    return entries


def over_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """A recipe for another number of epochs."""
    return replace(recipe, total_steps=epochs * recipe.batches.steps_per_epoch)


def dense_seconds(entries: Sequence[Entry], how: DenseTraining, speed: Speed) -> float:
    """Seconds of workers for all contests, with the final training."""
    course, total_s = how.course, 0.0
    for entry in entries:
        settings, before = entry.contest.settings[: entry.n_settings], 0
        each_s = [speed.training_s(setting.load, course.recipe) for setting in settings]
        n_alive, mean_s = len(settings), math.fsum(each_s) / len(settings)
        for step in _rung_steps(n_alive, course):
            total_s += course.n_seeds * n_alive * mean_s * (step - before) / course.recipe.total_steps
            n_alive, before = math.ceil(n_alive / REDUCTION), step
        total_s += speed.training_s(settings[0].load, entry.final)
    return total_s


def _choose(
    entries: Sequence[Entry], how: DenseTraining, workers: Workers, deadline: float | None
) -> tuple[list[Setting], list[float]]:
    """The best setting of each contest as far as the time allows to tell, and the seconds spent on each contest."""
    course = how.course
    alive = [list(range(len(e.contest.settings[: e.n_settings]))) for e in entries]  # of each, the best first
    steps_of = [_rung_steps(len(numbers), course) for numbers in alive]
    states: dict[str, TrainingState | None] = {}
    seconds = [0.0] * len(entries)
    for step in sorted({step for steps in steps_of for step in steps}):
        jobs = [
            how.candidate(key := f"{place}|{number}", setting, states.get(key))
            for rank in range(max(map(len, alive)))
            for place, numbers in enumerate(alive)
            for number in numbers[rank : rank + 1]
            for setting in [entries[place].contest.settings[number]]
            if step in steps_of[place]
        ]
        scores: list[dict[int, float]] = [{} for _ in entries]
        leg = Leg(course.recipe, step, course.scored_columns, deadline, course.folds)
        for result in workers.train(jobs, leg, one_by_one=True):
            place, number = map(int, result.key.split("|"))
            seconds[place] += result.seconds
            states[result.key] = result.state
            if result.scores:
                scores[place][number] = math.fsum(result.scores) / len(result.scores)
        alive = [
            _survivors(numbers, of_contest) if step in steps else numbers
            for numbers, of_contest, steps in zip(alive, scores, steps_of, strict=True)
        ]
    return [entry.contest.settings[numbers[0]] for entry, numbers in zip(entries, alive, strict=True)], seconds


def _survivors(numbers: Sequence[int], scores: Mapping[int, float]) -> list[int]:
    """The best third by score; without any score those that were best before."""
    ranked = sorted((number for number in numbers if number in scores), key=lambda number: -scores[number])
    return (ranked or list(numbers))[: math.ceil(len(numbers) / REDUCTION)]


def _rung_steps(n_settings: int, course: Course) -> list[int]:
    """Steps at which the settings are compared, until one is left."""
    steps = []
    for step in course.rung_steps[0 if n_settings > FEW else 1 :]:
        if n_settings > 1:
            steps.append(step)
            n_settings = math.ceil(n_settings / REDUCTION)
    return steps
