"""What a run ends with, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from nas.results.significance import Comparison


@dataclass(frozen=True)
class FrontRow:
    """A network of the final front.

    Attributes:
        trial: Number of its trial.
        n_weights: Its weights.
        n_parameters: Its weights and biases.
        density: Share of the weights of a dense network with the same layers.
        validation_score: Mean over folds if it was cross-validated, else that of the search.
        is_confirmed: Whether it was cross-validated.
        epochs: Of its final training; 0 if there was no time for one.
        test_score: Of the network after its final training; None if there is none, or its outputs were not finite.
        test_error: Standard error of the test score.
    """

    trial: int
    n_weights: int
    n_parameters: int
    density: float
    validation_score: float
    is_confirmed: bool
    epochs: float
    test_score: float | None = None
    test_error: float | None = None


@dataclass(frozen=True)
class Baseline:
    """What a run is compared with.

    Attributes:
        name: What it is, and what cut it short.
        test_score: Its score on the test rows; None if time was too short.
        test_error: Standard error of the test score.
        n_weights: Its weights; None where it has none.
        n_parameters: Its weights and biases, likewise.
        seconds: Time of its training, that of choosing its settings included.
    """

    name: str
    test_score: float | None = None
    test_error: float | None = None
    n_weights: int | None = None
    n_parameters: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class BestComparison:
    """The best network beside the baseline of the highest test score, on the same test rows.

    Attributes:
        baseline: Name of the baseline.
        comparison: The best network's test score less that of the baseline.
    """

    baseline: str
    comparison: Comparison


@dataclass(frozen=True)
class FamilyRow:
    """How well a family of test sequences is told apart.

    Attributes:
        family: Its name.
        n: Its test sequences.
        accuracies: Of the best network, "network", and of the trivial rules, by name.
    """

    family: str
    n: int
    accuracies: dict[str, float]


@dataclass(frozen=True)
class MethodRow:
    """How a method of sparse training did in a run.

    Attributes:
        method: Its name.
        n_complete: Networks of it that were trained to the end.
        n_front: Networks of it on the front.
        error_ratio: Errors of its networks over those of drawn wirings of equal size, where there are enough of both.
        ratio_error: Standard error of that.
    """

    method: str
    n_complete: int
    n_front: int
    error_ratio: float | None = None
    ratio_error: float | None = None


@dataclass(frozen=True)
class Findings:
    """What a run ends with, or has so far.

    Attributes:
        front: Networks of the front, from small to large.
        best: Number of the trial of the best network; None without a front.
        baselines: What they are compared with.
        comparison: With the best baseline; None while there is none, or without a tested network.
        families: Accuracies of the best network by family; empty where data have no families.
        methods: How the methods of sparse training did.
        n_folds: Folds of the cross-validation; 0 if there was none.
        missing: What is still to come.
        notes: What could not be done, and why.
    """

    front: list[FrontRow] = field(default_factory=list)
    best: int | None = None
    baselines: list[Baseline] = field(default_factory=list)
    comparison: BestComparison | None = None
    families: list[FamilyRow] = field(default_factory=list)
    methods: list[MethodRow] = field(default_factory=list)
    n_folds: int = 0
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
