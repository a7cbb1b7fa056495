from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.labels import final_score_estimates

N_RUNGS = 4
finite = st.floats(-1e12, 1e12)
histories = st.lists(st.lists(finite, min_size=1, max_size=N_RUNGS), max_size=12)


@settings(deadline=None)
@given(histories)
def test_labels_are_finite_and_those_of_finalists_are_their_scores(scores: list[list[float]]) -> None:
    labels = final_score_estimates(scores, N_RUNGS)
    assert labels.shape == (len(scores),) and labels.dtype == np.float64
    assert np.isfinite(labels).all()
    for label, reached in zip(labels, scores, strict=True):
        if len(reached) == N_RUNGS:
            assert label == reached[-1]


@settings(deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_labels_follow_their_candidates_whatever_the_order(scores: list[list[float]], random: object) -> None:
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    labels = final_score_estimates(scores, N_RUNGS)
    shuffled = final_score_estimates([scores[i] for i in order], N_RUNGS)
    scale = max((abs(score) for reached in scores for score in reached), default=0.0)
    np.testing.assert_allclose(shuffled, labels[order], rtol=1e-9, atol=1e-9 * scale)


@settings(deadline=None)
@given(
    gains=st.lists(st.floats(-1, 1), min_size=N_RUNGS - 1, max_size=N_RUNGS - 1),
    candidates=st.lists(st.tuples(st.floats(0, 1), st.integers(1, N_RUNGS)), min_size=1, max_size=12),
)
def test_parallel_learning_curves_are_continued_exactly_up_to_the_best_that_was_reached(
    gains: list[float], candidates: list[tuple[float, int]]
) -> None:
    curve = np.concatenate([[0.0], np.cumsum(gains)])
    scores = [(start + curve)[:n_reached].tolist() for start, n_reached in candidates]
    scores.append((0.5 + curve).tolist())  # somebody reaches the last rung
    best = max(reached[-1] for reached in scores if len(reached) == N_RUNGS)
    expected = [
        min(start + curve[-1], max(best, reached[-1]))
        for (start, _), reached in zip(candidates, scores[:-1], strict=True)
    ]
    np.testing.assert_allclose(final_score_estimates(scores, N_RUNGS)[:-1], expected, atol=1e-12)


def test_a_stopped_candidate_gains_the_median_of_what_the_finalists_gained_from_its_rung() -> None:
    scores = [[0.5, 0.6, 0.9], [0.4, 0.6, 0.7], [-9.0, -9.0, 0.8], [0.3], [0.2, 0.5]]
    # From rung 1: median of .4, .3 and 9.8; from rung 2: median of .3, .1 and 9.8.
    assert final_score_estimates(scores, 3) == pytest.approx([0.9, 0.7, 0.8, 0.3 + 0.4, 0.5 + 0.3])


def test_what_small_networks_gain_late_lifts_no_large_one_above_the_best() -> None:
    scores = [[0.60, 0.80], [0.55, 0.75], [0.97, 0.98], [0.96], [0.70]]
    labels = final_score_estimates(scores, 2)
    assert labels == pytest.approx([0.80, 0.75, 0.98, 0.98, 0.90])  # the median gain is .2


def test_without_a_finalist_the_last_scores_are_the_labels() -> None:
    assert final_score_estimates([[0.3], [0.2, 0.5]], 3).tolist() == [0.3, 0.5]


@pytest.mark.parametrize("reached", [[], [0.1, 0.2, 0.3, 0.4], [0.1, float("nan")], [float("-inf")]])
def test_unfit_scores_are_refused_with_their_place(reached: list[float]) -> None:
    with pytest.raises(ValueError, match=r"scores\[1\]"):
        final_score_estimates([[0.5], reached], 3)
