"""Examples: what a predictor learns from and is judged on, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Examples:
    """Networks with features and scores.

    Attributes:
        names: Name of each feature, distinct.
        rows: Features, finite, float64, shape (n, n_features).
        targets: Score of each network, larger is better, finite, float64, shape (n,); the mean of its repeats.
        repeats: Score of each training, shape (n, n_seeds), float64; NaN where a network has fewer trainings. None
            where there is one training a network.
        size_names: Those of `names` that only say how large a network is: the baseline to beat. May be empty.
        families: Name of the graph prior that each network was drawn from, shape (n,); empty where unknown.
        groups: Rows of a group stay in one fold, int64, shape (n,); empty where each row is its own group.
        training_names: Those of `names` that only say how a network is trained, as its learning rate. May be empty.

    Raises:
        ValueError: The shapes differ, a value that must be finite is not, or a name is unknown or given twice.
    """

    names: tuple[str, ...]
    rows: NDArray[np.float64]
    targets: NDArray[np.float64]
    repeats: NDArray[np.float64] | None = None
    size_names: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    groups: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    training_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.targets)
        if self.rows.shape != (n, len(self.names)) or self.targets.ndim != 1:
            raise ValueError(
                f"Examples: rows of shape {self.rows.shape} for {n} targets and {len(self.names)} names; "
                "give one row a target and one column a name."
            )
        if not (np.isfinite(self.rows).all() and np.isfinite(self.targets).all()):
            raise ValueError("Examples: a feature or target is NaN or infinite; leave out such rows.")
        if len(set(self.names)) < len(self.names) or not {*self.size_names, *self.training_names} <= set(self.names):
            raise ValueError("Examples: names must be distinct, and size_names and training_names among them.")
        if self.repeats is not None and (self.repeats.ndim != 2 or len(self.repeats) != n):
            raise ValueError(f"Examples: repeats have shape {self.repeats.shape}; give one row for each of {n} rows.")
        for name in ("families", "groups"):
            if len(getattr(self, name)) not in (0, n):
                raise ValueError(f"Examples: {len(getattr(self, name))} {name} for {n} targets; give none or one each.")

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, places: NDArray[np.int64]) -> Examples:
        """The examples at these places, in their order."""
        return replace(
            self,
            rows=self.rows[places],
            targets=self.targets[places],
            repeats=None if self.repeats is None else self.repeats[places],
            families=tuple(self.families[place] for place in places.tolist()) if self.families else (),
            groups=self.groups[places] if len(self.groups) else self.groups,
        )

    def columns(self, names: Sequence[str]) -> NDArray[np.float64]:
        """The features of these names, shape (n, len(names))."""
        return self.rows[:, [self.names.index(name) for name in names]]
