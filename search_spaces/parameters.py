"""A parameter of a graph prior: what it may be, how it is drawn, and how it is varied."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

VARIATION = 0.4  # standard deviation of a change, in logarithm or as a share of the usual range


class PriorError(ValueError):
    """An unknown graph prior, or a parameter that makes no graph."""


@dataclass(frozen=True)
class Parameter:
    """A number that shapes a random graph.

    Attributes:
        name: Its name in a genotype.
        kind: int or float.
        usual: Range that it is drawn from, as far as `limits` allow.
        limits: Number of vertices -> lowest and highest valid value, both included.
        step: Number of vertices -> distance between valid values, for an int.
        is_positive: Whether a lowest value of 0 is excluded.
        is_logarithmic: Whether it is drawn and varied on a logarithmic scale.
    """

    name: str
    kind: type[int] | type[float]
    usual: tuple[float, float]
    limits: Callable[[int], tuple[float, float]]
    step: Callable[[int], int] = lambda n_vertices: 1
    is_positive: bool = False
    is_logarithmic: bool = True

    def check(self, prior: str, n_vertices: int, value: object) -> None:
        """Accepts a valid value.

        Raises:
            PriorError: The value has another type or is out of range for this number of vertices.
        """
        low, high = self.limits(n_vertices)
        if type(value) in (int, float) and self._is_valid(n_vertices, value):  # type: ignore[arg-type]
            return
        span = f"above 0 and at most {high}" if self.is_positive else f"in {low}..{high}"
        if self.kind is int and self.step(n_vertices) > 1:
            span = f"even and {span}"
        kind = "a finite float" if self.kind is float else "an int"
        raise PriorError(f"{prior} with {n_vertices} neurons: {self.name} is {value!r}; it must be {kind}, {span}.")

    def _is_valid(self, n_vertices: int, value: float) -> bool:
        low, high = self.limits(n_vertices)
        if type(value) is not self.kind or not low <= value <= high or (self.is_positive and value == 0):
            return False
        return self.kind is float or (value - low) % self.step(n_vertices) == 0

    def nearest(self, n_vertices: int, value: float) -> int | float:
        """The valid value closest to `value`."""
        low, high = self.limits(n_vertices)
        value = min(max(value, min(self.usual[0], high) if self.is_positive and value <= 0 else low), high)
        if self.kind is float:
            return float(value)
        step = self.step(n_vertices)
        return int(low + step * round((value - low) / step))

    def sample(self, n_vertices: int, rng: np.random.Generator) -> int | float:
        """A valid value, drawn from the usual range."""
        low, high = (float(self.nearest(n_vertices, end)) for end in self.usual)
        if self.is_logarithmic:
            return self.nearest(n_vertices, math.exp(rng.uniform(math.log(low), math.log(high))))
        return self.nearest(n_vertices, rng.uniform(low, high))

    def vary(self, n_vertices: int, value: float, rng: np.random.Generator) -> int | float:
        """A valid value near `value`, and different from it where there is another one."""
        change = VARIATION * rng.standard_normal()
        if self.is_logarithmic:
            varied = self.nearest(n_vertices, value * math.exp(change))
        else:
            varied = self.nearest(n_vertices, value + change * (self.usual[1] - self.usual[0]))
        if varied == value and self.kind is int:
            step = math.copysign(self.step(n_vertices), change)
            varied = self.nearest(n_vertices, value + step)
            varied = self.nearest(n_vertices, value - step) if varied == value else varied
        return varied


def check_neurons(prior: str, n_neurons: object, least: int) -> None:
    """Accepts a number of neurons that the prior can have.

    Raises:
        PriorError: It is no int, or below `least`.
    """
    if type(n_neurons) is not int or n_neurons < least:
        raise PriorError(f"{prior}: n_neurons is {n_neurons!r}; it must be an int, at least {least}.")
