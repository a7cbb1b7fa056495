"""The prepared data of a run, its test rows held apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

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

    Inputs are feature-major: float32 of shape (n_inputs, n_rows), C-contiguous. Targets have shape (n_rows,):
    int32 class numbers, or float32 with mean 0 and standard deviation 1 over the training rows.
    Rows are in random order.

    Attributes:
        x_train: Inputs of the training rows.
        y_train: Their targets.
        x_validation: Inputs of the validation rows.
        y_validation: Their targets.
        encoding: How new rows become inputs, and outputs answers.
        fingerprint: Sha256 of the source's content and of the options that shaped this data, in hex.
        notes: Sentences for the user about what was done to the data.
    """

    x_train: Inputs = field(repr=False)
    y_train: Targets = field(repr=False)
    x_validation: Inputs = field(repr=False)
    y_validation: Targets = field(repr=False)
    encoding: Encoding = field(repr=False)
    fingerprint: str
    notes: tuple[str, ...]
    _held_out: HeldOut = field(repr=False)

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

    def full_training(self) -> tuple[Inputs, Targets]:
        """A copy of the training rows followed by the validation rows, in the scale of the training rows."""
        x = np.concatenate((self.x_train, self.x_validation), axis=1)
        y: NDArray[Any] = np.concatenate((self.y_train, self.y_validation))
        return x, y

    def read_test(self) -> tuple[Inputs, Targets]:
        """Inputs and targets of the test rows, encoded now; to be read once, when the search is over."""
        held_out = self._held_out
        return self.encoding.transform(held_out.label, held_out.features), held_out.y
