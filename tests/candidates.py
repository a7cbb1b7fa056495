"""Candidates, trials, and workers that follow a script, for tests of the search without any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from nas.engine.batches import BatchPlan
from nas.engine.recipe import Recipe
from nas.engine.state import TrainingState
from nas.generation import Candidate, Course, Heat
from nas.jobs import Job, Result
from nas.outcome import Ending, Outcome
from nas.recorder import Trial
from predictors import FEATURE_NAMES, Decision
from search_spaces import MLPSpace, phenotype_key
from search_spaces.genotype import Genotype
from search_spaces.sparse_training import STATIC
from search_spaces.wiring import Wiring

SPACE = MLPSpace(n_inputs=6, n_outputs=3, max_weights=300)
TOTAL_STEPS = 90
COURSE = Course(Recipe("classification", BatchPlan(96, 16, (5,)), TOTAL_STEPS), 1, 0, (0, 1))

Scores = tuple[tuple[float, ...], ...]


def sampled(seed: int, n_changes: int = 0) -> Genotype:
    """A genotype of ``SPACE``, mutated and crossed some times."""
    rng = np.random.default_rng(seed)
    genotype = SPACE.sample(rng)
    for change in range(n_changes):
        genotype = SPACE.cross(genotype, SPACE.sample(rng), rng) if change % 3 == 2 else SPACE.mutate(genotype, rng)
    return genotype


def key_of(genotype: Genotype) -> str:
    """The key of a genotype of ``SPACE``."""
    return phenotype_key(genotype, SPACE.wire(genotype))


genotypes = st.builds(sampled, st.integers(0, 2**32), st.integers(0, 9))


def wiring_of(n_weights: int) -> Wiring:
    """The wiring of one hidden neuron that has so many weights, at least 2."""
    sources, targets = np.arange(n_weights), np.zeros(n_weights, np.int64)
    targets[-1] = 1
    return Wiring.from_edges(n_weights - 1, 1, 1, sources, targets)


def candidate(number: int, n_weights: int) -> Candidate:
    """The candidate of a number, of a given size, whose edges stay as they were drawn."""
    genotype, wiring = replace(sampled(number), sparse_training=STATIC), wiring_of(n_weights)
    return Candidate(phenotype_key(genotype, wiring), genotype, (), wiring, np.zeros(len(FEATURE_NAMES)))


def complete(n_weights: int, *scores: float) -> Outcome:
    """The outcome of a candidate with one seed that was trained to the end."""
    return Outcome(Ending.COMPLETE, n_weights, tuple((score,) for score in scores), 1.0)


def trial(
    number: int, outcome: Outcome | None, generation: int = 0, n_weights: int | None = None, density: float = 0.25
) -> Trial:
    """A trial of an outcome; None was skipped."""
    genotype = sampled(number)
    n_weights = n_weights or (outcome.n_weights if outcome is not None else 10)
    features = tuple(float(value) for value in np.random.default_rng(number).random(len(FEATURE_NAMES)))
    decision = Decision(outcome is not None, "drawn")
    return Trial(
        number=number,
        key=key_of(genotype),
        genotype=genotype,
        generation=generation,
        parents=(),
        n_weights=n_weights,
        n_drawn=n_weights,
        n_parameters=n_weights + 10,
        density=density,
        features=features,
        decision=decision,
        outcome=outcome,
    )


def is_dominated(places: Sequence[int], place: int, scores: Sequence[float], n_weights: Sequence[int]) -> bool:
    """Whether one of some places is at least as good in both objectives and better in one."""
    return any(
        scores[p] >= scores[place]
        and n_weights[p] <= n_weights[place]
        and (scores[p] > scores[place] or n_weights[p] < n_weights[place])
        for p in places
    )


def pareto_ranks(scores: Sequence[float], n_weights: Sequence[int]) -> list[int]:
    """Non-dominated sorting by its definition: peel front after front. The unworthy rank behind all fronts."""
    best = max(scores, default=0.0)
    left = [p for p in range(len(scores)) if 1 - scores[p] <= 3 * max(1 - best, 0.02)]
    ranks = [len(scores)] * len(scores)
    rank = 0
    while left:
        front = [p for p in left if not is_dominated(left, p, scores, n_weights)]
        for p in front:
            ranks[p] = rank
        left = [p for p in left if p not in front]
        rank += 1
    return ranks


def selection_ranks(scores: Sequence[float], n_weights: Sequence[int], keys: Sequence[str]) -> list[tuple[int, int]]:
    """Layer and Pareto rank within it, by their definitions. A layer is how many of the same doubling are better."""
    n = len(scores)
    worthy = [p for p in range(n) if pareto_ranks(scores, n_weights)[p] < n]
    merit = [(-scores[p], n_weights[p], keys[p]) for p in range(n)]
    layer = {
        p: sum(merit[q] < merit[p] and n_weights[q].bit_length() == n_weights[p].bit_length() for q in worthy)
        for p in worthy
    }
    ranks = [(n, n)] * n
    for p in worthy:
        alike = [q for q in worthy if layer[q] == layer[p]]
        of_layer = pareto_ranks([scores[q] for q in alike], [n_weights[q] for q in alike])
        ranks[p] = layer[p], of_layer[alike.index(p)]
    return ranks


class ScriptedWorkers:
    """Stands in for the worker processes: candidates get the scores, or the failures, of a script.

    Attributes:
        spans: What was trained: (key, first step, last step) of each result.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[tuple[float, ...] | str]],
        seed: int = 0,
        n_results: int | None = None,
    ) -> None:
        """Take for each key what it reaches at each rung, scores or a failure.

        After ``n_results`` results the workers are interrupted: jobs come back from where they are.
        """
        self._script = script
        self._rng = np.random.default_rng(seed)
        self._n_left = n_results
        self.spans: list[tuple[str, int, int]] = []

    def train(self, heat: Heat) -> None:
        """Train the jobs of a heat in any order, and tell it the results."""
        rung = COURSE.rung_steps.index(heat.until_step)
        for place in self._rng.permutation(len(heat.jobs)):
            job = heat.jobs[place]
            is_interrupted = self._n_left == 0
            heat.take(self._interrupted(job, heat.until_step) if is_interrupted else self._result(job, rung))
            if self._n_left:
                self._n_left -= 1

    def _result(self, job: Job, rung: int) -> Result:
        until_step = COURSE.rung_steps[rung]
        seconds = self._train(job, until_step)
        reached = self._script[job.key][rung]
        if isinstance(reached, str):
            return Result(job.key, None, (), seconds, reached)
        return Result(job.key, state_at(job.key, until_step), reached, seconds)

    def _interrupted(self, job: Job, until_step: int) -> Result:
        begin = job.state.steps_done if job.state else 0
        until = int(self._rng.integers(begin, until_step))
        seconds = self._train(job, until)
        return Result(job.key, state_at(job.key, until), (), seconds)

    def _train(self, job: Job, until: int) -> float:
        begin = job.state.steps_done if job.state else 0
        if job.state is not None:
            np.testing.assert_array_equal(job.state.parameters, state_at(job.key, begin).parameters)
        self.spans.append((job.key, begin, until))
        return float(until - begin)  # a second a step: exact, so that parts add up to the whole


def state_at(key: str, step: int) -> TrainingState:
    """A training state that tells which candidate it is of, and how far."""
    parameters = np.array([[int(key[:6], 16), step]], np.float32)
    return TrainingState(parameters, parameters + 1, parameters + 2, step)
