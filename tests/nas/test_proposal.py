from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import count
from typing import Self

import numpy as np
import pytest
from candidates import SPACE, complete, key_of, sampled, trial
from numpy.typing import NDArray

from nas import description
from nas.config import PredictorConfig
from nas.evolution import Child, Evolution, Member
from nas.outcome import Ending, Outcome
from nas.proposal import (
    FEWEST_FOREIGN,
    TOO_COSTLY,
    Proposal,
    Proposer,
    family_of,
    outcomes_when_judged,
)
from nas.recorder import Trial
from predictors import FEATURE_NAMES, REGRESSORS, Decision, Prediction, extract, feature_names
from predictors.features import size_names
from predictors.gate import AUDIT, EXPLORATION, GATE_OFF, PREDICTED, SKIPPED, UNKNOWN_FAMILY, WARM_UP
from predictors.warm_start import WarmStart
from search_spaces import AnyGenotype, AnyWiring, Genotype, RNNSpace

OPEN = -1000.0  # standard errors: a margin that every predictor exceeds
SETTINGS = PredictorConfig(warm_up=10, pool_factor=3, exploration_share=0.25, margin=OPEN)


class Lines:
    """A regressor that is over at once: least squares, drawn to the mean."""

    def __init__(self, seed: int) -> None:
        self._weights = np.empty(0)

    def fit(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> Self:
        self._centre, self._mean = rows.mean(axis=0), targets.mean()
        centred = rows - self._centre
        self._weights = np.linalg.solve(
            centred.T @ centred + 0.1 * np.eye(rows.shape[1]), centred.T @ (targets - self._mean)
        )
        return self

    def predict(self, rows: NDArray[np.float64]) -> Prediction:
        return Prediction((rows - self._centre) @ self._weights + self._mean, np.full(len(rows), 0.1))


@pytest.fixture(autouse=True)
def quick_regressor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGRESSORS, SETTINGS.regressor, Lines)


Features = Callable[[AnyGenotype, AnyWiring], NDArray[np.float64]]
describe = partial(description.describe, None)


def evolution(generation: int) -> Evolution:
    """The evolution when so many generations were told and have begun."""
    evolution = Evolution(SPACE, 6, 0)
    for g in range(generation):
        evolution.begin([])
        evolution.tell([member(sampled(100 * g + n), 0.5 + n / 100, 50 + n) for n in range(6)])
    return evolution


def member(genotype: Genotype, score: float, n_weights: int) -> Member:
    return Member(key_of(genotype), genotype, score, n_weights, 3)


def asked(evolution: Evolution, n: int) -> list[Child]:
    return evolution.ask(evolution.parents(), n)


def past(n_trained: int, generation: int = 0) -> list[Trial]:
    """Trials of an earlier generation, trained, failed and skipped."""
    trained = [trial(n, complete(20 + n, 0.3, 0.4, 0.5 + n / 100), generation) for n in range(n_trained)]
    others = [trial(90, Outcome(Ending.FAILED, 9, (), 1.0, "diverged"), generation), trial(91, None, generation)]
    return trained + others


def proposed(
    proposer: Proposer, evolution: Evolution, history: Sequence[Trial], n_children: int, features: Features = describe
) -> list[Proposal]:
    """What is proposed for the next generation but one after the trials of the last, as a search has it."""
    ask = partial(asked, evolution)
    return list(proposer.propose(ask, evolution.n_begun + 1, history, n_children, features).all)


def summary(proposals: Sequence[Proposal]) -> list[tuple[object, ...]]:
    return [(p.candidate.key, p.candidate.parents, p.decision) for p in proposals]


def propose(
    evolution: Evolution,
    history: Sequence[Trial],
    n_children: int,
    settings: PredictorConfig = SETTINGS,
    seed: int = 0,
    features: Features = describe,
    warm_start: WarmStart | None = None,
) -> list[Proposal]:
    return proposed(Proposer(settings, seed, warm_start), evolution, history, n_children, features)


