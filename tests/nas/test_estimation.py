from __future__ import annotations

import numpy as np
import pytest
from candidates import complete, trial
from scipy.stats import kendalltau

from nas import estimation
from nas.estimation import FEWEST, estimated_scores
from nas.outcome import Ending, Outcome
from nas.recorder import Trial

TRUE, LUCK = 0.02, 0.02  # standard deviations of what networks are worth, and of the luck in a score


def history(n: int, seed: int, luck: float = LUCK) -> tuple[list[Trial], np.ndarray]:
    """Complete trials and what each is worth: a sum of two of their features, the score of which luck is added to."""
    rng = np.random.default_rng(seed)
    of_trial = [trial(1000 * seed + number, None) for number in range(n)]
    features = np.array([one.features for one in of_trial])
    worth = 0.9 + TRUE * np.sqrt(6.0) * (features[:, 0] + features[:, 1] - 1.0)
    scores = worth + luck * rng.standard_normal(n)
    return [
        trial(1000 * seed + number, complete(50, 0.5, 0.6, min(float(score), 1.0)))
        for number, score in enumerate(scores)
    ], worth


@pytest.mark.parametrize("seed", range(3))
def test_estimates_rank_candidates_by_their_worth_better_than_their_scores_do(seed: int) -> None:
    trials, worth = history(120, seed)
    estimates = estimated_scores(trials, 0)
    scores = [one.outcome.score for one in trials if one.outcome is not None]
    of_estimates, of_scores = (kendalltau(by, worth).statistic for by in ([estimates[t.key] for t in trials], scores))
    assert of_estimates > of_scores + 0.05


def test_where_scores_hold_no_luck_estimates_are_near_them() -> None:
    trials, worth = history(120, 1, luck=0.0)
    estimates = estimated_scores(trials, 0)
    assert np.sqrt(np.mean((np.array([estimates[t.key] for t in trials]) - worth) ** 2)) < 0.25 * TRUE


def test_the_same_trials_give_the_same_estimates() -> None:
    trials, _ = history(40, 0)
    assert estimated_scores(trials, 3) == estimated_scores(list(trials), 3)


def test_of_few_candidates_nothing_is_estimated() -> None:
    trials, _ = history(FEWEST, 0)
    assert estimated_scores(trials[:-1], 0) == {}
    assert estimated_scores(trials, 0).keys() == {one.key for one in trials}


def test_only_candidates_that_were_trained_to_the_end_are_estimated_and_learned_from() -> None:
    trials, _ = history(FEWEST, 0)
    failed = trial(901, Outcome(Ending.FAILED, 50, ((0.5,),), 1.0, "diverged"))
    stopped = trial(902, Outcome(Ending.STOPPED, 50, ((0.5,),), 1.0, "not among the best"))
    assert estimated_scores([*trials, failed, trial(903, None), stopped], 0) == estimated_scores(trials, 0)


def test_of_many_candidates_the_last_are_learned_from_and_all_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    trials, _ = history(FEWEST + 5, 0)
    others, _ = history(5, 1)
    monkeypatch.setattr(estimation, "MOST_LEARNED", FEWEST)
    estimates = estimated_scores(trials, 0)
    assert estimates.keys() == {one.key for one in trials}
    among_others = estimated_scores([*others, *trials[5:]], 0)
    assert [among_others[one.key] for one in trials[5:]] == [estimates[one.key] for one in trials[5:]]
