"""Skill: how well a regressor ranks and scores networks that it has not seen, alone and against another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.trust.cross_validation import CrossValidated
from predictors.trust.estimate import Estimate
from predictors.trust.resampling import Counts, resampled_r_squared, resampled_ranks, resampled_regret


@dataclass(frozen=True)
class Skill:
    """Scores of out-of-fold predictions, or the difference of those of two regressors on the same folds.

    Tau, Spearman and regret are those inside each fold, averaged over folds; R2 is that of all folds together. Ranks
    must not be compared across folds: where the held-out networks are better than most, those that were learned from
    are worse, so that whoever expects their mean would rank against the truth.

    Source of that: Parker, Gunter and Bedo, "Stratification bias in low signal microarray studies" (2007).

    Attributes:
        tau: Kendall's tau-b, in [-1, 1].
        spearman: Spearman's rank correlation, in [-1, 1].
        r2: Share of the variance that is explained, at most 1.
        regret: What is lost by training only the predicted best twentieth of a fold, in the unit of the scores.
    """

    tau: Estimate
    spearman: Estimate
    r2: Estimate
    regret: Estimate

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Skill:
        """From `repeated_scores`, or from the difference of two of them.

        Errors of a difference are paired: both are judged on the same resamples of the networks.
        """
        return cls(*(estimate(score) for score in scores))


def repeated_scores(truth: NDArray[np.float64], model: CrossValidated, counts: Counts) -> NDArray[np.float64]:
    """Tau, Spearman, R2 and regret as `Skill` has them, in each repeat.

    Args:
        truth: True scores, shape (n,).
        model: Predictions.
        counts: Resamples of the networks, shape (n_resamples, n).

    Returns:
        Shape (4, 1 + n_resamples, n_repeats); the first resample is the networks as they are.
    """
    weights = np.concatenate([np.ones((1, len(truth))), counts])
    repeats = []
    for predicted, folds in zip(model.predicted, model.folds, strict=True):
        by_fold = []
        for part in _parts(folds):
            table = truth[part], predicted[part], weights[:, part]
            by_fold.append([*resampled_ranks(*table), resampled_regret(*table)])
        tau, spearman, regret = _fold_average(np.array(by_fold), folds, weights)
        repeats.append([tau, spearman, resampled_r_squared(truth, predicted, weights), regret])
    return np.moveaxis(np.array(repeats), 0, 2)


def repeated_tau(truth: NDArray[np.float64], model: CrossValidated, counts: Counts) -> NDArray[np.float64]:
    """Only tau, shape (1 + n_resamples, n_repeats). Arguments as for `repeated_scores`."""
    weights = np.concatenate([np.ones((1, len(truth))), counts])
    repeats = []
    for predicted, folds in zip(model.predicted, model.folds, strict=True):
        by_fold = [resampled_ranks(truth[p], predicted[p], weights[:, p])[:1] for p in _parts(folds)]
        repeats.append(_fold_average(np.array(by_fold), folds, weights)[0])
    return np.stack(repeats, axis=1)


def estimate(scores: NDArray[np.float64]) -> Estimate:
    """From a score on each resample in each repeat, shape (1 + n_resamples, n_repeats), see `repeated_scores`."""
    return Estimate.of(scores[0], scores[1:].mean(axis=1))


def _parts(folds: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]


def _fold_average(by_fold: NDArray[np.float64], folds: NDArray[np.int64], weights: Counts) -> NDArray[np.float64]:
    """Average over folds; a fold weighs as much as there are others to compare one of its networks with.

    Args:
        by_fold: Shape (n_folds, n_scores, n_resamples).
        folds: Fold of each network, shape (n,).
        weights: Shape (n_resamples, n).

    Returns:
        Shape (n_scores, n_resamples); 0 where no fold holds two networks.
    """
    sizes = np.stack([weights[:, part].sum(axis=1) for part in _parts(folds)])  # (n_folds, n_resamples)
    others = np.maximum(sizes - 1.0, 0.0)
    total = others.sum(axis=0)
    average: NDArray[np.float64] = np.einsum("fsb,fb->sb", by_fold, others) / np.where(total > 0, total, 1.0)
    return average
