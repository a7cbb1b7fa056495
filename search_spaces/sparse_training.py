"""How the training of a candidate changes the wiring that was drawn for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from search_spaces.gene_checks import GenotypeError, check_choice, check_integer, check_positive, check_tuple
from search_spaces.wiring import Wiring

Method = Literal["static", "pruned", "set", "rigl"]
Part = Literal["all", "inputs", "hidden", "readout"]

METHODS: tuple[Method, ...] = get_args(Method)
PARTS: tuple[Part, ...] = get_args(Part)
MOST_CHANGES = 1000
FIRST_CHANGE = 0.01  # share of the training before which edges do not change
MOST_FURTHER = 8
FURTHER_TRAINING = 1 / 3  # of a whole training, the training of each further pruning
FURTHER_CHANGES, FURTHER_UNTIL = 15, 0.5


@dataclass(frozen=True)
class SparseTraining:
    """What training does to the edges.

    Attributes:
        method: "static" leaves them as they were drawn. "pruned" drops the smallest weights, a little at a time (Zhu &
            Gupta 2017). "set" drops the smallest and grows as many at random places (Mocanu et al. 2018), "rigl" where
            the gradient is largest (Evci et al. 2020).
        part: The edges that may be dropped and grown: all, those from inputs, those between hidden neurons, or those
            to outputs.
        share: Of that part's edges: of "pruned" those that are left at the end; of "set" those that are replaced at
            each change, of "rigl" at the first one, and ever fewer after it; in (0, 1]. 1 of "static".
        n_changes: How often edges change, evenly over the time of the changes; 0 of "static".
        until: Share of the training by which the changes end, in (0, 1]; 1 of "static".
        further: Prunings that follow the training, at most eight: of each the share of all edges that is left, in
            (0, 1]. Each is gradual, in the first half of a training of its own, a third as long as the first.

    Raises:
        GenotypeError: A value has a wrong type or is out of range.
    """

    method: Method = "static"
    part: Part = "all"
    share: float = 1.0
    n_changes: int = 0
    until: float = 1.0
    further: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        where = type(self).__name__
        check_choice(where, "method", self.method, METHODS)
        check_choice(where, "part", self.part, PARTS)
        check_positive(where, "share", self.share, 1.0)
        check_integer(where, "n_changes", self.n_changes, 0, MOST_CHANGES)
        check_positive(where, "until", self.until, 1.0)
        check_tuple(where, "further", self.further, float, 0, MOST_FURTHER)
        for share in self.further:
            check_positive(where, "further", share, 1.0)
        if self.is_static != (self.n_changes == 0):
            raise GenotypeError(
                f"{where}: n_changes is {self.n_changes}; it must be 0 for static training, and above 0 for others."
            )

    @property
    def is_static(self) -> bool:
        """Whether edges stay as they were drawn in the training itself."""
        return self.method == "static"

    @property
    def kept_share(self) -> float:
        """The share of the part's edges that are left at the end of the training itself."""
        return self.share if self.method == "pruned" else 1.0

    @property
    def first(self) -> SparseTraining:
        """The same without what follows the training."""
        return replace(self, further=())

    def edges_left(self, wiring: Wiring) -> int:
        """How many of the part's edges a wiring has after the training itself: at least a path to every output."""
        n_edges = n_edges_of(self.part, wiring)
        if self.method != "pruned":
            return n_edges
        return share_left(self.share, n_edges, wiring)

    def weights_left(self, wiring: Wiring) -> int:
        """How many weights a wiring has at last; a few fewer if neurons lose all that they read."""
        n_left = wiring.n_weights - n_edges_of(self.part, wiring) + self.edges_left(wiring)
        for share in self.further:
            n_left = share_left(share, n_left, wiring)
        return n_left

    def mean_excess(self, share: float = 1.0) -> float:
        """The share of the edges that will go which are there in the mean over the first part of a training.

        Args:
            share: That part, as a share of the training, in (0, 1].
        """
        if self.method != "pruned":
            return 0.0
        changing = max(self.until, FIRST_CHANGE) - FIRST_CHANGE
        progress = min(max(share - FIRST_CHANGE, 0.0) / changing, 1.0) if changing > 0.0 else 1.0
        # Pruning leaves (1 - progress)^3 of the excess; see nas.sparsify.schedules.
        return (min(share, FIRST_CHANGE) + changing / 4 * (1.0 - (1.0 - progress) ** 4)) / share


STATIC = SparseTraining()


def share_left(share: float, n_edges: int, wiring: Wiring) -> int:
    """How many edges are left of `n_edges` by a share: at least enough for a path to every output."""
    return min(n_edges, max(math.ceil(share * n_edges - 1e-9), wiring.n_outputs * (wiring.depth + 1)))


def n_edges_of(part: Part, wiring: Wiring) -> int:
    """How many edges of a wiring belong to a part."""
    if part == "all":
        return wiring.n_edges
    to_output = np.arange(wiring.n_edges) >= wiring.indptr[wiring.n_hidden]
    if part == "readout":
        return int(to_output.sum())
    from_input = wiring.indices < wiring.n_inputs
    return int((from_input if part == "inputs" else ~from_input & ~to_output).sum())
