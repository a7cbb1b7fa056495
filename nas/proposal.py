"""Propose the candidates of a generation: children of the evolution that pass the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nas.config import PredictorConfig
from nas.early_evidence import OFTEN, RARELY, EarlyEvidence, nothing_expected
from nas.evolution import IN_FLIGHT, Child
from nas.gate_audit import doubt_of
from nas.generation import N_RUNGS, Candidate, Expected
from nas.outcome import Ending
from nas.ranking import worthwhile_floor
from nas.recorder import Trial
from nas.seeding import Stream, generator, seed_words
from nas.status import front_of, in_order, score_of
from predictors import REGRESSORS, Decision, GateSettings, Prediction, decide, feature_names, final_score_estimates
from predictors.features import recorded_names, size_names
from predictors.gate import AUDIT, EXPLORATION, GATE_OFF
from predictors.run_skill import RunSkill, assess_foreign, assess_skill
from predictors.score_scale import ScoreScale
from predictors.warm_start import WarmStart, adapt_targets
from search_spaces import AnyGenotype, AnyWiring, RecurrentGenotype

UNCHOSEN_KINDS = (GATE_OFF, EXPLORATION, AUDIT)
"""Trainings that the prediction on record did not bring about, so that they are fair evidence of it."""

WARMING_UP = "there are too few outcomes to learn from"
TOO_COSTLY = "candidates are trained so fast that asking for more to skip some would take longer"

GROWTH = 1.5
"""Skill is judged again when there are so many times as many outcomes."""
MOST_LEARNED = 1000
"""Of more outcomes the last are learned from, so that the time of a generation is bounded."""
FEWEST_FOREIGN = 10
"""With as many outcomes it can be told whether examples from elsewhere agree with them."""


_Foreign = tuple[RunSkill, NDArray[np.float64], NDArray[np.float64]]
"""Skill of examples from elsewhere, their rows, and their labels on the run's own scale."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A child with what the gate said of it."""

    candidate: Candidate
    decision: Decision


@dataclass(frozen=True, eq=False)
class Proposals:
    """The children of a generation that are looked at.

    Attributes:
        all: Each with its decision, in the order in which they were proposed.
        expected: What is expected of those that are trained, once they have reached a rung.
    """

    all: Sequence[Proposal]
    expected: Expected


@dataclass(frozen=True, eq=False)
class _Table:
    """What there is to learn from: outcomes in the order of time, with labels as normal scores."""

    scale: ScoreScale
    rows: NDArray[np.float64]  # (n, n_features)
    labels: NDArray[np.float64]  # (n,)
    recorded: NDArray[np.float64]  # (n,), NaN where no fair prediction is on record

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> _Table:
        scores = [trial.outcome.rung_scores for trial in trials if trial.outcome is not None]
        fair = [t.decision.prediction if t.decision.kind in UNCHOSEN_KINDS else None for t in trials]
        labels = final_score_estimates(scores, N_RUNGS)
        scale = ScoreScale.of(labels)
        return cls(
            scale=scale,
            rows=np.array([trial.features for trial in trials], np.float64),
            labels=scale.stretch(labels),
            recorded=np.array([np.nan if prediction is None else prediction for prediction in fair]),
        )


