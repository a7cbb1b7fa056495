"""The search: propose, train, record, learn, until the time or the trials are used up."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from nas.budget import Clock, Plan
from nas.checkpoint import load_checkpoint, load_standings, save_checkpoint, save_standings
from nas.config import RunConfig
from nas.description import Probe, describe
from nas.engine.state import TrainingState
from nas.estimation import estimated_scores
from nas.evolution import IN_FLIGHT, Evolution, Member, Parents
from nas.generation import Candidate, Course, Heat, Standing, is_pruned_further, train_generation
from nas.jobs import Leg, Result
from nas.outcome import Ending, Outcome
from nas.proposal import Proposal, Proposals, Proposer, settled
from nas.recorder import Recorder, Trial
from nas.rundir import RunDirectory
from nas.seeding import Stream, generator
from nas.status import Status, best_of, count
from nas.workers import Stage, Workers
from predictors import Decision
from predictors.warm_start import WarmStart
from search_spaces import SearchSpace

FIRST_WORD = 2**31 + 1  # sets the seeds of networks as set by hand apart from those of generations
RECORDED_SKIPS_SHARE = 0.25  # of a generation's trained; the rest of the skipped is in skipped.csv only
SKIPPED_HEADER = "generation,key,n_weights,prediction,spread,threshold,reason,kind\n"


@dataclass(eq=False)
class Underway:
    """A generation in training.

    Attributes:
        number: Which, from 0.
        proposals: All children that were looked at.
        outcomes: By key, of those that have one.
        heats: What is still to be trained of it.
        began_s: Used seconds at which it began.
        stage: What the workers train of it now.
        take: To be told the results of that.
        is_finished: Whether every candidate has its outcome, once nothing is left to train.
    """

    number: int
    proposals: Sequence[Proposal]
    outcomes: dict[str, Outcome]
    heats: Generator[Heat, None, bool]
    began_s: float
    stage: Stage | None = None
    take: Callable[[Result], None] = lambda result: None
    is_finished: bool | None = None

    def trained_keys(self) -> list[str]:
        """Keys of the candidates that are trained."""
        return [proposal.candidate.key for proposal in self.proposals if proposal.decision.train]

    def members(self) -> list[Member]:
        """The trained candidates as the evolution takes them, by key."""
        candidates = {proposal.candidate.key: proposal.candidate for proposal in self.proposals}
        return [
            Member(
                key=key,
                genotype=candidates[key].genotype,
                score=outcome.score if outcome.scores else 0.0,
                n_weights=outcome.n_weights,
                n_rungs=0 if outcome.ending is Ending.FAILED else len(outcome.scores),
                parents=candidates[key].parents,
            )
            for key, outcome in sorted(self.outcomes.items())
        ]


@dataclass
class Search:
    """A search under way: what it works with, and what it has reached.

    Attributes:
        directory, config, plan, space, course: What the run is.
        workers, recorder, clock: What it works with.
        finale_s: Estimates the seconds to keep for what follows the search, given the trials so far.
        is_interrupted: Says whether to stop as soon as possible.
        show: Told the status several times a second.
        n_skipped: Children that the gate skipped so far.
        probe: What training-free scores are computed from; None to do without them.
        warm_start: Examples from elsewhere that the predictor may learn from, once the run's own outcomes agree.
    """

    directory: RunDirectory
    config: RunConfig
    plan: Plan
    space: SearchSpace
    course: Course
    workers: Workers
    recorder: Recorder
    clock: Clock
    finale_s: Callable[[Sequence[Trial]], float]
    is_interrupted: Callable[[], bool]
    show: Callable[[Status], None]
    n_skipped: int = 0
    warm_start: WarmStart | None = None
    probe: Probe | None = None

    def __post_init__(self) -> None:
        settings = self.config.predictor.model_copy(update={"pool_factor": self.plan.pool_factor})
        self._proposer = Proposer(settings, self.config.search.seed, self.warm_start)
        self._standings: dict[str, Standing] = {}
        self._finished: dict[str, TrainingState] = {}  # of parents, for children that are pruned further
        self._needed: list[set[str]] = []
        self._durations_s: list[float] = []

    def why_closed(self) -> str | None:
        """Why the gate is closed at the end; None if it is open."""
        return self._proposer.why_closed(self.recorder.history)

    def run(self) -> bool:
        """Search until the end; give False if interrupted, with everything kept to go on from."""
        seed = self.config.search.seed
        first = self.space.plain(generator(seed, Stream.EVOLUTION, FIRST_WORD))
        evolution = Evolution(self.space, self.plan.population, seed, first=first)
        self._restore(evolution)
        self._standings = load_standings(self.directory.standings)
        with ThreadPoolExecutor(1, "proposer") as thread:
            unfinished = self._search(evolution, thread)
        self.recorder.flush()
        if unfinished and self.is_interrupted():
            self._save(evolution, unfinished)
            save_standings(self.directory.standings, self._standings)
            return False
        for generation in unfinished:  # the budget ended before they did
            self._list_skipped(generation)
            self._record_unfinished(generation)
        self.recorder.flush()
        self._save(evolution)
        self.directory.standings.unlink(missing_ok=True)
        return not self.is_interrupted()

    def _search(self, evolution: Evolution, thread: ThreadPoolExecutor) -> list[Underway]:
        """Keep `IN_FLIGHT` generations in training until the end; give those that did not come to theirs.

        The next generation is proposed by a thread meanwhile, so that workers need not wait for it.
        """
        underway: list[Underway] = []
        unfinished: list[Underway] = []
        asked: Future[Proposals] | None = None
        is_over = False
        while True:
            while underway and underway[0].is_finished is not None:
                self._end(underway.pop(0), evolution, unfinished, underway)
            if asked is None and not is_over and len(underway) < IN_FLIGHT:
                n_children = self._n_children(evolution)
                is_over = n_children == 0
                if not is_over:
                    asked = thread.submit(self._propose, evolution, evolution.parents(), n_children)
            if asked is not None and (asked.done() or not underway):
                proposals, asked = asked.result(), None
                is_over = not proposals.all or self.is_interrupted()  # the space may be exhausted
                if not is_over:
                    underway.append(self._begin(evolution, proposals))
                continue
            if not underway:
                return unfinished
            for stage, result in self.workers.collect():
                next(g for g in underway if g.stage is stage).take(result)
            for generation in underway:
                if generation.stage is not None and generation.stage.n_left == 0:
                    self._go_on(generation)
            self.show(self.status())

    def _begin(self, evolution: Evolution, proposals: Proposals) -> Underway:
        """Begin to train a generation."""
        number = evolution.n_begun
        trained = [proposal for proposal in proposals.all if proposal.decision.train]
        evolution.begin(proposal.candidate.key for proposal in trained)
        skipped = [proposal for proposal in proposals.all if not proposal.decision.train]
        skipped.sort(key=lambda p: (_shortfall(p.decision), p.candidate.key))
        for proposal in skipped[: round(RECORDED_SKIPS_SHARE * len(trained))]:
            self._record(proposal, number, None)
        proposal_of = {proposal.candidate.key: proposal for proposal in trained}
        known = {
            trial.key: trial.outcome
            for trial in self.recorder.history
            if trial.generation == number and trial.outcome is not None
        }
        outcomes = dict(known)

        def on_outcome(candidate: Candidate, outcome: Outcome) -> None:
            outcomes[candidate.key] = outcome
            self._record(proposal_of[candidate.key], number, outcome)

        earlier: dict[bool, list[Outcome]] = {False: [], True: []}
        for trial in settled(self.recorder.history, number):
            if trial.outcome is not None:
                earlier[is_pruned_further(trial.genotype)].append(trial.outcome)
        candidates = [proposal.candidate for proposal in trained]
        for key, standing in self._inherited(candidates, known).items():
            self._standings.setdefault(key, standing)
        heats = train_generation(
            candidates,
            self.course,
            known,
            self._standings,
            on_outcome,
            earlier[False],
            proposals.expected,
            earlier[True],
            self._finished,
        )
        generation = Underway(number, proposals.all, outcomes, heats, self.clock.used_s())
        self._go_on(generation)
        return generation

    def _inherited(self, candidates: Sequence[Candidate], known: Mapping[str, Outcome]) -> dict[str, Standing]:
        """Where candidates begin that are pruned further: at the end of their parent, if its weights are still there.

        Without these they are trained from the beginning, with the same result.
        """
        inherited = {}
        for candidate in candidates:
            if candidate.is_pruned_further and candidate.key not in known:
                (parent,) = candidate.parents
                outcome = next(t.outcome for t in self.recorder.history if t.key == parent and t.outcome is not None)
                inherited[candidate.key] = Standing(self._finished.get(parent), outcome.scores[:-1])
        return inherited

    def _go_on(self, generation: Underway) -> None:
        """Begin the next heat of a generation. If there is none, note that the generation has ended."""
        try:
            heat = next(generation.heats)
        except StopIteration as end:
            generation.stage, generation.is_finished = None, bool(end.value)
            return
        deadline = self.clock.moment(self.finale_s(self.recorder.history))
        leg = Leg(self.course.recipe, heat.until_step, self.course.scored_columns, deadline, self.course.folds)
        generation.stage, generation.take = Stage(heat.jobs, leg), heat.take
        self.workers.start(generation.stage, urgency=generation.number)

    def _end(
        self, generation: Underway, evolution: Evolution, unfinished: list[Underway], underway: Sequence[Underway]
    ) -> None:
        """Take in how the oldest generation did, unless the time ended before it."""
        if not generation.is_finished or unfinished:
            unfinished.append(generation)
            return
        self._durations_s.append(self.clock.used_s() - generation.began_s)
        self._list_skipped(generation)
        told = [trial for trial in self.recorder.history if trial.generation <= generation.number]
        evolution.tell(generation.members(), estimated_scores(told, self.config.search.seed))
        # Children that are proposed meanwhile have parents of a population before the kept ones.
        self._needed = [*self._needed, evolution.all_parents()][-IN_FLIGHT - 1 :]
        needed = {key for keys in self._needed for key in keys}.union(*(other.trained_keys() for other in underway))
        for key in self._finished.keys() - needed:
            del self._finished[key]
        self.recorder.flush()
        self._save(evolution, underway)

    def status(self, phase: str = "searching") -> Status:
        """One look at the search."""
        history = self.recorder.history
        counts = count(history, self.n_skipped)
        return Status(
            phase=phase,
            used_s=self.clock.used_s(),
            budget_s=self.clock.budget_s,
            n_trials=counts.trained + counts.stopped + counts.failed,
            trials=self.config.search.trials,
            generation=max((trial.generation for trial in history), default=0),
            counts=counts,
            best=best_of(history),
        )

    def _n_children(self, evolution: Evolution) -> int:
        """How many candidates the next generation trains; 0 when the search is over."""
        if self.is_interrupted():
            return 0
        size = math.ceil(self.plan.population / IN_FLIGHT)
        if self.clock.budget_s is not None:
            left_s = self.clock.budget_s - self.finale_s(self.recorder.history) - self.clock.used_s()
            return size if left_s > _mean(self._durations_s) else 0
        if self.config.search.trials is None:
            return size
        return min(size, self.config.search.trials - evolution.n_seen)

    def _propose(self, evolution: Evolution, parents: Parents, n_children: int) -> Proposals:
        return self._proposer.propose(
            lambda n: evolution.ask(parents, n),
            evolution.n_begun,
            list(self.recorder.history),
            n_children,
            partial(describe, self.probe),
        )

    def _record_unfinished(self, generation: Underway) -> None:
        """Record those that failed, or that the end of the budget stopped after a rung; of others there is nothing."""
        for proposal in generation.proposals:
            standing = self._standings.get(proposal.candidate.key)
            if standing is None or (standing.failure is None and not standing.scores):
                continue
            if proposal.candidate.is_pruned_further and standing.failure is None:
                continue  # it has the scores of what it begins with
            ending = Ending.CUT_OFF if standing.failure is None else Ending.FAILED
            reason = standing.failure or f"the budget ended after rung {len(standing.scores)}"
            n_weights = proposal.candidate.n_weights
            outcome = Outcome(ending, n_weights, standing.scores, standing.seconds, reason)
            self._record(proposal, generation.number, outcome)

    def _record(self, proposal: Proposal, generation: int, outcome: Outcome | None) -> Trial:
        candidate = proposal.candidate
        return self.recorder.add(
            genotype=candidate.genotype,
            key=candidate.key,
            generation=generation,
            parents=candidate.parents,
            n_weights=candidate.n_weights,
            n_drawn=candidate.wiring.n_weights,
            n_parameters=candidate.n_parameters,
            density=candidate.density,
            features=candidate.features.tolist(),
            decision=proposal.decision,
            outcome=outcome,
        )

    def _list_skipped(self, generation: Underway) -> None:
        skipped = [proposal for proposal in generation.proposals if not proposal.decision.train]
        with open(self.directory.skipped, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for proposal in skipped:
                candidate, decision = proposal.candidate, proposal.decision
                numbers = (decision.prediction, decision.spread, decision.threshold)
                about = (generation.number, candidate.key, candidate.n_weights)
                writer.writerow([*about, *numbers, decision.reason, decision.kind])
        self.n_skipped += len(skipped)

    def _save(self, evolution: Evolution, underway: Sequence[Underway] = ()) -> None:
        """Keep the state after the last generation that was told; those under way will be proposed again, alike."""
        state: dict[str, Any] = {
            "evolution": evolution.to_dict(key for generation in underway for key in generation.trained_keys()),
            "used_s": self.clock.used_s(),
            "n_skipped": self.n_skipped,
            "skipped_bytes": self.directory.skipped.stat().st_size,
        }
        save_checkpoint(self.directory.checkpoint, state)

    def _restore(self, evolution: Evolution) -> None:
        state = load_checkpoint(self.directory.checkpoint)
        if state is not None:
            evolution.restore(state["evolution"])
            self.n_skipped = state["n_skipped"]
        if not self.directory.skipped.exists():
            self.directory.skipped.write_text(SKIPPED_HEADER, encoding="utf-8")
        if state is not None:  # a generation that a kill cut off is proposed again
            with open(self.directory.skipped, "r+b") as file:
                file.truncate(state["skipped_bytes"])


def _mean(values: Sequence[float]) -> float:
    """The mean of values, 0 for none."""
    return math.fsum(values) / max(len(values), 1)


def _shortfall(decision: Decision) -> float:
    if decision.prediction is None or decision.threshold is None:
        return 0.0
    return decision.threshold - decision.prediction
