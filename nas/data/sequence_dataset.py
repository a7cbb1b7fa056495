"""The prepared sequences of a run, its test sequences held apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nas.data.dataset import Targets
from nas.data.sequence_encoding import SequenceEncoding, SequenceInputs
from nas.data.sequences import Sequences
from nas.data.target import Task

Families: TypeAlias = tuple[tuple[str, ...], NDArray[np.int64]]
Baselines: TypeAlias = tuple[tuple[str, NDArray[np.int32]], ...]


@dataclass(frozen=True, eq=False)
class HeldOutSequences:
    """Test sequences as they were read, their encoded target, and what else is known about them.

    Attributes:
        label: The source, for messages.
        sequences: The test sequences.
        y: Their encoded target, of shape (n_test,).
        families: As ``SequenceDataset.test_families``.
        baselines: Computes what ``SequenceDataset.read_baselines`` gives.
    """

    label: str
    sequences: Sequences
    y: Targets
    families: Families | None = None
    baselines: Callable[[], Baselines] = tuple


@dataclass(frozen=True, eq=False)
class SequenceDataset:
    """Training and validation sequences, ready for a recurrent network; test sequences only through ``read_test``.

    Training sequences come first, then validation sequences, one after the other and without padding; each part is in
    random order.

    Attributes:
        x: Inputs, feature-major: (n_rows, n_steps), C-contiguous; uint8 zeros and ones for strings, for arrays float32
            channels and, behind them, as many differences from the step before.
        offsets: int64 of shape (n_train + n_validation + 1,): sequence i is the columns from ``offsets[i]`` to
            ``offsets[i + 1]``.
        y: Targets, shape (n_train + n_validation,): int32 class numbers, or float32 with mean 0 and deviation 1 over
            the training sequences.
        n_train: Number of training sequences.
        encoding: How new sequences become inputs, and outputs answers.
        fingerprint: Sha256 of the source's content and of the options that shaped this data, in hex.
        notes: Sentences for the user about what was done to the data.
    """

    x: SequenceInputs = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)
    y: Targets = field(repr=False)
    n_train: int
    encoding: SequenceEncoding = field(repr=False)
    fingerprint: str
    notes: tuple[str, ...]
    _held_out: HeldOutSequences = field(repr=False)

    @property
    def n_validation(self) -> int:
        """Number of validation sequences."""
        return len(self.y) - self.n_train

    @property
    def n_test(self) -> int:
        """Number of test sequences."""
        return len(self._held_out.y)

    @property
    def task(self) -> Task:
        """Classification or regression."""
        return self.encoding.target.task

    @property
    def n_inputs(self) -> int:
        """Channels of a step; a network may read its differences too."""
        return self.encoding.n_inputs

    @property
    def has_differences(self) -> bool:
        """Whether the inputs have the channels' differences from the step before."""
        return self.encoding.n_rows > self.encoding.n_inputs

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each sequence, int64 (n_train + n_validation,)."""
        return np.diff(self.offsets)

    @property
    def n_outputs(self) -> int:
        """Outputs of a network: one a class, or one for regression."""
        return self.encoding.target.n_outputs

    @property
    def score_name(self) -> Literal["accuracy", "r2"]:
        """What scores are called: a fraction in [0, 1], or the coefficient of determination."""
        return "accuracy" if self.task == "classification" else "r2"

    @property
    def test_families(self) -> Families | None:
        """Names of the families of test sequences, and each sequence's family, of shape (n_test,); None if unknown."""
        return self._held_out.families

    def read_test(self) -> tuple[SequenceInputs, NDArray[np.int64], Targets]:
        """Inputs, offsets and targets of the test sequences, encoded now; to be read once, when the search is over."""
        held_out = self._held_out
        return *self.encoding.transform(held_out.label, held_out.sequences), held_out.y

    def read_baselines(self) -> Baselines:
        """What trivial rules say about the test strings of a built-in grammar, fitted now on its other strings.

        Returns:
            For each rule its name and the class numbers that it predicts for the test sequences, int32 of shape
            (n_test,); empty for other data. To be read with the test sequences, when the search is over.
        """
        return self._held_out.baselines()
