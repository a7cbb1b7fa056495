"""What became of a candidate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a candidate's training ended."""

    COMPLETE = "complete"  # trained to the last rung
    STOPPED = "stopped"  # ended at a rung
    CUT_OFF = "cut off"  # the budget ended before it did
    FAILED = "failed"  # diverged, or its worker died


@dataclass(frozen=True)
class Outcome:
    """Scores of a trained candidate, or why it failed. NaN and infinity cannot be represented.

    Attributes:
        ending: How it ended.
        n_weights: Weights of its network.
        scores: For each rung reached, the validation score of each seed: an accuracy in [0, 1], or an r2 of at most 1.
        seconds: Time its training took in a worker.
        reason: Why it was stopped or failed, one sentence; empty if complete.
    """

    ending: Ending
    n_weights: int
    scores: tuple[tuple[float, ...], ...]
    seconds: float
    reason: str = ""

    def __post_init__(self) -> None:
        if not all(math.isfinite(score) and score <= 1.0 for seeds in self.scores for score in seeds):
            raise ValueError(f"The scores of an outcome must be finite and at most 1. Got {self.scores!r} instead.")
        if self.ending is not Ending.FAILED and not self.scores:
            raise ValueError(f"An outcome that is {self.ending} must have a score.")

    @property
    def rung_scores(self) -> tuple[float, ...]:
        """Mean over seeds at each rung reached."""
        return tuple(math.fsum(seeds) / len(seeds) for seeds in self.scores)

    @property
    def score(self) -> float:
        """Mean over seeds at the last rung reached."""
        return self.rung_scores[-1]


@dataclass(frozen=True)
class Counts:
    """Numbers of candidates by what became of them; ``trained`` are those trained to the end."""

    trained: int = 0
    stopped: int = 0
    skipped: int = 0
    failed: int = 0
