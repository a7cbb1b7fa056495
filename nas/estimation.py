"""What candidates are expected to score: their validation scores with less of the luck in them.

The candidate of the highest validation score is in part the luckiest, the more so the fewer validation rows there are.
Candidates that are alike in size, structure and training tell how lucky it was: a Gaussian process over the features
takes the scores of all of them together, and its noise is the luck. In 14 searches of 30 s on five data sets, among the
16 candidates of which it expects most, Kendall's tau with the test score after full trainings is .44 for what it
expects and .27 for the validation score itself (tests/benchmarks/RESULTS.md, "Scores without luck").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from threadpoolctl import threadpool_limits

from nas.recorder import Trial
from nas.seeding import Stream, seed_words
from nas.status import comparable_trials, in_order, score_of
from predictors import REGRESSORS
from predictors.score_scale import ScoreScale

REGRESSOR = "gaussian-process"
FEWEST = 10
"""Complete candidates that are needed for an estimate."""
MOST_LEARNED = 500
"""The process learns from the last so many candidates, so that the time of a generation is bounded."""

Estimates = Mapping[str, float]
"""Expected validation scores by key."""


def estimated_scores(history: Iterable[Trial], run_seed: int) -> Estimates:
    """The score that is expected of each trial whose score may be compared; nothing if they are few.

    Args:
        history: All trials.
        run_seed: Seed of the run.
    """
    comparable = comparable_trials(in_order(history))
    if len(comparable) < FEWEST:
        return {}
    features = np.array([trial.features for trial in comparable], np.float64)
    scores = np.array([score_of(trial) for trial in comparable])
    learned = slice(-MOST_LEARNED, None)
    scale = ScoreScale.of(scores[learned])
    seed = int(np.random.default_rng(seed_words(run_seed, Stream.ESTIMATES)).integers(2**31))
    with threadpool_limits(1):  # sums in another order would differ in the last bit, and choices with them
        regressor = REGRESSORS[REGRESSOR](seed).fit(features[learned], scale.stretch(scores[learned]))
        expected = scale.unstretch(regressor.predict(features).mean)
    return {trial.key: float(score) for trial, score in zip(comparable, expected, strict=True)}
