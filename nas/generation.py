"""Train the candidates of one generation together, and stop the worst at each rung.

Rungs are those of successive halving (Jamieson & Talwalkar 2016) with a reduction of 3; the worst are the last by
Pareto rank of (score, weights), so that a small network of modest score lives as long as a large one of high score.
Candidates compete with the best of earlier generations at the same rung too, not only with one another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.evolution import pareto_front, pareto_order
from nas.jobs import Fold, Job, Leg
from nas.outcome import Ending, Outcome
from nas.seeding import Stream, seed_words, words_of_key
from nas.workers import Workers
from search_spaces import AnyGenotype, AnyWiring, Genotype

REDUCTION = 3
N_RUNGS = 3


@dataclass(frozen=True, eq=False)
class Candidate:
    """A child that is to be trained.

    Attributes:
        key: Its genotype's key.
        genotype: What it is.
        parents: Keys of what it came from.
        wiring: Its wiring.
        features: Structural features, float64 (n_features,).
    """

    key: str
    genotype: AnyGenotype
    parents: tuple[str, ...]
    wiring: AnyWiring
    features: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standing:
    """How far a candidate in training has come."""

    state: TrainingState | None = None
    scores: tuple[tuple[float, ...], ...] = ()
    seconds: float = 0.0
    failure: str | None = None


@dataclass(frozen=True)
class Course:
    """What every candidate of a run goes through.

    Attributes:
        recipe: How to train.
        n_seeds: Sets of weights a candidate.
        run_seed: Seed of the run.
        scored_columns: First and last + 1 column of the validation rows.
        folds: Where each set of weights is trained and scored on rows of its own; empty if all have the same.
    """

    recipe: Recipe
    n_seeds: int
    run_seed: int
    scored_columns: tuple[int, int]
    folds: tuple[Fold, ...] = ()

    @property
    def rung_steps(self) -> tuple[int, ...]:
        """Steps at which candidates are scored; the last is the whole training."""
        return rung_steps(self.recipe.total_steps)

    def job(self, candidate: Candidate, state: TrainingState | None) -> Job:
        """The candidate as the workers take it."""
        return Job(
            key=candidate.key,
            wiring=candidate.wiring,
            activation=activation_of(candidate.genotype),
            hyperparameters=hyperparameters_of(candidate.genotype),
            weight_seeds=weight_seeds(self.run_seed, candidate.key, self.n_seeds),
            state=state,
        )


def activation_of(genotype: AnyGenotype) -> str | None:
    """The activation of hidden neurons; None for a recurrent network, whose cells are part of its wiring."""
    return genotype.activation if isinstance(genotype, Genotype) else None


def hyperparameters_of(genotype: AnyGenotype) -> Hyperparameters:
    """What the genotype says of its training."""
    return Hyperparameters(genotype.learning_rate, genotype.dropout, genotype.label_smoothing)


def rung_steps(total_steps: int) -> tuple[int, ...]:
    """A ninth, a third, and the whole of a training."""
    return tuple(math.ceil(total_steps / REDUCTION**k) for k in reversed(range(N_RUNGS)))


def weight_seeds(run_seed: int, key: str, n_seeds: int) -> tuple[tuple[int, ...], ...]:
    """Seed words for each set of initial weights of a candidate."""
    words = words_of_key(key)
    return tuple(tuple(seed_words(run_seed, Stream.WEIGHTS, *words, k)) for k in range(n_seeds))


def train_generation(
    candidates: Sequence[Candidate],
    course: Course,
    workers: Workers,
    known: Mapping[str, Outcome],
    standings: dict[str, Standing],
    deadline: float | None,
    on_outcome: Callable[[Candidate, Outcome], None],
    on_wait: Callable[[], None],
    earlier: Sequence[Outcome] = (),
) -> bool:
    """Train a generation to its end, or as far as the time goes.

    What happens to a candidate depends on the candidates of the generation alone, not on the number of workers, nor on
    interruptions: outcomes already known and standings already reached are taken as they are.

    Args:
        candidates: The generation.
        course: What it goes through.
        workers: Where it is trained.
        known: Outcomes by key, of an earlier attempt at this generation; not announced again.
        standings: By key how far candidates have come; kept up to date, so that an interrupted generation goes on.
        deadline: Time of ``time.monotonic`` at which to stop; None for no limit.
        on_outcome: Told each outcome, in the order of ``candidates`` within a rung.
        on_wait: Called several times a second.
        earlier: Outcomes of earlier generations.

    Returns:
        Whether every candidate has its outcome.
    """
    alive = [c for c in candidates if c.key not in known or known[c.key].scores]
    for rung, until_step in enumerate(course.rung_steps):
        leg = Leg(course.recipe, until_step, course.scored_columns, deadline, course.folds)
        failed = _advance(alive, rung, leg, course, workers, known, standings, on_wait)
        if any(len(_scores(c, known, standings)) <= rung for c in alive if c.key not in failed):
            return False  # failures too wait to be told, so that an interruption does not change their order
        for candidate in alive:
            if candidate.key in failed and candidate.key not in known:
                standing = standings.pop(candidate.key)
                reason, n_weights = failed[candidate.key], candidate.wiring.n_weights
                on_outcome(candidate, Outcome(Ending.FAILED, n_weights, standing.scores, standing.seconds, reason))
        alive = [c for c in alive if c.key not in failed]
        scores = {c.key: _scores(c, known, standings) for c in alive}
        order = _best_first(alive, scores, rung, earlier)
        is_last = rung == len(course.rung_steps) - 1
        n_kept = 0 if is_last else math.ceil(len(candidates) / REDUCTION ** (rung + 1))
        kept = {alive[place].key for place in order[:n_kept]}
        for candidate in alive:
            if candidate.key in kept or candidate.key in known:
                continue
            standing = standings.pop(candidate.key)
            ending = Ending.COMPLETE if is_last else Ending.STOPPED
            reason = "" if is_last else f"not among the best {len(kept)} of {len(alive)} at rung {rung + 1}"
            on_outcome(
                candidate,
                Outcome(ending, candidate.wiring.n_weights, standing.scores, standing.seconds, reason),
            )
        alive = [c for c in alive if c.key in kept]
    return True


def _best_first(
    alive: Sequence[Candidate],
    scores: Mapping[str, tuple[tuple[float, ...], ...]],
    rung: int,
    earlier: Sequence[Outcome],
) -> list[int]:
    """Places of the living from best to worst at a rung, ranked together with the front of earlier generations."""
    reached = [outcome for outcome in earlier if len(outcome.scores) > rung]
    places = pareto_front([outcome.rung_scores[rung] for outcome in reached], [o.n_weights for o in reached])
    rivals = [reached[place] for place in places]
    means = [math.fsum(scores[c.key][rung]) / len(scores[c.key][rung]) for c in alive]
    order = pareto_order(
        means + [rival.rung_scores[rung] for rival in rivals],
        [c.wiring.n_weights for c in alive] + [rival.n_weights for rival in rivals],
        [c.key for c in alive] + [f"rival {number}" for number in range(len(rivals))],
    )
    return [place for place in order if place < len(alive)]


def _advance(
    alive: Sequence[Candidate],
    rung: int,
    leg: Leg,
    course: Course,
    workers: Workers,
    known: Mapping[str, Outcome],
    standings: dict[str, Standing],
    on_wait: Callable[[], None],
) -> dict[str, str]:
    """Bring the living to a rung; give the reasons of those that failed."""
    failed = {c.key: known[c.key].reason for c in alive if _failed_before(c, rung, known)}
    jobs = []
    for candidate in alive:
        if candidate.key in failed or len(_scores(candidate, known, standings)) > rung:
            continue
        standing = standings.setdefault(candidate.key, Standing())
        if standing.failure is not None:
            failed[candidate.key] = standing.failure
            continue
        jobs.append(course.job(candidate, standing.state))
    for result in workers.train(jobs, leg, on_wait) if jobs else ():
        before = standings[result.key]
        seconds = before.seconds + result.seconds
        if result.failure is not None:
            failed[result.key] = result.failure
            standings[result.key] = replace(before, seconds=seconds, failure=result.failure)
            continue
        scores = (*before.scores, result.scores) if result.scores else before.scores
        standings[result.key] = Standing(result.state, scores, seconds)
    return failed


def _failed_before(candidate: Candidate, rung: int, known: Mapping[str, Outcome]) -> bool:
    outcome = known.get(candidate.key)
    return outcome is not None and outcome.ending is Ending.FAILED and len(outcome.scores) == rung


def _scores(
    candidate: Candidate, known: Mapping[str, Outcome], standings: Mapping[str, Standing]
) -> tuple[tuple[float, ...], ...]:
    if candidate.key in known:
        return known[candidate.key].scores
    return standings[candidate.key].scores if candidate.key in standings else ()
