"""Train the candidates of one generation together, and stop the worst at each rung.

Rungs are those of successive halving (Jamieson & Talwalkar 2016): after a ninth of the training a third goes on, and
after a third of it a half of those. The worst are the last by `ranking.selection_order`, so that a small network of
modest score lives as long as a large one of high score. Candidates compete with the best of earlier generations at the
same rung too, not only with one another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState
from nas.jobs import Fold, Job, Result
from nas.outcome import Ending, Outcome
from nas.ranking import best_of_doublings, selection_order
from nas.seeding import Stream, seed_words, words_of_key
from search_spaces import AnyGenotype, AnyWiring, Genotype, first_key, weights_left
from search_spaces.sparse_training import STATIC

RUNG_SHARES = (1 / 9, 1 / 3, 1.0)
"""Shares of a whole training at which candidates are scored."""
REDUCTIONS = (3, 2)
"""By how much a generation shrinks after each rung but the last."""
N_RUNGS = len(RUNG_SHARES)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A child that is to be trained.

    Attributes:
        key: Its key; see `search_spaces.phenotype_key`.
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

    @property
    def n_weights(self) -> int:
        """Weights of its network after training."""
        return weights_left(self.genotype, self.wiring)

    @property
    def is_pruned_further(self) -> bool:
        """Whether prunings follow its training, so that it begins where its parent has ended."""
        return is_pruned_further(self.genotype)

    @property
    def n_parameters(self) -> int:
        """The same and its biases, which training leaves."""
        return self.wiring.n_parameters - self.wiring.n_weights + self.n_weights

    @property
    def density(self) -> float:
        """Share of the admissible edges that are left after training, in (0, 1]."""
        return self.wiring.density * self.n_weights / self.wiring.n_weights


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
            weight_seeds=weight_seeds(self.run_seed, first_key(candidate.genotype, candidate.wiring), self.n_seeds),
            state=state,
        )


def activation_of(genotype: AnyGenotype) -> str | None:
    """The activation of hidden neurons; None for a recurrent network, whose cells are part of its wiring."""
    return genotype.activation if isinstance(genotype, Genotype) else None


def hyperparameters_of(genotype: AnyGenotype) -> Hyperparameters:
    """What the genotype says of its training."""
    own = genotype.sparse_training if isinstance(genotype, Genotype) else STATIC
    return Hyperparameters(genotype.learning_rate, genotype.dropout, genotype.label_smoothing, own)


def is_pruned_further(genotype: AnyGenotype) -> bool:
    """Whether prunings follow its training."""
    return isinstance(genotype, Genotype) and bool(genotype.sparse_training.further)


def rung_steps(total_steps: int) -> tuple[int, ...]:
    """A ninth, a third, and the whole of a training."""
    return tuple(math.ceil(total_steps * share - 1e-9) for share in RUNG_SHARES)


def weight_seeds(run_seed: int, key: str, n_seeds: int) -> tuple[tuple[int, ...], ...]:
    """Seed words for each set of initial weights of a candidate."""
    words = words_of_key(key)
    return tuple(tuple(seed_words(run_seed, Stream.WEIGHTS, *words, k)) for k in range(n_seeds))


Expected = Callable[[int, Sequence[Candidate], Sequence[float]], NDArray[np.float64] | None]
"""From a rung, candidates and their mean scores there to the final scores that are expected of them, float64
(n_candidates,); None where nothing better is known than the scores themselves."""


@dataclass(frozen=True, eq=False)
class Heat:
    """Jobs of a generation that are to be trained to the same rung.

    Attributes:
        jobs: What is to be trained, at least one.
        until_step: Step to stop before.
        take: To be told each result when it comes.
    """

    jobs: Sequence[Job]
    until_step: int
    take: Callable[[Result], None]


def train_generation(
    candidates: Sequence[Candidate],
    course: Course,
    known: Mapping[str, Outcome],
    standings: dict[str, Standing],
    on_outcome: Callable[[Candidate, Outcome], None],
    earlier: Sequence[Outcome] = (),
    expected: Expected = lambda rung, candidates, scores: None,
    earlier_pruned: Sequence[Outcome] = (),
    finished: dict[str, TrainingState] | None = None,
) -> Generator[Heat, None, bool]:
    """Train a generation to its end, or as far as the time goes, one heat after the other.

    To be resumed when all results of a heat have been told. What happens to a candidate depends on the candidates of
    the generation alone, not on the number of workers, nor on interruptions: outcomes already known and standings
    already reached are taken as they are.

    Args:
        candidates: The generation.
        course: What it goes through.
        known: Outcomes by key, of an earlier attempt at this generation; not announced again.
        standings: By key how far candidates have come; kept up to date, so that an interrupted generation goes on.
        on_outcome: Told each outcome, in the order of ``candidates`` within a rung.
        earlier: Outcomes of earlier generations.
        expected: What is expected of candidates at a rung.
        earlier_pruned: Outcomes of earlier candidates that were pruned further, which have no scores of their own at
            early rungs.
        finished: Gets the states of those that are trained to the end, by key.

    Returns:
        Whether every candidate has its outcome.
    """
    # No rung stops a candidate that is pruned further: its standing holds its parent's scores at the early rungs.
    alive = [c for c in candidates if c.key not in known or known[c.key].scores]
    n_kept = sum(not c.is_pruned_further for c in candidates)
    for rung, until_step in enumerate(course.rung_steps):
        failed = {c.key: known[c.key].reason for c in alive if _failed_before(c, rung, known)}
        jobs = _jobs(alive, rung, course, known, standings, failed)
        if jobs:
            yield Heat(jobs, until_step, partial(_take, standings, failed))
        if any(len(_scores(c, known, standings)) <= rung for c in alive if c.key not in failed):
            return False  # failures too wait to be told, so that an interruption does not change their order
        for candidate in alive:
            if candidate.key in failed and candidate.key not in known:
                standing = standings.pop(candidate.key)
                reason, n_weights = failed[candidate.key], candidate.n_weights
                on_outcome(candidate, Outcome(Ending.FAILED, n_weights, standing.scores, standing.seconds, reason))
        alive = [c for c in alive if c.key not in failed]
        scores = {c.key: _scores(c, known, standings) for c in alive}
        at_rung = [c for c in alive if not c.is_pruned_further]
        order = _best_first(at_rung, scores, rung, earlier, earlier_pruned, expected)
        is_last = rung == len(course.rung_steps) - 1
        n_kept = 0 if is_last else math.ceil(n_kept / REDUCTIONS[rung])
        kept = {at_rung[place].key for place in order[:n_kept]}
        if not is_last:
            kept |= {c.key for c in alive if c.is_pruned_further}
        for candidate in alive:
            if candidate.key in kept or candidate.key in known:
                continue
            standing = standings.pop(candidate.key)
            if is_last and finished is not None and standing.state is not None:
                finished[candidate.key] = standing.state
            ending = Ending.COMPLETE if is_last else Ending.STOPPED
            reason = "" if is_last else f"not among the best {n_kept} of {len(at_rung)} at rung {rung + 1}"
            on_outcome(
                candidate,
                Outcome(ending, candidate.n_weights, standing.scores, standing.seconds, reason),
            )
        alive = [c for c in alive if c.key in kept]
    return True


def _best_first(
    alive: Sequence[Candidate],
    scores: Mapping[str, tuple[tuple[float, ...], ...]],
    rung: int,
    earlier: Sequence[Outcome],
    earlier_pruned: Sequence[Outcome],
    expected: Expected,
) -> list[int]:
    """Places of the living from best to worst at a rung, ranked together with the best of each size of earlier ones.

    They are ranked by the final scores that are expected of them, and their rivals by the final scores that they
    have; where nothing is expected, all by their scores at the rung.
    """
    means = [math.fsum(scores[c.key][rung]) / len(scores[c.key][rung]) for c in alive]
    finals = expected(rung, alive, means) if alive else None
    compared = rung if finals is None else N_RUNGS - 1
    rivals_there = earlier if compared < N_RUNGS - 1 else [*earlier, *earlier_pruned]
    reached = [outcome for outcome in rivals_there if len(outcome.scores) > compared]
    places = best_of_doublings([o.rung_scores[compared] for o in reached], [o.n_weights for o in reached])
    rivals = [reached[place] for place in places]
    order = selection_order(
        (means if finals is None else finals.tolist()) + [rival.rung_scores[compared] for rival in rivals],
        [c.n_weights for c in alive] + [rival.n_weights for rival in rivals],
        [c.key for c in alive] + [f"rival {number}" for number in range(len(rivals))],
    )
    return [place for place in order if place < len(alive)]


def _jobs(
    alive: Sequence[Candidate],
    rung: int,
    course: Course,
    known: Mapping[str, Outcome],
    standings: dict[str, Standing],
    failed: dict[str, str],
) -> list[Job]:
    """What brings the living to a rung; those that failed on the way before are added to the failed."""
    jobs = []
    for candidate in alive:
        if candidate.key in failed or len(_scores(candidate, known, standings)) > rung:
            continue
        standing = standings.setdefault(candidate.key, Standing())
        if standing.failure is not None:
            failed[candidate.key] = standing.failure
            continue
        jobs.append(course.job(candidate, standing.state))
    return jobs


def _take(standings: dict[str, Standing], failed: dict[str, str], result: Result) -> None:
    """Keep what a result says."""
    before = standings[result.key]
    seconds = before.seconds + result.seconds
    if result.failure is not None:
        failed[result.key] = result.failure
        standings[result.key] = replace(before, seconds=seconds, failure=result.failure)
        return
    scores = (*before.scores, result.scores) if result.scores else before.scores
    standings[result.key] = Standing(result.state, scores, seconds)


def _failed_before(candidate: Candidate, rung: int, known: Mapping[str, Outcome]) -> bool:
    outcome = known.get(candidate.key)
    return outcome is not None and outcome.ending is Ending.FAILED and len(outcome.scores) == rung


def _scores(
    candidate: Candidate, known: Mapping[str, Outcome], standings: Mapping[str, Standing]
) -> tuple[tuple[float, ...], ...]:
    if candidate.key in known:
        return known[candidate.key].scores
    return standings[candidate.key].scores if candidate.key in standings else ()
