"""Which kinds of sparse training did best in a run, at equal size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nas.generation import is_pruned_further
from nas.recorder import Trial
from nas.results.findings import MethodRow
from nas.status import comparable_trials, score_of
from search_spaces import Genotype
from search_spaces.sparse_training import METHODS

FEWEST = 5  # trained to the end, of each, to be compared
LEAST_SHORTFALL = 1e-4


FURTHER = "pruned further"
KINDS = (*METHODS, FURTHER)


def method_of(trial: Trial) -> str:
    """How training treats the edges of a trial's network, one of `KINDS`."""
    if is_pruned_further(trial.genotype):
        return FURTHER
    return trial.genotype.sparse_training.method if isinstance(trial.genotype, Genotype) else "static"


def method_rows(history: Sequence[Trial], front: Sequence[Trial]) -> list[MethodRow]:
    """A row for each method that has a network trained to the end, in the order of `KINDS`.

    Errors are what scores lack of 1. Their logarithms are compared after a quadratic in the logarithm of the number of
    weights, fitted to all, so that sizes do not matter.

    Args:
        history: All trials.
        front: Those on the front.
    """
    trials = comparable_trials(history)
    methods = np.array([method_of(trial) for trial in trials])
    present = [method for method in KINDS if method in methods]
    counts = {method: int((methods == method).sum()) for method in present}
    rest = _at_equal_size(trials)
    drawn = rest[methods == "static"] if len(rest) else rest
    rows = []
    for method in present:
        ratio = error = None
        if method != "static" and min(counts[method], counts.get("static", 0)) >= FEWEST:
            own = rest[methods == method]
            difference = float(own.mean() - drawn.mean())
            spread = math.sqrt(own.var(ddof=1) / len(own) + drawn.var(ddof=1) / len(drawn))
            ratio, error = math.exp(difference), math.exp(difference) * spread
        rows.append(MethodRow(method, counts[method], sum(method_of(trial) == method for trial in front), ratio, error))
    return rows


def _at_equal_size(trials: Sequence[Trial]) -> np.ndarray:
    """Logarithms of errors less what the size lets expect, float64 (n_trials,)."""
    if not trials:
        return np.empty(0)
    sizes = np.log2([trial.n_weights for trial in trials])
    errors = np.log([max(1.0 - score_of(trial), LEAST_SHORTFALL) for trial in trials])
    powers = np.stack([np.ones_like(sizes), sizes, sizes**2], axis=1)
    fitted, *_ = np.linalg.lstsq(powers, errors, rcond=None)
    return np.asarray(errors - powers @ fitted)
