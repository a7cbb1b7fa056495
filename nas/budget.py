"""Time and size of a search: how long it may take, and what fits into that."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from nas.engine.batches import BatchPlan, plan_batches
from nas.seeding import Stream, seed_words

STEPS_OF_A_TRAINING = 6000
MIN_EPOCHS, MAX_EPOCHS = 20, 200
DEFAULT_POPULATION = 24
SMALLEST_POPULATION = 6
NOISY_VALIDATION_ROWS = 2000
SEEDS_FOR_NOISY_VALIDATION = 3
FULL_TRAININGS_IN_A_SEARCH = 100  # a budget buys at least this many, with fewer epochs if need be,
SHORT_TRAINING_EPOCHS = 4  # but not with fewer than these,
FEWEST_FULL_TRAININGS = 40  # unless it would then buy fewer than this many
FULL_TRAININGS_IN_A_RICH_SEARCH = 120  # beyond as many, time goes into longer trainings, up to three times
MAX_LENGTHENING = 3
CLOSING_S = 0.8  # to write the report, print it, and end the processes, on an idle machine
MAX_SLOWNESS = 5.0
FINAL_LENGTHENING = 3  # of the final training over those of the search, at most
MOST_RECURRENT_WEIGHTS = 10_000
GENERATIONS_IN_A_SEARCH = 8
POOL_SHARE = 0.05  # of the time of training its candidates, at most, for proposing the children of a generation
COST_SHARE_WITH_RUNGS = 0.27  # of training every candidate to the end; see nas.generation


@dataclass(frozen=True)
class Plan:
    """Sizes of a search; fixed when it starts, so that a resumed run goes on alike.

    Attributes:
        epochs: Epochs of a complete training in the search.
        full_epochs: Epochs that it would have if the budget allowed; at least as many.
        n_seeds: Sets of weights a candidate.
        population: Members of the population, and children trained in a generation.
        max_weights: Most weights a candidate may have.
        final_epochs: Most epochs of the final training.
        pool_factor: Children asked for, for each that is trained, while the gate is open; 1 to do without the gate.
    """

    epochs: int
    full_epochs: int
    n_seeds: int
    population: int
    max_weights: int
    final_epochs: int
    pool_factor: int


class Clock:
    """Time that a run has used, over all its sittings, and may use."""

    def __init__(self, budget_s: float | None, used_s: float = 0.0, started: float | None = None) -> None:
        """Start the clock.

        Args:
            budget_s: Budget of the run; None for none.
            used_s: Time used in earlier sittings.
            started: Time of ``time.monotonic`` at which this sitting began; now by default.
        """
        now = time.monotonic()
        started = now if started is None else started
        self._started = started - used_s
        self.earlier_s = used_s
        """Seconds used in earlier sittings."""
        self.budget_s = budget_s
        self.closing_s = CLOSING_S * min(max((now - started) / time.process_time(), 1.0), MAX_SLOWNESS)
        """Seconds to keep for the very end. More on a busy machine, which shows in what beginning took this process."""

    def used_s(self) -> float:
        """Seconds used, over all sittings."""
        return time.monotonic() - self._started

    def left_s(self) -> float | None:
        """Seconds left; None without a budget."""
        return None if self.budget_s is None else max(0.0, self.budget_s - self.used_s())

    def moment(self, before_end_s: float) -> float | None:
        """The time of ``time.monotonic`` this long before the end; None without a budget."""
        return None if self.budget_s is None else self._started + self.budget_s - before_end_s

    def give_back(self, seconds: float) -> None:
        """Do not count some seconds, such as those of compiling once per machine."""
        self._started += seconds


def default_max_weights(n_inputs: int, n_rows: int) -> int:
    """How many weights count as small: the larger of 75 sqrt(rows) and 30 for each input."""
    return max(int(75 * math.sqrt(n_rows)), 30 * n_inputs)


def default_max_recurrent_weights(n_inputs: int, n_steps: int) -> int:
    """The same for sequences: 75 sqrt(steps of all sequences) up to 10,000, and at least 30 for each channel."""
    return max(min(int(75 * math.sqrt(n_steps)), MOST_RECURRENT_WEIGHTS), 30 * n_inputs)


def batch_plan(n_rows: int, seed: int) -> BatchPlan:
    """The batches of a run over the first ``n_rows`` rows or sequences."""
    return plan_batches(n_rows, seed_words(seed, Stream.BATCHES))


def default_epochs(steps_per_epoch: int) -> int:
    """Epochs of a complete training when time is no matter."""
    return min(max(round(STEPS_OF_A_TRAINING / steps_per_epoch), MIN_EPOCHS), MAX_EPOCHS)


def default_seeds(n_validation: int) -> int:
    """Sets of weights a candidate: several where the validation score itself is noisy."""
    return SEEDS_FOR_NOISY_VALIDATION if n_validation < NOISY_VALIDATION_ROWS else 1


def fit_to_budget(
    *,
    epochs: int,
    n_seeds: int,
    population: int,
    seconds_an_epoch: float,
    search_s: float,
    n_workers: int,
    choose_epochs: bool,
    choose_seeds: bool,
    choose_population: bool,
) -> tuple[int, int, int]:
    """Epochs, seeds and population such that a search of this length sees enough candidates.

    Args:
        epochs, n_seeds, population: What is wanted.
        seconds_an_epoch: Time of one epoch of one typical candidate with one seed in one worker.
        search_s: Time for the search.
        n_workers: Workers.
        choose_epochs, choose_seeds, choose_population: Which of them may be changed: epochs up or down, others down.
    """
    worker_s = search_s * n_workers
    if choose_seeds and n_seeds * epochs * seconds_an_epoch * FEWEST_FULL_TRAININGS > worker_s:
        n_seeds = 1
    if choose_epochs:
        affordable = worker_s / (n_seeds * seconds_an_epoch)
        short = min(SHORT_TRAINING_EPOCHS, int(affordable / FEWEST_FULL_TRAININGS))
        fewest = min(epochs, max(short, int(affordable / FULL_TRAININGS_IN_A_SEARCH)))
        most = min(MAX_LENGTHENING * epochs, int(affordable / FULL_TRAININGS_IN_A_RICH_SEARCH))
        epochs = max(1, fewest, most)
    if choose_population:
        candidate_s = COST_SHARE_WITH_RUNGS * epochs * n_seeds * seconds_an_epoch
        affordable = worker_s / GENERATIONS_IN_A_SEARCH / candidate_s
        population = max(SMALLEST_POPULATION, min(population, int(affordable)))
    return epochs, n_seeds, population


def affordable_pool(wanted: int, candidate_s: float, proposal_s: float) -> int:
    """How many children to ask for, for each one that is trained: at least 1, at most the wanted number.

    What a child costs before it is trained, in wiring and features, is lost if it is skipped.

    Args:
        wanted: As configured.
        candidate_s: Seconds of a worker for a typical candidate; most candidates are stopped at a rung.
        proposal_s: Seconds to propose a child.
    """
    return max(1, min(wanted, int(POOL_SHARE * candidate_s / proposal_s)))
