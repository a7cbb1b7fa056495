from __future__ import annotations

from candidates import complete, is_dominated, pareto_ranks, trial
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.outcome import Counts, Ending, Outcome
from nas.recorder import Trial
from nas.status import best_of, comparable_trials, count, front_of, score_of

STOPPED = Outcome(Ending.STOPPED, 5, ((0.9,),), 1.0, "not among the best")
STOPPED_LATER = Outcome(Ending.STOPPED, 5, ((0.4,), (0.5,)), 1.0, "not among the best")
FAILED = Outcome(Ending.FAILED, 5, (), 1.0, "diverged")
FAILED_LATE = Outcome(Ending.FAILED, 5, ((0.8,), (0.95,)), 1.0, "diverged")


def history(*outcomes: Outcome | None) -> list[Trial]:
    return [trial(number, outcome) for number, outcome in enumerate(outcomes)]


def test_candidates_are_counted_by_what_became_of_them() -> None:
    trials = history(complete(9, 0.1, 0.2, 0.3), STOPPED, STOPPED, FAILED, FAILED_LATE, FAILED, None)
    assert count(trials, 17) == Counts(trained=1, stopped=2, skipped=17, failed=3)
    assert count([], 0) == Counts()


def test_only_complete_trials_are_compared_if_there_are_any() -> None:
    trials = history(STOPPED, complete(9, 0.1, 0.2, 0.3), STOPPED_LATER, FAILED_LATE, None)
    assert comparable_trials(trials) == [trials[1]]


def test_without_a_complete_trial_those_that_came_furthest_are_compared() -> None:
    trials = history(STOPPED, STOPPED_LATER, FAILED_LATE, FAILED, None)
    assert comparable_trials(trials) == [trials[1]]
    assert best_of(trials) == trials[1]


def test_without_any_score_there_is_no_front_and_no_best() -> None:
    for trials in ([], history(FAILED, None)):
        assert comparable_trials(trials) == front_of(trials) == []
        assert best_of(trials) is None


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(-8, 8), st.integers(2, 9)), min_size=1, max_size=15))
def test_the_front_is_ascending_and_its_last_is_the_smallest_of_the_best(points: list[tuple[int, int]]) -> None:
    trials = history(*(complete(weights, 0.0, 0.0, score / 8) for score, weights in points), STOPPED, FAILED)
    scores, n_weights = [score / 8 for score, _ in points], [weights for _, weights in points]
    front = front_of(trials)
    assert [t.n_weights for t in front] == sorted({t.n_weights for t in front})
    ranks = pareto_ranks(scores, n_weights)
    assert {(score_of(t), t.n_weights) for t in front} == {
        (scores[p], n_weights[p]) for p in range(len(points)) if ranks[p] == 0
    }
    best = best_of(trials)
    assert best == front[-1]
    assert score_of(best) == max(scores)
    assert best.n_weights == min(w for s, w in zip(scores, n_weights, strict=True) if s == max(scores))
    assert not is_dominated(range(len(points)), best.number, scores, n_weights)
