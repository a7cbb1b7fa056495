"""Limits: what every space of networks that grow from random graphs is told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from search_spaces.genes import Bounds, check_bounds
from search_spaces.genotype import MAX_NEURONS
from search_spaces.priors import PRIORS, find_prior


class SpaceError(ValueError):
    """A search space that has no networks, or a genotype of another space."""


@dataclass(frozen=True)
class Limits:
    """What the networks of a space may be. Ranges include both ends.

    Attributes:
        n_inputs: Inputs of every network, at least 1.
        n_outputs: Outputs of every network, at least 1.
        max_weights: Most weights a network may have, at least those of the smallest network.
        priors: Names of the graph priors to draw from; None for all.
        neurons: Fewest and most hidden neurons drawn; fewer where `max_weights` does not allow them.
        max_depth: Lowest and highest limit of the hidden levels.
        learning_rate: Lowest and highest learning rate.
        dropout: Lowest and highest dropout of those candidates that have any, in [0, 1); half of the candidates have
            none. Where both are equal, every candidate has just this.
        label_smoothing: The same of label smoothing.
        bounds: For priors by name, and their parameters by name, the lowest and highest value; kept to as far as
            `max_weights` allows.

    Raises:
        SpaceError: A number is out of range.
        PriorError: A prior is unknown, or the bounds of a parameter are out of its range.
    """

    n_inputs: int
    n_outputs: int
    max_weights: int
    priors: tuple[str, ...] | None = None
    neurons: tuple[int, int] = (4, 4000)
    max_depth: tuple[int, int] = (2, 8)
    learning_rate: tuple[float, float] = (2e-3, 5e-2)
    dropout: tuple[float, float] = (0.02, 0.2)
    label_smoothing: tuple[float, float] = (0.0, 0.0)
    bounds: Bounds = field(default_factory=dict)
    name: ClassVar[str]

    def __post_init__(self) -> None:
        space = type(self).__name__
        self._check_count("n_inputs", 1)
        self._check_count("n_outputs", 1)
        self._check_count("max_weights", self._fewest_weights())
        if self.priors is not None and not self.priors:
            raise SpaceError(f"{space}: priors is empty; give some of {', '.join(PRIORS)}.")
        for prior in self.priors or ():
            find_prior(prior)
        check_bounds(self.bounds)
        self._check_span("neurons", self.neurons, 1)
        self._check_span("max_depth", self.max_depth, 1)
        slowest, fastest = self.learning_rate
        if not 0.0 < slowest <= fastest or not math.isfinite(fastest):
            raise SpaceError(
                f"{space}: learning_rate is {slowest!r}..{fastest!r}; it must be two finite floats above 0, ascending."
            )
        for name in ("dropout", "label_smoothing"):
            low, high = getattr(self, name)
            if not 0.0 <= low <= high < 1.0 or low == 0.0 < high:
                raise SpaceError(
                    f"{space}: {name} is {low!r}..{high!r}; it must be two floats above 0 and below 1, ascending, or "
                    "0.0 twice."
                )

    def _fewest_weights(self) -> int:
        """Weights of the smallest network of the space."""
        return self.n_outputs + 1

    def _check_count(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if type(value) is not int or value < least:
            raise SpaceError(f"{type(self).__name__}: {name} is {value!r}; it must be an int, at least {least}.")

    def _check_span(self, name: str, span: tuple[int, int], least: int) -> None:
        low, high = span
        if type(low) is not int or type(high) is not int or not least <= low <= high <= MAX_NEURONS:
            raise SpaceError(
                f"{type(self).__name__}: {name} is {low!r}..{high!r}; it must be two ints in {least}..{MAX_NEURONS}."
            )
