"""The noise ceiling: how well the best of all predictors could do, told from networks that were trained repeatedly.

There are two, because R2 and Kendall's tau see different noise. R2 is of the scores as they are, in which a few bad
networks that differ by much count most. Tau counts pairs: where most networks are nearly equal, noise decides most
pairs, however large the share of the variance that the few bad ones explain. So the ceiling of tau is of normal scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from predictors.trust.estimate import Estimate
from predictors.trust.resampling import N_RESAMPLES, Counts, draw_resamples, resampled_ranks

LEAST_NETWORKS = 5


@dataclass(frozen=True)
class Ceiling:
    """What the noise of training leaves to be predicted.

    Attributes:
        n_networks: Networks that were trained at least twice.
        n_trainings: Trainings of one of them, the harmonic mean.
        between: Variance of the scores between networks, without noise, 0 or more.
        within: Variance of the scores between trainings of one network, 0 or more.
        reliability: between / (between + within / n_trainings), in [0, 1]: the highest R2 that predictions of the
            mean score can reach.
        noise_ratio: Variance of normal scores within networks, in variances between them; infinite for pure noise.
        highest_tau: The tau of the networks' expected scores against the mean of their trainings, in [0, 1].
        one_against_others: Tau of one training against the mean of the network's others.
        one_against_one: Tau of one training against another.
    """

    n_networks: int
    n_trainings: float
    between: float
    within: float
    reliability: Estimate
    noise_ratio: float
    highest_tau: Estimate
    one_against_others: Estimate
    one_against_one: Estimate


def noise_ceiling(repeats: NDArray[np.float64], seed: int, n_resamples: int = N_RESAMPLES) -> Ceiling | None:
    """The ceiling that repeated trainings show.

    Errors are those of having only these networks, by resampling them.

    Args:
        repeats: Score of each training, shape (n, n_seeds); NaN where there was none.
        seed: Of the resamples, 0 or more.
        n_resamples: At least 2.

    Returns:
        None where fewer than five networks were trained twice.
    """
    repeats = repeats[np.isfinite(repeats).sum(axis=1) >= 2]
    if len(repeats) < LEAST_NETWORKS:
        return None
    counts = draw_resamples(len(repeats), seed, n_resamples=n_resamples)
    between, within = variance_components(repeats)
    resampled = [_reliability(np.repeat(repeats, row, axis=0)) for row in counts.astype(np.int64)]
    reliability = Estimate.of(np.array([_reliability(repeats)]), np.array(resampled))
    singles = list(repeats.T)
    against_others = _mean_tau([(one, _mean_of_others(repeats, a)) for a, one in enumerate(singles)], counts)
    n_trainings = _harmonic_mean(repeats)
    ratio, highest = highest_tau(against_others, n_trainings)
    return Ceiling(
        len(repeats),
        n_trainings,
        between,
        within,
        reliability,
        ratio,
        highest,
        against_others,
        _mean_tau(list(combinations(singles, 2)), counts),
    )


def highest_tau(one_against_others: Estimate, n_trainings: float) -> tuple[float, Estimate]:
    """The ratio of the variance components of normal scores, and the tau that perfect predictions would reach.

    On normal scores let a network have the variance 1 and a training the noise r. The means of a and of b trainings are
    then correlated by 1 / sqrt((1 + r / a) (1 + r / b)), which `tau_of_normal` turns into tau. So the tau of one
    training with the mean of the others tells r, and r tells the tau of the noiseless score with the mean of all.
    It is Spearman's correction for attenuation (1904) on the scale of ranks.

    The components come from the order of the trainings, not from their squares: a sum of squares of normal scores
    weighs the noise of the worst and best as much as that of the many, and is .01 to .03 in tau too low where bad
    networks are noisier. Simulated with noise that depends on the score, in six ways, this was within .015.

    Args:
        one_against_others: Tau of one training with the mean of the network's others, and its error.
        n_trainings: Trainings of a network, 2 or more.

    Returns:
        r, 0 or more, infinite where tau is not above 0; and the tau, in [0, 1], with the error that follows from that
        of the argument.
    """
    others = n_trainings - 1.0

    def at(tau: float) -> tuple[float, float]:
        if tau <= 0.0:
            return math.inf, 0.0
        # (1 + r) (1 + r / others) = 1 / correlation^2, a quadratic equation with one root that is not negative.
        product = 1.0 / math.sin(math.pi / 2.0 * min(tau, 1.0)) ** 2
        ratio = (math.sqrt((others - 1.0) ** 2 + 4.0 * others * product) - others - 1.0) / 2.0
        return ratio, tau_of_normal(1.0 / math.sqrt(1.0 + max(ratio, 0.0) / n_trainings))

    tau, error = one_against_others.value, one_against_others.error
    ratio, highest = at(tau)
    return ratio, Estimate(highest, abs(at(tau + error)[1] - at(tau - error)[1]) / 2.0)


def variance_components(repeats: NDArray[np.float64]) -> tuple[float, float]:
    """Variance between networks and within them, by analysis of variance; a negative variance counts as 0.

    Where each network has all trainings, what makes all networks better in one column, such as an easier fold, is no
    noise: two ways, networks and columns, without interaction. Else one way, with unequal numbers.

    Source: Searle, Casella and McCulloch, "Variance components" (1992), sections 3.6 and 4.3.

    Args:
        repeats: Shape (n, n_seeds), n at least 2; in each row at least one score, in one of them two; others NaN.

    Returns:
        Both 0 or more, in the squared unit of the scores.
    """
    counts = np.isfinite(repeats).sum(axis=1)  # (n,)
    total, n = counts.sum(), len(repeats)
    means = np.nansum(repeats, axis=1) / counts
    is_whole = bool(counts.min() == repeats.shape[1])
    offsets = repeats.mean(axis=0) - repeats.mean() if is_whole else 0.0  # (n_seeds,)
    n_free = (n - 1) * (repeats.shape[1] - 1) if is_whole else total - n
    within = float(np.nansum((repeats - means[:, None] - offsets) ** 2) / n_free)
    grand_mean = float(counts @ means / total)
    mean_square = float(counts @ (means - grand_mean) ** 2 / (n - 1))
    typical = (total - (counts**2).sum() / total) / (n - 1)  # trainings of a network, as the mean square weighs them
    return max(float((mean_square - within) / typical), 0.0), within


def tau_of_normal(correlation: float) -> float:
    """Kendall's tau of two normal variables of this correlation. Source: Kendall, "Rank correlation methods" (1948)."""
    return 2 / math.pi * math.asin(correlation)