def replace_settings(**changes: object) -> PredictorConfig:
    return PredictorConfig.model_validate({**SETTINGS.model_dump(), **changes})


@cache
def seeds_of_each_family() -> list[int]:
    """Seeds of three genotypes of each family."""
    seeds: dict[str, list[int]] = defaultdict(list)
    for seed in range(200):
        seeds[family_of(sampled(seed))].append(seed)
    return [seed for family in sorted(seeds) for seed in seeds[family][:3]]


def known(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of a run in which every family has been seen often enough."""
    return [*trials, *(trial(seed, complete(20, 0.3, 0.4, 0.5 + seed / 1000)) for seed in seeds_of_each_family())]


def test_during_the_warm_up_every_child_is_trained_without_a_prediction() -> None:
    proposals = propose(evolution(1), past(9), 8)
    assert len(proposals) == 8
    assert all(p.decision.train and p.decision.prediction is None for p in proposals)
    assert {p.decision.kind for p in proposals} == {WARM_UP}


def test_without_the_predictor_every_child_is_trained() -> None:
    proposals = propose(evolution(1), past(40), 8, replace_settings(enabled=False))
    assert len(proposals) == 8 and all(p.decision.train for p in proposals)
    assert {p.decision.reason for p in proposals} == {"gate off: the predictor is turned off"}


def test_without_skill_all_that_were_asked_for_are_trained_with_predictions_on_record() -> None:
    proposer = Proposer(replace_settings(margin=1000.0), 0)
    proposals = proposed(proposer, evolution(1), past(40), 8)
    children = asked(evolution(1), 8)
    assert [p.candidate.genotype for p in proposals] == [child.genotype for child in children]
    assert all(p.decision.train and p.decision.kind == GATE_OFF for p in proposals)
    assert all(p.decision.prediction is not None and p.decision.spread is not None for p in proposals)
    assert proposer.skill is not None and not proposer.skill.is_trusted
    assert proposals[0].decision.reason == f"gate off: {proposer.skill.reason}"


def test_with_skill_more_children_are_looked_at_than_trained_each_with_its_prediction() -> None:
    proposals = propose(evolution(1), known(past(10)), 8)
    assert len(proposals) == 24
    assert 4 <= sum(p.decision.train for p in proposals) <= 8
    for p in proposals:
        assert p.decision.prediction is not None and np.isfinite(p.decision.prediction)
        assert p.decision.threshold is not None and p.decision.spread is not None
        if not p.decision.train:
            assert p.decision.kind == SKIPPED
            assert p.decision.prediction <= p.decision.threshold and p.decision.reason
    kinds = [p.decision.kind for p in proposals]
    assert kinds.count(EXPLORATION) == 2 and kinds.count(PREDICTED) >= 3


def test_a_gate_whose_choice_is_no_better_than_its_audit_is_closed() -> None:
    good = [decided(400 + n, complete(290, 0.3, 0.4, 0.3), PREDICTED) for n in range(12)]
    others = [decided(430 + n, complete(9, 0.3, 0.4, 0.99), AUDIT) for n in range(12)]
    proposer = Proposer(SETTINGS, 0)
    proposals = proposed(proposer, evolution(1), [*known(past(10)), *good, *others], 8)
    assert len(proposals) == 8 and all(p.decision.train and p.decision.kind == GATE_OFF for p in proposals)
    assert proposer.closed is not None and proposer.closed.startswith("networks that the predictor liked")
    assert proposals[0].decision.reason == f"gate off: {proposer.closed}"
    assert len(proposed(proposer, evolution(1), known(past(10)), 8)) == 24


def decided(seed: int, outcome: Outcome, kind: str) -> Trial:
    """A trial with a prediction on record."""
    return replace(trial(seed, outcome), decision=Decision(True, "", 0.1, 0.1, 0.2, kind, 0.1, 0.1))


def test_why_it_is_closed_at_the_end_is_known_without_a_proposal() -> None:
    assert Proposer(SETTINGS, 0).why_closed(past(40)) is None
    assert Proposer(SETTINGS, 0).why_closed(past(9)) == "there are too few outcomes to learn from"
    assert Proposer(replace_settings(enabled=False), 0).why_closed(past(40)) == "the predictor is turned off"


def test_where_no_more_children_are_asked_for_than_are_trained_nothing_is_predicted() -> None:
    proposer = Proposer(replace_settings(pool_factor=1), 0)
    proposals = proposed(proposer, evolution(1), known(past(40)), 8)
    assert len(proposals) == 8 and all(p.decision.train and p.decision.prediction is None for p in proposals)
    assert proposer.skill is None and proposer.closed == TOO_COSTLY


def test_a_family_that_was_hardly_seen_is_not_predicted() -> None:
    history = known(past(10))
    family = family_of(propose(evolution(1), history, 8)[0].candidate.genotype)
    unseen = [t for t in history if family_of(t.genotype) != family]
    of_family = [p.decision for p in propose(evolution(1), unseen, 8) if family_of(p.candidate.genotype) == family]
    assert of_family and all(decision.prediction is None for decision in of_family)
    assert any(decision.kind == UNKNOWN_FAMILY for decision in of_family)


def test_candidates_are_the_children_asked_for_with_their_wiring_and_features() -> None:
    children = asked(evolution(1), 5)
    proposals = propose(evolution(1), [], 5)
    proposed = [(p.candidate.genotype, p.candidate.parents) for p in proposals]
    assert proposed == [(child.genotype, child.parents) for child in children]
    for p in proposals:
        wiring = SPACE.wire(p.candidate.genotype)
        assert p.candidate.key == key_of(p.candidate.genotype)
        np.testing.assert_array_equal(p.candidate.wiring.indices, wiring.indices)
        np.testing.assert_array_equal(p.candidate.features, extract(p.candidate.genotype, wiring))
        assert p.candidate.features.shape == (len(FEATURE_NAMES),)


@pytest.mark.parametrize("n_trained", [5, 20])
def test_what_this_generation_has_recorded_already_changes_nothing(n_trained: int) -> None:
    before = past(n_trained)
    of_now = [replace(t, number=t.number + 100, generation=1) for t in past(30, generation=1)]
    first = propose(evolution(1), before, 6, seed=3)
    again = propose(evolution(1), before + of_now, 6, seed=3)
    assert summary(first) == summary(again)


def test_a_proposer_that_was_there_before_decides_as_a_new_one() -> None:
    proposer = Proposer(SETTINGS, 0)
    history: list[Trial] = known(past(12))
    for generation in (1, 2, 3):
        old = proposed(proposer, evolution(generation), history, 4)
        assert summary(old) == summary(propose(evolution(generation), history, 4))
        history = history + [replace(t, generation=generation) for t in past(3 * generation)]


def test_the_seed_of_the_run_decides_what_is_drawn() -> None:
    settings = replace_settings(exploration_share=1.0)
    drawn = [[p.decision.train for p in propose(evolution(1), known([]), 6, settings, seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_network_like_the_best_so_far_is_rather_trained_than_one_like_the_worst() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for number, t in enumerate(known([trial(n, complete(50, 0.5)) for n in range(40)])):
        is_good = number % 2 == 0
        features = rng.random(len(FEATURE_NAMES)) * 0.1 + is_good
        score = (0.9 if is_good else 0.2) + number / 1000
        trials.append(replace(t, outcome=complete(50, 0.5, 0.5, score), features=tuple(features)))
    places, wiring = count(), SPACE.wire(sampled(0))  # all of one size, so that the score alone counts

    def half_and_half(genotype: AnyGenotype, wiring: AnyWiring) -> NDArray[np.float64]:
        return rng.random(len(FEATURE_NAMES)) * 0.1 + (next(places) % 2 == 0)

    def alike(n: int) -> list[Child]:
        return [replace(child, wiring=wiring) for child in asked(evolution(1), n)]

    settings = replace_settings(exploration_share=0.0, audit_share=0.0)
    proposals = Proposer(settings, 0).propose(alike, 2, trials, 8, half_and_half).all
    trained = [place for place, p in enumerate(proposals) if p.decision.train]
    assert len(trained) >= 4 and all(place % 2 == 0 for place in trained)


def test_only_predictions_that_did_not_choose_are_evidence() -> None:
    history = known(past(20))
    for n, t in enumerate(history):
        if t.outcome is not None:
            kind = (GATE_OFF, EXPLORATION, AUDIT, PREDICTED)[n % 4]
            history[n] = replace(t, decision=Decision(True, "", n / 100, 0.1, None, kind))
    proposer = Proposer(SETTINGS, 0)
    proposed(proposer, evolution(1), history, 4)
    recorded = [t for t in history if t.outcome is not None and t.outcome.scores and t.decision.kind != PREDICTED]
    assert proposer.skill is not None and proposer.skill.recorded is not None
    assert proposer.skill.recorded.n_outcomes == len(recorded)


def test_skill_is_judged_again_after_half_as_many_more_outcomes() -> None:
    sizes = [8, 4, 2, 3, 1, 4]  # 8, 12, 14, 17, 18, 22
    trials = [t for g, n in enumerate(sizes) for t in past(n, g)[:n]]
    judged = [len(outcomes_when_judged([t for t in trials if t.generation <= g], 10)) for g in range(len(sizes))]
    assert judged == [0, 12, 12, 12, 18, 18]


def warm_start(history: Sequence[Trial], scale: float) -> WarmStart:
    """Examples as another run would have seen them, on a scale of its own."""
    done = [t for t in history if t.outcome is not None and t.outcome.scores]
    scores = np.array([t.outcome.score for t in done if t.outcome is not None])
    return WarmStart(FEATURE_NAMES, np.array([t.features for t in done]), scale * scores)


def test_examples_from_elsewhere_open_the_gate_early_if_the_own_outcomes_agree() -> None:
    settings = replace_settings(warm_up=1000, margin=1.0)
    history = known([])
    agreeing, opposed = warm_start(history, 30.0), warm_start(history, -30.0)
    assert {p.decision.kind for p in propose(evolution(1), history, 8, settings)} == {WARM_UP}
    assert {p.decision.kind for p in propose(evolution(1), history, 8, settings, warm_start=opposed)} == {WARM_UP}

    proposals = propose(evolution(1), history, 8, settings, warm_start=agreeing)
    assert len(proposals) == 24 and PREDICTED in {p.decision.kind for p in proposals}
    # On the scale of the own scores, which is a thirtieth of theirs; a line may go beyond the best.
    assert all(p.decision.prediction is not None and abs(p.decision.prediction) < 5.0 for p in proposals)

    few = propose(evolution(1), history[: FEWEST_FOREIGN - 1], 8, settings, warm_start=agreeing)
    assert {p.decision.kind for p in few} == {WARM_UP}


def test_families_are_priors_and_cells() -> None:
    genotype = sampled(0)
    assert family_of(genotype) == max(genotype.segments, key=lambda segment: segment.size).prior
    recurrent = RNNSpace(n_inputs=5, n_outputs=3, max_weights=600).sample(np.random.default_rng(0))
    assert family_of(recurrent).split()[1:] == [recurrent.cell, recurrent.reading]


@pytest.mark.parametrize("space", ["mlp", "rnn"])
def test_size_alone_begins_with_the_number_of_weights(space: str) -> None:
    assert size_names(space)[0] == "n_weights"
    assert set(size_names(space)) <= set(feature_names(space))
