"""The test rows: read once, when the networks of the front are what they will be, and answered by all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.data import AnyDataset, Dataset
from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences
from nas.inputs import read_test
from nas.results.findings import Baseline, BestComparison
from nas.results.significance import compare, r2, standard_error
from nas.seeding import Stream, generator

Answers = NDArray[np.float32]
"""What is predicted for each test row, float32 (n,): class numbers, or values in the scale of the targets."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The test rows or sequences, and how answers to them are judged.

    Attributes:
        rows: The test rows or sequences.
        targets: float32 (n,), class numbers or values.
        task: "classification" or "regression".
        seed: Of the bootstrap.
        rules: What trivial rules answer, by their names; of the strings of a built-in grammar only.
    """

    rows: Inputs | Sequences
    targets: NDArray[np.float32]
    task: str
    seed: int
    rules: tuple[tuple[str, Answers], ...] = ()

    @classmethod
    def read(cls, dataset: AnyDataset, run_seed: int) -> HeldOut:
        """Read the test rows of a data set."""
        seed = int(generator(run_seed, Stream.BOOTSTRAP).integers(2**32))
        rules = () if isinstance(dataset, Dataset) else dataset.read_baselines()
        of_rules = tuple((name, answers.astype(np.float32)) for name, answers in rules)
        return cls(*read_test(dataset), dataset.task, seed, of_rules)

    def answers(self, outputs: NDArray[np.float32]) -> Answers | None:
        """What outputs say, given as float32 (n_outputs, n); None if one is not finite."""
        if not np.isfinite(outputs).all():
            return None
        answers = outputs.argmax(axis=0) if self.task == "classification" else outputs[0]
        return np.asarray(answers, np.float32)

    def score(self, answers: Answers) -> float:
        """Accuracy in [0, 1], or r2 of at most 1."""
        if self.task == "classification":
            return float(np.mean(answers == self.targets))
        return r2(answers, self.targets)

    def error(self, answers: Answers) -> float:
        """The standard error of that score."""
        return standard_error(answers, self.targets, self.task, self.seed)


@dataclass(frozen=True, eq=False)
class Answered:
    """A baseline and what it answers; None where it came to no answers."""

    baseline: Baseline
    answers: Answers | None = None

    @classmethod
    def judged(cls, baseline: Baseline, answers: Answers, test: HeldOut) -> Answered:
        """A baseline with its test score and the standard error of that."""
        return cls(replace(baseline, test_score=test.score(answers), test_error=test.error(answers)), answers)


def compare_best(best: Answers | None, rivals: Sequence[Answered], test: HeldOut) -> BestComparison | None:
    """The best network beside the baseline of the highest test score; None where one of them is missing.

    That baseline is chosen by the very rows on which it is compared, which makes it look better than it is.
    """
    highest = max(rivals, key=lambda rival: _score_or_lowest(rival.baseline), default=None)
    if best is None or highest is None or highest.answers is None:
        return None
    return BestComparison(highest.baseline.name, compare(best, highest.answers, test.targets, test.task, test.seed))


def _score_or_lowest(baseline: Baseline) -> float:
    return float("-inf") if baseline.test_score is None else baseline.test_score