def _reliability(repeats: NDArray[np.float64]) -> float:
    between, within = variance_components(repeats)
    return between / (between + within / _harmonic_mean(repeats)) if between > 0 else 0.0


def _harmonic_mean(repeats: NDArray[np.float64]) -> float:
    return float(1 / np.mean(1 / np.isfinite(repeats).sum(axis=1)))


def _mean_of_others(repeats: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Mean score of each network's other trainings, shape (n,); NaN where there is none."""
    others = np.delete(repeats, column, axis=1)
    counts = np.isfinite(others).sum(axis=1)
    return np.where(counts > 0, np.nansum(others, axis=1) / np.maximum(counts, 1), np.nan)


def _mean_tau(pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]], counts: Counts) -> Estimate:
    """Tau of two scores of the networks, averaged over such pairs; of networks that have both.

    Args:
        pairs: Scores, shape (n,) each, NaN where there is none.
        counts: Resamples of the networks, shape (n_resamples, n).
    """
    weights = np.concatenate([np.ones((1, counts.shape[1])), counts])
    taus = []
    for first, second in pairs:
        both = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
        if len(both) >= LEAST_NETWORKS:
            taus.append(resampled_ranks(first[both], second[both], weights[:, both])[0])
    mean = np.mean(taus, axis=0) if taus else np.zeros(len(weights))
    return Estimate.of(mean[:1], mean[1:])
