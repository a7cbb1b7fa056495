"""How candidates come by their sparse training: drawn, and varied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from search_spaces.genes import log_uniform
from search_spaces.sparse_training import MOST_FURTHER, STATIC, Method, Part, SparseTraining

METHOD_WEIGHTS: dict[Method, float] = {"static": 0.4, "pruned": 0.4, "set": 0.05, "rigl": 0.15}
PART_WEIGHTS: dict[Part, float] = {"all": 0.6, "inputs": 0.3, "hidden": 0.05, "readout": 0.05}
LEAST_FACTOR = 1.5  # by which there are more edges before pruning than after, at least
REPLACED_SHARES = (0.05, 0.5)  # of edges, at the first rewiring
PRUNINGS, REWIRINGS = (15, 80), (4, 40)
ENDS = (0.2, 0.8)  # share of the training by which changes end
USUAL_PRUNINGS, USUAL_END = 40, 0.4
FURTHER_SHARES = (0.4, 0.75)  # of the edges, that a pruning after the training leaves
DRAWS_FOR_MEAN = 200
CHANGE = 0.4  # standard deviation of the logarithm of a factor


def most_pruned(n_inputs: int) -> float:
    """By which factor pruning may reduce the edges, given the number of inputs: its root, at least 2.

    At equal size, letter (16 inputs) gains nothing from more than four times the edges, MNIST from 28 times as many.
    """
    return max(2.0, math.sqrt(n_inputs))


def draw_sparse_training(methods: Sequence[Method], most_factor: float, rng: np.random.Generator) -> SparseTraining:
    """One of the methods, drawn by `METHOD_WEIGHTS`, with its settings.

    Args:
        methods: Those that may be.
        most_factor: By which pruning may reduce the edges.
        rng: Source of randomness.
    """
    weights = np.array([METHOD_WEIGHTS[method] for method in methods])
    method = methods[int(rng.choice(len(methods), p=weights / weights.sum()))]
    if method == "static":
        return STATIC
    parts = list(PART_WEIGHTS)
    part = parts[int(rng.choice(len(parts), p=list(PART_WEIGHTS.values())))]
    shares, counts = _ranges(method, most_factor)
    return SparseTraining(
        method, part, log_uniform(*shares, rng), round(log_uniform(*counts, rng)), float(rng.uniform(*ENDS))
    )


def mean_cost(methods: Sequence[Method], most_factor: float, rng: np.random.Generator) -> float:
    """Weights in the mean over the trainings of candidates, over those that are left, at least 1.

    Args:
        methods, most_factor, rng: As for `draw_sparse_training`.
    """
    drawn = [draw_sparse_training(methods, most_factor, rng) for _ in range(DRAWS_FOR_MEAN)]
    return sum(1.0 + one.mean_excess() * (1.0 / one.kept_share - 1.0) for one in drawn) / len(drawn)


def varied_sparse_training(
    training: SparseTraining, methods: Sequence[Method], most_factor: float, rng: np.random.Generator
) -> SparseTraining:
    """Another of the methods, drawn anew, or the same with one setting changed."""
    if training.is_static or rng.random() < 1 / 3:
        return draw_sparse_training(methods, most_factor, rng)
    shares, counts = _ranges(training.method, most_factor)
    setting = int(rng.integers(4))
    if setting == 0:
        return replace(training, part=draw_sparse_training([training.method], most_factor, rng).part)
    if setting == 1:
        return replace(training, share=_varied(training.share, shares, rng))
    if setting == 2:
        return replace(training, n_changes=round(_varied(training.n_changes, counts, rng)))
    return replace(training, until=_varied(training.until, ENDS, rng))


def pruned_further(training: SparseTraining, rng: np.random.Generator) -> SparseTraining | None:
    """The same with one more pruning after the training; None if there can be no more."""
    if len(training.further) == MOST_FURTHER:
        return None
    return replace(training, further=(*training.further, log_uniform(*FURTHER_SHARES, rng)))


def in_one_training(training: SparseTraining) -> SparseTraining:
    """A gradual pruning in one training that leaves about as much as a training with the prunings that follow it."""
    share = training.kept_share * math.prod(training.further)
    if not training.further:
        return training
    if training.method == "pruned":
        return replace(training.first, share=share)
    return SparseTraining("pruned", "all", share, USUAL_PRUNINGS, USUAL_END)


def _ranges(method: Method, most_factor: float) -> tuple[tuple[float, float], tuple[float, float]]:
    if method == "pruned":
        return (1.0 / most_factor, 1.0 / LEAST_FACTOR), PRUNINGS
    return REPLACED_SHARES, REWIRINGS


def _varied(value: float, ends: tuple[float, float], rng: np.random.Generator) -> float:
    return float(min(max(value * math.exp(CHANGE * rng.standard_normal()), ends[0]), ends[1]))
