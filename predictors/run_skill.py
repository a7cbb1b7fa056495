"""Whether a predictor ranks a run's own outcomes better than size alone does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.prediction import Prediction
from predictors.regressors.folds import draw_folds, out_of_fold

MOST_ROWS = 200
"""Of more outcomes the last count: they are most like what comes next, and the time is bounded."""
FEWEST_RECORDED = 20
"""Predictions made before training count as evidence from so many on."""

Rows = NDArray[np.float64]
Values = NDArray[np.float64]
FitPredict = Callable[[Rows, Values, Rows], Prediction]
"""Learns from rows, shape (n, n_features), and their targets, and predicts unseen rows. Deterministic."""


@dataclass(frozen=True)
class Comparison:
    """Kendall's tau-b of predictions with outcomes, beside that of size alone on the same outcomes.

    Attributes:
        tau: Of the predictor, in [-1, 1].
        tau_size: Of size alone.
        standard_error: Of the difference of the two, over the outcomes.
        n_outcomes: How many there are.
    """

    tau: float
    tau_size: float
    standard_error: float
    n_outcomes: int

    @property
    def difference(self) -> float:
        """How much the predictor ranks better than size alone."""
        return self.tau - self.tau_size


@dataclass(frozen=True)
class RunSkill:
    """What is known of a predictor's skill on a run's own outcomes, and what follows from it.

    Attributes:
        unseen: On outcomes that the predictor had not learned from: cross-validated, or of others' making.
        recorded: Of predictions that were on record before their candidates were trained; None if there are few.
        margin: By how many standard errors size alone must be beaten.
    """

    unseen: Comparison
    recorded: Comparison | None = None
    margin: float = 1.0

    @property
    def is_trusted(self) -> bool:
        """Whether it beats size alone by more than the margin, and what it said in advance does not contradict it.

        The predictions on record contradict it if they did worse than size alone by more than the margin.
        """
        beats = self.unseen.difference > self.margin * self.unseen.standard_error
        return beats and not self._is_contradicted

    @property
    def reason(self) -> str:
        """One phrase that says why it is trusted or not, with the numbers."""
        if self._is_contradicted:
            assert self.recorded is not None
            return f"what was predicted before training did worse than size alone: {_numbers(self.recorded)}"
        verb = "beats" if self.is_trusted else "does not beat"
        return f"the predictor {verb} size alone by more than its standard error: {_numbers(self.unseen)}"

    @property
    def _is_contradicted(self) -> bool:
        return self.recorded is not None and self.recorded.difference < -abs(self.margin) * self.recorded.standard_error


def assess_skill(
    rows: Rows,
    targets: Values,
    size_columns: NDArray[np.int64],
    fit_predict: FitPredict,
    seed: int,
    recorded: Values | None = None,
    margin: float = 1.0,
    n_repeats: int = 1,
) -> RunSkill:
    """Compare a predictor with size alone, by repeated cross-validation and by what it said in advance.

    Size alone is the same regressor on the columns that only say how large a network is, or the first of these
    columns as it is, if that ranks better: a predictor must beat both.

    Cross-validation on a run's own outcomes flatters a predictor that has selected them: children of one parent may
    be in different folds, and what was chosen for its features varies less in them. Predictions on record are free
    of the former, and of the latter as far as only candidates are given that were not chosen by them; those that were
    trained instead of being skipped vary less in what is predicted, though. Size alone is cross-validated even there,
    so that it knows outcomes that came later. Both are handicaps for the predictor.

    Args:
        rows: Features of the trained in the order of time, shape (n, n_features), n >= 2.
        targets: Their outcomes, shape (n,). Only their order matters, but for the regressor.
        size_columns: Places of the size features, at least one, the plainest first.
        fit_predict: The regressor that the gate uses.
        seed: Of the folds.
        recorded: What was predicted of each before it was trained, NaN where nothing was, or it was chosen by
            that, shape (n,).
        margin: See `RunSkill`.
        n_repeats: Cross-validations; their taus are averaged.

    Returns:
        The same skill for the same arguments.
    """
    recorded = np.full(len(rows), np.nan) if recorded is None else recorded
    rows, targets, recorded = rows[-MOST_ROWS:], targets[-MOST_ROWS:], recorded[-MOST_ROWS:]
    folds = [draw_folds(len(rows), seed + repeat) for repeat in range(n_repeats)]
    predicted = np.array([predict_out_of_fold(rows, targets, fit_predict, fold) for fold in folds])  # (n_repeats, n)
    by_size = size_baselines(rows[:, size_columns], targets, fit_predict, folds)
    return _skill(predicted, by_size, targets, recorded, margin)


def assess_foreign(
    predicted: Values,
    rows: Rows,
    targets: Values,
    size_columns: NDArray[np.int64],
    fit_predict: FitPredict,
    seed: int,
    recorded: Values | None = None,
    margin: float = 1.0,
) -> RunSkill:
    """Compare predictions of a predictor that never saw these outcomes with size alone, cross-validated on them.

    Args:
        predicted: Shape (n,).
        rows, targets, size_columns, fit_predict, seed, recorded, margin: As for `assess_skill`.
    """
    recorded = np.full(len(rows), np.nan) if recorded is None else recorded
    predicted, rows, targets, recorded = (of[-MOST_ROWS:] for of in (predicted, rows, targets, recorded))
    by_size = size_baselines(rows[:, size_columns], targets, fit_predict, [draw_folds(len(rows), seed)])
    return _skill(predicted[None], by_size, targets, recorded, margin)


def _skill(predicted: Values, by_size: list[Values], targets: Values, recorded: Values, margin: float) -> RunSkill:
    """From predictions of outcomes that were not learned from, and those on record, NaN where there is none."""
    of = np.isfinite(recorded)
    on_record = None
    if of.sum() >= FEWEST_RECORDED:
        on_record = compare(recorded[None, of], [baseline[:, of] for baseline in by_size], targets[of])
    return RunSkill(compare(predicted, by_size, targets), on_record, margin)


def compare(predicted: Values, by_size: list[Values], targets: Values) -> Comparison:
    """Tau of predictions and of the best of several baselines, with the jackknife error of their difference.

    The jackknife (Efron and Stein 1981) leaves out one outcome after the other and keeps the predictions: what another
    sample of outcomes to learn from would change is not in the error.

    Args:
        predicted: One or several predictions of each outcome, shape (n_repeats, n).
        by_size: Baselines likewise.
        targets: Shape (n,).
    """
    tau, without = _mean_tau(predicted, targets)
    tau_size, without_size = max((_mean_tau(baseline, targets) for baseline in by_size), key=lambda pair: pair[0])
    n = len(targets)
    differences = without - without_size
    error = float(np.sqrt((n - 1) / n * np.sum((differences - differences.mean()) ** 2)))
    return Comparison(tau, tau_size, error, n)


def size_baselines(
    sizes: Rows, targets: Values, fit_predict: FitPredict, folds: list[NDArray[np.int64]]
) -> list[Values]:
    """Predictions from sizes alone: the regressor's, cross-validated, and the first size as it is, either way up.

    Returns:
        Three predictions of each outcome, of shape (n_folds, n), (1, n) and (1, n).
    """
    learned = np.array([predict_out_of_fold(sizes, targets, fit_predict, fold) for fold in folds])
    return [learned, sizes[None, :, 0], -sizes[None, :, 0]]


def predict_out_of_fold(rows: Rows, targets: Values, fit_predict: FitPredict, folds: NDArray[np.int64]) -> Values:
    """What is expected of each row from the rows of the other folds, shape (n,)."""

    def predict_unseen(learned: NDArray[np.int64], unseen: NDArray[np.int64]) -> Values:
        return fit_predict(rows[learned], targets[learned], rows[unseen]).mean

    return out_of_fold(predict_unseen, folds)


def taus_without_each(predicted: Values, targets: Values) -> tuple[float, Values]:
    """Kendall's tau-b, and what it is without each of the pairs; 0 where one side is all ties.

    Args:
        predicted, targets: Shape (n,).

    Returns:
        Tau, and shape (n,). Takes memory for n^2 signs.
    """
    signs = np.sign(predicted[:, None] - predicted).astype(np.int8)  # (n, n)
    target_signs = np.sign(targets[:, None] - targets).astype(np.int8)
    products = [signs * target_signs, np.abs(signs), np.abs(target_signs)]
    agreement, untied, target_untied = (product.sum(axis=1, dtype=np.int64) for product in products)

    def tau(agreement: NDArray[np.int64], untied: NDArray[np.int64], target_untied: NDArray[np.int64]) -> Values:
        norm = np.sqrt(untied.astype(np.float64) * target_untied)
        return np.divide(agreement, norm, out=np.zeros(norm.shape), where=norm > 0)

    of_all = [np.array([part.sum()]) for part in (agreement, untied, target_untied)]
    without = [part.sum() - 2 * part for part in (agreement, untied, target_untied)]
    return float(tau(*of_all)[0]), tau(*without)


def _mean_tau(predicted: Values, targets: Values) -> tuple[float, Values]:
    pairs = [taus_without_each(repeat, targets) for repeat in predicted]
    return float(np.mean([tau for tau, _ in pairs])), np.mean([without for _, without in pairs], axis=0)


def _numbers(comparison: Comparison) -> str:
    return (
        f"tau {comparison.tau:.2f} against {comparison.tau_size:.2f}, "
        f"standard error {comparison.standard_error:.2f}, on {comparison.n_outcomes} outcomes"
    )
