"""Baselines that need no training."""

from __future__ import annotations

import numpy as np

from nas.data import AnyDataset
from nas.results.findings import Baseline
from nas.results.held_out import Answered, HeldOut


def trivial_baselines(dataset: AnyDataset, test: HeldOut) -> list[Answered]:
    """Always the commonest class, or the mean, of all rows but the test's; and the rules of a built-in grammar.

    Args:
        dataset: The data set.
        test: The test rows.
    """
    y, n_test = dataset.y, len(test.targets)
    if dataset.task == "classification":
        name, answer = "always the commonest class", float(np.bincount(y.astype(np.int64)).argmax())
    else:
        name, answer = "always the mean", float(y.mean(dtype=np.float64))
    return [
        Answered.judged(Baseline(name), np.full(n_test, answer, np.float32), test),
        *(Answered.judged(Baseline(rule), answers, test) for rule, answers in test.rules),
    ]
