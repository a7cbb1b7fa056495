"""The prepared data of a run, its test rows held apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nas.data.encoding import Encoding
from nas.data.source import Features
from nas.data.target import Task

Inputs: TypeAlias = NDArray[np.float32]
Targets: TypeAlias = NDArray[np.int32] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Test rows as they were read, and their encoded target."""

    label: str
    features: Features
    y: Targets


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and validation rows, ready for a network; test rows only through ``read_test``.

    Training rows come first, then validation rows, in one matrix, so that a network can be trained on the former or on
    all; each part is in random order.

    Attributes:
        x: Inputs as they are kept, feature-major, of shape (n_inputs, n_train + n_validation), C-contiguous: uint8 of
            images, else float32.
        scale: float32 (n_inputs,): a value v of input i stands for ``scale[i] * v + shift[i]``.
        shift: float32 (n_inputs,).
        y: Targets, shape (n_train + n_validation,): int32 class numbers, or float32 with mean 0 and deviation 1 over
            the training rows.
        n_train: Number of training rows.
        encoding: How new rows become inputs, and outputs answers.
        fingerprint: Sha256 of the source's content and of the options that shaped this data, in hex.
        notes: Sentences for the user about what was done to the data.
    """

    x: NDArray[np.uint8] | NDArray[np.float32] = field(repr=False)
    scale: NDArray[np.float32] = field(repr=False)
    shift: NDArray[np.float32] = field(repr=False)
    y: Targets = field(repr=False)
    n_train: int
    encoding: Encoding = field(repr=False)
    fingerprint: str
    notes: tuple[str, ...] = field(repr=False)
    _held_out: HeldOut = field(repr=False)

    @property
    def n_validation(self) -> int:
        """Number of validation rows."""
        return len(self.y) - self.n_train

    @property
    def n_test(self) -> int:
        """Number of test rows."""
        return len(self._held_out.y)

    @property
    def task(self) -> Task:
        """Classification or regression."""
        return self.encoding.target.task

    @property
    def n_inputs(self) -> int:
        """Inputs of a network."""
        return self.encoding.n_inputs

    @property
    def n_outputs(self) -> int:
        """Outputs of a network: one a class, or one for regression."""
        return self.encoding.target.n_outputs

    @property
    def score_name(self) -> Literal["accuracy", "r2"]:
        """What scores are called: a fraction in [0, 1], or the coefficient of determination."""
        return "accuracy" if self.task == "classification" else "r2"

    def numbers(self) -> Inputs:
        """What ``x`` stands for, float32 of the same shape."""
        return self.scale[:, None] * self.x + self.shift[:, None]

    def read_test(self) -> tuple[Inputs, Targets]:
        """Inputs and targets of the test rows, encoded now; to be read once, when the search is over."""
        held_out = self._held_out
        return self.encoding.transform(held_out.label, held_out.features), held_out.y
