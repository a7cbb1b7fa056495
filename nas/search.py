"""The search: propose, train, record, learn, until the time or the trials are used up."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.budget import Clock, Plan
from nas.checkpoint import load_checkpoint, load_standings, save_checkpoint, save_standings
from nas.config import RunConfig
from nas.description import Described, Probe, describer
from nas.evolution import Child, Evolution, Member
from nas.generation import Candidate, Course, Standing, train_generation
from nas.outcome import Ending, Outcome
from nas.proposal import Proposal, Proposer
from nas.recorder import Recorder, Trial
from nas.rundir import RunDirectory
from nas.status import Status, best_of, count
from nas.workers import Workers
from predictors import Decision
from predictors.warm_start import WarmStart
from search_spaces import SearchSpace

RECORDED_SKIPS_SHARE = 0.25  # of a generation's trained; the rest of the skipped is in skipped.csv only
SKIPPED_HEADER = "generation,key,n_weights,prediction,spread,threshold,reason,kind\n"


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
        self._proposer = Proposer(self.config.predictor, self.config.search.seed, self.warm_start)

    def why_closed(self) -> str | None:
        """Why the gate is closed at the end; None if it is open."""
        return self._proposer.why_closed(self.recorder.history)

    def run(self) -> bool:
        """Search until the end; give False if interrupted, with everything kept to go on from."""
        evolution = Evolution(self.space, self.plan.population, self.config.search.seed)
        self._restore(evolution)
        standings = load_standings(self.directory.standings, evolution.generation)
        while (n_children := self._n_children(evolution.generation)) > 0:
            proposals = self._propose(evolution, n_children)
            if not proposals:
                return True  # the space is exhausted
            trained = [proposal for proposal in proposals if proposal.decision.train]
            is_finished, members = self._train(trained, evolution.generation, standings)
            self.recorder.flush()
            if not is_finished and self.is_interrupted():
                self._save(evolution, standings)
                return False
            self._list_skipped(proposals, evolution.generation)
            if not is_finished:
                self._record_unfinished(trained, evolution.generation, standings)
                break
            evolution.tell(members)
            standings = {}
            self._save(evolution)
        self.recorder.flush()
        self._save(evolution)
        return not self.is_interrupted()

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

    def _n_children(self, generation: int) -> int:
        """How many candidates the next generation trains; 0 when the search is over."""
        if self.is_interrupted():
            return 0
        deadline = self._deadline_s()
        if deadline is not None and self.clock.used_s() >= deadline:
            return 0
        if self.config.search.trials is None:
            return self.plan.population
        n_before = sum(t.outcome is not None and t.generation < generation for t in self.recorder.history)
        return min(self.plan.population, self.config.search.trials - n_before)

    def _deadline_s(self) -> float | None:
        """Used seconds at which the search must end."""
        if self.clock.budget_s is None:
            return None
        return self.clock.budget_s - self.finale_s(self.recorder.history)

    def _propose(self, evolution: Evolution, n_children: int) -> list[Proposal]:
        def describe(children: Sequence[Child]) -> list[Described]:
            return self.workers.map(describer(self.space, self.probe), [child.genotype for child in children])

        proposals = self._proposer.propose(evolution, self.recorder.history, n_children, describe)
        skipped = [p for p in proposals if not p.decision.train]
        skipped.sort(key=lambda p: (_shortfall(p.decision), p.candidate.key))
        for proposal in skipped[: round(RECORDED_SKIPS_SHARE * n_children)]:
            self._record(proposal, evolution.generation, None)
        return proposals

    def _train(
        self, proposals: Sequence[Proposal], generation: int, standings: dict[str, Standing]
    ) -> tuple[bool, list[Member]]:
        proposal_of = {proposal.candidate.key: proposal for proposal in proposals}
        known = {
            trial.key: trial.outcome
            for trial in self.recorder.history
            if trial.generation == generation and trial.outcome is not None
        }
        outcomes = dict(known)

        def on_outcome(candidate: Candidate, outcome: Outcome) -> None:
            outcomes[candidate.key] = outcome
            self._record(proposal_of[candidate.key], generation, outcome)

        is_finished = train_generation(
            [proposal.candidate for proposal in proposals],
            self.course,
            self.workers,
            known,
            standings,
            self.clock.moment(self.finale_s(self.recorder.history)),
            on_outcome,
            lambda: self.show(self.status()),
            [t.outcome for t in self.recorder.history if t.outcome is not None and t.generation < generation],
        )
        members = [
            Member(
                genotype=proposal_of[key].candidate.genotype,
                score=outcome.score if outcome.scores else 0.0,
                n_weights=outcome.n_weights,
                n_rungs=0 if outcome.ending is Ending.FAILED else len(outcome.scores),
            )
            for key, outcome in outcomes.items()
        ]
        return is_finished, members

    def _record_unfinished(
        self, proposals: Sequence[Proposal], generation: int, standings: dict[str, Standing]
    ) -> None:
        """Record those that failed, or that the end of the budget stopped after a rung; of others there is nothing."""
        for proposal in proposals:
            standing = standings.get(proposal.candidate.key)
            if standing is None or (standing.failure is None and not standing.scores):
                continue
            ending = Ending.CUT_OFF if standing.failure is None else Ending.FAILED
            reason = standing.failure or f"the budget ended after rung {len(standing.scores)}"
            n_weights = proposal.candidate.wiring.n_weights
            self._record(proposal, generation, Outcome(ending, n_weights, standing.scores, standing.seconds, reason))

    def _record(self, proposal: Proposal, generation: int, outcome: Outcome | None) -> Trial:
        candidate = proposal.candidate
        return self.recorder.add(
            genotype=candidate.genotype,
            key=candidate.key,
            generation=generation,
            parents=candidate.parents,
            n_weights=candidate.wiring.n_weights,
            n_parameters=candidate.wiring.n_parameters,
            density=candidate.wiring.density,
            features=candidate.features.tolist(),
            decision=proposal.decision,
            outcome=outcome,
        )

    def _list_skipped(self, proposals: Sequence[Proposal], generation: int) -> None:
        skipped = [proposal for proposal in proposals if not proposal.decision.train]
        with open(self.directory.skipped, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for proposal in skipped:
                candidate, decision = proposal.candidate, proposal.decision
                numbers = (decision.prediction, decision.spread, decision.threshold)
                about = (generation, candidate.key, candidate.wiring.n_weights)
                writer.writerow([*about, *numbers, decision.reason, decision.kind])
        self.n_skipped += len(skipped)

    def _save(self, evolution: Evolution, standings: Mapping[str, Standing] | None = None) -> None:
        """Keep the state at the start of a generation, and how far its candidates have come if it is under way."""
        state: dict[str, Any] = {
            "evolution": evolution.to_dict(),
            "used_s": self.clock.used_s(),
            "n_skipped": self.n_skipped,
            "skipped_bytes": self.directory.skipped.stat().st_size,
        }
        save_checkpoint(self.directory.checkpoint, state)
        if standings is None:
            self.directory.standings.unlink(missing_ok=True)
        else:
            save_standings(self.directory.standings, evolution.generation, standings)

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


def _shortfall(decision: Decision) -> float:
    if decision.prediction is None or decision.threshold is None:
        return 0.0
    return decision.threshold - decision.prediction
