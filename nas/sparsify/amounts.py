"""How many edges a step of pruning drops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

AmountKind = Literal["share", "count", "bucket"]
AMOUNTS: tuple[AmountKind, ...] = get_args(AmountKind)


@dataclass(frozen=True)
class Amount:
    """What goes in a step.

    Attributes:
        kind: "share" of the edges that are left; a "count" of edges; or a "bucket", which is filled by the lowest
            saliencies one after the other while their sum does not exceed its size.
        size: In (0, 1) of a share, at least 1 of a count, above 0 of a bucket.
    """

    kind: AmountKind
    size: float

    def __post_init__(self) -> None:
        if not (0 < self.size < math.inf) or (self.kind == "share" and self.size >= 1):
            raise ValueError(f"Amount: the size of a {self.kind} is {self.size!r}; see its docstring.")

    def n_dropped(self, saliency: NDArray[np.floating]) -> int:
        """How many edges go, given the saliencies of those that are left, (n_edges,)."""
        if self.kind == "share":
            return math.floor(self.size * len(saliency))
        if self.kind == "count":
            return min(round(self.size), len(saliency))
        totals = np.cumsum(np.sort(saliency.astype(np.float64)))
        return int(np.searchsorted(totals, self.size, side="right"))