class Proposer:
    """Asks for children and decides which are trained.

    Decisions depend on the history of earlier generations alone, so that a resumed run decides alike; what is kept
    between generations only saves time.
    """

    def __init__(self, settings: PredictorConfig, run_seed: int, warm_start: WarmStart | None = None) -> None:
        """Take how candidates are skipped, the seed of the run, and examples from elsewhere, if any."""
        self._settings = settings
        self._gate = GateSettings(settings.warm_up, settings.exploration_share, settings.audit_share)
        self._run_seed = run_seed
        self._warm_start = warm_start
        growth = RARELY if settings.pool_factor == 1 else OFTEN
        self._early = EarlyEvidence(settings.warm_up, self._seed, growth)
        self._judged: tuple[int, RunSkill] | None = None
        self.skill: RunSkill | None = None
        """What was known of the predictor when the last generation was proposed; None during the warm-up."""
        self.closed: str | None = WARMING_UP
        """Why the gate was closed then; None if it was open."""

    def propose(
        self,
        ask: Callable[[int], Sequence[Child]],
        generation: int,
        history: Sequence[Trial],
        n_children: int,
        features_of: Callable[[AnyGenotype, AnyWiring], NDArray[np.float64]],
    ) -> Proposals:
        """The children that are looked at, each with its decision; while the gate is closed all are trained.

        Args:
            ask: Gives so many children.
            generation: Number of the generation that they form.
            history: All trials so far.
            n_children: How many to train at most.
            features_of: Gives the features of a genotype and its wiring.
        """
        before = settled(history, generation)
        labelled = _labelled(before)
        learned = labelled[-MOST_LEARNED:]
        foreign = self._judge(before)
        candidates = [
            Candidate(child.key, child.genotype, child.parents, child.wiring, features_of(child.genotype, child.wiring))
            for child in ask(n_children if self.closed else n_children * self._settings.pool_factor)
        ]
        table = _Table.of(learned)
        prediction = None
        if self.skill is not None and candidates:
            rows, labels = table.rows, table.labels
            if foreign is not None:
                rows, labels = np.concatenate([rows, foreign[1]]), np.concatenate([labels, foreign[2]])
            unseen = np.array([candidate.features for candidate in candidates])
            prediction = self._fit_predict(rows, labels, unseen)
        front = front_of(before)
        scores = np.array([score_of(trial) for trial in front])
        decisions = decide(
            [candidate.key for candidate in candidates],
            np.array([candidate.n_weights for candidate in candidates], np.int64),
            prediction,
            [(t.n_weights, score) for t, score in zip(front, table.scale.stretch(scores).tolist(), strict=True)],
            n_children,
            generator(self._run_seed, Stream.GATE, generation),
            self._gate,
            closed=None if self.closed == WARMING_UP else self.closed,
            families=[family_of(candidate.genotype) for candidate in candidates],
            n_outcomes=Counter(family_of(trial.genotype) for trial in labelled),
            floor=float(table.scale.stretch(np.array(worthwhile_floor(scores.tolist())))),
            shown=table.scale.unstretch,
        )
        proposals = [Proposal(candidate, decision) for candidate, decision in zip(candidates, decisions, strict=True)]
        return Proposals(proposals, self._early.expected(learned) if self._settings.enabled else nothing_expected)

    def why_closed(self, history: Sequence[Trial]) -> str | None:
        """Why the gate is closed after these trials; None if it is open."""
        self._judge(in_order(history))
        return self.closed

    def _judge(self, before: Sequence[Trial]) -> _Foreign | None:
        """Set `skill` and `closed`, and give the examples from elsewhere, if they are to be learned from."""
        labelled = _labelled(before)
        is_used = self._settings.enabled and self._settings.pool_factor > 1
        foreign = self._foreign_examples(labelled[-MOST_LEARNED:]) if is_used else None
        is_warm = is_used and (len(labelled) >= self._settings.warm_up or foreign is not None)
        self.skill = (self._skill(labelled) if foreign is None else foreign[0]) if is_warm else None
        self.closed = self._reason(before)
        return foreign

    def _reason(self, before: Sequence[Trial]) -> str | None:
        if not self._settings.enabled:
            return "the predictor is turned off"
        if self._settings.pool_factor == 1:
            return TOO_COSTLY
        if self.skill is None:
            return WARMING_UP
        return doubt_of(before) if self.skill.is_trusted else self.skill.reason

    def _skill(self, labelled: Sequence[Trial]) -> RunSkill:
        """Skill on the outcomes that existed when skill was last assessed."""
        judged = outcomes_when_judged(labelled, self._settings.warm_up)
        if self._judged is None or self._judged[0] != len(judged):
            table = _Table.of(judged)
            skill = assess_skill(
                table.rows,
                table.labels,
                _size_columns(judged[0].genotype.space),
                self._fit_predict,
                self._seed,
                table.recorded,
                self._settings.margin,
            )
            self._judged = len(judged), skill
        return self._judged[1]

    def _foreign_examples(self, learned: Sequence[Trial]) -> _Foreign | None:
        """Skill of examples from elsewhere, their rows, and labels on the run's own scale; None if it is not enough."""
        if self._warm_start is None or len(learned) < FEWEST_FOREIGN:
            return None
        table, space = _Table.of(learned), learned[0].genotype.space
        names = recorded_names(space, table.rows.shape[1])
        rows = self._warm_start.rows_for(names)[-MOST_LEARNED:]
        targets = self._warm_start.targets[-MOST_LEARNED:]
        expected = self._fit_predict(rows, targets, table.rows).mean
        columns = _size_columns(space)
        skill = assess_foreign(
            expected,
            table.rows,
            table.labels,
            columns,
            self._fit_predict,
            self._seed,
            table.recorded,
            self._settings.margin,
        )
        return (skill, rows, adapt_targets(targets, expected, table.labels)) if skill.is_trusted else None

    @property
    def _seed(self) -> int:
        words = seed_words(self._run_seed, Stream.PREDICTOR)
        return int(np.random.default_rng(words).integers(2**31))

    def _fit_predict(
        self, rows: NDArray[np.float64], labels: NDArray[np.float64], unseen: NDArray[np.float64]
    ) -> Prediction:
        with threadpool_limits(1):  # sums in another order would differ in the last bit, and decisions with them
            return REGRESSORS[self._settings.regressor](self._seed).fit(rows, labels).predict(unseen)


def settled(history: Iterable[Trial], generation: int) -> list[Trial]:
    """The trials that decisions on a generation may depend on: those of generations that ended before it began."""
    return in_order(trial for trial in history if trial.generation <= generation - IN_FLIGHT)


def _labelled(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.outcome is not None and t.outcome.ending is not Ending.FAILED]


def outcomes_when_judged(labelled: Sequence[Trial], warm_up: int) -> Sequence[Trial]:
    """The trials that existed when skill was last assessed, oldest first.

    That is after the first generation with enough of them, and then after each with `GROWTH` times as many.
    """
    counts = Counter(trial.generation for trial in labelled)
    n_now = n_judged = 0
    for generation in sorted(counts):
        n_now += counts[generation]
        if n_now >= max(warm_up, GROWTH * n_judged):
            n_judged = n_now
    return labelled[:n_judged]


def family_of(genotype: AnyGenotype) -> str:
    """What kind of network it is: the prior of its largest segment, and for recurrent ones cell and reading."""
    prior = max(genotype.segments, key=lambda segment: segment.size).prior
    if isinstance(genotype, RecurrentGenotype):
        return f"{prior} {genotype.cell} {genotype.reading}"
    return prior


def _size_columns(space: str) -> NDArray[np.int64]:
    names = feature_names(space)
    return np.array([names.index(name) for name in size_names(space)], np.int64)
