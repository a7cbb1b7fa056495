from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from candidates import SPACE, complete, sampled, trial

from nas import description
from nas.config import PredictorConfig
from nas.description import Described, describer
from nas.evolution import Child, Evolution, Member
from nas.outcome import Ending, Outcome
from nas.proposal import Proposal, propose
from nas.recorder import Trial
from predictors import FEATURE_NAMES, extract

SETTINGS = PredictorConfig(warm_up=10, pool_factor=3, exploration_share=0.25)


def describe(children: Sequence[Child]) -> list[Described]:
    return [description.describe(SPACE, child.genotype) for child in children]


def evolution(generation: int) -> Evolution:
    evolution = Evolution(SPACE, 6, 0)
    for g in range(generation):
        evolution.tell([Member(sampled(100 * g + n), 0.5 + n / 100, 50 + n, 3) for n in range(6)])
    return evolution


def past(n_trained: int, generation: int = 0) -> list[Trial]:
    """Trials of an earlier generation, trained, failed and skipped."""
    trained = [trial(n, complete(20 + n, 0.3, 0.4, 0.5 + n / 100), generation) for n in range(n_trained)]
    others = [trial(90, Outcome(Ending.FAILED, 9, (), 1.0, "diverged"), generation), trial(91, None, generation)]
    return trained + others


def summary(proposals: Sequence[Proposal]) -> list[tuple[object, ...]]:
    return [(p.candidate.key, p.candidate.parents, p.decision) for p in proposals]


def test_during_the_warm_up_every_child_is_trained_without_a_prediction() -> None:
    proposals = propose(evolution(1), past(9), 8, SETTINGS, 0, describe)
    assert len(proposals) == 8
    assert all(p.decision.train and p.decision.prediction is None for p in proposals)


def test_without_the_predictor_every_child_is_trained() -> None:
    proposals = propose(evolution(1), past(40), 8, replace_settings(enabled=False), 0, describe)
    assert len(proposals) == 8 and all(p.decision.train for p in proposals)


def replace_settings(**changes: object) -> PredictorConfig:
    return PredictorConfig.model_validate({**SETTINGS.model_dump(), **changes})


def test_after_it_more_children_are_looked_at_than_trained_each_with_its_prediction() -> None:
    proposals = propose(evolution(1), past(10), 8, SETTINGS, 0, describe)
    assert len(proposals) == 24
    assert sum(p.decision.train for p in proposals) == 8
    for p in proposals:
        assert p.decision.prediction is not None and np.isfinite(p.decision.prediction)
        assert p.decision.threshold is not None and p.decision.spread is not None
        if not p.decision.train:
            assert p.decision.prediction <= p.decision.threshold and p.decision.reason


def test_candidates_are_the_children_asked_for_with_their_wiring_and_features() -> None:
    children = evolution(1).ask(5)
    proposals = propose(evolution(1), [], 5, SETTINGS, 0, describe)
    proposed = [(p.candidate.genotype, p.candidate.parents) for p in proposals]
    assert proposed == [(child.genotype, child.parents) for child in children]
    for p in proposals:
        wiring = SPACE.wire(p.candidate.genotype)
        assert p.candidate.key == p.candidate.genotype.key()
        np.testing.assert_array_equal(p.candidate.wiring.indices, wiring.indices)
        np.testing.assert_array_equal(p.candidate.features, extract(p.candidate.genotype, wiring))
        assert p.candidate.features.shape == (len(FEATURE_NAMES),)


@pytest.mark.parametrize("n_trained", [5, 20])
def test_what_this_generation_has_recorded_already_changes_nothing(n_trained: int) -> None:
    before = past(n_trained)
    of_now = [replace(t, number=t.number + 100, generation=1) for t in past(30, generation=1)]
    first = propose(evolution(1), before, 6, SETTINGS, 3, describe)
    again = propose(evolution(1), before + of_now, 6, SETTINGS, 3, describe)
    assert summary(first) == summary(again)


def test_the_seed_of_the_run_decides_what_is_drawn() -> None:
    settings = replace_settings(exploration_share=1.0)
    drawn = [
        [p.decision.train for p in propose(evolution(1), past(20), 6, settings, seed, describe)] for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_network_like_the_best_so_far_is_rather_trained_than_one_like_the_worst() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(60):
        is_good = number % 2 == 0
        features = rng.random(len(FEATURE_NAMES)) * 0.1 + is_good
        t = trial(number, complete(50, 0.5, 0.5, 0.9 if is_good else 0.2))
        trials.append(replace(t, features=tuple(features)))
    goods = []

    def half_and_half(children: Sequence[Child]) -> list[Described]:
        goods.extend(child.genotype.key() for child in children[::2])
        rows = [rng.random(len(FEATURE_NAMES)) * 0.1 + (place % 2 == 0) for place in range(len(children))]
        wiring = SPACE.wire(sampled(0))
        return [(wiring, row) for row in rows]

    proposals = propose(evolution(1), trials, 8, replace_settings(exploration_share=0.0), 0, half_and_half)
    trained = {p.candidate.key for p in proposals if p.decision.train}
    assert len(trained) == 8 and trained <= set(goods)


def test_a_described_child_is_a_pure_function_of_the_space() -> None:
    wiring, features = describer(SPACE)(sampled(4))
    again, same_features = description.describe(SPACE, sampled(4))
    np.testing.assert_array_equal(wiring.indices, again.indices)
    np.testing.assert_array_equal(features, same_features)
