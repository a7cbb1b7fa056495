"""What is expected of a candidate at its first rung: its score there, and what structure and genes add to that.

Structure decides before a candidate is trained, evidence after its first rung. On 1,000 networks of MNIST, Kendall's
tau with the final score is .879 for the score at the first rung, and .902 for what a Gaussian process makes of that
score and the features after 150 networks (.922 after 400); among the best third .740, .740 and .802.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.generation import N_RUNGS, Candidate, Expected, is_pruned_further
from nas.outcome import Ending
from nas.recorder import Trial
from predictors import final_score_estimates
from predictors.regressors import REGRESSORS
from predictors.regressors.protocol import Regressor
from predictors.run_skill import taus_without_each
from predictors.score_scale import ScoreScale

RUNG = 0
REGRESSOR = "gaussian-process"
OFTEN, RARELY = 1.5, 3.0
"""Factors by which the number of candidates grows from one judgement to the next.

The second is for candidates that train so fast that a judgement takes the time of several trainings."""
N_FOLDS = 5
MOST_LEARNED = 300
"""Of more candidates the last are learned from, so that the time of a generation is bounded."""


def nothing_expected(rung: int, candidates: Sequence[Candidate], scores: Sequence[float]) -> None:
    """Candidates are ranked by their scores."""


class EarlyEvidence:
    """Learns to tell from the first rung how candidates will end.

    It is used while it ranks complete candidates that it has not learned from better than their scores at the first
    rung do. It learns from those that were stopped, too, with estimates of their final scores: without them, a bad
    score at the first rung would be unlike all that it knows. What is kept between calls only saves time.
    """

    def __init__(self, fewest: int, seed: int, growth: float = OFTEN) -> None:
        """Begin without candidates.

        Args:
            fewest: How many to learn from at least.
            seed: Of the regressor.
            growth: Factor by which the number of candidates grows from one judgement to the next.
        """
        self._fewest = fewest
        self._seed = seed
        self._growth = growth
        self._fitted: tuple[int, Expected] | None = None

    def expected(self, before: Sequence[Trial]) -> Expected:
        """What is to be expected of the candidates of a generation, by the trials of earlier ones."""
        # What is pruned further has the scores of what it began with at its first rungs.
        labelled = [
            t
            for t in before
            if t.outcome is not None and t.outcome.ending is not Ending.FAILED and not is_pruned_further(t.genotype)
        ]
        n_judged = n_when_judged(len(labelled), self._fewest, self._growth)
        if not n_judged:
            return nothing_expected
        if self._fitted is None or self._fitted[0] != n_judged:
            self._fitted = n_judged, self._fit(labelled[:n_judged][-MOST_LEARNED:])
        return self._fitted[1]

    def _fit(self, learned: Sequence[Trial]) -> Expected:
        outcomes = [trial.outcome for trial in learned if trial.outcome is not None]
        early = np.array([outcome.rung_scores[RUNG] for outcome in outcomes])
        finals = final_score_estimates([outcome.rung_scores for outcome in outcomes], N_RUNGS)
        is_complete = np.array([outcome.ending is Ending.COMPLETE for outcome in outcomes])
        early_scale, scale = ScoreScale.of(early), ScoreScale.of(finals)
        features = np.array([trial.features for trial in learned], np.float64)
        rows, labels = np.column_stack([features, early_scale.stretch(early)]), scale.stretch(finals)
        if not is_better(rows, labels, is_complete, self._seed):
            return nothing_expected
        regressor = _regressor(self._seed).fit(rows, labels)

        def expected(rung: int, candidates: Sequence[Candidate], scores: Sequence[float]) -> NDArray[np.float64] | None:
            if rung != RUNG:
                return None
            reached = early_scale.stretch(np.array(scores))
            unseen = np.column_stack([np.array([candidate.features for candidate in candidates]), reached])
            return scale.unstretch(regressor.predict(unseen).mean)

        return expected


def n_when_judged(n_candidates: int, fewest: int, growth: float = OFTEN) -> int:
    """How many of so many candidates there were when they were last learned from; 0 for never."""
    n_judged = 0
    while (following := max(fewest, int(np.ceil(growth * n_judged)))) <= n_candidates:
        n_judged = following
    return n_judged


def is_better(
    rows: NDArray[np.float64], labels: NDArray[np.float64], is_complete: NDArray[np.bool_], seed: int
) -> bool:
    """Whether what is learned of rows ranks complete candidates better than their last column, by cross-validated tau.

    Args:
        rows: (n, n_features), the last column the score at the first rung.
        labels: (n,).
        is_complete: (n,), which labels are those of complete candidates.
        seed: Of the regressor and the folds.
    """
    fold_of = np.random.default_rng(seed).permutation(len(rows)) % N_FOLDS
    told = np.empty(len(rows))
    for fold in range(N_FOLDS):
        held_out = fold_of == fold
        told[held_out] = _regressor(seed).fit(rows[~held_out], labels[~held_out]).predict(rows[held_out]).mean
    labels = labels[is_complete]
    learned, plain = (taus_without_each(by[is_complete], labels)[0] for by in (told, rows[:, -1]))
    return learned > plain


def _regressor(seed: int) -> Regressor:
    return REGRESSORS[REGRESSOR](seed)
